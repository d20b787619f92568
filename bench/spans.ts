/**
 * Span provenance at size (`npm run bench:spans [megabytes] [folder of texts]`): building the index,
 * committing it, answering, proving, verifying. Times are CPU time of this process, so that a busy
 * machine disturbs them little; the load is printed beside. It runs in a process started as the one in
 * which a node makes a large index (`node/rows/process.ts`); the last line has the node's own code make
 * the version, from rows, in its process. Without a folder the text is made up: words by Zipf's law in
 * phrases that come back. Decides nothing.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { commitIndex, proveSpans, verifySpans } from '../attribution/methods/index.ts'
import { createRangeMinimum } from '../attribution/methods/range-minimum.ts'
import {
  findSpans,
  firstDocument,
  rarityTable,
  spanWeight,
  type SpanIndex,
} from '../attribution/methods/span.ts'
import type { createIndexMaker } from '../node/rows/index-maker.ts'
import { withLargePages } from '../node/rows/process.ts'
import { silentLogger } from '../primitives/index.ts'
import { suffixArray } from '../attribution/methods/suffix-array.ts'
import { encodeCorpus, encodeQuery } from '../attribution/methods/tokens.ts'

const environment = withLargePages(process.env)
if (environment['GLIBC_TUNABLES'] !== process.env['GLIBC_TUNABLES']) {
  const again = [process.argv[1] ?? '', 'spans', ...process.argv.slice(2)]
  const { status } = spawnSync(process.execPath, again, { env: environment, stdio: 'inherit' })
  process.exit(status ?? 1)
}

const megabytes = Number(process.argv[2] ?? 100)
const folder = process.argv[3]
const answers = 50
const answerTokens = 500
const documentBytes = 4_096

const random = createRandom(2679)
/** A linear congruential generator: the same text on every machine. */
function createRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Runs a task and prints its CPU time in milliseconds. */
function timed<result>(name: string, task: () => result): result {
  const before = process.cpuUsage()
  const done = task()
  const { user, system } = process.cpuUsage(before)
  print(name, `${((user + system) / 1_000).toFixed(0)} ms`)
  return done
}

const print = (name: string, value: string): void =>
  void process.stdout.write(`${name.padEnd(44)}${value}\n`)

/** Phrases of 3 to 30 words out of `source`, until there is enough. */
function textOf(source: readonly string[]): Uint8Array[] {
  const documents: Uint8Array[] = []
  let text = ''
  for (let bytes = 0; bytes < megabytes * 1e6;) {
    const from = random(source.length - 30)
    text += `${source.slice(from, from + 3 + random(28)).join(' ')} `
    if (text.length < documentBytes) continue
    documents.push(new TextEncoder().encode(text))
    bytes += documents.at(-1)?.length ?? 0
    text = ''
  }
  return documents
}

function sourceWords(): string[] {
  if (folder !== undefined)
    return readdirSync(folder)
      .filter((name) => name.endsWith('.txt'))
      .toSorted()
      .flatMap((name) => readFileSync(join(folder, name), 'latin1').split(/\s+/))
  // 1/rank: word r comes up in proportion to 1/r among 60,000.
  return Array.from({ length: 2_000_000 }, () => `w${Math.floor(60_000 ** (random(1e9) / 1e9))}`)
}

/** With probability 0.7 a run of 3 to 16 tokens of the corpus, else one token of it. */
function answerOf(documents: readonly Uint8Array[]): Uint8Array {
  const words: string[] = []
  while (words.length < answerTokens) {
    const text = new TextDecoder().decode(documents[random(documents.length)]).split(' ')
    const from = random(text.length)
    words.push(...text.slice(from, from + (random(10) < 7 ? 3 + random(14) : 1)))
  }
  return new TextEncoder().encode(words.slice(0, answerTokens).join(' '))
}

function buildTimed(documents: readonly Uint8Array[]): SpanIndex {
  const corpus = timed('tokenise', () => encodeCorpus(documents))
  const order = timed('suffix array', () => suffixArray(corpus.tokens, corpus.vocabulary.size + 1))
  return timed('rarity table and range minima', () => ({
    corpus,
    order,
    rarity: rarityTable(corpus.counts),
    firstPositions: createRangeMinimum(order),
  }))
}

