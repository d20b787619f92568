// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// Code for an account that delegates by EIP-7702: it acts as the account itself.
contract Delegate {
    struct Step {
        address to;
        uint256 value;
        bytes data;
    }

    event Ran(address indexed account, uint256 steps);

    error NotTheAccount(address caller);
    error StepFailed(uint256 index, bytes reason);

    /// Performs several calls in one transaction. Only the account may ask for it.
    function run(Step[] calldata steps) external payable {
        if (msg.sender != address(this)) revert NotTheAccount(msg.sender);
        for (uint256 i = 0; i < steps.length; i++) {
            (bool ok, bytes memory answer) = steps[i].to.call{value: steps[i].value}(steps[i].data);
            if (!ok) revert StepFailed(i, answer);
        }
        emit Ran(address(this), steps.length);
    }

    /// Anyone may ask: it only announces, which shows whose code runs where.
    function ping() external {
        emit Ran(address(this), 0);
    }

    receive() external payable {}
}
