/**
 * The vocabulary of the Quint models (circlefin/malachite, specs/consensus/quint) and how it reads in
 * ours. Values and addresses of the models are short names; they stand in for hashes here.
 */
import type { RoundInput, RoundOutput, RoundState, Step } from '../../consensus/round.ts'
import type { SignedVote, TimeoutKind, Value, VoteType } from '../../consensus/types.ts'
import type { Threshold } from '../../consensus/vote-keeper.ts'
import type { Hex } from '../../primitives/index.ts'
import type { Variant } from './itf.ts'

export type ModelState = {
  readonly p: string
  readonly height: number
  readonly round: number
  readonly step: Variant
  readonly lockedRound: number
  readonly lockedValue: Variant
  readonly validRound: number
  readonly validValue: Variant
}
export type ModelVote = {
  readonly srcAddress: string
  readonly height: number
  readonly round: number
  readonly valueId: Variant
  readonly voteType: Variant
}

const steps: Readonly<Record<string, Step>> = {
  NoStep: 'new',
  UnstartedStep: 'unstarted',
  ProposeStep: 'propose',
  PrevoteStep: 'prevote',
  PrecommitStep: 'precommit',
  CommitStep: 'commit',
}
const kinds: Readonly<Record<string, Exclude<TimeoutKind, 'rebroadcast'>>> = {
  ProposeTimeout: 'propose',
  PrevoteTimeout: 'prevote',
  PrecommitTimeout: 'precommit',
}

/** Looks a name up; a name we do not know is a fault of the test, not a mismatch. */
function known<value>(table: Readonly<Record<string, value>>, name: string): value {
  const found = table[name]
  if (found === undefined) throw new Error(`the model says ${name}, which we do not know`)
  return found
}

const hex = (name: unknown): Hex => name as Hex
const valueOf = ({ tag, value }: Variant): Value => (tag === 'Nil' ? null : hex(value))
const typeOf = ({ tag }: Variant): VoteType => (tag === 'Prevote' ? 'prevote' : 'precommit')
export const stepOf = ({ tag }: Variant): Step => known(steps, tag)

export const stateOf = (model: ModelState): RoundState => ({
  self: hex(model.p),
  height: BigInt(model.height),
  round: model.round,
  step: stepOf(model.step),
  lockedRound: model.lockedRound,
  lockedValue: valueOf(model.lockedValue),
  validRound: model.validRound,
  validValue: valueOf(model.validValue),
})

export const voteOf = (model: ModelVote): SignedVote => ({
  type: typeOf(model.voteType),
  height: BigInt(model.height),
  round: model.round,
  blockHash: valueOf(model.valueId),
  voter: hex(model.srcAddress),
  seal: '0x',
})

const timeoutInput = (kind: string, [height, round]: readonly number[]): RoundInput => ({
  type: 'timeout',
  kind: known(kinds, kind),
  height: BigInt(height ?? -1),
  round: round ?? -1,
})

/** `undefined` for the model's placeholder before the first input. */
export function inputOf({ tag, value }: Variant): RoundInput | undefined {
  const pair = value as readonly [unknown, unknown]
  switch (tag) {
    case 'NoConsensusInput':
      return undefined
    case 'NewRoundCInput':
      return { type: 'new-round', round: value as number }
    case 'NewRoundProposerCInput':
      return { type: 'new-round-proposer', round: value as number }
    case 'ProposeValueCInput':
      return { type: 'value', value: hex(value) }
    case 'ProposalCInput':
      return { type: 'proposal', value: valueOf(pair[1] as Variant) }
    case 'ProposalInvalidCInput':
      return { type: 'proposal-invalid' }
    case 'ProposalAndPolkaPreviousAndValidCInput':
      return {
        type: 'proposal-polka-before',
        value: valueOf(pair[0] as Variant),
        validRound: pair[1] as number,
      }
    case 'ProposalAndPolkaAndInvalidCInput':
      return { type: 'proposal-polka-before-invalid' }
    case 'ProposalAndPolkaAndValidCInput':
      return { type: 'proposal-polka', value: valueOf(value as Variant) }
    case 'PolkaAnyCInput':
      return { type: 'polka-any' }
    case 'PolkaNilCInput':
      return { type: 'polka-nil' }
    case 'PrecommitAnyCInput':
      return { type: 'precommit-any' }
    case 'ProposalAndCommitAndValidCInput':
      return { type: 'proposal-commit', round: pair[0] as number, value: hex(pair[1]) }
    case 'RoundSkipCInput':
      return { type: 'skip', round: value as number }
    case 'TimeoutProposeCInput':
    case 'TimeoutPrevoteCInput':
    case 'TimeoutPrecommitCInput':
      return timeoutInput(tag.replace(/^(Timeout)(.*)CInput$/, '$2$1'), value as number[])
    default:
      throw new Error(`the model's input ${tag} is not known here`)
  }
}

type ModelProposal = {
  readonly height: number
  readonly round: number
  readonly validRound: number
  readonly proposal: unknown
}

/** The model says a proposed value in two ways: bare, or as a variant. */
const proposedValue = (proposal: unknown): Value =>
  typeof proposal === 'string' ? hex(proposal) : valueOf(proposal as Variant)

export function outputOf({ tag, value }: Variant): RoundOutput {
  const list = value as readonly unknown[]
  switch (tag) {
    case 'NoConsensusOutput':
      return { type: 'none' }
    case 'ErrorOutput':
      return { type: 'rejected' }
    case 'VoteOutput': {
      const { seal: _, ...vote } = voteOf(value as ModelVote)
      return { type: 'vote', vote }
    }
    case 'ProposalOutput': {
      const { height, round, validRound, proposal } = value as ModelProposal
      return {
        type: 'proposal',
        proposal: { height: BigInt(height), round, value: proposedValue(proposal), validRound },
      }
    }
    case 'GetValueAndScheduleTimeoutOutput':
      return { type: 'get-value' }
    case 'TimeoutOutput':
      return {
        type: 'timeout',
        kind: known(kinds, (list[1] as Variant).tag),
        round: list[0] as number,
      }
    case 'DecidedOutput':
      return { type: 'decided', round: list[0] as number, value: hex(list[1]) }
    case 'SkipRoundOutput':
      return { type: 'skip', round: value as number }
    default:
      throw new Error(`the model's output ${tag} is not known here`)
  }
}

/** What the model's vote keeper emits; it names the round too, which is the vote's own. */
export function thresholdOf({ tag, value }: Variant): Threshold | undefined {
  const name = (value as readonly unknown[])[1]
  switch (tag) {
    case 'NoVKOutput':
      return undefined
    case 'PolkaAnyVKOutput':
      return { type: 'polka-any' }
    case 'PolkaNilVKOutput':
      return { type: 'polka-nil' }
    case 'PolkaValueVKOutput':
      return { type: 'polka-value', value: hex(name) }
    case 'PrecommitAnyVKOutput':
      return { type: 'precommit-any' }
    case 'PrecommitValueVKOutput':
      return { type: 'precommit-value', value: hex(name) }
    case 'SkipVKOutput':
      return { type: 'skip' }
    default:
      throw new Error(`the model's threshold ${tag} is not known here`)
  }
}
