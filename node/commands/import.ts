/**
 * `tributary import`: a foreign chain's blocks through our own execution and storage, then JSON-RPC
 * about them. Makes no blocks and has no peers; what is sent to it waits in the pool.
 */
import { access } from 'node:fs/promises'
import { type Block, type Clock, NodeError } from '../../primitives/index.ts'
import { readBlockFile } from '../block-file.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import type { ImportFlags } from '../flags.ts'
import { rowsBeside } from '../folders.ts'
import { createLifecycle, type Lifecycle } from '../lifecycle.ts'
import { createLoggers, type Loggers } from '../logger.ts'
import { createNode, type TributaryNode } from '../node.ts'
import { clientVersion, packageVersion, systemClock } from '../system.ts'
import { count, groupDigits } from '../text.ts'
import { keepStatesOf, levelsOf, mebibytes } from './common.ts'
import { readGenesis } from './genesis.ts'

/** A person looks this often. */
const progressMs = 2_000

export async function importChain(file: string, flags: ImportFlags, io: Io): Promise<ExitCode> {
  const logs = await createLoggers({ levels: levelsOf(flags, 'warn'), isPretty: io.isTerminal })
  const lifecycle = createLifecycle(logs.of('node'), process)
  try {
    const node = await openNode(flags, await rowsOf(file, flags), logs, lifecycle)
    return await importInto(node, file, flags, io, lifecycle)
  } finally {
    lifecycle.release()
  }
}

async function importInto(
  node: TributaryNode,
  file: string,
  flags: ImportFlags,
  io: Io,
  lifecycle: Lifecycle,
): Promise<ExitCode> {
  const startedMs = systemClock.nowMs()
  try {
    const progress = createProgress(flags, io, systemClock)
    const imported = await importFile(file, node, progress, lifecycle.isEnding)
    report(flags, io, node, { imported, tookMs: systemClock.nowMs() - startedMs })
    if (!flags.serve || lifecycle.isEnding()) {
      await node.stop()
      return exitCodes.ok
    }
    announce(flags, io, await node.start())
  } catch (error) {
    await node.stop()
    throw error
  }
  return lifecycle.run(() => node.stop())
}

/** The folder that was named, else the one that `tributary export` writes beside the blocks. */
async function rowsOf(file: string, { rows }: ImportFlags): Promise<string | undefined> {
  if (rows !== undefined) return rows
  const beside = rowsBeside(file)
  const isThere = await access(beside).then(
    () => true,
    () => false,
  )
  return isThere ? beside : undefined
}

async function openNode(
  flags: ImportFlags,
  rows: string | undefined,
  logs: Loggers,
  { fail }: Lifecycle,
): Promise<TributaryNode> {
  return createNode(
    {
      genesis: await readGenesis(flags.genesis),
      ...(rows !== undefined && { rowsFolder: rows }),
      rowsFrom: flags.rowsFrom,
      datadir: flags.datadir,
      cacheBytes: mebibytes(flags.cacheMb),
      keepStates: keepStatesOf(flags),
      addressIndex: flags.addressIndex,
      sealing: { type: 'manual' },
      feeRecipient: `0x${'00'.repeat(20)}`,
      host: flags.host,
      port: flags.port,
      allowedHosts: flags.allowHost,
      clientVersion: clientVersion(packageVersion()),
      isTesting: true,
    },
    { clock: systemClock, logs, onFault: fail },
  )
}

/** Blocks that were executed and committed. Throws NodeError BLOCK_INVALID at the first bad one. */
async function importFile(
  file: string,
  { chain }: TributaryNode,
  progress: (height: bigint) => void,
  isEnding: () => boolean,
): Promise<number> {
  let imported = 0
  for await (const block of readBlockFile(file)) {
    if (isEnding()) break // what is in stays in; the same command goes on from there
    const known = chain.store.blockByNumber(block.header.number)
    if (known?.block.hash === block.hash) continue
    if (known) throw otherChain(file, block, known.block)
    const verdict = await chain.validate(block).catch(sayWhereRowsAre)
    if (verdict.type !== 'accept')
      throw new NodeError(
        'BLOCK_INVALID',
        `${file}: block ${block.header.number} (${block.hash}) is refused: ${verdict.code}, ` +
          `${verdict.message}; the chain ends at block ${chain.head().header.number}`,
        { code: verdict.code },
      )
    await chain.commit(verdict.value)
    imported++
    progress(block.header.number)
  }
  return imported
}

/** What a block needs of a chain with attribution, and no block carries. */
function sayWhereRowsAre(error: unknown): never {
  if (!(error instanceof NodeError && error.code === 'DATA_MISSING')) throw error
  throw new NodeError(
    error.code,
    `${error.message.split(':')[0] ?? ''}: give --rows FOLDER (what tributary export wrote beside the blocks, or rows in the ` +
      '--datadir of a node), or --rows-from URL of a node that has them',
    { ...error.facts },
    error,
  )
}

const otherChain = (file: string, block: Block, known: Block): NodeError =>
  new NodeError(
    'BLOCK_CONFLICT',
    `${file}: block ${block.header.number} is ${block.hash}, but the chain has ${known.hash} there: ` +
      'the file belongs to another genesis or chain',
  )

/** Tells the height every two seconds. */
function createProgress(flags: ImportFlags, io: Io, clock: Clock): (height: bigint) => void {
  let toldMs = clock.nowMs()
  let since = 0
  return (height) => {
    since++
    const elapsedMs = clock.nowMs() - toldMs
    if (elapsedMs < progressMs) return
    const perSecond = Math.round((since * 1_000) / elapsedMs)
    if (flags.json) io.out(JSON.stringify({ type: 'progress', height: Number(height), perSecond }))
    else io.err(`importing: block ${groupDigits(height)}, ${perSecond} blocks/s`)
    toldMs = clock.nowMs()
    since = 0
  }
}

interface Done {
  readonly imported: number
  readonly tookMs: number
}

function report(flags: ImportFlags, io: Io, node: TributaryNode, { imported, tookMs }: Done): void {
  const { header, hash } = node.chain.head()
  if (flags.json)
    io.out(
      JSON.stringify({
        type: 'imported',
        blocks: imported,
        head: Number(header.number),
        hash,
        tookMs,
      }),
    )
  else
    io.out(
      `Imported ${count(imported, 'block')} in ${(tookMs / 1_000).toFixed(1)} s; head ${groupDigits(header.number)} ${hash}`,
    )
}

function announce(
  flags: ImportFlags,
  io: Io,
  urls: { readonly httpUrl: string; readonly wsUrl: string },
): void {
  io.out(
    flags.json
      ? JSON.stringify({ type: 'ready', ...urls })
      : `JSON-RPC on ${urls.httpUrl} and ${urls.wsUrl}; end with Ctrl+C`,
  )
}
