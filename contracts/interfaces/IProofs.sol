// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IModuleErrors} from "./IModuleErrors.sol";

/// @title 0x0A77000000000000000000000000000000000007: checks without state.
/// @notice Binary trees over leaves in order; a node without a right neighbour is paired with the empty
/// record (zero hash, zero sum). Merkle: leaf = keccak256(0x00 ++ value), node = keccak256(0x01 ++ left
/// ++ right). Merkle-sum: leaf = keccak256(0x00 ++ clusterId ++ contributionId ++ uint64 weight), node =
/// keccak256(0x01 ++ left ++ uint64 sumLeft ++ right ++ uint64 sumRight), root = keccak256(0x02 ++ top ++
/// uint64 total ++ uint32 leaves); sums never overflow. A malformed proof is `false`, not a revert.
interface IProofs is IModuleErrors {
    struct ProvenSpan {
        /// First token of the answer, and tokens.
        uint32 start;
        uint32 length;
        /// Row of the version that has it first.
        uint64 row;
        /// Sum of the tokens' rarities, in 1/256 bit.
        uint64 weight;
    }

    /// `proof`: the siblings from the leaf up.
    function merkle(bytes32 root, bytes32 value, uint256 index, bytes32[] calldata proof) external pure returns (bool);
    /// Several values at ascending indexes under one proof; the siblings level by level, left to right.
    function merkleMulti(bytes32 root, uint256[] calldata indexes, bytes32[] calldata values, bytes32[] calldata proof) external pure returns (bool);
    /// `proof`: uint32 leaves, then per sibling from the leaf up 32 bytes of hash and 8 of sum.
    /// `offset`: the sum of the weights before the leaf.
    function merkleSum(bytes32 root, uint64 total, uint256 clusterId, uint256 contributionId, uint64 weight, uint256 index, bytes calldata proof) external pure returns (bool valid, uint64 offset, uint32 leaves);
    /// Root of a whole Merkle-sum tree, at most 256 leaves.
    function merkleSumRoot(uint256[] calldata clusterIds, uint256[] calldata contributionIds, uint64[] calldata weights) external pure returns (bytes32 root, uint64 total);
    /// All maximal spans of an answer in the corpus under an index root (IDatanet.Publication), each with
    /// the row that has it first, proven by openings of the committed suffix array. `valid` false: the
    /// witness proves nothing. A true claim has exactly one witness.
    function verifySpans(bytes32 indexRoot, bytes calldata answer, uint32 minLength, bytes calldata witness) external pure returns (bool valid, ProvenSpan[] memory spans);
    function ed25519(bytes32 publicKey, bytes calldata signature, bytes calldata message) external pure returns (bool);
    /// Estimated share of common shingles of two sketches of one length, in ten-thousandths.
    function similarity(bytes calldata sketchA, bytes calldata sketchB) external pure returns (uint16 bps);
}
