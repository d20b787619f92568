// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IModuleErrors} from "./IModuleErrors.sol";

/// @title 0x0A77000000000000000000000000000000000007: checks without state.
/// @notice Binary trees over leaves in order; an odd node at the end of a level moves up as it is.
/// Merkle: leaf = keccak256(0x00 ++ value), node = keccak256(0x01 ++ left ++ right). Merkle-sum: leaf =
/// keccak256(0x00 ++ clusterId ++ contributionId ++ uint64 weight), node = keccak256(0x01 ++ left ++
/// uint64 sumLeft ++ right ++ uint64 sumRight), root = keccak256(0x02 ++ top ++ uint64 total ++ uint32
/// leaves); sums never overflow. A malformed proof is `false`, not a revert.
interface IProofs is IModuleErrors {
    /// `value` is the `index`-th of `leaves`; the proof's siblings from the bottom up, levels without one left out.
    function merkle(bytes32 root, uint256 leaves, bytes32 value, uint256 index, bytes32[] calldata proof) external pure returns (bool);
    /// Several values at ascending indexes under one proof; the siblings level by level from the left.
    function merkleMulti(bytes32 root, uint256 leaves, bytes32[] calldata values, uint256[] calldata indexes, bytes32[] calldata proof) external pure returns (bool);
    /// `proof`: per sibling from the bottom up 32 bytes of hash, 8 bytes of sum. `before` is the sum of
    /// the weights to the left of the leaf.
    function merkleSum(bytes32 root, uint64 total, uint32 leaves, uint256 clusterId, uint256 contributionId, uint64 weight, uint256 index, bytes calldata proof) external pure returns (bool valid, uint64 before);
    /// Root of a whole Merkle-sum tree, at most 256 leaves.
    function merkleSumRoot(uint256[] calldata clusterIds, uint256[] calldata contributionIds, uint64[] calldata weights) external pure returns (bytes32 root, uint64 total);
    /// Length of the longest match in the corpus at token `position` of the query, proven by the two
    /// suffixes beside its place in the suffix array. `indexRoot` as in IDatanet; the query in token
    /// ids of the corpus (2^32 - 1: unknown). `valid` false: the witness proves nothing.
    function longestMatch(bytes32 indexRoot, uint32[] calldata query, uint32 position, bytes calldata witness) external pure returns (bool valid, uint32 length);
    function ed25519(bytes32 publicKey, bytes calldata signature, bytes calldata message) external pure returns (bool);
    /// Similarity of two sketches (equally many bytes32 minima, at most 128) in ten-thousandths.
    function jaccard(bytes calldata sketchA, bytes calldata sketchB) external pure returns (uint16 bps);
}
