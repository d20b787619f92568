// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IModuleErrors} from "./IModuleErrors.sol";

/// @title 0x0A77000000000000000000000000000000000002: models and what they were made of.
/// @notice An asset is a model, an adapter, a merge, an agent or an index. It names the assets it was
/// made from (parents, each with a share of the model's income) and the datanet versions it was
/// trained on or retrieves from (sources). Shares and sources are flattened once, at registration;
/// parents exist before their children, so there are no circles.
interface ILineage is IModuleErrors {
    enum Kind { Base, Adapter, Merge, Agent, Index }
    enum ParentEdge { FinetunedFrom, MergedFrom, DistilledFrom, Uses }
    enum SourceEdge { TrainedOn, Retrieves }
    enum AssetState { None, Active, Retired }

    struct Parent {
        uint256 assetId;
        ParentEdge edge;
        /// Part of the child's model income in millionths.
        uint32 sharePpm;
    }

    struct Source {
        uint256 versionId;
        SourceEdge edge;
    }

    struct Registration {
        Kind kind;
        bytes32 contentHash;
        bytes32 manifestHash;
        string uri;
        /// At most 8, shares together at most 1,000,000.
        Parent[] parents;
        /// At most 8.
        Source[] sources;
        /// No bit that a parent or a source's datanet does not grant (IDatanet.Policy).
        uint32 termsFlags;
        /// Least fee of one answer in wei: at least that of every parent and source.
        uint128 price;
        /// Who may commit receipts for it beside the owner, and gets the provider's part of the fee.
        address provider;
    }

    struct Asset {
        Kind kind;
        AssetState state;
        address owner;
        address provider;
        uint32 termsFlags;
        uint128 price;
        /// Least price its parents and sources allow.
        uint128 floorPrice;
        uint64 registeredBlock;
        bytes32 contentHash;
        bytes32 manifestHash;
    }

    event AssetRegistered(uint256 indexed assetId, Kind indexed kind, address indexed owner, bytes32 contentHash, bytes32 manifestHash, string uri);
    event ParentAdded(uint256 indexed assetId, uint256 indexed parentId, ParentEdge edge, uint32 sharePpm);
    event SourceAdded(uint256 indexed assetId, uint256 indexed versionId, SourceEdge edge);
    event HeadCertified(uint256 indexed assetId, uint256 indexed versionId);
    event AssetUpdated(uint256 indexed assetId, address owner, address provider, uint128 price, AssetState state);

    function register(Registration calldata registration) external returns (uint256 assetId);
    /// Only the owner; a new owner gets the income from then on.
    function update(uint256 assetId, address owner, address provider, uint128 price) external;
    /// No new requests from then on. Only the owner.
    function retire(uint256 assetId) external;
    /// Shows that a convex head, whose bytes are the asset's content, is the optimum of a held version it was
    /// trained on: one gradient over all rows, at most 2^-30, in the transaction. By anyone, once; answers by
    /// linear-influence cost less from then on. Bytes: classes (1), dimensions without the constant (2),
    /// shift of lambda (1), shift of the features (1), then a double a weight, big-endian. Refused with
    /// LimitExceeded when it would cost more than half of a transaction's gas.
    function certify(uint256 assetId, uint256 versionId, bytes calldata head) external;

    function count() external view returns (uint256);
    function asset(uint256 assetId) external view returns (Asset memory);
    function parents(uint256 assetId) external view returns (Parent[] memory);
    /// Its own and its ancestors', at most 16.
    function sources(uint256 assetId) external view returns (Source[] memory);
    /// Flattened, the asset itself first, at most 64; the sum is 1,000,000.
    function shares(uint256 assetId) external view returns (uint256[] memory assetIds, uint32[] memory ppm);
    function shareOf(uint256 assetId, uint256 ancestorId) external view returns (uint32 ppm);
    function usesVersion(uint256 assetId, uint256 versionId) external view returns (bool);
    /// The block of `certify`; 0: none.
    function certifiedBlock(uint256 assetId, uint256 versionId) external view returns (uint64);
}
