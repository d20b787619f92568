// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IRewards} from "../interfaces/IRewards.sol";

/// @title What the rewards module keeps: attribution/rewards/state.ts as Solidity declares it.
abstract contract RewardsStorage {
    struct StoredPayment {
        address payer;
        IRewards.PaymentState state;
        uint64 paidBlock;
        uint128 amount;
        uint64 refundBlock;
        uint64 assetId;
        uint16 dataBps;
        uint16 modelBps;
        uint16 providerBps;
        uint16 stakersBps;
        uint16 protocolBps;
        bytes32 inputHash;
        bytes32 receiptId;
    }

    struct StoredSettlement {
        address providerAccount;
        uint64 settledBlock;
        uint32 creditedLeaves;
        address stakersAccount;
        address protocolAccount;
        uint128 data;
        uint128 creditedData;
    }

    uint128 internal escrowed;
    uint128 internal balances;
    uint128 internal pools;
    mapping(bytes32 => StoredPayment) internal payments;
    mapping(bytes32 => StoredSettlement) internal settlements;
    mapping(uint256 => IRewards.Split) internal splits;
    mapping(bytes32 => mapping(uint256 => uint256)) internal claimed;
    mapping(address => uint256) internal balanceOf_;
    mapping(uint256 => uint256) internal income;
    mapping(uint256 => mapping(uint256 => uint256)) internal claimedIncome;
}
