/**
 * The store: committed blocks, the state after each, one atomic batch per block. Commits and
 * rollbacks run one after the other; reads are synchronous and right at every instant between. The
 * order of a commit: readers that pruning ends are told, then the disk, then caches, the head last.
 */
import {
  emptyTrieRoot,
  invariant,
  NodeError,
  type Block,
  type Hex,
  type StateReader,
  type Write,
} from '../primitives/index.ts'
import {
  addressWrites,
  addressWritesOfEmpty,
  addressWritesOfOld,
  createAddressIndex,
} from './address-index.ts'
import { createBlocks, type Blocks } from './blocks.ts'
import { checkGenesis, corrupt, openDatabase, type Database } from './database.ts'
import { editWrite, recordedEdits } from './edits.ts'
import {
  type Context,
  dropEdits,
  heightOf,
  headWrites,
  type Inside,
  pruned,
  requireKept,
  unknown,
  write,
} from './context.ts'
import { createQuietRuns } from './quiet-runs.ts'
import { preimageWrites, wholeState } from './preimages.ts'
import { rollback } from './rollback.ts'
import { createFlat } from './flat.ts'
import { forget } from './history.ts'
import { searchLogs } from './log-index.ts'
import { proveAccount } from './prove.ts'
import { decodeHead, fromHeight, heightBytes, keys, toCount } from './tables.ts'
import type { AccountEdit, CommitInput, LogQuery, Store, StoreOptions } from './types.ts'
import { asPrepared, createWorld, type World } from './world.ts'

export interface OpenStore extends Store {
  readonly inside: Inside
}

/** States forgotten per commit at most: pruning an archive catches up over many blocks. */
const maxForgottenPerCommit = 8

/** They stand in memory until the next block. */
const maxPendingEdits = 100_000

/**
 * Opens or makes a database. The first commit must be block 0. Throws NodeError DB_LOCKED,
 * DB_CORRUPT, DB_FOREIGN, DB_VERSION, DB_GENESIS, DB_FAILED, each saying what to do.
 */
export async function openStore(options: StoreOptions): Promise<OpenStore> {
  const db = await openDatabase({
    ...(options.path !== undefined && { path: options.path }),
    cacheBytes: Math.floor(options.cacheBytes * 0.2),
    verifyTables: options.verifyTables ?? false,
  })
  try {
    const context = openContext(db, options)
    return createStore(context)
  } catch (error) {
    await db.close()
    throw error
  }
}

function openContext(db: Database, options: StoreOptions): Context {
  const flat = createFlat(db, options.cacheBytes * 0.35)
  const quiet = createQuietRuns(db)
  const world = createWorld(db, flat, options.cacheBytes * 0.2, quiet)
  const blocks = createBlocks(db, options.cacheBytes * 0.25, quiet)
  const genesis = db.get(keys.fact('genesis'))
  const stored = genesis && decodeHead(genesis).hash
  if (stored && options.expectGenesis) checkGenesis(db, stored, options.expectGenesis)
  const oldest = db.get(keys.fact('oldest'))
  const head = loadHead(db, blocks, world)
  const recorded = [...recordedEdits(db, heightOf(head) + 1)]
  return {
    db,
    flat,
    world,
    blocks,
    quiet,
    sync: options.sync ?? false,
    keepPreimages: options.keepPreimages ?? false,
    // A running execution reads the state before the block that is being committed.
    keepStates: options.keepStates === 'archive' ? 'archive' : Math.max(1, options.keepStates),
    head,
    pendingEdits: recorded.flat(),
    pendingRecords: recorded.length,
    oldest: oldest ? toCount(oldest, 0, heightBytes) : 0,
    epoch: 0,
    failure: undefined,
  }
}

/** The head as stored, with its block and state root in place; undefined in a new database. */
function loadHead(db: Database, blocks: Blocks, world: World): Block | undefined {
  const record = db.get(keys.fact('head'))
  if (!record) return undefined
  const { height, hash } = decodeHead(record)
  const block = blocks.block(height)?.block
  if (block?.hash !== hash) throw corrupt(db.name, `the head block ${height} is missing`)
  if (world.root() !== block.header.stateRoot)
    throw corrupt(db.name, `the state is not the one after block ${height}`)
  return block
}

