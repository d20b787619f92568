/** `tributary db info|check`: looks into the database of a stopped node. Changes nothing in it. */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { NodeError } from '../../primitives/index.ts'
import {
  checkStore,
  openStore,
  type OpenStore,
  storeInfo,
  type StoreInfo,
} from '../../state/index.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import type { DbFlags } from '../flags.ts'
import { chainFolder } from '../folders.ts'
import { count, groupDigits, toSizeText } from '../text.ts'
import { mebibytes } from './common.ts'

/** Reading once through everything gains little from more. */
const cacheMb = 64

export async function describeDatabase({ datadir, json }: DbFlags, io: Io): Promise<ExitCode> {
  const info = await withStore(datadir, storeInfo, { verifyTables: false })
  io.out(json ? infoJson(info) : infoText(info))
  return exitCodes.ok
}

/** Names each fault on standard error; exit code 1 when there is one. */
export async function checkDatabase({ datadir, json }: DbFlags, io: Io): Promise<ExitCode> {
  const report = await withStore(datadir, (store) => checkStore(store))
  const { head, faults, faultCount } = report
  if (json) io.out(JSON.stringify({ ...report, head: head && plainHead(head) }))
  else {
    for (const { type, message } of faults) io.err(`${type}: ${message}`)
    const facts = [
      head ? `head ${groupDigits(head.number)} ${head.hash}` : 'no block yet',
      count(report.blocks, 'block'),
      count(report.accounts, 'account'),
      count(report.slots, 'slot'),
      count(report.trieNodes, 'trie node'),
    ]
    io.out(`${facts.join(', ')}: ${faultCount === 0 ? 'no faults' : count(faultCount, 'fault')}`)
  }
  return faultCount === 0 ? exitCodes.ok : exitCodes.refused
}

/** Opening would make a database where there is none; looking must not. */
export async function withStore<result>(
  datadir: string,
  task: (store: OpenStore) => Promise<result>,
  { verifyTables } = { verifyTables: true },
): Promise<result> {
  const path = chainFolder(datadir)
  try {
    await access(join(path, 'CURRENT'))
  } catch (error) {
    throw new NodeError(
      'DB_MISSING',
      `there is no chain in ${datadir}; name its --datadir`,
      {},
      error,
    )
  }
  const store = await openStore({
    path,
    cacheBytes: mebibytes(cacheMb),
    keepStates: 'archive',
    verifyTables,
  })
  try {
    return await task(store)
  } finally {
    await store.close()
  }
}

const plainHead = <rest extends { readonly number: bigint }>(head: rest) => ({
  ...head,
  number: Number(head.number),
})

const infoJson = (info: StoreInfo): string =>
  JSON.stringify({
    ...info,
    head: info.head && plainHead(info.head),
    oldestState: Number(info.oldestState),
  })

function infoText({ name, version, genesisHash, head, oldestState, tables }: StoreInfo): string {
  const rows = tables.map(
    ({ prefix, holds, approximateBytes }) =>
      `  ${prefix.padEnd(3)} ${toSizeText(approximateBytes).padStart(13)}  ${holds}`,
  )
  return [
    `Database  ${name}, version ${version}`,
    `Genesis   ${genesisHash ?? 'none yet'}`,
    ...(head
      ? [`Head      ${groupDigits(head.number)} ${head.hash}`, `Root      ${head.stateRoot}`]
      : ['Head      none yet']),
    `States    from block ${groupDigits(oldestState)}`,
    'Tables    (on disk, estimated)',
    ...rows,
  ].join('\n')
}
