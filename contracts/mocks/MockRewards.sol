// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IModuleErrors} from "../interfaces/IModuleErrors.sol";
import {IRewards} from "../interfaces/IRewards.sol";
import {IReceipts} from "../interfaces/IReceipts.sol";

/// @title The paying side of IRewards, for tests where there is no Tributary node.
/// @notice Put its runtime code at 0x0A77000000000000000000000000000000000004 (forge `vm.etch`, Hardhat
/// and anvil `hardhat_setCode`): it needs no constructor. It escrows, refunds and pays out; it splits
/// nothing, and knows any asset at any price. What is not here reverts NotMocked.
contract MockRewards is IModuleErrors {
    IReceipts private constant receipts = IReceipts(0x0A77000000000000000000000000000000000003);
    uint64 private constant refundBlocks = 100;

    mapping(bytes32 => IRewards.Payment) private payments;
    mapping(address => uint256) public balanceOf;

    error NotMocked(bytes4 selector);

    function pay(uint256 assetId, bytes32 inputHash, uint64 nonce, uint64 refundBlock) external payable returns (bytes32 requestId) {
        requestId = requestIdOf(msg.sender, nonce, assetId, inputHash);
        IRewards.Payment storage payment_ = payments[requestId];
        if (payment_.state != IRewards.PaymentState.None) revert AlreadyExists(requestId);
        payment_.state = IRewards.PaymentState.Escrowed;
        payment_.payer = msg.sender;
        payment_.assetId = assetId;
        payment_.amount = msg.value;
        payment_.inputHash = inputHash;
        payment_.paidBlock = uint64(block.number);
        payment_.refundBlock = refundBlock == 0 ? uint64(block.number) + refundBlocks : refundBlock;
        emit IRewards.Paid(requestId, assetId, msg.sender, msg.value, inputHash, payment_.refundBlock);
    }

    function refund(bytes32 requestId) external returns (uint256 amount) {
        IRewards.Payment storage payment_ = payments[requestId];
        if (payment_.state == IRewards.PaymentState.None) revert NotFound(requestId);
        if (payment_.state != IRewards.PaymentState.Escrowed) revert BadState(uint8(payment_.state), 1);
        bytes32 known = receipts.receiptOf(requestId);
        if (known != 0) revert AlreadyExists(known);
        if (block.number < payment_.refundBlock) revert TooEarly(payment_.refundBlock);
        payment_.state = IRewards.PaymentState.Refunded;
        amount = payment_.amount;
        balanceOf[payment_.payer] += amount;
        emit IRewards.Refunded(requestId, payment_.payer, amount);
    }

    function withdraw(address to) external returns (uint256 amount) {
        amount = balanceOf[msg.sender];
        balanceOf[msg.sender] = 0;
        emit IRewards.Withdrawn(msg.sender, to, amount);
        if (amount == 0) return 0;
        (bool isPaid, ) = to.call{value: amount}("");
        if (!isPaid) revert TransferFailed(to, amount);
    }

    function payment(bytes32 requestId) external view returns (IRewards.Payment memory) {
        return payments[requestId];
    }

    function requestIdOf(address payer, uint64 nonce, uint256 assetId, bytes32 inputHash) public pure returns (bytes32) {
        return keccak256(abi.encode(payer, nonce, assetId, inputHash));
    }

    fallback() external {
        revert NotMocked(msg.sig);
    }
}