/** Milliseconds of CPU at the quantiles, one figure an answer, in the second pass. */
function quantiles(
  name: string,
  list: readonly Uint8Array[],
  task: (one: Uint8Array) => void,
): void {
  for (const one of list) task(one)
  const times = list
    .map((one) => {
      const before = process.cpuUsage()
      task(one)
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1_000
    })
    .toSorted((a, b) => a - b)
  const at = (share: number): string =>
    (times[Math.floor(share * (times.length - 1))] ?? 0).toFixed(2)
  print(name, `median ${at(0.5)} ms, p95 ${at(0.95)} ms`)
}

/** Documents as the rows of batches of 1 MB. */
async function* batchesOf(texts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  let lines = ''
  for (const text of texts) {
    lines += `${JSON.stringify({ text: new TextDecoder().decode(text) })}\n`
    if (lines.length < 1e6) continue
    yield new TextEncoder().encode(lines)
    lines = ''
  }
  if (lines.length > 0) yield new TextEncoder().encode(lines)
}

/** From rows to a version that can answer, with all roots, as a node does it. */
async function makeAsNode(): Promise<void> {
  const url = new URL('../dist/node/rows/index-maker.js', import.meta.url)
  const built = (await import(url.href)) as { createIndexMaker: typeof createIndexMaker }
  let made = { cpuMs: 0, peakMiB: 0 }
  const info = (facts: object): void => {
    if ('cpuMs' in facts) made = facts as typeof made
  }
  const maker = built.createIndexMaker({ quotaBytes: 0 }, { ...silentLogger, info })
  const startMs = performance.now()
  const sizeBytes = BigInt(documents.reduce((sum, text) => sum + text.length, 0))
  await maker.make({ what: {}, sizeBytes, batches: batchesOf(documents) })
  const seconds = (performance.now() - startMs) / 1_000
  await maker.stop()
  const figures = `${made.cpuMs} ms, ${seconds.toFixed(1)} s by the clock, peak ${made.peakMiB} MiB`
  print('a node: from rows to all roots', figures)
}

print(
  'machine',
  `${cpus().length} cores, load ${(loadavg()[0] ?? 0).toFixed(1)}, Node ${process.version}`,
)
print('process', environment['GLIBC_TUNABLES'] ?? 'as it comes: this is no Linux')
const documents = textOf(sourceWords())
const index = timed('index in all (goal: 10,000 ms)', () => buildTimed(documents))
print('corpus', `${megabytes} MB, ${index.order.length} tokens, ${documents.length} documents`)
const peak = (): string => `${(process.resourceUsage().maxRSS / 1_024).toFixed(0)} MiB`
print('memory, peak, with the text (goal: 954 MiB)', peak())
const commitment = timed('commitment (four Merkle trees)', () => commitIndex(index))
print('memory, peak, with the trees', peak())

const questions = Array.from({ length: answers }, () => answerOf(documents))
quantiles(`answer of ${answerTokens} tokens: spans, rows, weights`, questions, (answer) => {
  const query = encodeQuery(answer, index.corpus.vocabulary)
  for (const span of findSpans(index, query, 2)) {
    firstDocument(index, span)
    spanWeight(index, query, span)
  }
})
const witnesses = new Map<Uint8Array, Uint8Array>()
quantiles('prove', questions, (answer) => {
  const witness = proveSpans(index, commitment, { answer, minLength: 2 })
  if (witness) witnesses.set(answer, witness)
})
const sizes = [...witnesses.values()].map((witness) => witness.length).toSorted((a, b) => a - b)
print('witness', `median ${((sizes[Math.floor(sizes.length / 2)] ?? 0) / 1_000).toFixed(0)} kB`)
quantiles('verify', [...witnesses.keys()], (answer) => {
  const witness = witnesses.get(answer) ?? new Uint8Array(0)
  if (!verifySpans(commitment.root, { answer, minLength: 2 }, witness))
    throw new Error('an honest witness was refused')
})
await makeAsNode()
