// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IModuleErrors} from "../interfaces/IModuleErrors.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";

/// @title What every bytecode twin of a native module has: the host's rules of calls.
/// @notice A twin is the module again in Solidity, to be compared with it: it stands at the module's
/// address and asks the other modules there. Arguments are decoded into memory, as the host does it.
abstract contract Module is IModuleErrors {
    IRegistry private constant registry = IRegistry(0x0A77000000000000000000000000000000000000);

    /// The module's own address.
    function self() internal pure virtual returns (address);

    /// Not by DELEGATECALL or CALLCODE.
    modifier direct() {
        asPure(checkDirect)();
        _;
    }

    /// A write that a pause stops; exits are only `direct`.
    modifier pausable() {
        if (address(this) != self()) revert NotDirectCall();
        if (registry.isPaused(self())) revert ModulePaused();
        _;
    }

    function checkDirect() private view {
        if (address(this) != self()) revert NotDirectCall();
    }

    /// `address(this)` is no reading of state, but the compiler takes it for one.
    function asPure(function() internal view given) private pure returns (function() internal pure same) {
        assembly ("memory-safe") {
            same := given
        }
    }
}
