// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IModuleErrors} from "./IModuleErrors.sol";

/// @title 0x0A77000000000000000000000000000000000000: which native modules there are.
interface IRegistry is IModuleErrors {
    struct Module {
        address account;
        uint16 id;
        uint16 version;
        /// Block from which calls are answered, and until which (0: no end).
        uint64 activeFrom;
        uint64 activeUntil;
        bool paused;
        /// Block at which a pause ends by itself; 0 when not paused.
        uint64 pausedUntil;
        /// Hash of the account's code.
        bytes32 codeHash;
        /// ASCII, left-aligned: "datanet".
        bytes32 name;
    }

    event ModulePausedSet(address indexed module, bool paused, uint64 pausedUntil, bytes32 reason);

    function count() external view returns (uint256);
    /// In order of the address, from 0.
    function moduleAt(uint256 index) external view returns (Module memory);
    function info(address module) external view returns (Module memory);
    function isActive(address module) external view returns (bool);
    /// Whether its writes, exits aside, are refused in this block.
    function isPaused(address module) external view returns (bool);

    /// Stops the writes of a module until `pausedUntil` (or lifts a pause). Exits stay open.
    /// Only `IParams.authority()`.
    function setPaused(address module, bool paused, uint64 pausedUntil, bytes32 reason) external;
}
