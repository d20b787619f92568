/**
 * The double-sign guard: what a validator key signed last, kept so that no crash, restart or restored
 * backup makes it contradict itself. It alone calls the function that signs, and releases a signature
 * only after it is on disk: temporary file, fsync, rename, fsync of the folder. Never lowers itself.
 */
import { dirname } from 'node:path'
import {
  accept,
  type Address,
  type Hex,
  invariant,
  NodeError,
  reject,
  type Verdict,
} from '../primitives/index.ts'
import { crc32c } from './crc32c.ts'
import type { FileSystem } from './file-system.ts'

/** In the order in which one round asks for them. */
const steps = ['proposal', 'prevote', 'precommit'] as const

export interface Statement {
  readonly height: bigint
  readonly round: number
  readonly step: (typeof steps)[number]
  /** The 32 bytes that are signed. */
  readonly digest: Hex
}
export type SignedStatement = Statement & { readonly seal: Hex }

export interface SignGuard {
  /** Undefined: this key has signed nothing yet. */
  readonly last: () => SignedStatement | undefined
  /** The stored seal for what was signed last; a new one only for what lies above it. */
  sign(
    statement: Statement,
    seal: (digest: Hex) => Hex,
  ): Verdict<Hex, 'DOUBLE_SIGN' | 'BELOW_GUARD'>
  /** Signs nothing at `height` and below any more. Does nothing when it already is above. */
  raise(height: bigint): void
  /** The chain has a seal of this key at `height`. Throws NodeError GUARD_BEHIND when the guard ends below. */
  confirm(height: bigint): void
}

export interface SignGuardOptions {
  readonly path: string
  readonly genesisHash: Hex
  readonly address: Address
  /** Highest block of the own chain that holds a seal of this key. */
  readonly signedOnChain: bigint | undefined
  /** This node has taken part before: its folder holds a consensus log. */
  readonly hasTakenPart: boolean
}

/**
 * Opens the guard, or makes one for a key that has never signed. Throws NodeError GUARD_MISSING,
 * GUARD_BEHIND, GUARD_DAMAGED, GUARD_FOREIGN: starting would risk the validator's stake.
 */
export function openSignGuard(options: SignGuardOptions, fs: FileSystem): SignGuard {
  const { path, signedOnChain, hasTakenPart } = options
  const place = placeOf(options)
  fs.makeFolder(place.folder)
  const bytes = fs.read(path)
  if (bytes === undefined) {
    if (signedOnChain !== undefined || hasTakenPart) throw missing(options)
    store(place, fs, undefined)
    return createGuard(place, fs, undefined)
  }
  const last = decodeGuard(bytes, place)
  if (signedOnChain !== undefined) assertKnown(place, last, signedOnChain)
  return createGuard(place, fs, last)
}

/**
 * The documented way out (`tributary validator guard --above HEIGHT`): a guard that lets the key sign
 * only above `height`, over whatever is there. Throws NodeError GUARD_LOWERED when a readable guard
 * stands higher.
 */
export function setGuardAbove(
  options: Omit<SignGuardOptions, 'signedOnChain' | 'hasTakenPart'>,
  height: bigint,
  fs: FileSystem,
): void {
  const place = placeOf(options)
  fs.makeFolder(place.folder)
  const last = readableGuard(fs.read(place.path), place)
  if (last && last.height > height)
    throw new NodeError(
      'GUARD_LOWERED',
      `the guard ${options.path} stands at height ${last.height}; it cannot be set to ${height}`,
      { path: options.path },
    )
  store(place, fs, floorAt(height))
}

/** What is above everything of a height: nothing can be signed there any more. */
const floorAt = (height: bigint): SignedStatement => ({
  height,
  round: Number.MAX_SAFE_INTEGER,
  step: 'precommit',
  digest: '0x',
  seal: '0x',
})

interface Place extends Pick<SignGuardOptions, 'path' | 'genesisHash' | 'address'> {
  readonly folder: string
  readonly temporary: string
}

const placeOf = ({ path, genesisHash, address }: Omit<Place, 'folder' | 'temporary'>): Place => ({
  path,
  genesisHash,
  address,
  folder: dirname(path),
  temporary: `${path}.new`,
})

function assertKnown(place: Place, last: SignedStatement | undefined, height: bigint): void {
  if ((last?.height ?? -1n) < height) throw behind(place, last, height)
}

function createGuard(place: Place, fs: FileSystem, loaded: SignedStatement | undefined): SignGuard {
  let last = loaded
  const keep = (signed: SignedStatement): void => {
    store(place, fs, signed)
    last = signed
  }
  return {
    last: () => last,
    sign(statement, seal) {
      const order = last ? compare(statement, last) : 1
      if (last && order === 0 && statement.digest === last.digest) return accept(last.seal)
      if (order <= 0) return refusal(order, statement)
      const { height, round, step, digest } = statement
      const signed = { height, round, step, digest, seal: seal(digest) }
      keep(signed)
      return accept(signed.seal)
    },
    raise(height) {
      const floor = floorAt(height)
      if (!last || compare(floor, last) > 0) keep(floor)
    },
    confirm: (height) => assertKnown(place, last, height),
  }
}

