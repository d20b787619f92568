/**
 * The core against traces of the Quint models: each recorded input through our function, state and
 * output compared with what the model recorded. Traces are told apart by their variables, so that
 * further ones may be put beside them. Names them all that differ; none is excused.
 */
import { fileURLToPath } from 'node:url'
import { expect } from '@jest/globals'
import { applyRound, newRoundState, type RoundState } from '../../consensus/round.ts'
import { countVote, newVoteKeeper, type VoteKeeper } from '../../consensus/vote-keeper.ts'
import type { ValidatorSet } from '../../consensus/index.ts'
import type { SignedVote } from '../../consensus/types.ts'
import { compareText, type Hex } from '../../primitives/index.ts'
import { createFollower, namedSet } from '../support/consensus-driver.ts'
import {
  inputOf,
  type ModelState,
  type ModelVote,
  outputOf,
  stateOf,
  stepOf,
  thresholdOf,
  voteOf,
} from '../support/consensus-model.ts'
import { readTraces, type Trace, type Variant } from '../support/itf.ts'
import { sharedFile, testWithShared } from '../support/shared.ts'

type Report = { steps: number; readonly faults: string[] }
type States = Trace['states']

/** One line for what is compared; fields in one order, bigint as text. */
const show = (item: unknown): string =>
  JSON.stringify(item, (_, value: unknown) => {
    if (typeof value === 'bigint') return value.toString()
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => compareText(a, b)))
  }) ?? 'nothing'

function same(report: Report, where: string, actual: unknown, expected: unknown): void {
  const [ours, theirs] = [show(actual), show(expected)]
  if (ours !== theirs) report.faults.push(`${where}: ${ours}, the model ${theirs}`)
}

/** Variables carry the path of their module; a file may hold several instances of one. */
const named = (trace: Trace, name: string): readonly string[] =>
  trace.vars.filter((variable) => variable === name || variable.endsWith(`::${name}`))

function checkRounds(trace: Trace, variable: string, report: Report): void {
  const prefix = variable.slice(0, -'output'.length)
  for (const [at, now] of trace.states.entries()) {
    const before = trace.states[at - 1]
    const input = inputOf(now[`${prefix}input`] as Variant)
    if (before === undefined || input === undefined) continue
    const next = applyRound(stateOf(before[`${prefix}state`] as ModelState), input)
    const expected = {
      state: stateOf(now[`${prefix}state`] as ModelState),
      output: outputOf(now[variable] as Variant),
    }
    same(report, `${trace.name} ${at} ${input.type}`, next, expected)
    report.steps++
  }
}

type Bookkeeper = {
  readonly evidence: readonly (readonly ModelVote[])[]
  readonly validatorSet: readonly (readonly [string, number])[]
}
const setOf = ({ validatorSet }: Bookkeeper): ValidatorSet => namedSet(validatorSet)

/** The model's evidence: for each conflicting vote all that its sender had then said there. */
class Evidence {
  readonly sets: SignedVote[][] = []
  add(first: SignedVote, vote: SignedVote): void {
    const said = this.sets.findLast(
      ([other]) =>
        other?.voter === vote.voter && other.round === vote.round && other.type === vote.type,
    )
    this.sets.push([...(said ?? [first]), vote])
  }
}
const showVotes = (votes: readonly SignedVote[]): string => votes.map(show).toSorted().join()
const showEvidence = (sets: readonly (readonly SignedVote[])[]): readonly string[] =>
  sets.map(showVotes).toSorted()

function checkKeeper(trace: Trace, variable: string, report: Report): void {
  const prefix = variable.slice(0, -'weightedVote'.length)
  const bookkeepers = trace.states.map((state) => state[`${prefix}bookkeeper`] as Bookkeeper)
  const [first] = bookkeepers
  if (first === undefined) return
  const set = setOf(first)
  const evidence = new Evidence()
  let keeper = newVoteKeeper()
  for (const [at, state] of trace.states.entries()) {
    const { tag, value } = state[variable] as Variant
    if (tag === 'NoWeightedVote') continue
    const [model, , round] = value as readonly [ModelVote, number, number]
    const vote = voteOf(model)
    const counted = countVote(keeper, set, vote, round)
    keeper = counted.keeper
    if (counted.conflict) evidence.add(counted.conflict, vote)
    const where = `${trace.name} ${at}`
    const emitted = state[`${prefix}lastEmitted`] as Variant
    same(report, where, counted.threshold, thresholdOf(emitted))
    const expected = bookkeepers[at]?.evidence.map((votes) => votes.map(voteOf)) ?? []
    same(report, `${where} evidence`, showEvidence(evidence.sets), showEvidence(expected))
    report.steps++
  }
}

type Executed = readonly [input: Variant, height: number, round: number, stepBefore: Variant]
type Driver = {
  readonly cs: ModelState
  readonly bk: Bookkeeper
  readonly executedInputs: readonly Executed[]
  readonly voteKeeperOutput: Variant
  readonly pendingInputs: readonly unknown[]
  readonly pendingStepChange: Variant
}
type History = { readonly validator: string; readonly input: Variant }
type System = readonly (readonly [string, { readonly es: Driver }])[]

const driverOf = (state: States[number] | undefined, variable: string, name: string) =>
  (state?.[variable] as System | undefined)?.find(([validator]) => validator === name)?.[1].es

