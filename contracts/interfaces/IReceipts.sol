// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IModuleErrors} from "./IModuleErrors.sol";

/// @title 0x0A77000000000000000000000000000000000003: which rows shaped a paid answer.
/// @notice A receipt binds a paid request (IRewards.pay) to an answer, a datanet version, a method and
/// the root of a Merkle-sum tree of weights, one leaf per contribution (batch). It comes in two ways:
/// `attribute` computes it in the transaction and is final at once; `commit` states it under a bond
/// (and, for attested methods, under attesters' signatures), and it is final after the window of its
/// method unless challenged. State keeps its hash and a word; the rest is in the logs.
interface IReceipts is IModuleErrors {
    /// Declared: a fixed statement over at most 16 batches of the version; it has no window, answers for
    /// its leaves until `IRewards.settle` has seen them all, and keeps its bond as long. Attested: k of n bonded attesters. Provable: exact, re-executable.
    enum Class { Declared, Attested, Provable }
    /// Open: an epoch's, to which answers are still added.
    enum State { None, Committed, Challenged, Final, Void, Open }
    /// Replay: data = the answer; the module runs the method again. Held versions only.
    /// BadLeaf: data = abi.encode(Leaf leaf, uint256 index, bytes sumProof) of a leaf whose batch is
    /// not in the version. WrongSpans: data = abi.encode(bytes answer, bytes witness) that proves the spans
    /// (IProofs.verifySpans) and so other leaves. Unavailable: the leaves cannot be
    /// had; decided by vote, as is Dispute (attested methods). WrongToken (n-gram shares): one cell against
    /// the token computed again, data = abi.encode(bytes answer, Leaf leaf, bytes sumProof, bytes32
    /// evidenceHash, Cell cell); the leaf stands at cell.index. WrongOrder: two neighbours that are not in
    /// ascending order, data = abi.encode(Leaf first, bytes sumProof, Leaf second, bytes sumProof, uint256
    /// index of the first). Reveal: the committer must have it computed again (`answer`) in the window
    /// of the receipt, or lose; for methods that are audited. One whose draw is not known any more and that
    /// nobody has paid may be asked for too; silence then voids it, and both bonds go back.
    enum Ground { Replay, BadLeaf, WrongSpans, Unavailable, Dispute, WrongToken, WrongOrder, Reveal }
    /// None: the method is not audited, or its receipt was made by `attribute`. Waiting: the eight blocks that draw are not all over, or
    /// over for more than 8191 blocks; it then must be answered before anything is paid. Drawn: it must be
    /// answered, and whoever shows that it was not has half of the bond (`expire`).
    enum Audit { None, Waiting, Spared, Drawn }

    struct Receipt {
        bytes32 requestId;
        uint256 assetId;
        uint256 versionId;
        uint16 methodId;
        /// keccak256 of the answer's bytes.
        bytes32 outputHash;
        /// Root over the leaves by (clusterId, contributionId); binds total and number.
        bytes32 sumRoot;
        uint64 total;
        uint32 leaves;
        /// Content address of the leaves and the evidence; zero when the logs hold them.
        bytes32 evidenceHash;
    }

    struct Leaf {
        uint256 clusterId;
        /// The batch.
        uint256 contributionId;
        uint64 weight;
    }

    /// What one batch gets of one token (n-gram shares), under the receipt's evidenceHash: the root of a
    /// Merkle-sum tree with a leaf (root of the batch's cells, batch, their sum) for each leaf of the
    /// receipt; the batch's cells are such a tree too, (token, batch, weight) for each token in order.
    struct Cell {
        /// Of the receipt's leaf.
        uint256 index;
        uint32 token;
        uint64 weight;
        bytes32 cellsRoot;
        uint64 cellsTotal;
        bytes cellProof;
        uint64 evidenceTotal;
        bytes evidenceProof;
    }

    /// What a batch has of the tokens repeated so far.
    struct Sum {
        uint256 batchId;
        uint64 weight;
    }

    /// A maximal match of the answer in the corpus and the row it is credited to.
    struct Span {
        /// First token of the answer, and tokens.
        uint32 start;
        uint32 length;
        /// Occurrences in the corpus.
        uint32 occurrences;
        /// Row of the version (registration index) that has it first.
        uint64 row;
        uint64 weight;
        uint256 contributionId;
    }

    /// An epoch and its sums: wei of the data parts, and wei times scores of what is nobody's.
    struct Epoch {
        State state;
        uint256 assetId;
        uint256 versionId;
        uint16 methodId;
        /// Last block in which it takes answers; once closed, the block of that.
        uint64 endBlock;
        uint32 requests;
        /// Tenths of a row's marginal sum that its weight may be; 0: no cap.
        uint16 capTenths;
        /// Least sum of weights in ten-thousandths of the fees; what is missing is the treasury's.
        uint16 backingBps;
        uint256 pool;
        uint256 base;
    }