/** Below 0: `a` comes before `b`. */
function compare(a: Statement, b: Statement): number {
  if (a.height !== b.height) return a.height < b.height ? -1 : 1
  return a.round - b.round || steps.indexOf(a.step) - steps.indexOf(b.step)
}

const refusal = (order: number, { height, round, step }: Statement) =>
  order === 0
    ? reject('DOUBLE_SIGN', `a different ${step} of height ${height}, round ${round} is signed`)
    : reject(
        'BELOW_GUARD',
        `something after the ${step} of height ${height}, round ${round} is signed`,
      )

/** The order is what makes it safe: cometbft #6031 is the same without the last line. */
function store(place: Place, fs: FileSystem, last: SignedStatement | undefined): void {
  const { path, temporary, folder } = place
  const file = fs.open(temporary)
  try {
    file.truncate(0)
    file.append(encodeGuard(place, last))
    file.sync()
  } finally {
    file.close()
  }
  fs.rename(temporary, path)
  fs.syncFolder(folder)
}

/** Text for the operator's eyes; the first line sums up the second. */
function encodeGuard(
  { genesisHash, address }: Place,
  last: SignedStatement | undefined,
): Uint8Array {
  const facts = JSON.stringify({
    version: 1,
    genesisHash,
    address,
    last: last && { ...last, height: last.height.toString() },
  })
  const text = `${'0'.repeat(checksumDigits)}\n${facts}\n`
  const length = scratch.write(text, 'latin1')
  invariant(length === text.length, 'a statement fits the place where its text is made')
  scratch.write(checksumOf(scratch, checksumDigits + 1, length - 1), 'latin1')
  return scratch.subarray(0, length)
}

/** Nobody keeps it: a file has its bytes when `append` returns. Longer than any statement's text. */
const scratch = Buffer.alloc(4_096)

const checksumDigits = 8
const checksumOf = (bytes: Uint8Array, start = 0, end = bytes.length): string =>
  crc32c(bytes, start, end).toString(16).padStart(checksumDigits, '0')

function decodeGuard(
  bytes: Uint8Array,
  { path, genesisHash, address }: Place,
): SignedStatement | undefined {
  const [checksum, facts = ''] = new TextDecoder().decode(bytes).split('\n')
  if (checksum !== checksumOf(Buffer.from(facts))) throw unreadable(path)
  const found: unknown = JSON.parse(facts)
  if (!isGuardFile(found)) throw unreadable(path)
  if (found.genesisHash !== genesisHash || found.address !== address) throw foreign(path)
  return found.last && { ...found.last, height: BigInt(found.last.height) }
}

/** For the way out only: what cannot be read is overwritten. */
function readableGuard(bytes: Uint8Array | undefined, place: Place): SignedStatement | undefined {
  try {
    return bytes && decodeGuard(bytes, place)
  } catch (error) {
    if (error instanceof NodeError && error.code === 'GUARD_DAMAGED') return undefined
    throw error
  }
}

interface GuardFile {
  readonly genesisHash: Hex
  readonly address: Address
  readonly last?: Omit<SignedStatement, 'height'> & { readonly height: string }
}

/** The checksum has said that we wrote it; the version says which of us. */
const isGuardFile = (found: unknown): found is GuardFile =>
  typeof found === 'object' && found !== null && 'version' in found && found.version === 1

const wayOut = (height: string): string =>
  'Restore the newest guard file. If it is lost, make sure that no other process signs with this ' +
  `key, and run \`tributary validator guard --above ${height}\`: the validator then signs only ` +
  'above that height.'

const missing = ({ path, address, signedOnChain }: SignGuardOptions): NodeError =>
  new NodeError(
    'GUARD_MISSING',
    `the double-sign guard ${path} is missing, but the key ${address} has signed on this chain` +
      `${signedOnChain === undefined ? '' : ` (block ${signedOnChain})`}. Without it the validator ` +
      `could contradict itself and be slashed. ${wayOut('HEIGHT-OF-THE-NETWORK')}`,
    { path, signedOnChain },
  )

const behind = (
  { path, address }: Place,
  last: SignedStatement | undefined,
  sealed: bigint,
): NodeError =>
  new NodeError(
    'GUARD_BEHIND',
    `the double-sign guard ${path} ends at height ${last?.height ?? 0n}, but the chain holds a seal of ` +
      `${address} at height ${sealed}: an old copy was restored, or the key signs ` +
      `elsewhere too. ${wayOut('HEIGHT-OF-THE-NETWORK')}`,
    { path, signedOnChain: sealed },
  )

const unreadable = (path: string): NodeError =>
  new NodeError(
    'GUARD_DAMAGED',
    `the double-sign guard ${path} is damaged. ${wayOut('HEIGHT-OF-THE-NETWORK')}`,
    { path },
  )

const foreign = (path: string): NodeError =>
  new NodeError(
    'GUARD_FOREIGN',
    `the double-sign guard ${path} belongs to another key or another chain. Give each validator a ` +
      'data folder of its own.',
    { path },
  )
