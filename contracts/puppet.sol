// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// @title A contract that does what it is told: calls of every kind, nested as deep as the script says.
/// @notice For tests of native modules. What a call answered goes into a digest, so that two runs can be
/// compared; a step that must succeed and does not takes everything back.
contract Puppet {
    enum Kind { Call, CallCode, DelegateCall, StaticCall }

    struct Step {
        Kind kind;
        address target;
        uint256 value;
        uint256 gas;
        bytes data;
        bool mustSucceed;
    }

    address public armedTarget;
    uint256 public armedTimes;
    bytes public armedData;

    /// When money comes, call `target` with `data`, `times` times at most.
    function arm(address target, uint256 times, bytes calldata data) external {
        armedTarget = target;
        armedTimes = times;
        armedData = data;
    }

    receive() external payable {
        if (armedTimes == 0) return;
        armedTimes--;
        (bool ok, ) = armedTarget.call(armedData);
        ok;
    }

    function run(Step[] calldata steps) external payable returns (bytes32 digest) {
        for (uint256 i = 0; i < steps.length; i++) {
            (bool ok, bytes memory answer) = perform(steps[i]);
            require(ok || !steps[i].mustSucceed, "a step failed");
            digest = keccak256(abi.encode(digest, ok, answer));
        }
    }

    function perform(Step calldata step) private returns (bool ok, bytes memory answer) {
        address target = step.target;
        uint256 value = step.value;
        uint256 limit = step.gas == 0 ? gasleft() : step.gas;
        bytes memory data = step.data;
        Kind kind = step.kind;
        assembly {
            let from := add(data, 32)
            let size := mload(data)
            switch kind
            case 0 { ok := call(limit, target, value, from, size, 0, 0) }
            case 1 { ok := callcode(limit, target, value, from, size, 0, 0) }
            case 2 { ok := delegatecall(limit, target, from, size, 0, 0) }
            default { ok := staticcall(limit, target, from, size, 0, 0) }
            answer := mload(0x40)
            mstore(answer, returndatasize())
            returndatacopy(add(answer, 32), 0, returndatasize())
            mstore(0x40, add(add(answer, 32), and(add(returndatasize(), 31), not(31))))
        }
    }
}
