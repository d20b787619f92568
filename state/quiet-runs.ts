/**
 * Long runs of empty blocks made at once by a devnet (a million at a time): kept as one record and
 * computed when they are read. Each block is a real one, with a header that names its parent's hash
 * and can be found by its own; number, time and parent are all in which they differ. No system call
 * runs in them, so their state is that of the block before the run. Writes nothing itself.
 */
import { LRUCache } from 'lru-cache'
import {
  asInteger,
  asList,
  type Block,
  concat,
  decodeRlp,
  encodeRlp,
  fromBigInt,
  fromHex,
  type Header,
  headerFromRlp,
  headerToRlp,
  type Hex,
  invariant,
  keccak256,
  makeBlock,
  type RlpInput,
  toFixedBytes,
  toHex,
  type Write,
} from '../primitives/index.ts'
import { corrupt, type Database } from './database.ts'
import { fromCount, fromHeight, heightBytes, keys, toCount } from './tables.ts'

export interface QuietRun {
  readonly from: number
  readonly count: number
  readonly intervalS: bigint
  readonly first: Header
}

/** Blocks of one run: as many as one batch can carry the search index of (0.9 MB). */
export const maxQuietRun = 131_072
/** Blocks between two stored hashes: what a cold read computes at most, some 4 ms. */
const groupSize = 1_024
/** Groups whose hashes stay in memory: 32 KiB each. */
const cachedGroups = 32
/** The search index has a list for each of a hash's first seven bits. */
const buckets = 128
/** Of an entry: four more bytes of the hash, then its place in the run. */
const entryBytes = 7
const hashBytes = 32

export interface QuietRuns {
  /** The run that `height` lies in. */
  at(height: number): QuietRun | undefined
  block(height: number): Block | undefined
  heightOf(hash: Hex): number | undefined
  /** Everything to write for `count` blocks on `head`, an empty block; `last` is the new head. */
  plan(
    head: Block,
    count: number,
    intervalS: bigint,
  ): Promise<{ readonly run: QuietRun; readonly last: Block; readonly writes: Write[] }>
  add(run: QuietRun): void
  /** Writes that leave `count` blocks of the run, and what must be called when they are on disk. */
  cut(run: QuietRun, count: number): { readonly writes: Write[]; readonly apply: () => void }
}

export function createQuietRuns(db: Database): QuietRuns {
  let runs = loadRuns(db)
  const groups = new LRUCache<string, Uint8Array>({ max: cachedGroups })
  const replace = (next: readonly QuietRun[]): void => {
    runs = next
    groups.clear()
  }

  const hashesOfGroup = (run: QuietRun, group: number): Uint8Array => {
    const name = `${run.from}/${group}`
    const known = groups.get(name)
    if (known) return known
    const anchor = db.get(keys.quietAnchor(run.from, group))
    if (!anchor) throw corrupt(db.name, `the run of blocks from ${run.from} has lost a hash`)
    const hashes = new Uint8Array(groupSize * hashBytes)
    let at = 0
    for (const hash of hashesFrom(run, group * groupSize, anchor)) {
      hashes.set(hash, at)
      at += hashBytes
      if (at === hashes.length) break
    }
    groups.set(name, hashes)
    return hashes
  }
  const hashAt = (run: QuietRun, index: number): Uint8Array => {
    const at = (index % groupSize) * hashBytes
    return hashesOfGroup(run, Math.floor(index / groupSize)).subarray(at, at + hashBytes)
  }
  const at = (height: number): QuietRun | undefined =>
    runs.find(({ from, count }) => height >= from && height < from + count)

  return {
    at,
    block: (height) => {
      const run = at(height)
      if (!run) return undefined
      const index = height - run.from
      const parent = index === 0 ? run.first.parentHash : toHex(hashAt(run, index - 1))
      return quietBlock(headerAt(run, index, parent))
    },
    heightOf: (hash) => {
      const bytes = fromHex(hash)
      for (const run of runs)
        for (const index of candidates(db, run, bytes))
          if (toHex(hashAt(run, index)) === hash) return run.from + index
      return undefined
    },
    plan: (head, count, intervalS) => planRun(runs, head, count, intervalS),
    add: (run) => replace([...runs, run]),
    cut: (run, count) => {
      const left = runs.flatMap((other) =>
        other !== run ? [other] : count === 0 ? [] : [{ ...run, count }],
      )
      return { writes: cutWrites(run, count, left), apply: () => replace(left) }
    },
  }
}

function loadRuns(db: Database): readonly QuietRun[] {
  const list = db.get(keys.fact('runs')) ?? new Uint8Array(0)
  return Array.from({ length: list.length / heightBytes }, (_, i) => {
    const from = toCount(list, i * heightBytes, heightBytes)
    const record = db.get(keys.quietRun(from))
    if (!record) throw corrupt(db.name, `the run of blocks from ${from} is missing`)
    const [count, intervalS, first] = asList(decodeRlp(record), 'run', 3)
    return {
      from,
      count: Number(asInteger(count, 'count', 4)),
      intervalS: asInteger(intervalS, 'interval', 8),
      first: headerFromRlp(first),
    }
  })
}

const encodeRun = ({ count, intervalS, first }: QuietRun): Uint8Array =>
  encodeRlp([fromBigInt(BigInt(count)), fromBigInt(intervalS), headerToRlp(first)])

const listWrite = (runs: readonly QuietRun[]): Write => ({
  key: keys.fact('runs'),
  value: concat(...runs.map(({ from }) => fromHeight(from))),
})

