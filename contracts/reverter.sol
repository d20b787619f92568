// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// Fails in every way a contract can, so that clients can be seen to explain each.
contract Reverter {
    uint256 public touched;

    error Unlucky(uint256 number, address who);

    function reason(string calldata text) external pure {
        revert(text);
    }

    function bare() external pure {
        revert();
    }

    function custom(uint256 number) external view {
        revert Unlucky(number, msg.sender);
    }

    function panicAssert() external pure {
        assert(false);
    }

    function panicDivide(uint256 divisor) external pure returns (uint256) {
        return 1 / divisor;
    }

    function invalid() external pure {
        assembly {
            invalid()
        }
    }

    function burn() external pure {
        for (uint256 i = 0; ; i++) {}
    }

    /// Writes, then reverts: nothing of the write may stay.
    function touchAndRevert() external {
        touched += 1;
        revert("touched");
    }

    function touch() external {
        touched += 1;
    }
}
