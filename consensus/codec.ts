/**
 * Consensus messages and inputs as bytes: strict RLP by one schema each, with limits. The same bytes
 * on every wire and in the write-ahead log. Checks form and size; truth is for `verify.ts`.
 */
import {
  asList,
  assertNever,
  bytes,
  type Codec,
  createCodec,
  fixedHex,
  integer,
  list,
  mapped,
  NodeError,
  nullable,
  oneOf,
  passingBytes,
  record,
  type Schema,
  text,
  toHex,
  uint,
  variants,
  writeHex,
} from '../primitives/index.ts'
import { maxBlockBytes, maxParts, partSizeBytes } from './parts.ts'
import type {
  BlockVerdict,
  Certificate,
  CommitCertificate,
  Evidence,
  Input,
  Message,
  ProposalPart,
  QuorumCertificate,
  RoundCertificate,
  Seal,
  SignedProposal,
  SignedVote,
  Timeout,
  Value,
} from './types.ts'
import {
  createValidatorSet,
  maxValidators,
  type Validator,
  type ValidatorSet,
} from './validator-set.ts'

/** A round a minute for four thousand years. */
export const maxRound = 2 ** 31 - 1

const height = uint(64)
const round = integer(0, maxRound)
const hash = fixedHex(32)
const address = fixedHex(20)
const seal = fixedHex(65)
/** Bytes of a sentence that says why a block is refused. */
const maxReason = 1024
/** Milliseconds since 1970 that a double holds exactly. */
const timeMs = integer(0, Number.MAX_SAFE_INTEGER)
const blockBytes = bytes(maxBlockBytes)

const voteSchema = record<SignedVote>({
  type: oneOf({ prevote: 1, precommit: 2 }),
  height,
  round,
  blockHash: nullable(hash),
  voter: address,
  seal,
})

const proposalSchema = record<SignedProposal>({
  type: oneOf<'proposal'>({ proposal: 3 }),
  height,
  round,
  validRound: integer(-1, maxRound),
  blockHash: hash,
  partHashes: list(hash, maxParts),
  proposer: address,
  seal,
})

const partSchema = record<ProposalPart>({
  type: oneOf<'part'>({ part: 4 }),
  height,
  partsHash: hash,
  index: integer(0, maxParts - 1),
  bytes: bytes(partSizeBytes),
})

/** Who signed as a bitmap (index 0 is the lowest bit of the first byte), then the seals in its order. */
type SealedWire = { readonly signers: Uint8Array; readonly seals: Uint8Array }
const sealBytes = 65

function toSealedWire(seals: readonly Seal[]): SealedWire {
  const signers = new Uint8Array((((seals.at(-1)?.index ?? -8) / 8) | 0) + 1)
  for (const { index } of seals)
    signers[index >> 3] = (signers[index >> 3] ?? 0) | (1 << (index & 7))
  const all = passingBytes(seals.length * sealBytes)
  let at = 0
  for (const { seal: hex } of seals) at = writeHex(hex, all, at)
  return { signers, seals: all }
}

function fromSealedWire({ signers, seals }: SealedWire) {
  if (signers.at(-1) === 0) return { fault: 'has a bitmap with zeros behind' }
  const indexes = Array.from({ length: signers.length * 8 }, (_, index) => index).filter(
    (index) => ((signers[index >> 3] ?? 0) >> (index & 7)) & 1,
  )
  if (seals.length !== indexes.length * sealBytes)
    return { fault: `has ${seals.length} bytes of seals of ${indexes.length} signers` }
  const value = indexes.map((index, at): Seal => {
    const from = at * sealBytes
    return { index, seal: toHex(seals.subarray(from, from + sealBytes)) }
  })
  return { value }
}

const seals: Schema<readonly Seal[]> = mapped(
  record<SealedWire>({
    signers: bytes(maxValidators / 8),
    seals: bytes(maxValidators * sealBytes),
  }),
  { toWire: toSealedWire, fromWire: fromSealedWire },
)

const quorumFields = record<Omit<QuorumCertificate, 'type'>>({
  height,
  round,
  blockHash: hash,
  seals,
})
const roundFields = record<Omit<RoundCertificate, 'type'>>({
  height,
  round,
  votes: list(voteSchema, maxValidators),
})
const certificateSchema = variants<Certificate>({
  commit: { number: 5, schema: quorumFields },
  polka: { number: 6, schema: quorumFields },
  round: { number: 7, schema: roundFields },
})

/** Every message begins with its number, so one look tells which it is. */
const messageSchema: Schema<Message> = {
  encode(message) {
    switch (message.type) {
      case 'prevote':
      case 'precommit':
        return voteSchema.encode(message)
      case 'proposal':
        return proposalSchema.encode(message)
      case 'part':
        return partSchema.encode(message)
      case 'commit':
      case 'polka':
      case 'round':
        return certificateSchema.encode(message)
      default:
        return assertNever(message)
    }
  },
  decode(item, what) {
    const number = messageNumber.decode(asList(item, what)[0] ?? [], `${what}.type`)
    if (number <= 2) return voteSchema.decode(item, what)
    if (number === 3) return proposalSchema.decode(item, what)
    return number === 4 ? partSchema.decode(item, what) : certificateSchema.decode(item, what)
  },
}
const messageNumber = integer(0, 7)

