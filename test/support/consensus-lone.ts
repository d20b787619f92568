/**
 * One core among validators who are only names: the test says what they send. Its own requests for
 * signatures are granted at once, for verdicts by the block's text, unless the test wants to answer.
 */
import {
  apply,
  type ConsensusParams,
  type CoreState,
  defaultParams,
  type Effect,
  initialState,
  type Input,
  partsHashOf,
  type Proposal,
  proposerOf,
  type SignedProposal,
  type SignedVote,
  splitBlock,
  type TimeoutKind,
  type Value,
  type ValidatorSet,
  type VoteType,
} from '../../consensus/index.ts'
import { type Hex, keccakHex } from '../../primitives/index.ts'
import { addressOf, blockBytes, sealOf, setOf, toInput, verdictOn } from './consensus-net.ts'

export const now = 1_700_000_000_000

export const hashOf = (text: string): Hex => keccakHex(blockBytes(text))
const valueOf = (text: string | null): Value => (text === null ? null : hashOf(text))

export type LoneOptions = {
  readonly self?: number | undefined
  readonly powers?: readonly bigint[]
  readonly params?: Partial<ConsensusParams>
  /** Leave `validate` and `propose` to the test. */
  readonly isSlow?: boolean
  /** Leave `sign` to the test. */
  readonly isMute?: boolean
  readonly isStarted?: boolean
}

export type Lone = ReturnType<typeof createLone>

export function createLone(options: LoneOptions = {}) {
  const { self, powers = [1n, 1n, 1n, 1n] } = { self: 0, ...options }
  const set = setOf(...powers)
  const own = self === undefined ? undefined : addressOf(self)
  const params = { ...defaultParams, ...options.params }
  let state: CoreState = initialState({ self: own, params, lastHeight: 0n, nextValidators: set })
  const inputs: Input[] = []

  const answer = (effect: Effect): Input | undefined => {
    if (effect.type === 'sign' && options.isMute !== true)
      return toInput({ ...effect.message, seal: sealOf(self ?? 0) }, now)
    if (effect.type !== 'validate' || options.isSlow === true) return undefined
    const { height, partsHash, block } = effect
    return { type: 'validated', height, partsHash, verdict: verdictOn(block, now) }
  }

  /** Inputs in, and all effects out, those of the answers included. */
  const feed = (...given: readonly Input[]): readonly Effect[] => {
    const effects: Effect[] = []
    const queue = [...given]
    for (let input = queue.shift(); input !== undefined; input = queue.shift()) {
      inputs.push(input)
      const result = apply(state, input)
      state = result.state
      effects.push(...result.effects)
      queue.unshift(...result.effects.flatMap((effect) => answer(effect) ?? []))
    }
    return effects
  }

  const lone = {
    set,
    inputs,
    feed,
    get state(): CoreState {
      return state
    },
    start: (height = 1n, validators: ValidatorSet = set): readonly Effect[] =>
      feed({ type: 'start', height, validators, nextValidators: set }),
    vote: (
      type: VoteType,
      round: number,
      text: string | null,
      from: readonly number[],
      height = 1n,
    ): readonly Effect[] =>
      feed(
        ...from.map((index): Input => {
          return { type: 'vote', vote: voteBy(index, type, round, text, height) }
        }),
      ),
    /** The proposal of whose turn it is, and its parts. */
    propose: (
      round: number,
      text: string,
      fields: Partial<Proposal> = {},
      receivedAtMs = now,
    ): readonly Effect[] => {
      const proposal = lone.proposal(round, text, fields)
      return feed({ type: 'proposal', proposal, receivedAtMs }, ...partsOf(proposal, text))
    },
    proposal: (round: number, text: string, fields: Partial<Proposal> = {}): SignedProposal => {
      const height = fields.height ?? 1n
      return {
        type: 'proposal',
        height,
        round,
        validRound: -1,
        blockHash: hashOf(text),
        partHashes: splitBlock(blockBytes(text)).map(keccakHex),
        proposer: proposerOf(set, height, round),
        ...fields,
        seal: '0x',
      }
    },
    expire: (kind: TimeoutKind, round: number, height = 1n): readonly Effect[] =>
      feed({ type: 'timeout', timeout: { kind, height, round } }),
  }
  if (options.isStarted !== false) lone.start()
  return lone
}

export const partsOf = (proposal: Proposal, text: string): readonly Input[] =>
  splitBlock(blockBytes(text)).map((bytes, index) => ({
    type: 'part',
    part: {
      type: 'part',
      height: proposal.height,
      partsHash: partsHashOf(proposal.partHashes),
      index,
      bytes,
    },
  }))

export const voteBy = (
  index: number,
  type: VoteType,
  round: number,
  text: string | null,
  height = 1n,
): SignedVote => ({
  type,
  height,
  round,
  blockHash: valueOf(text),
  voter: addressOf(index),
  seal: sealOf(index),
})

/** What was asked to be signed, short: `prevote 0 a`, hash or nil. */
export const signedIn = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((effect) => {
    if (effect.type !== 'sign') return []
    const { message } = effect
    const what = message.blockHash ?? 'nil'
    const rest = message.type === 'proposal' ? ` valid ${message.validRound}` : ''
    return [`${message.type} ${message.round} ${what}${rest}`]
  })

export const timersIn = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((effect) =>
    effect.type === 'schedule'
      ? [`${effect.timeout.kind} ${effect.timeout.round} after ${effect.delayMs}`]
      : [],
  )

export const of = <type extends Effect['type']>(
  effects: readonly Effect[],
  type: type,
): readonly Extract<Effect, { type: type }>[] =>
  effects.filter((effect): effect is Extract<Effect, { type: type }> => effect.type === type)

/** What was sent, by kind. */
export const sentIn = (effects: readonly Effect[]): readonly string[] =>
  of(effects, 'broadcast').map(({ message }) => message.type)

/** Answer to `propose`. */
export const proposed = (text: string, round = 0, height = 1n) =>
  ({
    type: 'proposed',
    height,
    round,
    blockHash: hashOf(text),
    timeMs: now,
    block: blockBytes(text),
  }) as const