function createStore(context: Context): OpenStore {
  const { db, blocks, world } = context
  const height = (): number => heightOf(context.head)
  /** One writer at a time; a failed one does not stop the next. */
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <result>(task: () => Promise<result>): Promise<result> => {
    const turn = last.then(task, task)
    last = turn.catch(() => undefined)
    return turn
  }
  const known = (number: bigint): number | undefined =>
    number >= 0n && number <= height() ? Number(number) : undefined
  const stateAt = (number: bigint): StateReader => readerAt(context, Number(number))
  return {
    inside: { db, blocks, world, quiet: context.quiet, keepStates: context.keepStates },
    head: () => context.head,
    stateAt,
    computeUpdate: (changes) => {
      const { head } = context
      const base = head ? stateAt(head.header.number) : emptyState
      return world.computeUpdate(changes, head?.header.stateRoot ?? emptyTrieRoot, base)
    },
    scratchRoots: (number) => world.scratchRoots(stateAt(number), Number(number), height),
    commit: (input) => inTurn(() => commit(context, input)),
    rollback: (number) => inTurn(() => rollback(context, Number(number))),
    commitQuiet: (count, intervalS) => inTurn(() => commitQuiet(context, count, intervalS)),
    wholeState: () => wholeState(db, context.flat),
    edit: (edits) => inTurn(() => edit(context, edits)),
    editsBefore: (number) =>
      Number(number) === height() + 1
        ? context.pendingEdits
        : [...recordedEdits(db, Number(number))].flat(),
    blockByNumber: (number) => {
      const at = known(number)
      return at === undefined ? undefined : blocks.block(at)
    },
    blockByHash: (hash) => {
      const at = blocks.heightOf(hash)
      return at === undefined || at > height() ? undefined : blocks.block(at)
    },
    receipts: (number) => {
      const at = known(number)
      return at === undefined ? undefined : blocks.receipts(at)
    },
    logs: (number) => {
      const at = known(number)
      return at === undefined ? undefined : blocks.logs(at)
    },
    certificate: (number) => {
      const at = known(number)
      return at === undefined ? undefined : blocks.certificate(at)
    },
    transactionPlace: (hash) => {
      const place = blocks.place(hash)
      if (!place || place.height > height()) return undefined
      return { blockNumber: BigInt(place.height), index: place.index }
    },
    blocksWithLogs: (query) => blocksWithLogs(context, query),
    addresses: createAddressIndex(db, blocks, height),
    fillAddresses: (stored, found) => inTurn(() => fillAddresses(context, stored, found)),
    oldestState: () => BigInt(context.oldest),
    proof: (number, address, slots) =>
      proveAccount(
        context,
        { at: stateAt(number), height: Number(number), head: height() },
        address,
        slots,
      ),
    close: () => inTurn(() => db.close()),
  }
}

const emptyState: StateReader = {
  account: () => undefined,
  storage: () => 0n,
  code: () => new Uint8Array(0),
}

async function* blocksWithLogs(context: Context, query: LogQuery): AsyncGenerator<bigint> {
  const head = heightOf(context.head)
  const from = query.from > 0n ? Number(query.from) : 0
  const to = query.to > BigInt(head) ? head : Number(query.to)
  for await (const height of searchLogs(context.db, query, from, to)) yield BigInt(height)
}

/** Reads as of one block, for as long as its state is kept and its block stands. */
function readerAt(context: Context, height: number): StateReader {
  const { flat, blocks } = context
  const hash = hashOfKept(context, height)
  let { epoch } = context
  const check = (): void => {
    if (height < context.oldest) throw pruned(context, height)
    if (epoch === context.epoch) return
    if (height > heightOf(context.head) || blocks.block(height)?.block.hash !== hash)
      throw unknown(context, height)
    epoch = context.epoch
  }
  return {
    account: (address) => {
      check()
      return flat.account(address, height)
    },
    storage: (address, slot) => {
      check()
      return flat.storage(address, slot, height)
    },
    code: (codeHash) => flat.code(codeHash),
  }
}

