// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// @title What a native module says when it refuses.
/// @notice Every refusal is a revert with one of these, and gives the unused gas back. Only running
/// out of gas and a write under STATICCALL take all of it. Short texts (`what`, `reason`) are ASCII,
/// left-aligned in a bytes32, as `bytes32("rows")`.
interface IModuleErrors {
    /// Called by DELEGATECALL or CALLCODE.
    error NotDirectCall();
    /// Writes are paused by the authority; exits (withdraw, claim, refund, reclaim) are not.
    error ModulePaused();
    error NotAuthorized(address who);
    /// `id` is a number or a hash that nothing has.
    error NotFound(bytes32 id);
    error AlreadyExists(bytes32 id);
    /// The object is in state `have`; the call needs `want`. The numbers are the module's enum.
    error BadState(uint8 have, uint8 want);
    error LimitExceeded(bytes32 what, uint256 max);
    error InvalidArgument(bytes32 what);
    error BadProof();
    /// The last block for this was `blockNumber`.
    error DeadlinePassed(uint64 blockNumber);
    /// The first block for this is `blockNumber`.
    error TooEarly(uint64 blockNumber);
    /// Value sent (or held) and the least that is needed, in wei.
    error InsufficientValue(uint256 have, uint256 need);
    /// Terms bits granted that `parentId` does not grant.
    error TermsViolated(uint256 parentId, uint32 missing);
    /// The version is external: validators have not attested that they hold its rows.
    error NotHeld(uint256 versionId);
    error TransferFailed(address to, uint256 amount);
}
