/**
 * What is signed: EIP-712 digests of votes and proposals. The domain binds them to one chain (id and
 * genesis hash), the validator set's hash to one set, so any EVM contract can check a seal with
 * `ecrecover` and no seal can be used elsewhere. Signs nothing.
 */
import {
  concat,
  fromHex,
  isInRange,
  isLowS,
  keccak256,
  keccakHex,
  passingBytes,
  publicKeyToAddress,
  type Address,
  type Hex,
  type Secp256k1,
  type Signature,
  toFixedBytes,
  toWord,
  writeHex,
} from '../primitives/index.ts'
import type { Proposal, Vote } from './types.ts'

export type SigningDomain = { readonly chainId: bigint; readonly genesisHash: Hex }

/** Digests of one chain; the domain is hashed once. */
export interface Digests {
  /** 32 bytes, over the vote and the hash of the validator set of its height. */
  of(message: Vote | Proposal, validatorSetHash: Hex): Uint8Array
}

const hashText = (text: string): Uint8Array => keccak256(new TextEncoder().encode(text))

const domainType = hashText('EIP712Domain(string name,string version,uint256 chainId,bytes32 salt)')
const voteType = hashText(
  'Vote(uint8 voteType,uint64 height,uint32 round,bytes32 blockHash,bytes32 validatorSetHash)',
)
const proposalType = hashText(
  'Proposal(uint64 height,uint32 round,int32 validRound,bytes32 blockHash,bytes32[] partHashes,bytes32 validatorSetHash)',
)
/** As in CometBFT. */
const voteNumbers = { prevote: 1, precommit: 2 } as const
const word = (value: bigint): Uint8Array => toFixedBytes(BigInt.asUintN(256, value), 32)

/** Fields of a struct, a word each, written in place: a vote is hashed by everybody who hears it. */
function structOf(type: Uint8Array, fields: readonly (number | bigint | Hex | null)[]): Uint8Array {
  const bytes = passingBytes(32 * (fields.length + 1))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  bytes.set(type)
  let start = 0
  for (const field of fields) {
    start += 32
    if (typeof field === 'string') writeHex(field, bytes, start)
    else if (typeof field === 'bigint') view.setBigUint64(start + 24, field)
    // The one negative number is -1, a valid round of none.
    else if (field === -1) bytes.fill(0xff, start, start + 32)
    else if (field !== null) view.setUint32(start + 28, field)
  }
  return bytes
}

export function createDigests({ chainId, genesisHash }: SigningDomain): Digests {
  const domain = keccak256(
    concat(
      domainType,
      hashText('Tributary Consensus'),
      hashText('1'),
      word(chainId),
      fromHex(genesisHash),
    ),
  )
  /** Prefix, domain, and the place of the struct's hash. */
  const whole = concat(Uint8Array.of(0x19, 0x01), domain, new Uint8Array(32))
  return {
    of(message, validatorSetHash) {
      const struct =
        message.type === 'proposal'
          ? proposalWords(message, validatorSetHash)
          : voteWords(message, validatorSetHash)
      whole.set(keccak256(struct), whole.length - 32)
      return keccak256(whole)
    },
  }
}

const voteWords = (vote: Vote, validatorSetHash: Hex): Uint8Array =>
  structOf(voteType, [
    voteNumbers[vote.type],
    vote.height,
    vote.round,
    vote.blockHash,
    validatorSetHash,
  ])

const proposalWords = (proposal: Proposal, validatorSetHash: Hex): Uint8Array =>
  structOf(proposalType, [
    proposal.height,
    proposal.round,
    proposal.validRound,
    proposal.blockHash,
    keccakHex(concat(...proposal.partHashes.map(fromHex))),
    validatorSetHash,
  ])

/** 65 bytes: r, s, and v as `ecrecover` wants it. */
export const toSeal = ({ r, s, yParity }: Signature): Hex =>
  `${toWord(r)}${toWord(s).slice(2)}${(27 + yParity).toString(16)}`

/** Who made the seal; undefined when nobody can have, or when it is not the one canonical form. */
export function sealSigner(curve: Secp256k1, digest: Uint8Array, seal: Hex): Address | undefined {
  const v = seal.length === 132 ? Number(`0x${seal.slice(130)}`) : undefined
  if (v !== 27 && v !== 28) return undefined
  const signature: Signature = {
    r: BigInt(seal.slice(0, 66)),
    s: BigInt(`0x${seal.slice(66, 130)}`),
    yParity: v === 27 ? 0 : 1,
  }
  if (!isInRange(signature) || !isLowS(signature.s)) return undefined
  const publicKey = curve.recover(digest, signature)
  return publicKey && publicKeyToAddress(publicKey)
}
