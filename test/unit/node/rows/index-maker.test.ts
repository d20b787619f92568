/** Indexes made in a thread: what the chain's rules say, without holding up the one who asked. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { buildVersion, type BuiltVersion } from '../../../../attribution/methods/index.ts'
import { createCorpora } from '../../../../node/rows/corpora.ts'
import { createIndexMaker, type IndexMaker } from '../../../../node/rows/index-maker.ts'
import { silentLogger, toHex, type Hex } from '../../../../primitives/index.ts'
import { batchOf } from '../../../support/rows-node.ts'

let folder = ''
let maker: IndexMaker
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-index-'))
  maker = createIndexMaker({ folder, quotaBytes: 2 ** 30 }, silentLogger)
})
afterEach(async () => {
  await maker.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Two batches, together above what is done without a thread. */
const batches = ['one', 'two'].map((name) =>
  batchOf(
    ...Array.from(
      { length: 400 },
      (_, i) => `${name} row ${i} ${'some words come back '.repeat(5)}`,
    ),
  ),
)
const bytesByRoot = new Map<Hex, Uint8Array>(
  batches.map((batch) => [toHex(batch.root), batch.bytes]),
)
const facts = (version: BuiltVersion) => {
  const { index: _, ...rest } = version
  return rest
}

function createParts() {
  let made = 0
  const corpora = createCorpora(
    { memoryBytes: 0 },
    {
      rowsOf: async ({ root }) => bytesByRoot.get(root),
      maker: {
        load: (version) => maker.load(version),
        make(order) {
          made++
          return maker.make(order)
        },
      },
      log: silentLogger,
    },
  )
  return { corpora, made: () => made }
}

test('a version made in a thread is the one made here, kept in a file, and made again from rows when the file is damaged', async () => {
  const expected = buildVersion(batches.map(({ bytes }) => bytes))
  let ticks = 0
  const timer = setInterval(() => ticks++, 1)
  const { corpora, made } = createParts()
  const source = {
    ...facts(expected),
    versionId: 1n,
    state: 'external' as const,
    rows: BigInt(expected.rows),
    batches: batches.map((batch, i) => ({
      batchId: BigInt(i + 1),
      root: toHex(batch.root),
      rows: batch.rows.length,
      sizeBytes: batch.bytes.length,
    })),
  }
  await corpora.build(source)
  clearInterval(timer)
  // The event loop went on while the thread worked.
  expect(ticks).toBeGreaterThan(10)
  const name = `${expected.indexRoot.slice(2)}.index`
  expect(await readdir(folder)).toEqual([name])

  const loaded = await maker.load(source)
  expect(loaded && facts(loaded)).toEqual(facts(expected))
  expect([...(loaded?.index.order ?? [])]).toEqual([...expected.index.order])
  const { corpus } = expected.index
  const range = [3, corpus.tokens.length - 5] as const
  expect(loaded?.index.firstPositions.minimum(...range)).toBe(
    expected.index.firstPositions.minimum(...range),
  )
  expect(loaded?.index.corpus.vocabulary.idAt(new TextEncoder().encode('words'), 0, 5)).toBe(
    corpus.vocabulary.idAt(new TextEncoder().encode('words'), 0, 5),
  )

  // The next start finds the file; a damaged one is as good as none.
  const next = createParts()
  await next.corpora.build(source)
  expect(next.made()).toBe(0)
  await writeFile(join(folder, name), 'damaged')
  const last = createParts()
  await last.corpora.build(source)
  expect([made(), last.made()]).toEqual([1, 1])
  expect(await readdir(folder)).toEqual([name])

  // The same index under roots that are not true is refused, built or not.
  const lie = { ...source, versionId: 2n, root: `0x${'11'.repeat(32)}` as const }
  await expect(last.corpora.build(lie)).rejects.toMatchObject({ code: 'INDEX_MISMATCH' })
})

async function* inTurn(...list: readonly Uint8Array[]) {
  yield* list
}

const isLinux = process.platform === 'linux'
const childrenFile = `/proc/${process.pid}/task/${process.pid}/children`
/** How many that make an index run below this one; told by Linux alone. */
const indexProcesses = (): number =>
  isLinux
    ? (readFileSync(childrenFile, 'utf8').match(/\d+/g) ?? []).filter(isIndexProcess).length
    : 0
