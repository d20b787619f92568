// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IModuleErrors} from "../interfaces/IModuleErrors.sol";
import {IReceipts} from "../interfaces/IReceipts.sol";
import {IRewards} from "../interfaces/IRewards.sol";

/// @title The reading side of IReceipts, for tests where there is no Tributary node.
/// @notice Put its runtime code at 0x0A77000000000000000000000000000000000003, as MockRewards. A test
/// says with `record` what attribution would have found; proofs are the leaf's place in that list and
/// nothing else. What is not here reverts NotMocked.
contract MockReceipts is IModuleErrors {
    IRewards private constant rewards = IRewards(0x0A77000000000000000000000000000000000004);

    mapping(bytes32 requestId => bytes32) public receiptOf;
    mapping(bytes32 => IReceipts.Status) private statuses;
    mapping(bytes32 => IReceipts.Leaf[]) private leavesOf;

    error NotMocked(bytes4 selector);

    /// Not of IReceipts: a final receipt with these leaves for a paid request, by anybody.
    function record(bytes32 requestId, uint256 versionId, uint16 methodId, IReceipts.Leaf[] calldata leaves) external returns (bytes32 receiptId) {
        IRewards.Payment memory payment = rewards.payment(requestId);
        if (payment.state != IRewards.PaymentState.Escrowed) revert BadState(uint8(payment.state), 1);
        if (receiptOf[requestId] != 0) revert AlreadyExists(receiptOf[requestId]);
        receiptId = keccak256(abi.encode(requestId, versionId, methodId, leaves));
        receiptOf[requestId] = receiptId;
        IReceipts.Status storage status_ = statuses[receiptId];
        status_.state = IReceipts.State.Final;
        status_.class_ = IReceipts.Class.Provable;
        status_.methodId = methodId;
        status_.finalBlock = uint64(block.number);
        status_.committedBlock = uint64(block.number);
        status_.requestId = requestId;
        status_.assetId = payment.assetId;
        status_.versionId = versionId;
        status_.committer = msg.sender;
        status_.leaves = uint32(leaves.length);
        for (uint256 i = 0; i < leaves.length; i++) {
            leavesOf[receiptId].push(leaves[i]);
            status_.total += leaves[i].weight;
        }
        emit IReceipts.ReceiptLeaves(receiptId, leaves);
        emit IReceipts.ReceiptFinal(receiptId);
    }

    function status(bytes32 receiptId) external view returns (IReceipts.Status memory) {
        if (statuses[receiptId].state == IReceipts.State.None) revert NotFound(receiptId);
        return statuses[receiptId];
    }

    function isFinal(bytes32 receiptId) external view returns (bool) {
        return statuses[receiptId].state == IReceipts.State.Final;
    }

    function verifyShare(bytes32 receiptId, IReceipts.Leaf calldata leaf, uint256 index, bytes calldata) external view returns (bool) {
        IReceipts.Leaf[] storage known = leavesOf[receiptId];
        if (index >= known.length) return false;
        return keccak256(abi.encode(known[index])) == keccak256(abi.encode(leaf));
    }

    fallback() external {
        revert NotMocked(msg.sig);
    }
}
