// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IDatanet} from "../interfaces/IDatanet.sol";
import {ILineage} from "../interfaces/ILineage.sol";
import {IParams} from "../interfaces/IParams.sol";
import {IReceipts} from "../interfaces/IReceipts.sol";
import {IRewards} from "../interfaces/IRewards.sol";
import {Module} from "./Module.sol";
import {RewardsStorage} from "./RewardsStorage.sol";
import {SumTree} from "./SumTree.sol";

/// @title IRewards in Solidity, whole: what attribution/rewards does, function by function.
contract RewardsTwin is IRewards, Module, RewardsStorage {
    IDatanet private constant datanet = IDatanet(0x0A77000000000000000000000000000000000001);
    ILineage private constant lineage = ILineage(0x0A77000000000000000000000000000000000002);
    IReceipts private constant receipts = IReceipts(0x0A77000000000000000000000000000000000003);
    IParams private constant params = IParams(0x0a77000000000000000000000000000000000006);

    uint64 private constant maxRefundBlocks = 302_400;
    uint256 private constant maxCredited = 16;
    uint256 private constant maxClaims = 100;
    uint256 private constant million = 1_000_000;
    uint256 private constant wholeBps = 10_000;

    /// Parts of a fee, in the order of Split.
    struct Parts {
        uint256 data;
        uint256 model;
        uint256 provider;
        uint256 stakers;
        uint256 protocol;
    }

    function self() internal pure override returns (address) {
        return 0x0A77000000000000000000000000000000000004;
    }

    function pay(uint256 assetId, bytes32 inputHash, uint64 nonce, uint64 refundBlock) external payable pausable returns (bytes32 requestId) {
        ILineage.Asset memory asset = lineage.asset(assetId);
        if (asset.state != ILineage.AssetState.Active) revert BadState(uint8(asset.state), uint8(ILineage.AssetState.Active));
        if (msg.value < asset.price) revert InsufficientValue(msg.value, asset.price);
        uint256 until = refundBlock != 0 ? refundBlock : block.number + uint256(params.get("rewards.refundBlocks"));
        if (until <= block.number) revert InvalidArgument("refundBlock");
        if (until > block.number + maxRefundBlocks) revert LimitExceeded("refundBlock", block.number + maxRefundBlocks);
        requestId = idOf(msg.sender, nonce, assetId, inputHash);
        StoredPayment storage stored = payments[requestId];
        if (stored.state != PaymentState.None) revert AlreadyExists(requestId);
        Split memory split = usualSplit(assetId);
        stored.payer = msg.sender;
        stored.state = PaymentState.Escrowed;
        stored.paidBlock = uint64(block.number);
        stored.amount = uint128(msg.value);
        stored.refundBlock = uint64(until);
        stored.assetId = uint64(assetId);
        stored.dataBps = split.dataBps;
        stored.modelBps = split.modelBps;
        stored.providerBps = split.providerBps;
        stored.stakersBps = split.stakersBps;
        stored.protocolBps = split.protocolBps;
        stored.inputHash = inputHash;
        if (msg.value > 0) escrowed += uint128(msg.value);
        emit Paid(requestId, assetId, msg.sender, msg.value, inputHash, uint64(until));
    }

    function refund(bytes32 requestId) external direct returns (uint256 amount) {
        StoredPayment storage stored = paymentAt(requestId);
        if (stored.state != PaymentState.Escrowed) revert BadState(uint8(stored.state), uint8(PaymentState.Escrowed));
        bytes32 known = receipts.receiptOf(requestId);
        if (known != 0) revert AlreadyExists(known);
        if (block.number < stored.refundBlock) revert TooEarly(stored.refundBlock);
        stored.state = PaymentState.Refunded;
        amount = stored.amount;
        move(amount, amount);
        credit(stored.payer, amount);
        emit Refunded(requestId, stored.payer, amount);
    }

    function settle(bytes32 requestId, IReceipts.Leaf[] memory leaves) external pausable {
        StoredPayment storage stored = paymentAt(requestId);
        if (stored.state != PaymentState.Escrowed) revert BadState(uint8(stored.state), uint8(PaymentState.Escrowed));
        bytes32 receiptId = receipts.receiptOf(requestId);
        if (receiptId == 0) revert NotFound(requestId);
        IReceipts.Status memory receipt = receipts.status(receiptId);
        if (!receipts.isFinal(receiptId)) revert TooEarly(receipt.finalBlock + 1);
        uint256 capBps = receipt.total == 0 ? 0 : receipts.method(receipt.methodId).capBps;
        Parts memory parts = partsOf(stored);
        uint256 data = (parts.data * capBps) / wholeBps;
        parts.protocol += parts.data - data;
        parts.data = data;
        stored.state = PaymentState.Settled;
        stored.receiptId = receiptId;
        distribute(requestId, stored, parts, receipt, leaves);
        emit Settled(requestId, receiptId, stored.assetId, parts.data, parts.model, parts.provider, parts.stakers, parts.protocol);
    }

    function claim(
        bytes32[] memory requestIds,
        IReceipts.Leaf[] memory leaves,
        uint256[] memory indexes,
        bytes[] memory sumProofs
    ) external direct returns (uint256 amount) {
        uint256 count = requestIds.length;
        if (count > maxClaims) revert LimitExceeded("leaves", maxClaims);
        if (leaves.length != count || indexes.length != count || sumProofs.length != count) revert InvalidArgument("leaves");
        for (uint256 i = 0; i < count; i++) amount += claimLeaf(requestIds[i], leaves[i], indexes[i], sumProofs[i]);
        if (amount == 0) return 0;
        balances += uint128(amount);
        pools -= uint128(amount);
    }

    function claimLineage(uint256 assetId, uint256 ancestorId) external direct returns (uint256 amount) {
        amount = claimable(assetId, ancestorId);
        claimedIncome[assetId][ancestorId] = income[assetId];
        if (amount == 0) return 0;
        address owner = lineage.asset(ancestorId).owner;
        credit(owner, amount);
        balances += uint128(amount);
        pools -= uint128(amount);
        emit LineageCredited(owner, assetId, ancestorId, amount);
    }

    function withdraw(address to) external direct returns (uint256 amount) {
        amount = balanceOf_[msg.sender];
        balanceOf_[msg.sender] = 0;
        if (amount > 0) balances -= uint128(amount);
        emit Withdrawn(msg.sender, to, amount);
        if (amount == 0) return 0;
        (bool sent,) = to.call{value: amount}("");
        if (!sent) revert TransferFailed(to, amount);
    }

    function setSplit(uint256 assetId, Split memory split) external pausable {
        if (lineage.asset(assetId).owner != msg.sender) revert NotAuthorized(msg.sender);
        uint256 sum = uint256(split.dataBps) + split.modelBps + split.providerBps + split.stakersBps + split.protocolBps;
        if (sum != wholeBps) revert InvalidArgument("split");
        if (split.dataBps < uint256(params.get("rewards.minDataBps"))) revert InvalidArgument("dataBps");
        if (split.stakersBps < uint256(params.get("rewards.minStakersBps"))) revert InvalidArgument("stakersBps");
        if (split.protocolBps < uint256(params.get("rewards.minProtocolBps"))) revert InvalidArgument("protocolBps");
        splits[assetId] = split;
        emit SplitSet(assetId, split);
    }

    function requestIdOf(address payer, uint64 nonce, uint256 assetId, bytes32 inputHash) external pure direct returns (bytes32) {
        return idOf(payer, nonce, assetId, inputHash);
    }

    function payment(bytes32 requestId) external view direct returns (Payment memory) {
        StoredPayment storage stored = payments[requestId];
        return Payment(
            stored.state,
            stored.payer,
            stored.assetId,
            stored.amount,
            stored.inputHash,
            stored.paidBlock,
            stored.refundBlock,
            stored.receiptId
        );
    }

    function settlement(bytes32 requestId) external view direct returns (Settlement memory result) {
        StoredPayment storage stored = paymentAt(requestId);
        if (stored.state != PaymentState.Settled) revert BadState(uint8(stored.state), uint8(PaymentState.Settled));
        StoredSettlement storage settled = settlements[requestId];
        Parts memory parts = partsOf(stored);
        result.receiptId = stored.receiptId;
        result.settledBlock = settled.settledBlock;
        result.data = settled.data;
        result.model = parts.model;
        result.provider = parts.provider;
        result.stakers = parts.stakers;
        result.protocol = parts.protocol + parts.data - settled.data;
        result.providerAccount = settled.providerAccount;
        result.stakersAccount = settled.stakersAccount;
        result.protocolAccount = settled.protocolAccount;
        result.creditedLeaves = settled.creditedLeaves;
        result.creditedData = settled.creditedData;
    }

    function splitOf(uint256 assetId) external view direct returns (Split memory) {
        return usualSplit(assetId);
    }

    function splitOfRequest(bytes32 requestId) external view direct returns (Split memory) {
        return paidSplit(paymentAt(requestId));
    }

    function isClaimed(bytes32 requestId, uint256 index) external view direct returns (bool) {
        return (claimed[requestId][index >> 8] >> (index & 255)) & 1 == 1;
    }

    function claimableLineage(uint256 assetId, uint256 ancestorId) external view direct returns (uint256 amount) {
        return claimable(assetId, ancestorId);
    }

    function balanceOf(address account) external view direct returns (uint256) {
        return balanceOf_[account];
    }

    function totals() external view direct returns (uint256, uint256, uint256) {
        return (escrowed, balances, pools);
    }

    function idOf(address payer, uint64 nonce, uint256 assetId, bytes32 inputHash) private pure returns (bytes32) {
        return keccak256(abi.encode(payer, nonce, assetId, inputHash));
    }

    function paymentAt(bytes32 requestId) private view returns (StoredPayment storage stored) {
        stored = payments[requestId];
        if (stored.state == PaymentState.None) revert NotFound(requestId);
    }

    /// The asset's own, or the parameters'.
    function usualSplit(uint256 assetId) private view returns (Split memory split) {
        split = splits[assetId];
        if (split.dataBps > 0) return split;
        split.dataBps = uint16(uint256(params.get("rewards.dataBps")));
        split.modelBps = uint16(uint256(params.get("rewards.modelBps")));
        split.providerBps = uint16(uint256(params.get("rewards.providerBps")));
        split.stakersBps = uint16(uint256(params.get("rewards.stakersBps")));
        uint256 given = uint256(split.dataBps) + split.modelBps + split.providerBps + split.stakersBps;
        split.protocolBps = given > wholeBps ? 0 : uint16(wholeBps - given);
    }

    function paidSplit(StoredPayment storage stored) private view returns (Split memory) {
        return Split(stored.dataBps, stored.modelBps, stored.providerBps, stored.stakersBps, stored.protocolBps);
    }

    /// Largest remainder first, so that the parts are the fee.
    function partsOf(StoredPayment storage stored) private view returns (Parts memory parts) {
        Split memory split = paidSplit(stored);
        uint256 amount = stored.amount;
        uint256[5] memory weights = [
            uint256(split.dataBps),
            split.modelBps,
            split.providerBps,
            split.stakersBps,
            split.protocolBps
        ];
        uint256 total = weights[0] + weights[1] + weights[2] + weights[3] + weights[4];
        uint256[5] memory values;
        uint256[5] memory remainders;
        uint256 left = amount;
        for (uint256 i = 0; i < 5; i++) {
            values[i] = (amount * weights[i]) / total;
            remainders[i] = (amount * weights[i]) % total + 1;
            left -= values[i];
        }
        for (; left > 0; left--) {
            uint256 best = 0;
            for (uint256 i = 1; i < 5; i++) if (remainders[i] > remainders[best]) best = i;
            values[best]++;
            remainders[best] = 0;
        }
        return Parts(values[0], values[1], values[2], values[3], values[4]);
    }

    /// Everything but the data part is credited or pooled here; that one waits unless all leaves are shown.
    function distribute(
        bytes32 requestId,
        StoredPayment storage stored,
        Parts memory parts,
        IReceipts.Status memory receipt,
        IReceipts.Leaf[] memory leaves
    ) private {
        ILineage.Asset memory asset = lineage.asset(stored.assetId);
        address providerAccount = asset.provider == address(0) ? asset.owner : asset.provider;
        address protocolAccount = address(uint160(uint256(params.get("treasury"))));
        credit(providerAccount, parts.provider);
        credit(block.coinbase, parts.stakers);
        credit(protocolAccount, parts.protocol);
        uint256 perMillionth = parts.model / million;
        if (perMillionth > 0) income[stored.assetId] += perMillionth;
        credit(asset.owner, parts.model % million);

        bool isCredited = leaves.length > 0;
        if (!isCredited && receipt.class_ == IReceipts.Class.Declared) revert InvalidArgument("leaves");
        if (isCredited) creditAll(requestId, parts.data, receipt, leaves, protocolAccount);
        uint256 pooled = perMillionth * million + (isCredited ? 0 : parts.data);
        uint256 amount = stored.amount;
        if (amount > 0) move(amount, amount - pooled);
        if (pooled > 0) pools += uint128(pooled);
        settlements[requestId] = StoredSettlement({
            providerAccount: providerAccount,
            settledBlock: uint64(block.number),
            creditedLeaves: isCredited ? uint32(leaves.length) : 0,
            stakersAccount: block.coinbase,
            protocolAccount: protocolAccount,
            data: uint128(parts.data),
            creditedData: isCredited ? uint128(parts.data) : 0
        });
    }

    /// The whole tree, shown: every contributor gets its piece now.
    function creditAll(
        bytes32 requestId,
        uint256 data,
        IReceipts.Status memory receipt,
        IReceipts.Leaf[] memory leaves,
        address protocolAccount
    ) private {
        uint256 count = leaves.length;
        if (count > maxCredited) revert LimitExceeded("leaves", maxCredited);
        if (!isWhole(receipt, leaves)) revert BadProof();
        uint256 offset = 0;
        for (uint256 i = 0; i < count; i++) {
            if (receipt.class_ == IReceipts.Class.Declared) checkLeaf(receipt.versionId, leaves[i]);
            (uint256 contributionId, uint256 weight) = (leaves[i].contributionId, leaves[i].weight);
            uint256 amount = shareAt(data, offset, weight, receipt.total);
            offset += weight;
            address account = contributorOf(contributionId, protocolAccount);
            credit(account, amount);
            emit Credited(account, requestId, contributionId, i, amount);
        }
        claimed[requestId][0] = (1 << count) - 1;
    }

    /// A statement may divide among the batches of its version, and among nobody else.
    function checkLeaf(uint256 versionId, IReceipts.Leaf memory leaf) private view {
        (address contributor, uint256 clusterId) = datanet.contributionOf(leaf.contributionId);
        if (contributor == address(0) || clusterId != leaf.clusterId || !datanet.hasBatch(versionId, leaf.contributionId))
            revert BadProof();
    }

    function isWhole(IReceipts.Status memory receipt, IReceipts.Leaf[] memory leaves) private pure returns (bool) {
        uint256 count = leaves.length;
        if (count != receipt.leaves) return false;
        bytes32[] memory hashes = new bytes32[](count);
        uint64[] memory sums = new uint64[](count);
        uint256 sum = 0;
        for (uint256 i = 0; i < count; i++) {
            IReceipts.Leaf memory leaf = leaves[i];
            sum += leaf.weight;
            sums[i] = leaf.weight;
            hashes[i] = SumTree.hashLeaf(leaf.clusterId, leaf.contributionId, leaf.weight);
        }
        if (sum != receipt.total) return false;
        (bytes32 root,) = SumTree.rootOf(hashes, sums);
        return root == receipt.sumRoot;
    }

    function claimLeaf(bytes32 requestId, IReceipts.Leaf memory leaf, uint256 index, bytes memory sumProof)
        private
        returns (uint256 amount)
    {
        StoredPayment storage stored = paymentAt(requestId);
        if (stored.state != PaymentState.Settled) revert BadState(uint8(stored.state), uint8(PaymentState.Settled));
        IReceipts.Status memory receipt = receipts.status(stored.receiptId);
        bytes32 hash = SumTree.hashLeaf(leaf.clusterId, leaf.contributionId, leaf.weight);
        (bool valid, uint64 offset,) = SumTree.verify(receipt.sumRoot, receipt.total, hash, leaf.weight, index, sumProof);
        if (!valid || receipt.total == 0) revert BadProof();
        uint256 bits = claimed[requestId][index >> 8];
        uint256 bit = 1 << (index & 255);
        if (bits & bit != 0) return 0;
        claimed[requestId][index >> 8] = bits | bit;
        StoredSettlement storage settled = settlements[requestId];
        amount = shareAt(settled.data, offset, leaf.weight, receipt.total);
        settled.creditedLeaves++;
        settled.creditedData += uint128(amount);
        address account = contributorOf(leaf.contributionId, settled.protocolAccount);
        credit(account, amount);
        emit Credited(account, requestId, leaf.contributionId, index, amount);
    }

    function claimable(uint256 assetId, uint256 ancestorId) private view returns (uint256) {
        uint256 since = income[assetId] - claimedIncome[assetId][ancestorId];
        return since * lineage.shareOf(assetId, ancestorId);
    }

    function shareAt(uint256 amount, uint256 offset, uint256 weight, uint256 total) private pure returns (uint256) {
        return (amount * (offset + weight)) / total - (amount * offset) / total;
    }

    /// Whose batch it is; a receipt that names no batch of anybody pays `otherwise`.
    function contributorOf(uint256 contributionId, address otherwise) private view returns (address contributor) {
        (contributor,) = datanet.contributionOf(contributionId);
        if (contributor == address(0)) contributor = otherwise;
    }

    /// Out of escrow, into balances: one slot.
    function move(uint256 out, uint256 into) private {
        (escrowed, balances) = (escrowed - uint128(out), balances + uint128(into));
    }

    function credit(address account, uint256 amount) private {
        if (amount > 0) balanceOf_[account] += amount;
    }
}
