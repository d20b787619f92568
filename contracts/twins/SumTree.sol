// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// @title Merkle-sum trees, as attribution/merkle/sum-tree.ts has them (IProofs says what is hashed).
library SumTree {
    function hashLeaf(uint256 clusterId, uint256 contributionId, uint64 weight) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(0), clusterId, contributionId, weight));
    }

    function hashNode(bytes32 left, uint64 sumLeft, bytes32 right, uint64 sumRight) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(1), left, sumLeft, right, sumRight));
    }

    function bindRoot(bytes32 top, uint64 total, uint32 leaves) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(2), top, total, leaves));
    }

    /// Root over leaves, given by their hashes and weights, whose sum fits; both arrays are used up.
    function rootOf(bytes32[] memory hashes, uint64[] memory sums) internal pure returns (bytes32 root, uint64 total) {
        unchecked {
            uint256 count = hashes.length;
            while (count > 1) {
                for (uint256 i = 0; i < count; i += 2) {
                    (bytes32 right, uint64 sumRight) = i + 1 < count ? (hashes[i + 1], sums[i + 1]) : (bytes32(0), uint64(0));
                    hashes[i / 2] = hashNode(hashes[i], sums[i], right, sumRight);
                    sums[i / 2] = sums[i] + sumRight;
                }
                count = (count + 1) / 2;
            }
            total = sums[0];
            root = bindRoot(hashes[0], total, uint32(hashes.length));
        }
    }

    /// Whether `leaf` with that weight is leaf `index` under the root, and where it stands in the whole.
    function verify(bytes32 root, uint64 total, bytes32 leaf, uint64 weight, uint256 index, bytes memory proof)
        internal
        pure
        returns (bool valid, uint64 offset, uint32 leaves)
    {
        unchecked {
            if (proof.length < 4) return (false, 0, 0);
            uint256 word;
            assembly ("memory-safe") {
                word := mload(add(proof, 32))
            }
            leaves = uint32(word >> 224);
            if (index >= leaves) return (false, 0, 0);
            uint256 depth = 0;
            while (1 << depth < leaves) depth++;
            if (proof.length != 4 + 40 * depth) return (false, 0, 0);
            bytes32 top = leaf;
            uint64 sum = weight;
            for (uint256 level = 0; level < depth; level++) {
                (bytes32 sibling, uint64 beside) = siblingAt(proof, level);
                uint64 joined = sum + beside;
                if (joined < sum) return (false, 0, 0);
                if ((index >> level) & 1 == 1) {
                    top = hashNode(sibling, beside, top, sum);
                    offset += beside;
                } else {
                    top = hashNode(top, sum, sibling, beside);
                }
                sum = joined;
            }
            if (sum != total || bindRoot(top, sum, leaves) != root) return (false, 0, 0);
            return (true, offset, leaves);
        }
    }

    function siblingAt(bytes memory proof, uint256 level) private pure returns (bytes32 hash, uint64 sum) {
        assembly ("memory-safe") {
            let at := add(proof, add(36, mul(40, level)))
            hash := mload(at)
            sum := shr(192, mload(add(at, 32)))
        }
    }
}
