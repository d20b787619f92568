// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IModuleErrors} from "./IModuleErrors.sol";

/// @title 0x0A77000000000000000000000000000000000001: datanets, their batches and versions.
/// @notice A datanet collects rows about one thing. A contributor submits a batch (the Merkle root
/// of its rows, never the rows), the owner or a quorum of curators decides, the owner publishes
/// accepted batches as a version. A version is external until validators with more than two thirds
/// of the power have attested that they hold its rows and built its index with the same root; then
/// it is held, and native attribution methods may use it.
/// Ids count from 1 over the whole module; 0 means none. Windows are in blocks.
interface IDatanet is IModuleErrors {
    /// Owner: the owner decides by `review`. Quorum: curators commit and reveal, `decide` counts.
    enum Mode { Owner, Quorum }
    enum BatchState { None, Pending, Accepted, Rejected, Expired, Retracted }
    enum VersionState { None, External, Held, Abandoned }

    struct Policy {
        Mode mode;
        /// Share of the curators' weight that must have revealed for a decision, 1..10000.
        uint16 quorumBps;
        /// Blocks for verdicts (Owner: for the review); after them a batch without one expires.
        uint32 reviewBlocks;
        /// Blocks for reveals after those. Quorum only.
        uint32 revealBlocks;
        /// A batch's deposit in wei: per batch, and per KiB of rows begun.
        uint128 depositPerBatch;
        uint128 depositPerKiB;
        /// Part of the deposit a rejected batch loses to the treasury, 0..10000.
        uint16 penaltyBps;
        uint32 maxBatchRows;
        /// Licence every batch must carry, as in `submit`; zero: any.
        bytes32 licence;
        /// keccak256 of the terms' text.
        bytes32 termsHash;
        /// What the terms grant, bit by bit: 1 commercial use, 2 derivatives, 4 redistribution.
        /// An asset built on a version grants no more than it.
        uint32 termsFlags;
        /// Least fee in wei of one answer of a model built on it.
        uint128 pricePerQuery;
    }

    struct Datanet {
        address owner;
        Policy policy;
        bytes32 metaHash;
        uint64 createdBlock;
        uint64 batches;
        uint64 versions;
        uint64 latestVersionId;
        /// Sum of the curators' weights.
        uint64 curatorWeight;
    }

    struct Batch {
        uint256 datanetId;
        address contributor;
        BatchState state;
        uint16 scoreBps;
        uint32 rows;
        uint64 sizeBytes;
        uint64 submittedBlock;
        /// Merkle root of the row hashes in order (IProofs.merkle).
        bytes32 root;
        /// Near-duplicate sketch of its texts (IProofs.similarity).
        bytes32 sketch;
        bytes32 licence;
        bytes32 reason;
        /// Wei that `reclaim` would give back once decided.
        uint256 deposit;
        /// Near-duplicates share one cluster; a batch alone is its own.
        uint256 clusterId;
    }

    struct Publication {
        uint256 datanetId;
        /// Version whose rows come first; 0: none. Of the same datanet.
        uint256 parentId;
        /// Merkle root of all row hashes of the version, in order.
        bytes32 root;
        /// Root of the tokens and documents the rows make.
        bytes32 corpusRoot;
        /// Root of the index built on the corpus.
        bytes32 indexRoot;
        /// Number of tokens of the corpus, separators included.
        uint64 tokens;
        /// Accepted batches appended to the parent's, by ascending id and above the parent's; none of
        /// them retracted. An older one that was accepted late needs an older parent.
        uint256[] batchIds;
        /// Where the rows may be had, for people.
        string uri;
    }

    struct Version {
        uint256 datanetId;
        uint256 parentId;
        address publisher;
        VersionState state;
        /// Rows and bytes with the parent's.
        uint64 rows;
        uint64 sizeBytes;
        uint64 tokens;
        /// Batches it appended itself.
        uint32 batches;
        uint64 publishedBlock;
        bytes32 root;
        bytes32 corpusRoot;
        bytes32 indexRoot;
        uint256 deposit;
        /// Power that has attested.
        uint64 attestedPower;
    }

    /// A batch as part of a version: its rows are firstRow .. firstRow + rows - 1.
    struct Part {
        uint256 batchId;
        uint64 firstRow;
        uint32 rows;
    }

    event DatanetCreated(uint256 indexed datanetId, address indexed owner, bytes32 metaHash, string uri);
    event CuratorSet(uint256 indexed datanetId, address indexed curator, uint64 untilBlock, uint32 weight);
    event BatchSubmitted(uint256 indexed datanetId, uint256 indexed batchId, address indexed contributor, bytes32 root, uint32 rows, uint64 sizeBytes, bytes32 sketch, bytes32 licence, string uri);
    event VerdictCommitted(uint256 indexed batchId, address indexed curator, bytes32 sealedVerdict);
    event VerdictRevealed(uint256 indexed batchId, address indexed curator, bool accept, uint16 scoreBps, bytes32 reason);
    event BatchDecided(uint256 indexed batchId, BatchState state, uint16 scoreBps, bytes32 reason);
    /// What a batch's rows were below nothing in closed epochs (IReceipts.debtOf), taken by `reclaim`.
    event DepositLost(uint256 indexed batchId, uint256 amount);
    event BatchRetracted(uint256 indexed batchId, address indexed by, bytes32 reason);
    /// How far the novelty gate is with a batch of a version.
    event BatchMeasured(uint256 indexed versionId, uint256 indexed batchId, uint64 covered, uint64 tokens, uint32 rows, bool isCopy);
    event VersionPublished(uint256 indexed datanetId, uint256 indexed versionId, uint256 parentId, bytes32 root, bytes32 corpusRoot, bytes32 indexRoot, uint64 rows, uint256[] batchIds, string uri);
    event VersionAttested(uint256 indexed versionId, address indexed validator, uint64 power, uint64 attestedPower);
    event VersionHeld(uint256 indexed versionId);
    event VersionAbandoned(uint256 indexed versionId);
    event Withdrawn(address indexed account, address indexed to, uint256 amount);

