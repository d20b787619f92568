// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

// What the modules without a twin keep, as Solidity declares it: the compiler's storage layout of these
// is the layout of attribution/*/state.ts (test/unit/attribution/storage-layout.test.ts compares them).

abstract contract RegistryStorage {
    struct Pause {
        bool paused;
        uint64 until;
    }

    mapping(address => Pause) internal pauses;
}

abstract contract ParamsStorage {
    mapping(bytes32 => bytes32) internal values;
}

abstract contract DatanetStorage {
    struct Measure {
        uint32 done;
        uint64 covered;
        uint64 tokens;
    }

    struct StoredDatanet {
        address owner;
        uint64 createdBlock;
        uint32 curators;
        uint64 batches;
        uint64 versions;
        uint64 latestVersionId;
        uint64 curatorWeight;
        uint8 mode;
        uint16 quorumBps;
        uint32 reviewBlocks;
        uint32 revealBlocks;
        uint16 penaltyBps;
        uint32 maxBatchRows;
        uint32 termsFlags;
        uint64 retractions;
        uint128 depositPerBatch;
        uint128 depositPerKiB;
        uint128 pricePerQuery;
        bytes32 licence;
        bytes32 termsHash;
        bytes32 metaHash;
    }

    struct Curator {
        address curator;
        uint64 untilBlock;
        uint32 weight;
    }

    struct StoredBatch {
        address contributor;
        uint64 datanetId;
        uint8 state;
        uint16 scoreBps;
        bool isPublished;
        uint32 rows;
        uint64 sizeBytes;
        uint64 submittedBlock;
        uint64 curatorWeight;
        uint16 verdicts;
        uint16 reveals;
        uint128 deposit;
        uint64 committedWeight;
        uint64 clusterId;
        bytes32 root;
        bytes32 sketch;
        bytes32 licence;
        bytes32 reason;
        uint64 versionId;
        uint64 retractedBlock;
    }

    struct Verdict {
        bytes32 sealedVerdict;
        uint32 weight;
        uint16 scoreBps;
        bool isRevealed;
        bool isAccepted;
        bytes32 reason;
    }

    struct StoredVersion {
        address publisher;
        uint64 datanetId;
        uint32 batches;
        uint64 parentId;
        uint64 rows;
        uint64 sizeBytes;
        uint64 tokens;
        uint64 publishedBlock;
        uint64 attestedPower;
        uint64 retractions;
        uint16 depth;
        uint8 state;
        bytes32 root;
        bytes32 corpusRoot;
        bytes32 indexRoot;
        uint128 deposit;
        uint64 heldBlock;
    }

    struct Part {
        uint64 batchId;
        uint64 firstRow;
        uint32 rows;
    }

    uint64 internal datanets;
    uint64 internal batches;
    uint64 internal versions;
    uint64 internal totalPower;
    uint64 internal heldBytes;
    mapping(address => uint64) internal powers;
    mapping(address => uint256) internal balances;
    mapping(uint256 => StoredDatanet) internal datanet;
    mapping(uint256 => mapping(uint256 => Curator)) internal curators;
    mapping(uint256 => StoredBatch) internal batch;
    mapping(uint256 => mapping(bytes32 => uint64)) internal batchByRoot;
    mapping(uint256 => mapping(bytes32 => uint64)) internal clusterBySketch;
    mapping(uint256 => mapping(address => Verdict)) internal verdictOf;
    mapping(uint256 => mapping(uint256 => address)) internal verdictBy;
    mapping(uint256 => StoredVersion) internal version;
    mapping(uint256 => mapping(uint256 => Part)) internal parts;
    mapping(uint256 => mapping(address => uint64)) internal attested;
    mapping(uint256 => mapping(uint256 => Measure)) internal measures;
    mapping(uint256 => mapping(uint256 => uint64)) internal retracted;
}

abstract contract LineageStorage {
    struct StoredAsset {
        address owner;
        uint8 kind;
        uint8 state;
        uint32 termsFlags;
        address provider;
        uint64 registeredBlock;
        uint128 price;
        uint128 floorPrice;
        bytes32 contentHash;
        bytes32 manifestHash;
        uint64[] shares;
        uint64[] sources;
        uint64[] parents;
        uint8[] parentEdges;
    }

    uint256 internal count;
    mapping(uint256 => StoredAsset) internal assets;
    mapping(uint256 => mapping(uint256 => uint64)) internal certified;
}

abstract contract ReceiptsStorage {
    struct StoredReceipt {
        uint8 state;
        uint8 class_;
        uint16 methodId;
        uint64 finalBlock;
        uint64 committedBlock;
        uint32 leaves;
        uint64 total;
        bytes32 sumRoot;
        bytes32 requestId;
        address committer;
        uint64 assetId;
        uint64 versionId;
        uint128 bond;
        uint16 auditBps;
        uint32 answerBlocks;
        bytes32 outputHash;
    }

    struct Challenge {
        address challenger;
        uint8 ground;
        uint64 lastVoteBlock;
        uint128 bond;
        uint64 against;
        uint64 inFavour;
    }

    struct Repeated {
        uint32 tokens;
        bytes32 sums;
    }

    struct Attester {
        uint128 bond;
        uint64 lastBlock;
        uint32 open;
    }

    struct StoredEpoch {
        uint32 requests;
        uint16 capTenths;
        uint16 backingBps;
        bool hasOthers;
        uint128 pool;
        uint128 base;
    }

    struct StoredPoint {
        int128 net;
        uint120 bound;
        bool isBounded;
    }

    struct Debt {
        uint128 amount;
        uint64 rows;
    }

    struct BatchNet {
        uint112 positive;
        uint112 negative;
        uint24 debtors;
        bool isListed;
    }

    mapping(bytes32 => StoredReceipt) internal receipts;
    mapping(bytes32 => bytes32) internal receiptOf;
    mapping(bytes32 => Challenge) internal challenges;
    mapping(bytes32 => mapping(address => bool)) internal voted;
    mapping(address => Attester) internal attesters;
    mapping(address => uint256) internal balances;
    mapping(bytes32 => address[]) internal signersOf;
    mapping(bytes32 => StoredEpoch) internal epochs;
    mapping(uint256 => mapping(uint256 => mapping(uint16 => bytes32))) internal currentEpoch;
    mapping(bytes32 => mapping(uint256 => StoredPoint)) internal points;
    mapping(bytes32 => uint64[]) internal epochBatches;
    mapping(bytes32 => mapping(uint256 => BatchNet)) internal batchNets;
    mapping(uint256 => mapping(uint256 => uint64)) internal leaders;
    mapping(uint256 => Debt) internal debts;
    mapping(bytes32 => mapping(address => Repeated)) internal repeated;
}
