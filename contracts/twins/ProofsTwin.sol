// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {Module} from "./Module.sol";
import {SumTree} from "./SumTree.sol";

/// @title IProofs in Solidity: its Merkle part and sketches. Not here: ed25519 and the proof of spans.
contract ProofsTwin is Module {
    uint256 private constant maxDepth = 32;
    uint256 private constant maxLeaves = 256;

    function self() internal pure override returns (address) {
        return 0x0A77000000000000000000000000000000000007;
    }

    function merkle(bytes32 root, bytes32 value, uint256 index, bytes32[] memory proof) external pure direct returns (bool) {
        unchecked {
            uint256 depth = proof.length;
            if (depth > maxDepth || index >> depth != 0) return false;
            bytes32 top = hashValue(value);
            for (uint256 level = 0; level < depth; level++)
                top = (index >> level) & 1 == 1 ? hashNode(proof[level], top) : hashNode(top, proof[level]);
            return top == root;
        }
    }

    function merkleMulti(bytes32 root, uint256[] memory indexes, bytes32[] memory values, bytes32[] memory proof)
        external
        pure
        direct
        returns (bool)
    {
        unchecked {
            uint256 known = indexes.length;
            if (known == 0 || known != values.length) return false;
            for (uint256 i = 0; i < known; i++) {
                if (indexes[i] >> maxDepth != 0 || (i > 0 && indexes[i] <= indexes[i - 1])) return false;
                values[i] = hashValue(values[i]);
            }
            uint256 used = 0;
            for (uint256 level = 0; known > 1 || used < proof.length; level++) {
                if (level == maxDepth) return false;
                uint256 above = 0;
                for (uint256 i = 0; i < known; i++) {
                    uint256 index = indexes[i];
                    bytes32 here = values[i];
                    bytes32 beside;
                    if (index & 1 == 0 && i + 1 < known && indexes[i + 1] == index + 1) {
                        beside = values[++i];
                    } else {
                        if (used == proof.length) return false;
                        beside = proof[used++];
                    }
                    indexes[above] = index >> 1;
                    values[above++] = index & 1 == 1 ? hashNode(beside, here) : hashNode(here, beside);
                }
                known = above;
            }
            return indexes[0] == 0 && values[0] == root;
        }
    }

    function merkleSum(
        bytes32 root,
        uint64 total,
        uint256 clusterId,
        uint256 contributionId,
        uint64 weight,
        uint256 index,
        bytes memory proof
    ) external pure direct returns (bool valid, uint64 offset, uint32 leaves) {
        return SumTree.verify(root, total, SumTree.hashLeaf(clusterId, contributionId, weight), weight, index, proof);
    }

    function merkleSumRoot(uint256[] memory clusterIds, uint256[] memory contributionIds, uint64[] memory weights)
        external
        pure
        direct
        returns (bytes32 root, uint64 total)
    {
        unchecked {
            uint256 count = weights.length;
            if (count > maxLeaves) revert LimitExceeded("leaves", maxLeaves);
            if (count == 0 || clusterIds.length != count || contributionIds.length != count) revert InvalidArgument("leaves");
            bytes32[] memory hashes = new bytes32[](count);
            uint256 sum = 0;
            for (uint256 i = 0; i < count; i++) {
                sum += weights[i];
                hashes[i] = SumTree.hashLeaf(clusterIds[i], contributionIds[i], weights[i]);
            }
            if (sum > type(uint64).max) revert InvalidArgument("weights");
            return SumTree.rootOf(hashes, weights);
        }
    }

    function similarity(bytes memory sketchA, bytes memory sketchB) external pure direct returns (uint16 bps) {
        unchecked {
            uint256 size = sketchA.length;
            if (size == 0 || size != sketchB.length) revert InvalidArgument("sketch");
            uint256 different = 0;
            for (uint256 start = 0; start < size; start += 32) {
                uint256 mask = size - start >= 32 ? type(uint256).max : ~(type(uint256).max >> (8 * (size - start)));
                different += ones((wordAt(sketchA, start) ^ wordAt(sketchB, start)) & mask);
            }
            (uint256 equal, uint256 half) = (8 * size - different, 4 * size);
            return equal <= half ? 0 : uint16(((equal - half) * 10_000) / half);
        }
    }

    function hashValue(bytes32 value) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(0), value));
    }

    function hashNode(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(1), left, right));
    }

    function wordAt(bytes memory data, uint256 start) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 32), start))
        }
    }

    /// Bits that are set.
    function ones(uint256 bits) private pure returns (uint256 count) {
        unchecked {
            for (; bits != 0; bits &= bits - 1) count++;
        }
    }
}
