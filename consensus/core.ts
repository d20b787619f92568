/**
 * Tendermint over heights and rounds: `apply(state, input)` records what came in, then fires the
 * rules it has enabled until none is left. Same inputs in the same order, same effects: the
 * write-ahead log is a list of inputs, and replaying it is the way back after a crash.
 *
 * Trusts its inputs: foreign ones pass `admit.ts` first. Performs nothing; the engine does.
 */
import { assertNever, invariant, type Hex } from '../primitives/index.ts'
import { quorumCertificate, roundCertificate } from './certificate.ts'
import { addFuture, emptyFuture } from './future.ts'
import { joinParts, judgedBlock, wholeBlock } from './parts.ts'
import {
  keepBlock,
  recordAll,
  recordCertificate,
  recordPart,
  recordProposal,
  recordReached,
  recordVote,
} from './record.ts'
import { rebroadcast, schedule } from './repeat.ts'
import { applyRound, type RoundInput, type RoundOutput, type ValueProposal } from './round.ts'
import { enabledEvent, haltOf } from './rules.ts'
import {
  blockOf,
  change,
  changeDone,
  type CoreState,
  type Done,
  isDecided,
  newHeight,
  nothingDone,
  type StepResult,
  validBlockOf,
} from './state.ts'
import type { Effect, Input, Proposal, Vote } from './types.ts'
import { hasQuorum } from './vote-keeper.ts'

export function apply(state: CoreState, input: Input): StepResult {
  const height = heightOf(input)
  if (input.type === 'start') return start(state, input)
  if (height !== state.height) {
    const isNext = height === state.height + 1n
    const future = isNext && addFuture(state.future, state.nextValidators, input)
    return { state: future ? change(state, { future }) : state, effects: [] }
  }
  if (isDecided(state)) return afterDecision(state, input)
  switch (input.type) {
    case 'vote': {
      const recorded = recordVote(state, input.vote)
      return recorded.isQuiet === true ? recorded : advance(recorded)
    }
    case 'proposal':
      return advance(recordProposal(state, input.proposal, input.receivedAtMs))
    case 'part':
      return advance(recordPart(state, input.part))
    case 'certificate':
      return advance(recordCertificate(state, input.certificate))
    case 'timeout':
      return onTimeout(state, input)
    case 'proposed':
      return onProposed(state, input)
    case 'validated':
      return onValidated(state, input)
    case 'synced':
      return onSynced(state, input)
    default:
      return assertNever(input)
  }
}

type Of<type extends Input['type']> = Extract<Input, { type: type }>

/** The height an input is about: where the log keeps it, and until when. */
export function heightOf(input: Input): bigint {
  switch (input.type) {
    case 'start':
    case 'proposed':
    case 'validated':
      return input.height
    case 'proposal':
      return input.proposal.height
    case 'part':
      return input.part.height
    case 'vote':
      return input.vote.height
    case 'certificate':
    case 'synced':
      return input.certificate.height
    case 'timeout':
      return input.timeout.height
    default:
      return assertNever(input)
  }
}

/** Fires enabled rules, `event` first where the input is one itself. */
function advance(recorded: StepResult, event?: RoundInput): StepResult {
  let { state } = recorded
  const effects = [...recorded.effects]
  for (let next = event ?? enabledEvent(state); next !== undefined; next = enabledEvent(state)) {
    const fired = fire(state, next)
    state = fired.state
    effects.push(...fired.effects)
  }
  return halted({ state, effects })
}

/** A new height, in the highest round that the messages buffered for it prove. */
function start(state: CoreState, input: Of<'start'>): StepResult {
  const { height, validators, nextValidators } = input
  if (height <= state.height) return { state, effects: [] }
  const isNext = height === state.height + 1n
  const { votes, certificates, proposals, parts } = isNext ? state.future : emptyFuture
  const { self, params } = state
  const fresh = newHeight(height, { self, params, validators, nextValidators, future: emptyFuture })
  const counted = recordAll(fresh, votes, recordVote)
  const proved = recordAll(counted.state, certificates, recordCertificate)
  const started = advance({ ...proved, effects: [...counted.effects, ...proved.effects] })
  const inputs: readonly Input[] = [
    ...proposals,
    ...parts.map((part) => ({ type: 'part', part }) as const),
  ]
  const rest = recordAll(started.state, inputs, apply)
  return { state: rest.state, effects: [...started.effects, ...rest.effects] }
}

