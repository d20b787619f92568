// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// Keeps one number and says so: for events, storage reads and calls at past heights.
contract Emitter {
    uint256 public number;

    event Changed(address indexed by, uint256 indexed number, string note);
    event Ping(uint256 indexed a, uint256 indexed b, uint256 indexed c, bytes data);

    function set(uint256 number_, string calldata note) external payable {
        number = number_;
        emit Changed(msg.sender, number_, note);
    }

    /// Emits `count` events in one call.
    function pings(uint256 count) external {
        for (uint256 i = 0; i < count; i++) emit Ping(i, count, block.number, abi.encode(i));
    }
}