function isIndexProcess(id: string): boolean {
  try {
    return readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('index-thread')
  } catch {
    return false // others may end while they are looked at
  }
}

test('a large version is made in a process: the same one, whether there are files or not, and the same refusals', async () => {
  const sizeBytes = batches.reduce((sum, { bytes }) => sum + BigInt(bytes.length), 0n)
  const order = (processes: number[]) => ({
    what: {},
    sizeBytes,
    batches: inTurn(...batches.map(({ bytes }) => bytes)),
    onBatch: () => void processes.push(indexProcesses()),
  })
  const [ofSmall, ofLarge]: [number[], number[]] = [[], []]
  await maker.make(order(ofSmall))
  const large = createIndexMaker({ quotaBytes: 2 ** 30 }, silentLogger, 0)
  const made = await large.make(order(ofLarge))
  expect([ofSmall, ofLarge]).toEqual([[0, 0], Array.from(batches, () => (isLinux ? 1 : 0))])
  expect(indexProcesses()).toBe(0)
  const expected = buildVersion(batches.map(({ bytes }) => bytes))
  expect(facts(made)).toEqual(facts(expected))
  expect([...made.index.order]).toEqual([...expected.index.order])
  expect([...made.index.corpus.vocabulary.parts.bytes]).toEqual([
    ...expected.index.corpus.vocabulary.parts.bytes,
  ])
  await expect(
    large.make({ what: {}, sizeBytes, batches: inTurn(Uint8Array.of(0x7b)) }),
  ).rejects.toMatchObject({ code: 'BATCH_INVALID' })
  await large.stop()
  await expect(large.make({ what: {}, sizeBytes, batches: inTurn() })).rejects.toMatchObject({
    code: 'THREAD_ENDED',
  })
})

test('a version for a client is built when the chain needs none, one at a time', async () => {
  const sizeBytes = batches.reduce((sum, { bytes }) => sum + BigInt(bytes.length), 0n)
  const chainAsks = new AbortController()
  async function* rows(until?: AbortSignal) {
    for (const { bytes } of batches) {
      yield bytes
      if (until && !until.aborted) await once(until, 'abort')
    }
  }
  const make = (isForClient: boolean, until?: AbortSignal) =>
    maker.make({ what: {}, sizeBytes, isForClient, batches: rows(until) })
  const first = make(true, chainAsks.signal)
  await expect(make(true)).rejects.toMatchObject({
    code: 'INDEX_BUSY',
    message: expect.stringContaining('another client'),
  })
  const ofChain = make(false)
  chainAsks.abort()
  await expect(first).rejects.toMatchObject({
    code: 'INDEX_BUSY',
    message: expect.stringContaining('the chain'),
  })
  // Waits for the chain's, and is built then.
  const next = make(true)
  expect((await ofChain).indexRoot).toBe((await next).indexRoot)
})

test('a disk that fails keeps no index from being made: the log says what it said', async () => {
  await rm(folder, { recursive: true })
  await writeFile(folder, 'a file in the way')
  const told = { fault: expect.stringContaining(folder) }
  const faults: unknown[] = []
  const log = { ...silentLogger, warn: (fault: object) => void faults.push(fault) }
  const without = createIndexMaker({ folder, quotaBytes: 2 ** 30 }, log)
  const sizeBytes = batches.reduce((sum, { bytes }) => sum + BigInt(bytes.length), 0n)
  async function* rows() {
    for (const { bytes } of batches) yield bytes
  }
  const { indexRoot } = await without.make({ what: {}, sizeBytes, batches: rows() })
  expect(indexRoot).toBe(buildVersion(batches.map(({ bytes }) => bytes)).indexRoot)
  expect(await without.load({ indexRoot, sizeBytes })).toBeUndefined()
  expect(faults).toMatchObject([told, told])
  await without.stop()
})

test('a batch is checked in a thread: its root and count, or the row at fault', async () => {
  const large = batchOf(...Array.from({ length: 500 }, (_, i) => `${i} ${'x'.repeat(200)}`))
  expect(await maker.check(large.bytes)).toEqual({
    type: 'batch',
    root: toHex(large.root),
    rows: 500,
    sketch: toHex(large.sketch),
  })
  const damaged = large.bytes.slice()
  damaged[damaged.length - 3] = 0x0a
  expect(await maker.check(damaged)).toMatchObject({
    type: 'fault',
    fault: expect.stringMatching(/^row 499: /),
  })
})
