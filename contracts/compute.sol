// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// Loops that spend gas in one kind of work each, for Mgas/s. Results are returned so that no
/// optimizer may drop the loop and so that every node's answer can be compared.
contract Compute {
    uint256 private slot;
    mapping(uint256 => uint256) private slots;

    /// 256-bit multiply, add, shift and xor, wrapping.
    function arith(uint256 rounds) external pure returns (uint256 x) {
        x = 1;
        unchecked {
            for (uint256 i = 0; i < rounds; i++) {
                x = (x * 6364136223846793005 + i) ^ (x >> 17);
                x += 1442695040888963407;
            }
        }
    }

    /// Checked arithmetic on small numbers, as most contracts do it.
    function small(uint256 rounds) external pure returns (uint256 x) {
        x = 7;
        for (uint256 i = 1; i <= rounds; i++) {
            x = ((x * 31) / 3 + i) % 1000003;
        }
    }

    /// Chained hashes of 64 bytes.
    function hashes(uint256 rounds) external pure returns (bytes32 h) {
        for (uint256 i = 0; i < rounds; i++) {
            h = keccak256(abi.encode(h, i));
        }
    }

    /// Counts primes below `limit` with a sieve in memory.
    function sieve(uint256 limit) external pure returns (uint256 primes) {
        uint256[] memory composite = new uint256[](limit);
        for (uint256 i = 2; i < limit; i++) {
            if (composite[i] == 0) {
                primes++;
                for (uint256 j = i * i; j < limit; j += i) composite[j] = 1;
            }
        }
    }

    /// Updates one slot again and again: SLOAD and SSTORE of a warm slot.
    function storeWarm(uint256 rounds) external returns (uint256) {
        for (uint256 i = 1; i <= rounds; i++) slot = slot + i;
        return slot;
    }

    /// Fills new slots.
    function storeNew(uint256 from, uint256 count) external {
        for (uint256 i = from; i < from + count; i++) slots[i] = i + 1;
    }
}
