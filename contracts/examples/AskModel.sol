// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IModuleErrors} from "../interfaces/IModuleErrors.sol";
import {IReceipts} from "../interfaces/IReceipts.sol";
import {IRewards} from "../interfaces/IRewards.sol";

/// @title A contract that pays a model for an answer and reads who shaped it.
/// @notice An example to copy from, not audited. It speaks to the modules as to any contract. The
/// modules act for their caller only, so the fee and a refund are this contract's own; it remembers for
/// whom it asked.
/// Inheriting the errors puts them into this ABI, so that wallets name what a module refused.
contract AskModel is IModuleErrors {
    IReceipts private constant receipts = IReceipts(0x0A77000000000000000000000000000000000003);
    IRewards private constant rewards = IRewards(0x0A77000000000000000000000000000000000004);

    struct Answer {
        bool isFinal;
        bytes32 receiptId;
        IReceipts.Class class_;
        uint16 methodId;
        /// Sum of all weights: 0 when the answer owes nothing to anybody's rows.
        uint64 total;
        uint32 contributions;
    }

    mapping(bytes32 requestId => address) public askerOf;
    uint64 public asked;

    event Asked(address indexed asker, bytes32 indexed requestId, uint256 indexed assetId);

    error NotYours();

    /// The whole value is the fee.
    function ask(uint256 assetId, bytes calldata question) external payable returns (bytes32 requestId) {
        uint64 nonce = asked++;
        requestId = rewards.pay{value: msg.value}(assetId, keccak256(question), nonce, 0);
        askerOf[requestId] = msg.sender;
        emit Asked(msg.sender, requestId, assetId);
    }

    /// What is recorded about the answer; receiptId zero: nothing yet.
    function answerOf(bytes32 requestId) external view returns (Answer memory answer) {
        answer.receiptId = receipts.receiptOf(requestId);
        if (answer.receiptId == 0) return answer;
        IReceipts.Status memory status = receipts.status(answer.receiptId);
        answer.isFinal = receipts.isFinal(answer.receiptId);
        answer.class_ = status.class_;
        answer.methodId = status.methodId;
        answer.total = status.total;
        answer.contributions = status.leaves;
    }

    /// Share of a contribution in ten-thousandths; 0 when the proof does not show it.
    function shareOf(bytes32 requestId, IReceipts.Leaf calldata leaf, uint256 index, bytes calldata sumProof) external view returns (uint256 bps) {
        bytes32 receiptId = receipts.receiptOf(requestId);
        if (!receipts.verifyShare(receiptId, leaf, index, sumProof)) return 0;
        return (uint256(leaf.weight) * 10_000) / receipts.status(receiptId).total;
    }

    /// Gives an unanswered fee back to who asked.
    function takeBack(bytes32 requestId) external {
        if (askerOf[requestId] != msg.sender) revert NotYours();
        delete askerOf[requestId];
        rewards.refund(requestId);
        // This contract's whole balance there is this refund: each is withdrawn at once.
        rewards.withdraw(msg.sender);
    }
}