    /// A row in an epoch, in wei times scores.
    struct Point {
        uint64 leader;
        int256 net;
        uint256 bound;
        uint256 weight;
    }

    struct Status {
        State state;
        Class class_;
        uint16 methodId;
        /// Last block for a challenge.
        uint64 finalBlock;
        uint64 committedBlock;
        uint32 leaves;
        uint64 total;
        bytes32 sumRoot;
        bytes32 requestId;
        uint256 assetId;
        uint256 versionId;
        address committer;
        address challenger;
        uint256 bond;
        uint256 challengeBond;
    }

    struct Method {
        Class class_;
        bool active;
        /// Whether `attribute` can run it.
        bool isNative;
        uint32 version;
        /// Blocks in which a committed receipt can be challenged.
        uint32 windowBlocks;
        /// Signatures a committed receipt needs.
        uint8 signatures;
        /// Most of the data part it may distribute, 0..10000.
        uint16 capBps;
        /// Measured linear datamodeling score in millionths; 0: not measured.
        uint32 accuracyPpm;
        bytes32 specHash;
        /// ASCII, left-aligned: "span".
        bytes32 name;
    }

    event ReceiptCommitted(bytes32 indexed receiptId, uint256 indexed assetId, bytes32 indexed requestId, Receipt receipt, address committer, uint64 finalBlock);
    /// The leaves of a receipt made by `attribute`, in the order of the tree.
    event ReceiptLeaves(bytes32 indexed receiptId, Leaf[] leaves);
    event ReceiptChallenged(bytes32 indexed receiptId, address indexed by, Ground ground, uint256 bond);
    event VoteCast(bytes32 indexed receiptId, address indexed validator, bool upheld, uint64 power);
    /// `upheld`: the receipt stands, the challenger lost `amount`; else the committer did.
    event ReceiptResolved(bytes32 indexed receiptId, bool upheld, address indexed loser, uint256 amount);
    event ReceiptFinal(bytes32 indexed receiptId);
    /// One answer of an epoch: its part of the fee that rows divide, and what each row is owed by it,
    /// signed, in units of 2^-20; `base` is what rows too far away to be named share.
    event EpochEntered(bytes32 indexed receiptId, bytes32 indexed requestId, uint256 indexed assetId, bytes32 outputHash, uint256 fee, uint256 base, uint64[] rows, int256[] scores);
    event RowJoined(uint256 indexed versionId, uint64 indexed row, uint64 earlier);
    /// `sums` is what the same caller's next `answerInPieces` wants: abi.encode(Sum[]).
    event AnswerRepeated(bytes32 indexed receiptId, address indexed by, uint32 tokens, bytes sums);
    event Bonded(address indexed attester, uint256 bond);
    event Withdrawn(address indexed account, address indexed to, uint256 amount);

    /// Runs a native method over a held version and records its result, final at once. Only the
    /// asset's owner or provider; one receipt that is not void per request.
    function attribute(bytes32 requestId, uint256 versionId, uint16 methodId, bytes calldata answer) external returns (bytes32 receiptId);
    /// States a receipt of a method that is not native, or of one that is audited (spans, n-gram shares);
    /// receiptId = keccak256(abi.encode(receipt)). Value: `bondFor`, exactly. An audited receipt is drawn
    /// by the hashes of the next eight blocks; nothing is paid before a drawn one was answered. `signatures` are 65-byte EIP-712 signatures of bonded attesters over the Receipt,
    /// domain (name "Tributary", version "1", chainId, this address), by ascending signer.
    function commit(Receipt calldata receipt, bytes[] calldata signatures) external payable returns (bytes32 receiptId);
    /// Value: the challenge bond, exactly. All grounds but Unavailable, Dispute and Reveal are decided in
    /// this transaction: the loser's bond goes half to the winner, half is burnt.
    function challenge(bytes32 receiptId, Ground ground, bytes calldata data) external payable returns (State state);
    /// A validator's vote on a challenge that is decided by vote.
    function vote(bytes32 receiptId, bool upheld) external;
    /// Computes a stated receipt of an audited method again, for whoever asks: final if it is right, else
    /// void, and half of its bond is the caller's (the challenger's, if somebody doubts it). `witness`: a
    /// proof of the spans where the version is not held (IProofs.verifySpans), else empty.
    function answer(bytes32 receiptId, bytes calldata answer, bytes calldata witness) external returns (State state);
    /// The same for an n-gram answer that is too long for one transaction: the next `tokens` of it,
    /// counted for each caller, so that nobody's piece stands in another's way.
    /// `sums`: as the caller's last AnswerRepeated has them; empty for the first piece.
    function answerInPieces(bytes32 receiptId, bytes calldata answer, uint32 tokens, bytes calldata sums) external returns (State state);
    /// Voids a receipt that was drawn (or doubted by Reveal) and not answered in time; and, for who stated it
    /// only, one of which the draw is not known any more (8,199 blocks) and that is not paid: its bond then goes
    /// back, as do both where Reveal asked so late.
    function expire(bytes32 receiptId) external returns (State state);
    /// Counts the votes after the window: void only with more than two thirds of the power. Attesters of a
    /// receipt that fell by BadLeaf or Dispute lose the least bond each, half to the challenger.
    function resolve(bytes32 receiptId) external returns (bool upheld);
    /// Marks receipts whose window is over, or that were paid, as final and returns their bonds, at most 32.
    function finalize(bytes32[] calldata receiptIds) external;

