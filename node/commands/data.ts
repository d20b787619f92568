/**
 * `tributary data`: a contributor's way from files to an accepted batch. Checks here what the node and
 * the module would refuse there, so that a deposit is sent only with what can be accepted.
 */
import { stringToHex } from 'viem'
import { NodeError, toHex } from '../../primitives/index.ts'
import { makeFolder } from '../make-folder.ts'
import {
  closePush,
  initFolder,
  requireFresh,
  readPushed,
  readSettings,
  readStaged,
  rowHash,
  stageRows,
  type DataSettings,
} from '../data-folder.ts'
import {
  explained,
  mined,
  openClient,
  openReader,
  type ClientFlags,
  type Writer,
} from '../client.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import { usageError } from '../failure.ts'
import { shortText } from '../../attribution/views/index.ts'
import { readRows } from '../read-rows.ts'
import { count, toAmountText, toSizeText } from '../text.ts'

export interface DataFlags extends ClientFlags {
  readonly folder: string
}

export interface InitFlags extends DataFlags {
  readonly datanet?: bigint
  /** Name of a datanet to create. */
  readonly create?: string
  readonly licence: string
  readonly uri: string
}

const shortWord = (text: string) => stringToHex(text, { size: 32 })

export async function initData(flags: InitFlags, io: Io): Promise<ExitCode> {
  const { folder, datanet, create, licence, uri } = flags
  if ((datanet === undefined) === (create === undefined))
    throw usageError('give --datanet ID of one that exists, or --create NAME for a new one')
  await makeFolder(folder)
  await requireFresh(folder) // before anything is sent
  const datanetId = datanet ?? (await createDatanet(await openClient(flags), create ?? '', flags))
  await initFolder(folder, { datanetId: datanetId.toString(), licence, uri })
  io.out(`${folder} contributes to datanet ${datanetId}, rows under ${licence}`)
  io.out(`next: tributary data add FILES --folder ${folder}`)
  return exitCodes.ok
}

/** Owner mode, a day of one-second blocks for a review, no deposits: what a first datanet needs. */
async function createDatanet(client: Writer, name: string, { licence, uri }: InitFlags) {
  const { keccak256, stringToBytes, zeroHash } = await import('viem')
  const policy = {
    mode: 0,
    quorumBps: 0,
    reviewBlocks: 86_400,
    revealBlocks: 0,
    depositPerBatch: 0n,
    depositPerKiB: 0n,
    penaltyBps: 0,
    maxBatchRows: 65_536,
    licence: shortWord(licence),
    termsHash: zeroHash,
    termsFlags: 7,
    pricePerQuery: 0n,
  }
  const args = [keccak256(stringToBytes(name)), uri === '' ? name : uri, policy] as const
  const { result } = await explained(client.datanet.simulate.create(args))
  await mined(client, client.datanet.write.create(args))
  return result
}

export async function addData(
  paths: readonly string[],
  flags: DataFlags,
  io: Io,
): Promise<ExitCode> {
  await readSettings(flags.folder)
  let faulty = 0
  for (const path of paths) {
    const { rows, faults } = await readRows(path)
    for (const { file, place, fault } of faults) io.err(`${file}:${place}: ${fault}`)
    faulty += faults.length
    const { added, known } = await stageRows(flags.folder, rows)
    io.out(
      `${path}: ${count(added, 'row')} added, ${known} known already, ${faults.length} refused`,
    )
  }
  return faulty === 0 ? exitCodes.ok : exitCodes.refused
}

export async function checkData(flags: DataFlags, io: Io): Promise<ExitCode> {
  const settings = await readSettings(flags.folder)
  const { batch, bytes, fault } = await readStaged(flags.folder)
  if (fault !== undefined) {
    io.err(fault)
    return exitCodes.refused
  }
  if (!batch) {
    io.out('nothing to push: add files with tributary data add')
    return exitCodes.ok
  }
  const refusals = await chainFaults(flags, settings, batch.rows.length, bytes.length).catch(
    (error: unknown) => {
      if (!(error instanceof NodeError && error.code === 'NODE_UNREACHABLE')) throw error
      io.err(`not checked against datanet ${settings.datanetId}: ${error.message}`)
      return []
    },
  )
  for (const refusal of refusals) io.err(refusal)
  if (refusals.length > 0) return exitCodes.refused
  const facts = {
    rows: batch.rows.length,
    sizeBytes: bytes.length,
    root: toHex(batch.root),
    sketch: toHex(batch.sketch),
    licence: settings.licence,
    datanetId: settings.datanetId,
  }
  io.out(
    flags.json
      ? JSON.stringify(facts)
      : `${count(facts.rows, 'row')}, ${toSizeText(bytes.length)}, root ${facts.root}, for datanet ${settings.datanetId}`,
  )
  return exitCodes.ok
}

