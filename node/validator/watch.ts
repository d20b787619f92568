/**
 * Says that a node hears nobody, and that its chain stands still and who is silent: what an operator
 * otherwise finds out by waiting. Reads what consensus knows; decides and changes nothing.
 */
import type { CoreState } from '../../consensus/index.ts'
import type { Address, Clock, Logger } from '../../primitives/index.ts'

export interface WatchOptions {
  /** Undefined: follows and does not vote. */
  readonly self: Address | undefined
  /** How many addresses --peer gave. */
  readonly namedPeers: number
  readonly blockTimeMs: number
  readonly names: ReadonlyMap<Address, string>
}

export interface WatchPorts {
  readonly clock: Clock
  readonly log: Logger
  readonly core: () => Pick<CoreState, 'height' | 'validators' | 'highest'> & {
    readonly round: Pick<CoreState['round'], 'round' | 'step'>
  }
  readonly peers: () => number
  readonly isSyncing: () => boolean
}

/** A chain that stands still, or goes on again; in a sentence what the log says in facts. */
export interface Standstill {
  readonly height: number
  /** How often it was said of this height; 0: it goes on. */
  readonly times: number
  readonly sentence: string
}

export interface Watch {
  start(): void
  stop(): void
  onBlock(height: bigint): void
  onStandstill(listener: (news: Standstill) => void): void
}

const lookEveryMs = 1_000
const asleepMs = 5_000
/** A first connection takes a dial and a hello; then an operator wants to know. */
const firstLonelyMs = 10_000
const lonelyEveryMs = 30_000
/** Longer than the rounds that one silent proposer costs. */
const standstillMs = 10_000
/** Of a chain whose blocks are further apart than that. */
const standstillBlocks = 5
/** Each pause is twice the one before, up to ten minutes. */
const maxPauseMs = 600_000

export function createWatch(options: WatchOptions, ports: WatchPorts): Watch {
  const { clock, log, core, peers } = ports
  const listeners: ((news: Standstill) => void)[] = []
  const patienceMs = Math.max(standstillMs, standstillBlocks * options.blockTimeMs)
  let cancel: (() => void) | undefined
  let [blockMs, nextStandstillMs, times] = [0, 0, 0]
  let nextLonelyMs = 0

  const tell = (news: Standstill): void => listeners.forEach((listener) => listener(news))
  const isAlone = (): boolean =>
    peers() === 0 && !(options.self !== undefined && core().validators.validators.length === 1)

  function lookForPeers(nowMs: number): void {
    if (!isAlone()) nextLonelyMs = Math.max(nextLonelyMs, nowMs + firstLonelyMs)
    else if (nowMs >= nextLonelyMs) {
      nextLonelyMs = nowMs + lonelyEveryMs
      if (options.namedPeers === 0) log.warn({}, nobodyNamed)
      else log.warn({ named: options.namedPeers }, nobodyAnswers)
    }
  }

  function lookForBlocks(nowMs: number): void {
    const isMoving = core().round.step === 'commit' || ports.isSyncing()
    // Who neither votes nor hears anybody knows nothing of the chain.
    const isBlind = options.self === undefined && peers() === 0
    if (nowMs < nextStandstillMs || isMoving || isBlind) return
    const forMs = nowMs - blockMs
    nextStandstillMs = nowMs + Math.min(forMs, maxPauseMs)
    times += 1
    const { facts, sentence } = describe(core(), forMs, options.names)
    log.warn({ ...facts, peers: peers() }, 'no block for a while')
    tell({ height: facts.height, times, sentence })
  }

  return {
    start() {
      blockMs = clock.nowMs()
      nextStandstillMs = blockMs + patienceMs
      nextLonelyMs = blockMs + firstLonelyMs
      let lookedMs = blockMs
      const look = (): void => {
        const nowMs = clock.nowMs()
        // This process stood still itself, and has not heard the others yet.
        if (nowMs - lookedMs > asleepMs) nextStandstillMs = nowMs + patienceMs
        lookedMs = nowMs
        lookForPeers(nowMs)
        lookForBlocks(nowMs)
        cancel = clock.after(lookEveryMs, look)
      }
      cancel = clock.after(lookEveryMs, look)
    },
    stop: () => cancel?.(),
    onBlock(height) {
      const forMs = clock.nowMs() - blockMs
      blockMs += forMs
      nextStandstillMs = blockMs + patienceMs
      if (times === 0) return
      times = 0
      const forS = seconds(forMs)
      const sentence = `the chain goes on with block ${height}, after ${forS} s without one`
      log.warn({ height: Number(height), forS }, 'the chain goes on')
      tell({ height: Number(height), times: 0, sentence })
    },
    onStandstill: (listener) => void listeners.push(listener),
  }
}

const nobodyNamed =
  'no peers, so nothing is heard of this network: start with --peer and the address of one of its ' +
  'nodes (a node says its own when it starts), or with --mdns on a local network'
const nobodyAnswers =
  'no peers: none of the addresses given with --peer answers; are they running, of the same ' +
  'genesis, and reached from here?'

/** Who has said nothing at the height in work, and how much of the power that is. */
function describe(
  { height, validators: set, highest, round }: ReturnType<WatchPorts['core']>,
  forMs: number,
  names: ReadonlyMap<Address, string>,
) {
  const silent = set.validators.filter((_, index) => (highest[index] ?? -1) < 0)
  const power = silent.reduce((sum, validator) => sum + validator.power, 0n)
  const percent = Number((power * 1_000n) / set.totalPower) / 10
  const who = silent.map(({ address }) => {
    const name = names.get(address)
    return name === undefined ? address : `${name} (${address})`
  })
  const forS = seconds(forMs)
  const facts = {
    height: Number(height),
    round: round.round,
    forS,
    silent: who,
    silentPower: `${percent} %`,
    validators: set.validators.length,
  }
  const beginning = `no block for ${forS} s`
  if (silent.length === 0)
    return {
      facts,
      sentence:
        `${beginning}, though all ${set.validators.length} validators vote at height ${height} ` +
        `(round ${round.round})`,
    }
  const named = who.slice(0, maxNamed)
  if (who.length > maxNamed) named.push(`${who.length - maxNamed} more`)
  return {
    facts,
    sentence:
      `${beginning}: ${silent.length} of ${set.validators.length} validators (power ${percent} %) ` +
      `have said nothing at height ${height}: ${named.join(', ')}`,
  }
}

/** A line is read by people; all of them are in the facts. */
const maxNamed = 8

const seconds = (ms: number): number => Math.round(ms / 1_000)
