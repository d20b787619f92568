// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IModuleErrors} from "./IModuleErrors.sol";

/// @title 0x0a77000000000000000000000000000000000006: the parameters of the modules.
/// @notice Keys are ASCII, left-aligned: "rewards.dataBps". Values are words; numbers big-endian,
/// addresses right-aligned. Changing them comes with governance; until then they are genesis's.
interface IParams is IModuleErrors {
    struct Param {
        bytes32 key;
        bytes32 value;
        bytes32 min;
        bytes32 max;
        /// Blocks between scheduling and activation, at least.
        uint64 minDelay;
        /// A change that waits; 0: none.
        bytes32 pendingValue;
        uint64 activateBlock;
    }

    event ParamScheduled(bytes32 indexed key, bytes32 value, uint64 activateBlock, address indexed by);
    event ParamActivated(bytes32 indexed key, bytes32 value);

    function get(bytes32 key) external view returns (bytes32 value);
    function info(bytes32 key) external view returns (Param memory);
    /// In order of the key, at most 50 a call.
    function list(uint256 from, uint256 limit) external view returns (Param[] memory);
    function count() external view returns (uint256);
    /// Who may pause modules, and later schedule changes.
    function authority() external view returns (address);
}
