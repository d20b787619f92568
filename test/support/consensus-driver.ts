/**
 * Our core beside the driver of a model's validator: gets the messages, timeouts and values that one
 * got, in the same order, and must come to the same round, step and lock whenever the
 * model has nothing left to do. The model works one event a step, ours until no rule is left.
 */
import {
  apply,
  createValidatorSet,
  defaultParams,
  initialState,
  isQuorum,
  partsHashOf,
  type CoreState,
  type Effect,
  type Input,
  type SignedVote,
  type ValidatorSet,
} from '../../consensus/index.ts'
import { compareText, type Hex, keccakHex, toFixedBytes, toHex } from '../../primitives/index.ts'
import { type ModelVote, voteOf } from './consensus-model.ts'
import type { Variant } from './itf.ts'

/** A set whose members have names for addresses; the hash, which needs bytes, is of the numbers. */
export function namedSet(members: readonly (readonly [string, number])[]): ValidatorSet {
  const sorted = members.toSorted(([a], [b]) => compareText(a, b))
  const numbered = sorted.map(([, power], index) => ({
    address: toHex(toFixedBytes(BigInt(index + 1), 20)),
    power: BigInt(power),
  }))
  return {
    ...createValidatorSet(numbered),
    validators: sorted.map(([name, power]) => ({ address: name as Hex, power: BigInt(power) })),
    indexes: new Map(sorted.map(([name], index) => [name as Hex, index])),
  }
}

/** The models' turns: by round only, the second validator first. */
const withTurns = (set: ValidatorSet, height: bigint): ValidatorSet => {
  const count = set.validators.length
  const turns = set.validators.map((_, i) => (((i + 1 - Number(height)) % count) + count) % count)
  return { ...set, turns }
}

type ModelProposal = {
  readonly srcAddress: string
  readonly height: number
  readonly round: number
  readonly validRound: number
  readonly proposal: unknown
}

const now = 1_700_000_000_000
const bytesOf = (name: string): Uint8Array => new TextEncoder().encode(name)
const hashesOf = (name: string): readonly Hex[] => [keccakHex(bytesOf(name))]
const nameOf = (proposal: unknown): string =>
  typeof proposal === 'string' ? proposal : String((proposal as Variant).value)

export function createFollower(self: string, members: readonly (readonly [string, number])[]) {
  const set = namedSet(members)
  let state: CoreState | undefined
  const feed = (input: Input): void => {
    if (state === undefined) return
    const result = apply(state, input)
    state = result.state
    for (const effect of result.effects) follow(effect)
  }
  /** Only verdicts are given at once; votes and proposals come back through the model's network. */
  const follow = (effect: Effect): void => {
    if (effect.type !== 'validate') return
    const name = new TextDecoder().decode(effect.block)
    const { height, partsHash } = effect
    const blockHash = name as Hex
    const verdict =
      name === 'invalid'
        ? ({ valid: false, blockHash, reason: name } as const)
        : ({ valid: true, blockHash, timeMs: now } as const)
    feed({ type: 'validated', height, partsHash, verdict })
  }
  const start = (height: number): void => {
    const at = BigInt(height)
    const [validators, nextValidators] = [withTurns(set, at), withTurns(set, at + 1n)]
    const options = { self: self as Hex, params: defaultParams, lastHeight: at - 1n }
    state = initialState({ ...options, nextValidators: validators })
    feed({ type: 'start', height: at, validators, nextValidators })
  }
  const propose = (model: ModelProposal): void => {
    const { round, validRound, srcAddress } = model
    const name = nameOf(model.proposal)
    const height = BigInt(model.height)
    const [partHashes, bytes] = [hashesOf(name), bytesOf(name)]
    const proposal = {
      ...({ type: 'proposal', height, round, validRound, partHashes, seal: '0x' } as const),
      blockHash: name as Hex,
      proposer: srcAddress as Hex,
    }
    feed({ type: 'proposal', proposal, receivedAtMs: now })
    const partsHash = partsHashOf(partHashes)
    feed({ type: 'part', part: { type: 'part', height, partsHash, index: 0, bytes } })
  }
  /** Votes of a quorum for one block are a certificate; the models send others too. */
  const certify = (votes: readonly SignedVote[]): void => {
    const [first] = votes
    const isOne = votes.every(
      ({ type, blockHash }) => type === first?.type && blockHash === first.blockHash,
    )
    const indexes = votes.flatMap(({ voter }) => set.indexes.get(voter) ?? [])
    if (!first || first.blockHash === null || !isOne || !isQuorum(set, BigInt(indexes.length))) {
      for (const vote of votes) feed({ type: 'vote', vote })
      return
    }
    const { height, round, blockHash } = first
    const type = first.type === 'precommit' ? 'commit' : 'polka'
    const seals = indexes.toSorted((a, b) => a - b).map((index) => ({ index, seal: '0x' as const }))
    feed({ type: 'certificate', certificate: { type, height, round, blockHash, seals } })
  }
  return {
    get state(): CoreState | undefined {
      return state
    },
    /** One input of the model's driver, which was at (height, round) before it. */
    follow({ tag, value }: Variant, height: number, round: number): void {
      const place = { height: BigInt(height), round }
      if (tag === 'StartDInput') start(height)
      if (tag === 'ProposalDInput') propose(value as ModelProposal)
      if (tag === 'VoteDInput') feed({ type: 'vote', vote: voteOf(value as ModelVote) })
      if (tag === 'CertificateDInput')
        certify((value as readonly ModelVote[]).map((vote) => voteOf(vote)))
      if (tag === 'TimeoutDInput')
        feed({ type: 'timeout', timeout: { kind: kindOf((value as Variant).tag), ...place } })
      if (tag === 'ProposeValueDInput') {
        const name = nameOf(value)
        const blockHash = name as Hex
        feed({ type: 'proposed', ...place, blockHash, timeMs: now, block: bytesOf(name) })
      }
    },
  }
}

function kindOf(tag: string): 'propose' | 'prevote' | 'precommit' {
  if (tag === 'ProposeTimeout') return 'propose'
  return tag === 'PrevoteTimeout' ? 'prevote' : 'precommit'
}