/** What the datanet would refuse, each with what to do. Throws NODE_UNREACHABLE. */
async function chainFaults(
  flags: DataFlags,
  { datanetId, licence }: DataSettings,
  rows: number,
  sizeBytes: number,
): Promise<readonly string[]> {
  const client = await openReader(flags)
  const [datanets] = await explained(client.datanet.read.counts())
  const id = BigInt(datanetId)
  if (id > datanets)
    return [
      `there is no datanet ${id} on this chain (it has ${datanets}); change datanetId in datanet.json, or begin anew with tributary data init`,
    ]
  const { policy } = await explained(client.datanet.read.datanet([id]))
  const faults: string[] = []
  const wanted = shortText(policy.licence)
  if (wanted !== '' && wanted !== licence)
    faults.push(
      `datanet ${id} takes rows under ${wanted}, and these are under ${licence}; change licence in datanet.json if you may`,
    )
  if (rows > policy.maxBatchRows)
    faults.push(
      `datanet ${id} takes ${policy.maxBatchRows} rows a batch, and these are ${rows}; push in parts`,
    )
  const deposit = await explained(client.datanet.read.depositFor([id, BigInt(sizeBytes)]))
  if (flags.from !== undefined) {
    const balance = await explained(client.getBalance({ address: flags.from }))
    if (balance < deposit)
      faults.push(
        `the deposit is ${toAmountText(deposit)}, and ${flags.from} has ${toAmountText(balance)}`,
      )
  }
  return faults
}

export async function pushData(flags: DataFlags, io: Io): Promise<ExitCode> {
  const settings = await readSettings(flags.folder)
  const { datanetId, licence, uri } = settings
  const { batch, bytes, fault } = await readStaged(flags.folder)
  if (fault !== undefined) throw usageError(fault)
  if (!batch) throw usageError('nothing to push: add files with tributary data add')
  const client = await openClient(flags)
  // Before anything leaves this machine.
  const [refusal] = await chainFaults(flags, settings, batch.rows.length, bytes.length)
  if (refusal !== undefined) throw new NodeError('DATANET_REFUSES', refusal)
  const sizeBytes = BigInt(bytes.length)
  const value = await explained(client.datanet.read.depositFor([BigInt(datanetId), sizeBytes]))
  const root = toHex(batch.root)
  const rows = batch.rows.length
  await explained(client.attribution.putRows(bytes))
  io.out(`${count(rows, 'row')} (${toSizeText(bytes.length)}) are with the node`)
  const args = [
    BigInt(datanetId),
    root,
    rows,
    sizeBytes,
    toHex(batch.sketch),
    shortWord(licence),
    uri,
  ] as const
  const { result: batchId } = await explained(client.datanet.simulate.submit(args, { value }))
  const { transactionHash } = await mined(client, client.datanet.write.submit(args, { value }))
  await closePush(flags.folder, {
    batchId: batchId.toString(),
    root,
    rows,
    sizeBytes: bytes.length,
    transaction: transactionHash,
    rowHashes: batch.rows.map(rowHash),
  })
  io.out(
    flags.json
      ? JSON.stringify({ batchId: batchId.toString(), root, transaction: transactionHash })
      : `batch ${batchId} submitted to datanet ${datanetId}, deposit ${toAmountText(value)}`,
  )
  return exitCodes.ok
}

export async function dataStatus(flags: DataFlags, io: Io): Promise<ExitCode> {
  const pushed = await readPushed(flags.folder)
  const client = await openReader(flags)
  for (const { batchId, rows } of pushed) {
    const batch = await explained(client.attribution.batch(BigInt(batchId)))
    const { batches } = await explained(client.attribution.earnings(batch.contributor))
    const earned = batches.find((one) => one.batchId === batch.id)
    const reason = batch.reason === '' ? '' : ` (${batch.reason})`
    io.out(
      flags.json
        ? JSON.stringify({
            batchId,
            rows,
            state: batch.state,
            reason: batch.reason,
            answers: earned?.answers ?? 0,
            earned: (earned?.amount ?? 0n).toString(),
          })
        : `batch ${batchId}: ${count(rows, 'row')}, ${batch.state}${reason}, shaped ${count(earned?.answers ?? 0, 'answer')}, earned ${toAmountText(earned?.amount ?? 0n)}`,
    )
  }
  if (pushed.length === 0) io.out('nothing pushed yet')
  return exitCodes.ok
}
