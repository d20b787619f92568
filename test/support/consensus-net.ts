/**
 * A few cores in one process with a network of arrays: messages wait until the test delivers, loses
 * or repeats them, timers until it lets one expire. Signatures are not real here and blocks are
 * text; what is real is the core. The simulator in test/sim does disks, clocks and crashes.
 */
import {
  apply,
  type ConsensusParams,
  type CoreState,
  createValidatorSet,
  defaultParams,
  type Effect,
  type Evidence,
  initialState,
  type Input,
  type Message,
  type Timeout,
  type ValidatorSet,
} from '../../consensus/index.ts'
import { type Address, type Hex, keccakHex, toHex } from '../../primitives/index.ts'

export const addressOf = (index: number): Address => toHex(new Uint8Array(20).fill(index + 1))
export const setOf = (...powers: readonly bigint[]): ValidatorSet =>
  createValidatorSet(powers.map((power, index) => ({ address: addressOf(index), power })))

export const blockBytes = (text: string): Uint8Array => new TextEncoder().encode(text)

export type Decided = Extract<Effect, { type: 'decide' }>
export type Peer = {
  state: CoreState
  readonly inputs: Input[]
  readonly effects: Effect[]
  readonly decisions: Decided[]
  readonly evidence: Evidence[]
}
export type Delivery = { readonly from: number; readonly to: number; readonly input: Input }
export type Timer = { readonly of: number; readonly at: number; readonly timeout: Timeout }

export type Net = {
  readonly set: ValidatorSet
  readonly peers: readonly Peer[]
  readonly mail: Delivery[]
  readonly timers: Timer[]
  now: number
}

export type NetOptions = {
  readonly powers?: readonly bigint[]
  readonly params?: Partial<ConsensusParams>
  /** Heights are started one after the other up to this one. */
  readonly heights?: bigint
}

/** Blocks are valid unless their text says otherwise; their time is the net's at the start. */
export const verdictOn = (
  block: Uint8Array,
  timeMs: number,
): Extract<Input, { type: 'validated' }>['verdict'] => {
  const blockHash = keccakHex(block)
  const isBad = new TextDecoder().decode(block).startsWith('bad')
  return isBad ? { valid: false, blockHash, reason: 'bad' } : { valid: true, blockHash, timeMs }
}

export const toInput = (message: Message, receivedAtMs: number): Input => {
  switch (message.type) {
    case 'prevote':
    case 'precommit':
      return { type: 'vote', vote: message }
    case 'proposal':
      return { type: 'proposal', proposal: message, receivedAtMs }
    case 'part':
      return { type: 'part', part: message }
    case 'commit':
    case 'polka':
    case 'round':
      return { type: 'certificate', certificate: message }
    default:
      throw new Error('no such message')
  }
}

export function createNet(options: NetOptions = {}): Net {
  const set = setOf(...(options.powers ?? [1n, 1n, 1n, 1n]))
  const params = { ...defaultParams, ...options.params }
  const peers = set.validators.map(({ address }): Peer => {
    const state = initialState({ self: address, params, lastHeight: 0n, nextValidators: set })
    return { state, inputs: [], effects: [], decisions: [], evidence: [] }
  })
  return { set, peers, mail: [], timers: [], now: 1_700_000_000_000 }
}

/** One input into one core, and all that its effects lead to inside that node. */
export function feed(net: Net, of: number, input: Input, lastHeight = 1n): void {
  const peer = net.peers[of]
  if (peer === undefined) throw new Error(`no peer ${of}`)
  const queue = [input]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    peer.inputs.push(next)
    const result = apply(peer.state, next)
    peer.state = result.state
    for (const effect of result.effects) queue.push(...perform(net, of, peer, effect, lastHeight))
  }
}

function perform(net: Net, of: number, peer: Peer, effect: Effect, lastHeight: bigint): Input[] {
  peer.effects.push(effect)
  switch (effect.type) {
    case 'propose': {
      const { height, round } = effect
      const block = blockBytes(`block of ${of} at ${height.toString()}/${round}`)
      const answer = { height, round, blockHash: keccakHex(block), timeMs: net.now, block }
      return [{ type: 'proposed', ...answer }]
    }
    case 'sign':
      return [toInput({ ...effect.message, seal: sealOf(of) }, net.now)]
    case 'broadcast':
      for (const [to] of net.peers.entries())
        if (to !== of) net.mail.push({ from: of, to, input: toInput(effect.message, net.now) })
      return []
    case 'schedule':
      net.timers.push({ of, at: net.now + effect.delayMs, timeout: effect.timeout })
      return []
    case 'validate': {
      const { height, partsHash, block } = effect
      return [{ type: 'validated', height, partsHash, verdict: verdictOn(block, net.now) }]
    }
    case 'decide':
      peer.decisions.push(effect)
      return effect.height < lastHeight ? [startOf(net, effect.height + 1n)] : []
    case 'evidence':
      peer.evidence.push(effect.evidence)
      return []
    case 'halt':
      return []
    default:
      throw new Error('no such effect')
  }
}

/** A seal that names its maker; nobody checks it here. */
export const sealOf = (index: number): Hex => toHex(new Uint8Array(65).fill(index + 1))

export const startOf = ({ set }: Net, height: bigint): Input => ({
  type: 'start',
  height,
  validators: set,
  nextValidators: set,
})

/** The earliest timer expires. */
export function expire(net: Net, lastHeight?: bigint): void {
  const first = net.timers.toSorted((a, b) => a.at - b.at)[0]
  if (first === undefined) return
  net.timers.splice(net.timers.indexOf(first), 1)
  net.now = Math.max(net.now, first.at)
  feed(net, first.of, { type: 'timeout', timeout: first.timeout }, lastHeight)
}

/** Delivers in order, and lets timers expire when nothing is on the way, until `isDone`. */
export function settle(
  net: Net,
  isDone: () => boolean,
  lastHeight = 1n,
  isLost: (delivery: Delivery) => boolean = () => false,
): void {
  for (let step = 0; step < 50_000 && !isDone(); step++) {
    const next = net.mail.shift()
    if (next === undefined) expire(net, lastHeight)
    else if (!isLost(next)) feed(net, next.to, next.input, lastHeight)
  }
  if (!isDone()) throw new Error('the net does not come to rest')
}
