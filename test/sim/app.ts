/**
 * A toy chain for the simulator: a block is its height, parent, proposer, a number and a mark of
 * validity; state is a hash over all numbers. Committed blocks survive crashes as a database would
 * keep them: a commit has happened or not. Execution takes virtual time.
 */
import {
  type App,
  type BlockVerdict,
  createValidatorSet,
  type Decision,
  type ValidatorSet,
} from '../../consensus/index.ts'
import { maxClockMs } from './options.ts'
import {
  asBytes,
  asInteger,
  asList,
  decodeRlp,
  encodeRlp,
  fromBigInt,
  fromHex,
  type Address,
  type Hex,
  keccakHex,
  toHex,
} from '../../primitives/index.ts'

export interface ToyBlock {
  readonly height: bigint
  readonly parent: Hex
  readonly timeMs: number
  /** Chosen by the proposer, so that two of its blocks differ. */
  readonly salt: number
  readonly isValid: boolean
}

const headerOf = (block: ToyBlock): readonly Uint8Array[] => [
  fromBigInt(block.height),
  fromHex(block.parent),
  fromBigInt(BigInt(block.timeMs)),
  fromBigInt(BigInt(block.salt)),
  Uint8Array.of(block.isValid ? 1 : 2),
]

/** A header and a body: the salt again. Another body does not change the hash, and is not the block's. */
export const encodeToy = (block: ToyBlock, body = block.salt): Uint8Array =>
  encodeRlp([...headerOf(block), fromBigInt(BigInt(body))])

export interface DecodedToy extends ToyBlock {
  readonly hash: Hex
  readonly hasItsBody: boolean
}

/** Bytes with the block that they are, null: none; kept on them, they live as long as each other. */
interface Known extends Uint8Array {
  toy?: DecodedToy | null
}

/** Undefined: no block. The same bytes are looked at by the application and by every check. */
export function decodeToy(bytes: Known): DecodedToy | undefined {
  bytes.toy ??= readToy(bytes) ?? null
  return bytes.toy ?? undefined
}

function readToy(bytes: Uint8Array): DecodedToy | undefined {
  try {
    const [height, parent, timeMs, salt, mark, body] = asList(decodeRlp(bytes), 'block', 6)
    const block: ToyBlock = {
      height: asInteger(height, 'height'),
      parent: toHex(asBytes(parent, 'parent', 32)),
      timeMs: Number(asInteger(timeMs, 'time')),
      salt: Number(asInteger(salt, 'salt')),
      isValid: asBytes(mark, 'mark', 1)[0] === 1,
    }
    const hasItsBody = Number(asInteger(body, 'body')) === block.salt
    return { hash: keccakHex(encodeRlp(headerOf(block))), hasItsBody, ...block }
  } catch {
    return undefined
  }
}

/** Of bytes that are a block. */
export function toyHash(bytes: Uint8Array): Hex {
  const toy = decodeToy(bytes)
  if (!toy) throw new Error('these bytes are no block')
  return toy.hash
}

export const genesisHash: Hex = keccakHex(Uint8Array.of(0))
/** Beginning of virtual time, and of the toy chain. */
export const genesisMs = 1_700_000_000_000

/** The set of each height differs from its neighbours', so that a set that is off by one is seen. */
export type SetAt = (height: bigint) => ValidatorSet

const madeSets = new Map<string, readonly ValidatorSet[]>()

/** Everybody has a power of 100, one after the other 101: no third of the nodes has a third of it. */
export function createSets(addresses: readonly Address[]): SetAt {
  const key = addresses.join()
  const sets =
    madeSets.get(key) ??
    addresses.map((_, turn) =>
      createValidatorSet(
        addresses.map((address, i) => ({ address, power: i === turn ? 101n : 100n })),
      ),
    )
  madeSets.set(key, sets) // the same in every run
  return (height) => setOf(sets, height)
}