    function create(bytes32 metaHash, string calldata uri, Policy calldata policy) external returns (uint256 datanetId);
    /// Weight 0 removes. At most 32 curators. Only the owner.
    function setCurator(uint256 datanetId, address curator, uint64 untilBlock, uint32 weight) external;

    /// Offers a batch. `licence` is an SPDX identifier, ASCII, left-aligned: "CC0-1.0". The same root
    /// comes into a datanet once. Value: the policy's deposit, exactly.
    function submit(uint256 datanetId, bytes32 root, uint32 rows, uint64 sizeBytes, bytes32 sketch, bytes32 licence, string calldata uri) external payable returns (uint256 batchId);

    /// Owner mode: the owner's decision.
    function review(uint256 batchId, bool accept, uint16 scoreBps, bytes32 reason) external;
    /// Quorum mode: keccak256(abi.encode(batchId, accept, scoreBps, reason, salt, curator)).
    function commitVerdict(uint256 batchId, bytes32 sealedVerdict) external;
    function revealVerdict(uint256 batchId, bool accept, uint16 scoreBps, bytes32 reason, bytes32 salt) external;
    /// Counts the reveals, by anyone, once all have revealed or the window is over. Without quorum
    /// (in Owner mode: without a review) the batch expires. The score is the weighted median.
    function decide(uint256 batchId) external returns (BatchState state, uint16 scoreBps);
    /// Takes an accepted batch out of later versions. Its contributor or the datanet's owner.
    function retract(uint256 batchId, bytes32 reason) external;
    /// Gives back the deposit of a decided batch to its contributor's balance here. An exit. A published
    /// batch's answers for its rows for `datanet.depositBlocks` from when a version that appended it was held, and is less what
    /// they owe (IReceipts.debtOf). One that is accepted and in no held version is given back after `retract`: at once,
    /// or, if it was published, as many blocks later.
    function reclaim(uint256 batchId) external returns (uint256 amount);

    /// Only the owner. Value: the deposit by size that the parameters ask, exactly.
    function publish(Publication calldata publication) external payable returns (uint256 versionId);
    /// A validator says that it holds the rows and built the index with this root. Once per validator,
    /// and not after a batch of the version, or of its parents, was taken out: nothing is held that has no deposit to
    /// answer for it. Batches of other versions may come and go.
    function attest(uint256 versionId, bytes32 indexRoot) external;
    /// Gives up an external version; its deposit goes to the publisher's balance here.
    function abandon(uint256 versionId) external;
    /// The novelty gate: measures further rows of a batch, the `part`th that a held version appended, against the
    /// rows that the version has before it and the prior art (`datanet.priorArtVersion`, held). Tokens inside matches of 8 or
    /// more are covered. When all rows are measured and `datanet.gateBps` of the tokens are, the batch is turned away:
    /// rejected, no version is built on this one any more, its deposit half the caller's, half the treasury's.
    function measure(uint256 versionId, uint256 part, uint32 maxRows) external returns (uint64 covered, uint64 tokens, uint32 rows);
    /// Pays the caller's balance to `to`. An exit.
    function withdraw(address to) external returns (uint256 amount);

    function counts() external view returns (uint256 datanets, uint256 batches, uint256 versions);
    function datanet(uint256 datanetId) external view returns (Datanet memory);
    function batch(uint256 batchId) external view returns (Batch memory);
    function version(uint256 versionId) external view returns (Version memory);
    /// Id of the batch with this root in the datanet; 0: none.
    function batchByRoot(uint256 datanetId, bytes32 root) external view returns (uint256 batchId);
    function curatorAt(uint256 datanetId, uint256 index) external view returns (address curator, uint64 untilBlock, uint32 weight);
    /// The batches a version appended itself, at most 50 a call.
    function parts(uint256 versionId, uint256 from, uint256 limit) external view returns (Part[] memory);
    /// The batch a row of the version belongs to.
    function partOfRow(uint256 versionId, uint64 row) external view returns (Part memory);
    /// Whose batch it is, and its cluster; zeros: no such batch.
    function contributionOf(uint256 batchId) external view returns (address contributor, uint256 clusterId);
    /// Whether the batch's rows are part of the version, its parents' rows included.
    function hasBatch(uint256 versionId, uint256 batchId) external view returns (bool);
    function verifyRow(uint256 versionId, bytes32 rowHash, uint256 index, bytes32[] calldata proof) external view returns (bool);
    function depositFor(uint256 datanetId, uint64 sizeBytes) external view returns (uint256 amount);
    function versionDepositFor(uint64 sizeBytes) external view returns (uint256 amount);
    function isHeld(uint256 versionId) external view returns (bool);
    function hasAttested(uint256 versionId, address validator) external view returns (bool);
    /// How far the novelty gate has measured a batch in a version: tokens covered, tokens and rows looked at.
    function measured(uint256 versionId, uint256 batchId) external view returns (uint64 covered, uint64 tokens, uint32 rows);
    /// Voting power of a validator, and of all.
    function powerOf(address validator) external view returns (uint64 power, uint64 totalPower);
    function balanceOf(address account) external view returns (uint256);
}