const isUnchanged = (driver: Driver, before: Driver): boolean =>
  JSON.stringify(driver) === JSON.stringify(before)

/** Every validator of a system: what its driver fed the round machine, and its votes. */
function checkSystem(trace: Trace, variable: string, report: Report): void {
  const first = trace.states.find((state) => variable in state)
  for (const [name] of (first?.[variable] ?? []) as System) {
    checkDriver(trace, variable, name, report)
    checkVotes(trace, variable, name, report)
    checkCore(trace, variable, name, report)
  }
}

function checkDriver(trace: Trace, variable: string, name: string, report: Report): void {
  let done = 0
  let height = -1
  let state: RoundState | undefined
  for (const [at, now] of trace.states.entries()) {
    const driver = driverOf(now, variable, name)
    if (driver === undefined) continue
    if (driver.cs.height !== height) {
      height = driver.cs.height
      state = newRoundState(name as Hex, BigInt(height))
      done = driver.executedInputs.findIndex(([, h]) => h === height)
      if (done === -1) done = driver.executedInputs.length
    }
    for (const [model, , round, step] of driver.executedInputs.slice(done)) {
      const input = inputOf(model)
      if (input === undefined || state === undefined) continue
      const where = `${trace.name} ${at} ${name} ${input.type}`
      same(report, `${where} step`, state.step, stepOf(step))
      state = applyRound(state, input).state
      same(report, `${where} round`, state.round, round)
      report.steps++
    }
    done = driver.executedInputs.length
    same(report, `${trace.name} ${at} ${name}`, state, stateOf(driver.cs))
  }
}

/** Votes as they reached one validator, through our keeper; certificates end what can be compared. */
function checkVotes(trace: Trace, variable: string, name: string, report: Report): void {
  const history = `${variable.slice(0, -'system'.length)}_hist`
  let keeper: VoteKeeper | undefined = newVoteKeeper()
  let height = -1
  for (const [at, now] of trace.states.entries()) {
    const driver = driverOf(now, variable, name)
    const before = driverOf(trace.states[at - 1], variable, name)
    if (driver === undefined || before === undefined) continue
    const { validator, input } = now[history] as History
    if (driver.cs.height !== height) {
      // A new height loads what was buffered in no stated order: only an empty start can be followed.
      keeper =
        (driver.bk as unknown as { rounds: unknown[] }).rounds.length === 0
          ? newVoteKeeper()
          : undefined
      height = driver.cs.height
      continue
    }
    // A step of the network leaves the history as it was.
    if (validator !== name || isUnchanged(driver, before)) continue
    if (input.tag === 'CertificateDInput') keeper = undefined
    if (input.tag !== 'VoteDInput' || keeper === undefined) continue
    const vote = voteOf(input.value as ModelVote)
    const counted = countVote(keeper, setOf(driver.bk), vote, before.cs.round)
    keeper = counted.keeper
    const expected = thresholdOf(driver.voteKeeperOutput)
    same(report, `${trace.name} ${at} ${name} vote`, counted.threshold, expected)
    report.steps++
  }
}

/** The whole core in the place of one validator, in its first height. */
function checkCore(trace: Trace, variable: string, name: string, report: Report): void {
  const history = `${variable.slice(0, -'system'.length)}_hist`
  const first = driverOf(
    trace.states.find((state) => variable in state),
    variable,
    name,
  )
  if (first === undefined) return
  const follower = createFollower(name, first.bk.validatorSet)
  let isBlind = false
  for (const [at, now] of trace.states.entries()) {
    const driver = driverOf(now, variable, name)
    const before = driverOf(trace.states[at - 1], variable, name)
    if (driver === undefined || before === undefined) continue
    if (driver.cs.height !== first.cs.height) return
    const { validator, input } = now[history] as History
    if (validator !== name || isUnchanged(driver, before)) continue
    follower.follow(input, before.cs.height, before.cs.round)
    // The model sees a change of step, not one from a propose to the next round's: until its next
    // change it overlooks what it holds for the new round (recordStepChange in driver.qnt).
    if (driver.cs.step.tag !== before.cs.step.tag) isBlind = false
    else if (driver.cs.round !== before.cs.round) isBlind = true
    const isBusy =
      isBlind || driver.pendingInputs.length > 0 || driver.pendingStepChange.tag !== 'NoStep'
    if (isBusy || follower.state === undefined) continue
    same(report, `${trace.name} ${at} ${name} core`, follower.state.round, stateOf(driver.cs))
    report.steps++
  }
}

const kinds = [
  ['output', checkRounds],
  ['weightedVote', checkKeeper],
  ['system', checkSystem],
] as const

testWithShared(
  'every step of every trace of the models is reproduced',
  () => {
    const folder = fileURLToPath(sharedFile('consensus/'))
    const reports = kinds.map((): Report => ({ steps: 0, faults: [] }))
    for (const trace of readTraces(folder))
      for (const [index, [name, check]] of kinds.entries())
        for (const variable of named(trace, name)) {
          const report = reports[index]
          if (report) check(trace, variable, report)
        }
    const steps = reports.map((report) => report.steps)
    process.stderr.write(`traces: ${steps.join(' + ')} steps of rounds, votes, systems\n`)
    expect(reports.flatMap(({ faults }) => faults.slice(0, 20))).toEqual([])
    for (const count of steps) expect(count).toBeGreaterThan(0)
  },
  60_000,
)
