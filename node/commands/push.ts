/**
 * `tributary data push`: what waits in the folder goes to the node, and its roots with the deposits to the
 * datanet, in as many batches as it takes. One that was interrupted goes on where it stopped.
 */
import { stringToHex, type Hex } from 'viem'
import { NodeError, toHex } from '../../primitives/index.ts'
import { explained, mined, openClient, type Writer } from '../client.ts'
import { closePush, readSettings, readStaged, rowHash, type DataSettings } from '../data-folder.ts'
import {
  datanetFault,
  depositFault,
  depositsOf,
  likenesses,
  rowsOfBatch,
  splitRows,
} from '../datanet-rules.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import { usageError } from '../failure.ts'
import { datanetEvents, logged } from '../logged.ts'
import type { Batch } from '../../sdk/index.ts'
import { count, toAmountText, toJsonText, toSizeText } from '../text.ts'
import { batchOf, type DataFlags } from './data.ts'

export async function pushData(flags: DataFlags, io: Io): Promise<ExitCode> {
  const settings = await readSettings(flags.folder)
  const datanetId = BigInt(settings.datanetId)
  const { rows, fault } = await readStaged(flags.folder)
  if (fault !== undefined) throw usageError(fault)
  if (rows.length === 0) throw usageError('nothing to push: add files with tributary data add')
  const client = await openClient(flags)
  // Before anything leaves this machine.
  refuse(await datanetFault(client, settings))
  const batches = splitRows(rows, await rowsOfBatch(client, datanetId)).map(batchOf)
  const deposits = await depositsOf(client, datanetId, batches)
  const total = deposits.reduce((sum, deposit) => sum + deposit, 0n)
  refuse(await depositFault(client, client.account.address, total))
  if (batches.length > 1) io.err(`${count(rows.length, 'row')} go in ${batches.length} batches`)
  for (const [i, batch] of batches.entries()) {
    for (const likeness of await likenesses(client, settings, batch, client.account.address))
      io.err(`warning: ${likeness}`)
    const push = { batch, settings, deposit: deposits[i] ?? 0n }
    await pushBatch(client, push, flags, io)
  }
  return exitCodes.ok
}

function refuse(what: string | undefined): void {
  if (what !== undefined) throw new NodeError('DATANET_REFUSES', what)
}

interface Push {
  readonly batch: Batch
  readonly settings: DataSettings
  readonly deposit: bigint
}

async function pushBatch(client: Writer, push: Push, flags: DataFlags, io: Io): Promise<void> {
  const { batch, settings, deposit } = push
  const datanetId = BigInt(settings.datanetId)
  const [root, rows, sizeBytes] = [toHex(batch.root), batch.rows.length, batch.bytes.length]
  const known = await submittedBefore(client, datanetId, root)
  await explained(client.attribution.putRows(batch.bytes))
  if (!flags.json) io.out(`${count(rows, 'row')} (${toSizeText(sizeBytes)}) are with the node`)
  const { batchId, transaction } = known ?? (await submit(client, push))
  const rowHashes = batch.rows.map(rowHash)
  await closePush(flags.folder, {
    batchId: batchId.toString(),
    root,
    rows,
    sizeBytes,
    transaction,
    rowHashes,
  })
  io.out(
    flags.json
      ? toJsonText({ batchId, root, transaction })
      : known
        ? `batch ${batchId} was submitted to datanet ${datanetId} before; the folder knows it now`
        : `batch ${batchId} submitted to datanet ${datanetId}, deposit ${toAmountText(deposit)}`,
  )
}

async function submit(client: Writer, { batch, settings, deposit: value }: Push) {
  const args = [
    BigInt(settings.datanetId),
    toHex(batch.root),
    batch.rows.length,
    BigInt(batch.bytes.length),
    toHex(batch.sketch),
    stringToHex(settings.licence, { size: 32 }),
    settings.uri,
  ] as const
  await explained(client.datanet.simulate.submit(args, { value }))
  const receipt = await mined(client, client.datanet.write.submit(args, { value }))
  const { batchId } = logged(receipt, 'datanet', 'BatchSubmitted')
  return { batchId, transaction: receipt.transactionHash }
}

/** Our batch of these rows, when a push got as far as its transaction. Throws DATANET_REFUSES for another's. */
async function submittedBefore(client: Writer, datanetId: bigint, root: Hex) {
  const batchId = await explained(client.datanet.read.batchByRoot([datanetId, root]))
  if (batchId === 0n) return undefined
  const { contributor } = await explained(client.datanet.read.batch([batchId]))
  if (contributor.toLowerCase() !== client.account.address.toLowerCase())
    throw new NodeError(
      'DATANET_REFUSES',
      `${contributor} submitted these very rows before, as batch ${batchId}; nobody is paid twice for them`,
    )
  const [submitted] = await datanetEvents(client, 'BatchSubmitted', { batchId })
  return { batchId, transaction: submitted?.transactionHash ?? '' }
}
