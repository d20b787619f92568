// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// Fills storage on purpose: a table whose every cell tells when it was written, so that a read at a
/// past height has one right answer. Used to make a state larger than the node's cache.
contract Ledger {
    mapping(uint256 => uint256) public cell;
    uint256 public total;

    /// Sets `count` cells from `first` on to `value` each and keeps the sum.
    function fill(uint256 first, uint256 count, uint256 value) external {
        uint256 kept = total;
        for (uint256 i = first; i < first + count; i++) {
            kept = kept - cell[i] + value;
            cell[i] = value;
        }
        total = kept;
    }

    /// The sum of `count` cells from `first` on, read one by one.
    function sum(uint256 first, uint256 count) external view returns (uint256 s) {
        for (uint256 i = first; i < first + count; i++) s += cell[i];
    }
}
