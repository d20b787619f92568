// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IModuleErrors} from "./IModuleErrors.sol";
import {IReceipts} from "./IReceipts.sol";

/// @title 0x0A77000000000000000000000000000000000004: from a fee to the people behind the answer.
/// @notice A fee waits in escrow until its receipt is final. `settle` splits it by the asset's split,
/// largest remainder first, so that the five parts are the fee to the wei. The data part is divided by
/// the receipt's tree: a leaf with weights [a, a + w) of total t gets floor(pool (a + w) / t) -
/// floor(pool a / t), so that the leaves together are the pool to the wei whoever claims first. The
/// model part goes by ILineage.shares through an accumulator. Nothing here pushes money: it is credited
/// to balances, and `withdraw` pays them.
interface IRewards is IModuleErrors {
    enum PaymentState { None, Escrowed, Settled, Refunded }

    /// Ten-thousandths, together 10,000.
    struct Split {
        uint16 dataBps;
        uint16 modelBps;
        uint16 providerBps;
        uint16 stakersBps;
        uint16 protocolBps;
    }

    struct Payment {
        PaymentState state;
        address payer;
        uint256 assetId;
        uint256 amount;
        bytes32 inputHash;
        uint64 paidBlock;
        /// First block at which `refund` is open when there is no receipt.
        uint64 refundBlock;
        bytes32 receiptId;
    }

    /// What a fee became. The accounts are those credited at settlement.
    struct Settlement {
        bytes32 receiptId;
        uint64 settledBlock;
        uint256 data;
        uint256 model;
        uint256 provider;
        uint256 stakers;
        uint256 protocol;
        address providerAccount;
        address stakersAccount;
        address protocolAccount;
        /// Leaves of the data part credited so far, and their wei.
        uint32 creditedLeaves;
        uint256 creditedData;
    }

    event Paid(bytes32 indexed requestId, uint256 indexed assetId, address indexed payer, uint256 amount, bytes32 inputHash, uint64 refundBlock);
    event Refunded(bytes32 indexed requestId, address indexed payer, uint256 amount);
    event Settled(bytes32 indexed requestId, bytes32 indexed receiptId, uint256 indexed assetId, uint256 data, uint256 model, uint256 provider, uint256 stakers, uint256 protocol);
    /// A contributor's part of one answer.
    event Credited(address indexed account, bytes32 indexed requestId, uint256 indexed contributionId, uint256 index, uint256 amount);
    /// An ancestor's part of a model's income since its last claim.
    event LineageCredited(address indexed account, uint256 indexed assetId, uint256 indexed ancestorId, uint256 amount);
    event SplitSet(uint256 indexed assetId, Split split);
    event Withdrawn(address indexed account, address indexed to, uint256 amount);

    /// Pays for one answer. requestId = keccak256(abi.encode(payer, nonce, assetId, inputHash)); used
    /// once. Value: at least the asset's price, all of it is the fee. `refundBlock` 0: the default.
    function pay(uint256 assetId, bytes32 inputHash, uint64 nonce, uint64 refundBlock) external payable returns (bytes32 requestId);
    /// Gives the fee back to the payer's balance when no receipt came in time or it was void. An exit.
    function refund(bytes32 requestId) external returns (uint256 amount);
    /// Splits the fee of a final receipt, by anyone. With all leaves of the tree (at most 16) the
    /// contributors are credited at once (a declared receipt is settled only so, and only over batches of
    /// its version); with none they claim. A tree of total 0: the data part is
    /// the treasury's.
    function settle(bytes32 requestId, IReceipts.Leaf[] calldata leaves) external;
    /// Credits leaves to their batches' contributors, whoever calls, at most 100. An exit. A leaf
    /// credited before is skipped.
    function claim(bytes32[] calldata requestIds, IReceipts.Leaf[] calldata leaves, uint256[] calldata indexes, bytes[] calldata sumProofs) external returns (uint256 amount);
    /// Credits an ancestor's owner with its part of a model's income. An exit.
    function claimLineage(uint256 assetId, uint256 ancestorId) external returns (uint256 amount);
    /// Pays the caller's balance to `to`. An exit.
    function withdraw(address to) external returns (uint256 amount);
    /// Within the bounds of the parameters; for requests paid from then on. Only the asset's owner.
    function setSplit(uint256 assetId, Split calldata split) external;

    function requestIdOf(address payer, uint64 nonce, uint256 assetId, bytes32 inputHash) external pure returns (bytes32);
    function payment(bytes32 requestId) external view returns (Payment memory);
    function settlement(bytes32 requestId) external view returns (Settlement memory);
    function splitOf(uint256 assetId) external view returns (Split memory);
    function splitOfRequest(bytes32 requestId) external view returns (Split memory);
    function isClaimed(bytes32 requestId, uint256 index) external view returns (bool);
    function claimableLineage(uint256 assetId, uint256 ancestorId) external view returns (uint256 amount);
    function balanceOf(address account) external view returns (uint256);
    /// Wei the module owes: escrowed, credited but not withdrawn, and pools not yet claimed.
    function totals() external view returns (uint256 escrowed, uint256 balances, uint256 pools);
}