/** All have the same power, so that of three or six some have exactly a third and two thirds. */
export const createEqualSets = (addresses: readonly Address[]): SetAt => {
  const sets = addresses.map((_, turn) =>
    createValidatorSet(addresses.map((address) => ({ address, power: 100n + BigInt(turn) }))),
  )
  return (height) => setOf(sets, height)
}

function setOf(sets: readonly ValidatorSet[], height: bigint): ValidatorSet {
  const set = sets[Number(height % BigInt(sets.length))]
  if (!set) throw new Error('no set of validators')
  return set
}

/** What survives a crash. */
export interface ToyStore {
  readonly decisions: Decision[]
  readonly hashes: Hex[]
  lastTimeMs: number
}

export const createToyStore = (): ToyStore => ({
  decisions: [],
  hashes: [genesisHash],
  lastTimeMs: genesisMs,
})

export const headOf = (store: ToyStore): Hex => store.hashes.at(-1) ?? genesisHash

/**
 * How far a chain's time is ahead. With more than f clocks wrong a block may have a time to come; no right
 * clock finds the next one timely before that. What is ahead of all clocks there were is waited for no longer.
 */
export const aheadMs = (nodes: readonly { readonly store: ToyStore }[], nowMs: number): number =>
  Math.min(maxClockMs + 1_000, Math.max(0, ...nodes.map(({ store }) => store.lastTimeMs - nowMs)))

/** Takes virtual time; what dies meanwhile never answers. */
export type Work = <value>(
  what: 'propose' | 'validate' | 'commit',
  done: () => value | Promise<value>,
) => Promise<value>

export interface ToyAppPorts {
  readonly store: ToyStore
  readonly setAt: SetAt
  readonly blockTimeMs: number
  readonly nowMs: () => number
  readonly salt: () => number
  /** Resolves after the time that the work takes. */
  readonly work: Work
  /** Byzantine: proposes blocks that break the rules, finds everything valid. */
  readonly isCareless?: boolean
  readonly onCommit: (decision: Decision) => void
}

export function createToyApp(ports: ToyAppPorts): App {
  const { store, setAt, nowMs, work, blockTimeMs } = ports
  const judge = (bytes: Uint8Array): BlockVerdict => {
    const block = decodeToy(bytes)
    // Nothing is known of the block whose header this is.
    if (block && !block.hasItsBody) return { valid: false, blockHash: null, reason: 'other body' }
    const fault =
      block === undefined || block.parent !== headOf(store) || !block.isValid
        ? 'breaks the rules'
        : block.timeMs <= store.lastTimeMs
          ? 'not after its parent'
          : undefined
    if (!block || (fault !== undefined && ports.isCareless !== true))
      return {
        valid: false,
        blockHash: block?.hash ?? null,
        reason: fault ?? 'malformed',
      }
    return { valid: true, blockHash: block.hash, timeMs: block.timeMs }
  }
  return {
    next: () => ({
      height: BigInt(store.hashes.length),
      validators: setAt(BigInt(store.hashes.length)),
      nextValidators: setAt(BigInt(store.hashes.length + 1)),
      dueMs: Math.min(store.lastTimeMs, nowMs()) + blockTimeMs,
    }),
    propose: (height) =>
      work('propose', () => {
        const timeMs = Math.max(store.lastTimeMs + 1, nowMs())
        const parent = headOf(store)
        const isValid = ports.isCareless !== true
        const block = encodeToy({ height, parent, timeMs, salt: ports.salt(), isValid })
        return { blockHash: toyHash(block), timeMs, block }
      }),
    identify(block) {
      const toy = decodeToy(block)
      return toy?.hasItsBody === true ? toy.hash : undefined
    },
    validate: (_height, block) => work('validate', () => judge(block)),
    commit: (decision) =>
      work('commit', () => {
        store.decisions.push(decision)
        store.hashes.push(decision.certificate.blockHash)
        store.lastTimeMs = decodeToy(decision.block)?.timeMs ?? store.lastTimeMs
        ports.onCommit(decision)
      }),
    decision: (height) => store.decisions[Number(height) - 1],
  }
}