    // Epochs: one receipt for many requests of an asset, a version and a method that scores rows
    // (knn-shapley, linear-influence). A row's scores are summed, signed and weighted by the fees; what is
    // above nothing, under the cap, weighs in the leaves of `close`; what is below is its batch's debt.

    /// As `attribute`, but the answer is added to the open epoch, or opens one. Its request is settled
    /// once the epoch is closed.
    function enter(bytes32 requestId, uint256 versionId, uint16 methodId, bytes calldata answer) external returns (bytes32 receiptId);
    /// Ends an epoch whose time is over, or whose receipt is nearly full; the log has its receipt, under the
    /// request that opened it, and its leaves. What is nobody's is a leaf of batch 0, the treasury's. An exit.
    function close(bytes32 receiptId) external;
    /// Shows that a row lies within the novelty radius of an earlier one of its label that is not joined itself,
    /// which gets its credit from then on.
    function join(uint256 versionId, uint64 row, uint64 earlier) external;
    /// Hands on what joined rows were credited in an open epoch before; at most 32.
    function fold(bytes32 receiptId, uint64[] calldata rows) external;
    /// Adds to the caller's bond as attester.
    function bond() external payable;
    /// Moves the caller's bond to its balance, 100 blocks after its last signature and when none of the
    /// receipts it signed can be doubted any more: BadState(Committed, Final) says to finalize them first.
    function unbond(uint256 amount) external;
    /// Pays the caller's balance to `to`. An exit.
    function withdraw(address to) external returns (uint256 amount);

    /// An epoch that is open or closed. Reverts NotFound for a receipt of one request.
    function epoch(bytes32 receiptId) external view returns (Epoch memory);
    /// The epoch that `enter` adds to, if its time is not over. Zero: none.
    function openEpoch(uint256 assetId, uint256 versionId, uint16 methodId) external view returns (bytes32 receiptId);
    /// What a row is owed in an epoch so far; `weight` is what `close` counts of it: nothing below nothing, and
    /// no more than its cap.
    function point(bytes32 receiptId, uint64 row) external view returns (Point memory);
    /// The row itself unless it was joined.
    function leaderOf(uint256 versionId, uint64 row) external view returns (uint64 leader);
    /// Wei by which a batch's rows were below nothing in closed epochs whose every answer the datanet's owner entered himself, of a model of his own,
    /// and how many rows that were, each counted once an epoch. Taken from the deposit, of each such row at most its part.
    function debtOf(uint256 batchId) external view returns (uint256 amount, uint64 rows);
    function status(bytes32 receiptId) external view returns (Status memory);
    /// The request's receipt that is not void; zero: none.
    function receiptOf(bytes32 requestId) external view returns (bytes32 receiptId);
    function isFinal(bytes32 receiptId) external view returns (bool);
    /// Whether it is audited, the last block for an answer, and the tokens the account has repeated so far.
    function audit(bytes32 receiptId, address account) external view returns (Audit audit, uint64 lastAnswerBlock, uint32 tokens);
    /// What `attribute` would record.
    function preview(uint256 versionId, uint16 methodId, bytes calldata answer) external view returns (Span[] memory spans, Leaf[] memory leaves, bytes32 sumRoot, uint64 total);
    /// Whether the leaf stands at `index` in the receipt's tree (IProofs.merkleSum).
    function verifyShare(bytes32 receiptId, Leaf calldata leaf, uint256 index, bytes calldata sumProof) external view returns (bool);
    function method(uint16 methodId) external view returns (Method memory);
    function methodCount() external view returns (uint256);
    /// What `commit` of a receipt for this request asks: the least bond, or for an audited method, if that is more,
    /// 3 V (1 - q) / q with V the request's fee and q the audited share.
    function bondFor(bytes32 requestId, uint16 methodId) external view returns (uint256);
    function commitBond() external view returns (uint256);
    function challengeBond() external view returns (uint256);
    function bondOf(address attester) external view returns (uint256);
    function balanceOf(address account) external view returns (uint256);
}