/** Only a rebroadcast of the certificate, until the next height starts. */
function afterDecision(state: CoreState, input: Input): StepResult {
  const isDue =
    input.type === 'timeout' &&
    input.timeout.kind === 'rebroadcast' &&
    input.timeout.round === state.round.round
  return { state, effects: isDue && state.decision ? rebroadcast(state) : [] }
}

function onTimeout(state: CoreState, { timeout }: Of<'timeout'>): StepResult {
  const { kind, height, round } = timeout
  const unchanged = { state, effects: [] }
  if (round !== state.round.round) return unchanged
  if (kind === 'rebroadcast')
    return {
      state: state.done.saidAgain
        ? state
        : change(state, { done: changeDone(state.done, { saidAgain: true }) }),
      effects: rebroadcast(state),
    }
  return advance(unchanged, { type: 'timeout', kind, height, round })
}

/** L18-19: the value asked for. Of use only to the proposer who asked, in the round it asked. */
function onProposed(state: CoreState, input: Of<'proposed'>): StepResult {
  const isAsked = state.done.value === 'asked' && state.round.step === 'propose'
  if (!isAsked || input.round !== state.round.round) return { state, effects: [] }
  const { blockHash, timeMs } = input
  const block = wholeBlock(input.block, { valid: true, blockHash, timeMs })
  return advance(keepBlock(state, block), { type: 'value', value: blockHash })
}

function onValidated(state: CoreState, { partsHash, verdict }: Of<'validated'>): StepResult {
  const block = blockOf(state, partsHash)
  if (block === undefined || block.verdict !== undefined) return { state, effects: [] }
  return advance(keepBlock(state, judgedBlock(block, verdict)))
}

/** A decided block of a peer: its certificate counts as any, its bytes are validated as any. */
function onSynced(state: CoreState, { certificate, block }: Of<'synced'>): StepResult {
  const proved = recordCertificate(state, certificate)
  const whole = wholeBlock(block)
  const isHeld = blockOf(state, whole.partsHash)?.missing === 0
  const synced = change(proved.state, { synced: whole.partsHash })
  const kept = isHeld ? { state: synced, effects: [] } : keepBlock(synced, whole)
  return advance({ state: kept.state, effects: [...proved.effects, ...kept.effects] })
}

/** One event through the round machine, and what follows from its answer. */
function fire(state: CoreState, event: RoundInput): StepResult {
  const { state: round, output } = applyRound(state.round, event)
  const next = change(state, { round, done: mark(state.done, event) })
  if (event.type !== 'new-round' && event.type !== 'new-round-proposer')
    return perform(next, output)
  const entered = enterRound(next)
  const answer = perform(entered.state, output)
  return { state: answer.state, effects: [...entered.effects, ...answer.effects] }
}

function mark(done: Done, event: RoundInput): Done {
  switch (event.type) {
    case 'proposal-polka':
      return changeDone(done, { polka: true })
    case 'polka-any':
      return changeDone(done, { polkaAny: true })
    case 'precommit-any':
      return changeDone(done, { precommitAny: true })
    case 'value':
      return changeDone(done, { value: 'answered' })
    case 'new-round':
    case 'new-round-proposer':
      return nothingDone
    case 'proposal':
    case 'proposal-invalid':
    case 'proposal-polka-before':
    case 'proposal-polka-before-invalid':
    case 'polka-nil':
    case 'proposal-commit':
    case 'skip':
    case 'timeout':
      return done
    default:
      return assertNever(event)
  }
}

