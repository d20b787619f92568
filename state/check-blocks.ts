/**
 * The part of a check that goes block by block: bodies against headers, links, receipts, lookups,
 * log index, and the earlier versions that kept states need.
 */
import {
  decodeBlock,
  encodeReceipt,
  encodeRlp,
  encodeWithdrawal,
  equalBytes,
  headerToRlp,
  keccakHex,
  orderedRoot,
  toHex,
  type Block,
  type Hex,
} from '../primitives/index.ts'
import { blockWrites, createBlocks } from './blocks.ts'
import type { Findings } from './check.ts'
import type { Database } from './database.ts'
import { recordedEdits } from './edits.ts'
import { createQuietRuns, type QuietRun, type QuietRuns } from './quiet-runs.ts'
import {
  decodeChangedKeys,
  heightBytes,
  keys,
  tableRange,
  type TableName,
  toCount,
} from './tables.ts'

/** How many entries a table should hold, from the blocks. */
interface Expected {
  i: number
  x: number
  l: number
}

const reportEvery = 1_000
/** No decoded block is looked at twice. */
const noCache = 1

/** Returns the number of blocks looked at. */
export async function checkBlocks(
  db: Database,
  head: Block,
  oldest: number,
  findings: Findings,
): Promise<number> {
  const expected: Expected = { i: 0, x: 0, l: 0 }
  const top = Number(head.header.number)
  let parent: Hex | undefined
  const quiet = createQuietRuns(db)
  for (let height = 0; height <= top; height++) {
    const run = quiet.at(height)
    if (run) {
      parent = await checkRun(quiet, run, parent, findings)
      height = run.from + run.count - 1
      continue
    }
    parent = checkBlock(db, height, parent, expected, findings)
    if (height > oldest) checkHistory(db, height, findings)
    if (height % reportEvery === 0) {
      findings.progress('blocks', height)
      await breathe()
    }
  }
  if (parent !== undefined && parent !== head.hash)
    findings.add('block', `the head is ${head.hash}, but block ${top} is ${parent}`)
  for (const table of ['i', 'x', 'l'] as const) {
    const count = await countEntries(db, table)
    if (count !== expected[table])
      findings.add('lookup', `table ${table} has ${count} entries, not ${expected[table]}`)
  }
  await checkEdits(db, top + 1, findings)
  return top + 1
}

/** Records of edits by hand belong to a block, or to the one that comes next. */
async function checkEdits(db: Database, next: number, findings: Findings): Promise<void> {
  for await (const [key] of db.range(tableRange('e'))) {
    const height = toCount(key, 1, heightBytes)
    if (height < 1 || height > next)
      findings.add('block', `accounts were set by hand before block ${height}, which is nowhere`)
    try {
      Array.from(recordedEdits(db, height))
    } catch {
      findings.add('block', `what was set by hand before block ${height} cannot be read`)
    }
  }
}

/** A run of empty blocks: each names the one before, and is found by its hash. */
async function checkRun(
  quiet: QuietRuns,
  run: QuietRun,
  before: Hex | undefined,
  findings: Findings,
): Promise<Hex | undefined> {
  let parent = before
  for (let height = run.from; height < run.from + run.count; height++) {
    const block = quiet.block(height)
    if (parent !== undefined && block?.header.parentHash !== parent)
      findings.add('block', `block ${height}: its parent is not block ${height - 1}`)
    if (block && quiet.heightOf(block.hash) !== height)
      findings.add('lookup', `block ${height}: its hash is not found in its run`)
    parent = block?.hash
    if (height % reportEvery === 0) {
      findings.progress('blocks', height)
      await breathe()
    }
  }
  return parent
}

/** Lets timers and sockets run: a check may take minutes. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function countEntries(db: Database, table: TableName): Promise<number> {
  let count = 0
  for await (const [key] of db.range(tableRange(table))) if (key.length > 0) count++
  return count
}

/** Returns the hash of the block, undefined when it cannot be read. */
function checkBlock(
  db: Database,
  height: number,
  parent: Hex | undefined,
  expected: Expected,
  findings: Findings,
): Hex | undefined {
  const bytes = db.get(keys.byHeight('b', height))
  const verdict = bytes && decodeBlock(bytes)
  if (verdict?.type !== 'accept') {
    findings.add('block', `block ${height}: ${verdict ? verdict.message : 'missing'}`)
    return undefined
  }
  const block = verdict.value
  const { header } = block
  if (header.number !== BigInt(height))
    findings.add('block', `block ${height} says it is ${header.number.toString()}`)
  if (parent !== undefined && header.parentHash !== parent)
    findings.add('block', `block ${height}: its parent is not block ${height - 1}`)
  for (const part of wrongParts(block)) findings.add('block', `block ${height}: wrong ${part}`)
  checkLookups(db, block, expected, findings)
  return block.hash
}

function wrongParts({ header, transactions, uncles, withdrawals }: Block): string[] {
  const wrong: string[] = []
  if (orderedRoot(transactions.map((tx) => tx.raw)) !== header.transactionsRoot)
    wrong.push('transactions')
  if (keccakHex(encodeRlp(uncles.map(headerToRlp))) !== header.unclesHash) wrong.push('uncles')
  const root = withdrawals && orderedRoot(withdrawals.map(encodeWithdrawal))
  if (root !== header.withdrawalsRoot) wrong.push('withdrawals')
  return wrong
}

/** Everything that committing the block would write must stand there. */
function checkLookups(db: Database, block: Block, expected: Expected, findings: Findings): void {
  const height = Number(block.header.number)
  const blocks = createBlocks(db, noCache, createQuietRuns(db))
  try {
    const stored = blocks.block(height)
    const receipts = blocks.receipts(height)
    if (!stored || !receipts) {
      findings.add('lookup', `block ${height}: its receipts are missing`)
      return
    }
    if (orderedRoot(receipts.map(encodeReceipt)) !== block.header.receiptsRoot)
      findings.add('block', `block ${height}: wrong receipts`)
    for (const { key, value } of blockWrites({ ...stored, receipts })) {
      const table = String.fromCharCode(key[0] ?? 0)
      if (table === 'i' || table === 'x' || table === 'l') expected[table]++
      const found = db.get(key)
      if (!found || !value || !equalBytes(found, value))
        findings.add('lookup', `block ${height}: the entry ${toHex(key)} is missing or wrong`)
    }
  } catch (error) {
    findings.add(
      'lookup',
      `block ${height}: ${error instanceof Error ? error.message : 'unreadable'}`,
    )
  }
}

/** What the block replaced must still be readable, for the states before it are kept. */
function checkHistory(db: Database, height: number, findings: Findings): void {
  const changed = db.get(keys.byHeight('d', height))
  if (!changed) {
    findings.add('history', `block ${height}: its list of changed keys is missing`)
    return
  }
  for (const { key, count } of decodeChangedKeys(changed))
    if (count > 1 && !db.get(keys.version(key, count - 1)))
      findings.add('history', `block ${height}: the version of ${toHex(key)} before it is missing`)
}