const commitSchema: Schema<CommitCertificate> = mapped(quorumFields, {
  toWire: (certificate) => certificate,
  fromWire: (fields) => ({ value: { type: 'commit', ...fields } }),
})

const evidenceSchema = variants<Evidence>({
  'double-vote': {
    number: 1,
    schema: record({ first: voteSchema, second: voteSchema }),
  },
  'double-proposal': {
    number: 2,
    schema: record({ first: proposalSchema, second: proposalSchema }),
  },
})

const setSchema: Schema<ValidatorSet> = mapped(
  list(record<Validator>({ address, power: uint(128) }), maxValidators),
  { toWire: ({ validators }) => validators, fromWire: toSet },
)

function toSet(validators: readonly Validator[]) {
  try {
    const value = createValidatorSet(validators)
    const isOrdered = value.validators.every(({ address: at }, i) => at === validators[i]?.address)
    return isOrdered ? { value } : { fault: 'is not in the order of addresses' }
  } catch (error) {
    if (!(error instanceof NodeError)) throw error
    return { fault: `is no validator set: ${error.message}` }
  }
}

const verdictSchema: Schema<BlockVerdict> = mapped(
  record<VerdictWire>({
    valid: oneOf({ no: 0, yes: 1 }),
    blockHash: nullable(hash),
    timeMs,
    reason: text(maxReason),
  }),
  { toWire: toVerdictWire, fromWire: fromVerdictWire },
)

type VerdictWire = {
  readonly valid: 'no' | 'yes'
  readonly blockHash: Value
  readonly timeMs: number
  readonly reason: string
}

function toVerdictWire(verdict: BlockVerdict): VerdictWire {
  const { blockHash } = verdict
  return verdict.valid
    ? { valid: 'yes', blockHash, timeMs: verdict.timeMs, reason: '' }
    : { valid: 'no', blockHash, timeMs: 0, reason: verdict.reason.slice(0, maxReason / 4) }
}

function fromVerdictWire({ valid, blockHash, timeMs: at, reason }: VerdictWire) {
  if (valid === 'no')
    return at === 0
      ? { value: { valid: false, blockHash, reason } as const }
      : { fault: 'has a time and is not valid' }
  if (blockHash === null || reason !== '')
    return { fault: 'is valid without hash or with a reason' }
  return { value: { valid: true, blockHash, timeMs: at } as const }
}

const timeoutSchema = record<Timeout>({
  kind: oneOf({ propose: 1, prevote: 2, precommit: 3, rebroadcast: 4 }),
  height,
  round,
})

const inputSchema = variants<Input>({
  start: {
    number: 1,
    schema: record({ height, validators: setSchema, nextValidators: setSchema }),
  },
  proposal: { number: 2, schema: record({ proposal: proposalSchema, receivedAtMs: timeMs }) },
  part: { number: 3, schema: record({ part: partSchema }) },
  vote: { number: 4, schema: record({ vote: voteSchema }) },
  certificate: { number: 5, schema: record({ certificate: certificateSchema }) },
  timeout: { number: 6, schema: record({ timeout: timeoutSchema }) },
  proposed: {
    number: 7,
    schema: record({ height, round, blockHash: hash, timeMs, block: blockBytes }),
  },
  validated: {
    number: 8,
    schema: record({ height, partsHash: hash, verdict: verdictSchema }),
  },
  synced: { number: 9, schema: record({ certificate: commitSchema, block: blockBytes }) },
})

/** Fields of fixed size and a seal, with what RLP adds. */
const smallBytes = 256
const manyVotesBytes = maxValidators * smallBytes

/** What goes over the wire, by kind: each stream refuses what is longer than its own limit. */
export const voteCodec: Codec<SignedVote> = createCodec(voteSchema, smallBytes)
export const proposalCodec: Codec<SignedProposal> = createCodec(
  proposalSchema,
  smallBytes + maxParts * 33,
)
export const partCodec: Codec<ProposalPart> = createCodec(partSchema, partSizeBytes + smallBytes)
export const certificateCodec: Codec<Certificate> = createCodec(certificateSchema, manyVotesBytes)
/** Any of them; the limit is the largest's. */
export const messageCodec: Codec<Message> = createCodec(messageSchema, partSizeBytes + smallBytes)
/** What is stored with every block. */
export const commitCodec: Codec<CommitCertificate> = createCodec(commitSchema, manyVotesBytes)
export const evidenceCodec: Codec<Evidence> = createCodec(
  evidenceSchema,
  2 * proposalCodec.maxBytes,
)
/** For the write-ahead log. */
export const inputCodec: Codec<Input> = createCodec(inputSchema, maxBlockBytes + manyVotesBytes)