/** What begins with a round: its timers, the reason it began, votes that are now within reach. */
function enterRound(state: CoreState): StepResult {
  const reached = recordReached(forgetBlocks(change(state, { unsigned: [] })))
  const entry = roundCertificate(reached.state)
  const reason: readonly Effect[] = entry ? [{ type: 'broadcast', message: entry }] : []
  const timers = [schedule(state, 'propose'), schedule(state, 'rebroadcast')]
  return {
    state: change(reached.state, { entry }),
    effects: [...reached.effects, ...reason, ...timers],
  }
}

/** Rounds whose proposals are kept although nobody is known to have voted for them. */
const keptRounds = 2

/** A long height must not fill the memory: blocks of old rounds without a polka go. */
function forgetBlocks(state: CoreState): CoreState {
  const { votes, validators, round } = state
  const proposals = state.proposals.filter(
    ({ proposal: { round: of, blockHash } }) =>
      of >= round.round - keptRounds ||
      blockHash === round.validValue ||
      hasQuorum(votes, validators, 'prevote', of, blockHash),
  )
  const kept = new Set([state.synced, ...proposals.map(({ partsHash }) => partsHash)])
  const blocks = state.blocks.filter(({ partsHash }) => kept.has(partsHash))
  return change(state, { proposals, blocks, orphans: [] })
}

/** Turns the round machine's answer into effects. */
function perform(state: CoreState, output: RoundOutput): StepResult {
  switch (output.type) {
    case 'none':
    case 'rejected':
      return { state, effects: [] }
    case 'vote':
      return ask(state, output.vote)
    case 'proposal':
      return ask(state, toProposal(state, output.proposal))
    case 'get-value': {
      const { height, round } = state.round
      const asked = change(state, { done: changeDone(state.done, { value: 'asked' }) })
      return { state: asked, effects: [{ type: 'propose', height, round }] }
    }
    case 'timeout':
      // The propose timer runs for the proposer too, so it is started with the round.
      return { state, effects: output.kind === 'propose' ? [] : [schedule(state, output.kind)] }
    case 'decided':
      return decide(state, output.round, output.value)
    case 'skip':
      return { state: change(state, { nextRound: output.round }), effects: [] }
    default:
      return assertNever(output)
  }
}

/** Asks for a signature, if anybody would count it: not once others have sent the decided block. */
function ask(state: CoreState, message: Vote | Proposal): StepResult {
  if (state.self === undefined || !state.validators.indexes.has(state.self))
    return { state, effects: [] }
  if (state.synced !== undefined) return { state, effects: [] }
  const unsigned = [...state.unsigned, message]
  return { state: change(state, { unsigned }), effects: [{ type: 'sign', message }] }
}

function toProposal(state: CoreState, { value, ...proposal }: ValueProposal): Proposal {
  const block = value === null ? undefined : validBlockOf(state, value)
  invariant(value !== null && block !== undefined, 'what we propose is a block we hold')
  const { partHashes } = block
  const { self: proposer } = state.round
  return { type: 'proposal', ...proposal, blockHash: value, partHashes, proposer }
}

/** L49-54. */
function decide(state: CoreState, round: number, blockHash: Hex): StepResult {
  const certificate = quorumCertificate(state, 'commit', round, blockHash)
  const block = validBlockOf(state, blockHash)
  invariant(certificate?.type === 'commit' && block !== undefined, 'a decision has both')
  const { height } = state
  const decision = {
    type: 'decide',
    height,
    round,
    blockHash,
    block: joinParts(block),
    certificate: { type: 'commit', height, round, blockHash, seals: certificate.seals },
  } as const
  return {
    state: change(state, { decision, unsigned: [] }),
    effects: [{ type: 'broadcast', message: decision.certificate }, decision],
  }
}

/** Says once that this node must stop. */
function halted({ state, effects }: StepResult): StepResult {
  const halt = state.isHalted || isDecided(state) ? undefined : haltOf(state)
  if (halt === undefined) return { state, effects }
  return { state: change(state, { isHalted: true }), effects: [...effects, halt] }
}
