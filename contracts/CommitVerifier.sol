// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// Checks on any EVM chain what Tributary's validators signed: a commit certificate (the block is
/// final) and a double vote (the voter can be slashed). Digests are EIP-712 as in consensus/digest.ts.
/// Holds no state and no money, and does not know which validator set is the right one: the caller
/// brings the set's hash from a header it trusts.
contract CommitVerifier {
    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,bytes32 salt)");
    bytes32 private constant VOTE_TYPE = keccak256(
        "Vote(uint8 voteType,uint64 height,uint32 round,bytes32 blockHash,bytes32 validatorSetHash)"
    );
    uint8 private constant PRECOMMIT = 2;
    /// Half the order of the group: a higher s is a second form of the same seal.
    uint256 private constant MAX_S =
        0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    bytes32 public immutable domainSeparator;

    struct Vote {
        uint8 voteType;
        uint64 height;
        uint32 round;
        bytes32 blockHash;
        bytes32 validatorSetHash;
    }

    /// Bit i of `signers` stands for validator i of the set; `seals` holds 65 bytes for each, in that
    /// order. A bitmap cannot name anybody twice.
    struct Certificate {
        uint64 height;
        uint32 round;
        bytes32 blockHash;
        uint256 signers;
        bytes seals;
    }

    error NotTheSet(bytes32 expected, bytes32 actual);
    error NotInTheSet(uint256 index);
    error NoQuorum(uint256 power, uint256 totalPower);
    error SealCount(uint256 signers, uint256 sealBytes);
    error BadSeal(address signer, address recovered);
    error NoConflict();

    /// Of the chain whose votes are checked, not of the chain this contract lives on.
    constructor(uint256 chainId, bytes32 genesisHash) {
        domainSeparator = keccak256(
            abi.encode(
                DOMAIN_TYPE, keccak256("Tributary Consensus"), keccak256("1"), chainId, genesisHash
            )
        );
    }

    function validatorSetHash(address[] calldata validators, uint256[] calldata powers)
        public
        pure
        returns (bytes32)
    {
        return keccak256(abi.encodePacked(validators, powers));
    }

    function digest(Vote memory vote) public view returns (bytes32) {
        return keccak256(
            abi.encodePacked(hex"1901", domainSeparator, keccak256(abi.encode(VOTE_TYPE, vote)))
        );
    }

    /// Reverts unless more than two thirds of the set's power precommitted the block. Returns the
    /// power that did.
    function checkCommit(
        Certificate calldata commit,
        bytes32 setHash,
        address[] calldata validators,
        uint256[] calldata powers
    ) external view returns (uint256 power) {
        if (validators.length != powers.length || validators.length > 256) {
            revert NotInTheSet(validators.length);
        }
        bytes32 actual = validatorSetHash(validators, powers);
        if (actual != setHash) revert NotTheSet(setHash, actual);
        if (validators.length < 256 && commit.signers >> validators.length != 0) {
            revert NotInTheSet(validators.length);
        }
        checkSeals(commit, setHash, validators);
        uint256 total;
        for (uint256 i = 0; i < powers.length; i++) {
            total += powers[i];
            if ((commit.signers >> i) & 1 == 1) power += powers[i];
        }
        if (3 * power <= 2 * total) revert NoQuorum(power, total);
    }

    /// Every signer's seal, no more and no less.
    function checkSeals(
        Certificate calldata commit,
        bytes32 setHash,
        address[] calldata validators
    ) private view {
        bytes32 signed =
            digest(Vote(PRECOMMIT, commit.height, commit.round, commit.blockHash, setHash));
        uint256 offset;
        for (uint256 i = 0; i < validators.length; i++) {
            if ((commit.signers >> i) & 1 == 0) continue;
            if (commit.seals.length < offset + 65) revert SealCount(offset / 65 + 1, commit.seals.length);
            address recovered = recover(signed, commit.seals[offset:offset + 65]);
            if (recovered != validators[i] || recovered == address(0)) {
                revert BadSeal(validators[i], recovered);
            }
            offset += 65;
        }
        if (commit.seals.length != offset) revert SealCount(offset / 65, commit.seals.length);
    }

    /// The validator who signed two different votes of one height, round and type. Reverts when the
    /// two may be said by one honest validator, or were not said by one.
    function doubleVoter(
        Vote calldata first,
        bytes calldata firstSeal,
        Vote calldata second,
        bytes calldata secondSeal
    ) external view returns (address voter) {
        bool isSamePlace = first.voteType == second.voteType && first.height == second.height
            && first.round == second.round && first.validatorSetHash == second.validatorSetHash;
        if (!isSamePlace || first.blockHash == second.blockHash) revert NoConflict();
        voter = recover(digest(first), firstSeal);
        address other = recover(digest(second), secondSeal);
        if (voter == address(0) || voter != other) revert BadSeal(voter, other);
    }

    /// The signer, or zero for what is no seal: 65 bytes, low s, v of 27 or 28.
    function recover(bytes32 signed, bytes calldata seal) private pure returns (address) {
        if (seal.length != 65) return address(0);
        if (uint256(bytes32(seal[32:64])) > MAX_S) return address(0);
        return ecrecover(signed, uint8(seal[64]), bytes32(seal[:32]), bytes32(seal[32:64]));
    }
}