const headerAt = ({ first, intervalS }: QuietRun, index: number, parentHash: Hex): Header => ({
  ...first,
  parentHash,
  number: first.number + BigInt(index),
  timestamp: first.timestamp + BigInt(index) * intervalS,
})

const quietBlock = (header: Header): Block =>
  makeBlock({
    header,
    transactions: [],
    uncles: [],
    ...(header.withdrawalsRoot && { withdrawals: [] }),
  })

/** Hashes of the run's blocks from `index` on, without end; `parent` is the hash before. */
function* hashesFrom(run: QuietRun, index: number, parent: Uint8Array): Generator<Uint8Array> {
  let header = headerAt(run, index, toHex(parent))
  let form = createForm(header)
  let hash = form.hashOf(header.number, header.timestamp, parent)
  for (;;) {
    yield hash
    header = {
      ...header,
      number: header.number + 1n,
      timestamp: header.timestamp + run.intervalS,
    }
    if (!form.fits(header.number, header.timestamp)) form = createForm(header)
    hash = form.hashOf(header.number, header.timestamp, hash)
  }
}

/** A header's bytes, in which parent, number and time are overwritten: five times faster than encoding. */
function createForm(header: Header) {
  const items = headerToRlp(header) as readonly RlpInput[]
  const bytes = encodeRlp([...items])
  const lengths = items.map((item) => encodeRlp(item).length)
  const start = bytes.length - lengths.reduce((sum, length) => sum + length, 0)
  const endOf = (field: number): number =>
    lengths.slice(0, field + 1).reduce((sum, length) => sum + length, start)
  const [parentEnd, numberEnd, timeEnd] = [endOf(0), endOf(8), endOf(11)]
  const [numberLength, timeLength] = [
    fromBigInt(header.number).length,
    fromBigInt(header.timestamp).length,
  ]
  const [numberShape, timeShape] = [shapeOf(header.number), shapeOf(header.timestamp)]
  return {
    fits: (number: bigint, timestamp: bigint): boolean =>
      shapeOf(number) === numberShape && shapeOf(timestamp) === timeShape,
    hashOf: (number: bigint, timestamp: bigint, parent: Uint8Array): Uint8Array => {
      bytes.set(parent, parentEnd - hashBytes)
      bytes.set(toFixedBytes(number, numberLength), numberEnd - numberLength)
      bytes.set(toFixedBytes(timestamp, timeLength), timeEnd - timeLength)
      return keccak256(bytes)
    },
  }
}

/** Numbers of one shape take the same bytes of RLP; those below 128 are their own. */
const shapeOf = (value: bigint): number => {
  if (value < 128n) return value === 0n ? -1 : 0
  let length = 0
  for (let rest = value; rest > 0n; rest >>= 8n) length++
  return length
}

/** Places in the run whose hash may be this one. */
function* candidates(db: Database, run: QuietRun, hash: Uint8Array): Generator<number> {
  const entries = db.get(keys.quietBucket(run.from, (hash[0] ?? 0) >> 1)) ?? new Uint8Array(0)
  for (let at = 0; at < entries.length; at += entryBytes) {
    const isLike = [1, 2, 3, 4].every((i) => entries[at + i - 1] === hash[i])
    const index = toCount(entries, at + 4, 3)
    if (isLike && index < run.count) yield index
  }
}

async function planRun(
  runs: readonly QuietRun[],
  head: Block,
  count: number,
  intervalS: bigint,
): Promise<{ readonly run: QuietRun; readonly last: Block; readonly writes: Write[] }> {
  invariant(count > 0 && count <= maxQuietRun, `a run of ${count} blocks`)
  invariant(head.transactions.length === 0, 'a run of empty blocks follows an empty one')
  const from = Number(head.header.number) + 1
  const first: Header = {
    ...head.header,
    parentHash: head.hash,
    number: BigInt(from),
    timestamp: head.header.timestamp + intervalS,
  }
  const run: QuietRun = { from, count, intervalS, first }
  const writes: Write[] = [
    { key: keys.quietRun(from), value: encodeRun(run) },
    listWrite([...runs, run]),
  ]
  const lists = Array.from({ length: buckets }, (): Uint8Array[] => [])
  let parent = fromHex(head.hash)
  let before = parent
  let index = 0
  for (const hash of hashesFrom(run, 0, parent)) {
    if (index % groupSize === 0) {
      writes.push({
        key: keys.quietAnchor(from, index / groupSize),
        value: Uint8Array.from(parent),
      })
      await turn()
    }
    lists[(hash[0] ?? 0) >> 1]?.push(concat(hash.subarray(1, 5), fromCount(index, 3)))
    before = parent
    parent = hash
    if (++index === count) break
  }
  for (const [bucket, entries] of lists.entries())
    writes.push({ key: keys.quietBucket(from, bucket), value: concat(...entries) })
  return { run, last: quietBlock(headerAt(run, count - 1, toHex(before))), writes }
}

/** Lets timers and sockets run: a run takes half a second to compute. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** What lies above a cut in the search index is passed over; a run that is gone takes all with it. */
function cutWrites(run: QuietRun, count: number, left: readonly QuietRun[]): Write[] {
  if (count > 0) return [{ key: keys.quietRun(run.from), value: encodeRun({ ...run, count }) }]
  return [
    listWrite(left),
    { key: keys.quietRun(run.from) },
    ...Array.from({ length: Math.ceil(run.count / groupSize) }, (_, group) => ({
      key: keys.quietAnchor(run.from, group),
    })),
    ...Array.from({ length: buckets }, (_, bucket) => ({
      key: keys.quietBucket(run.from, bucket),
    })),
  ]
}