/** Throws NodeError STATE_UNKNOWN or STATE_PRUNED. */
function hashOfKept(context: Context, height: number): Hex {
  requireKept(context, height)
  const block = context.blocks.block(height)
  if (!block) throw corrupt(context.db.name, `block ${height} is missing`)
  return block.block.hash
}

async function commit(context: Context, input: CommitInput): Promise<void> {
  const { db, flat, world, blocks } = context
  const update = asPrepared(input.update)
  checkInput(context, input)
  const { block } = input
  const height = Number(block.header.number)
  const plan = flat.plan({ ...update, height })
  const oldest = oldestAfter(context, height)
  const changing = new Set(plan.changed.map(({ key }) => keyText(key)))
  const pruning: Write[] = []
  for (let old = context.oldest + 1; old <= oldest; old++)
    for (const gone of forget(db, old, (key) => changing.has(keyText(key)))) pruning.push(gone)
  const blockWrites = blocks.writes(input)
  const writes = [
    ...blockWrites,
    ...plan.writes,
    ...(context.keepPreimages ? preimageWrites(db, flat, update.changes) : []),
    ...world.commitWrites(update, height),
    ...pruning,
    ...addressWrites(db, input),
    ...headWrites(block),
    { key: keys.fact('oldest'), value: fromHeight(oldest) },
  ]
  context.oldest = oldest
  world.begin(update.nodes, 'old')
  await write(context, writes)
  plan.apply()
  world.end(update.nodes)
  blocks.remember(input, sizeOf(blockWrites))
  dropEdits(context)
  context.head = block
}

/** Throws when the disk does; the head is then what it was. */
async function commitQuiet(context: Context, count: number, intervalS: bigint): Promise<void> {
  const { head, pendingRecords, quiet, world } = context
  invariant(head !== undefined && pendingRecords === 0, 'a run of blocks follows a sealed one')
  const { run, last, writes } = await quiet.plan(head, count, intervalS)
  await write(context, [
    ...writes,
    ...world.forgetBefore(run.from, run.count),
    ...addressWritesOfEmpty(context.db, run.from, heightOf(last)),
    ...headWrites(last),
  ])
  quiet.add(run)
  context.head = last
}

async function edit(context: Context, edits: readonly AccountEdit[]): Promise<void> {
  const { head, pendingEdits, pendingRecords } = context
  invariant(head !== undefined, 'nothing is set by hand before genesis')
  if (pendingEdits.length + edits.length > maxPendingEdits)
    throw new NodeError(
      'TOO_MANY_EDITS',
      `more than ${maxPendingEdits} accounts set by hand since block ${heightOf(head)}: make a block`,
    )
  await write(context, [editWrite(heightOf(head) + 1, pendingRecords, edits)])
  context.pendingEdits = [...pendingEdits, ...edits]
  context.pendingRecords++
}

async function fillAddresses(
  context: Context,
  ...[stored, { appearances, lowest }]: Parameters<Store['fillAddresses']>
): Promise<void> {
  const found = { appearances, lowest: Number(lowest) }
  await write(context, addressWritesOfOld(context.db, heightOf(context.head), stored, found))
}

const sizeOf = (writes: readonly Write[]): number =>
  writes.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)

const keyText = (key: Uint8Array): string => Buffer.from(key).toString('latin1')

function oldestAfter({ keepStates, oldest }: Context, height: number): number {
  if (keepStates === 'archive') return oldest
  return Math.max(oldest, Math.min(height - keepStates, oldest + maxForgottenPerCommit))
}

/** What the caller must have made sure of; a fault here is a bug of the node. */
function checkInput({ head }: Context, { block, receipts, senders, update }: CommitInput): void {
  const { header, transactions } = block
  invariant(
    header.number === (head ? head.header.number + 1n : 0n),
    `block ${header.number.toString()} does not follow the head`,
  )
  invariant(!head || header.parentHash === head.hash, 'the parent is not the head')
  invariant(
    update.parent === (head?.header.stateRoot ?? emptyTrieRoot),
    'an update made for another head',
  )
  invariant(header.stateRoot === update.root, 'the state root is not that of the update')
  invariant(receipts.length === transactions.length, 'not one receipt a transaction')
  invariant(senders.length === transactions.length, 'not one sender a transaction')
}
