/**
 * `tributary data add` and `check`: from files to rows that wait to be pushed. Checks here what the node
 * and the module would refuse there, so that a deposit is sent only with what can be accepted.
 */
import { invariant, NodeError, toHex } from '../../primitives/index.ts'
import { openReader, type ClientFlags } from '../client.ts'
import {
  isOwnFile,
  readSettings,
  readStaged,
  stageRows,
  type DataSettings,
} from '../data-folder.ts'
import {
  datanetFault,
  depositFault,
  depositsOf,
  likenesses,
  rowsOfBatch,
  splitRows,
} from '../datanet-rules.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import { findFiles, readRows } from '../read-rows.ts'
import { isBatchFault, readBatch, type Batch } from '../../sdk/index.ts'
import { count, toAmountText, toJsonText, toSizeText } from '../text.ts'

export interface DataFlags extends ClientFlags {
  readonly folder: string
}

export async function addData(
  paths: readonly string[],
  flags: DataFlags,
  io: Io,
): Promise<ExitCode> {
  await readSettings(flags.folder)
  // All are looked at before any is taken in.
  const { files, passedOver } = await findFiles(paths)
  const others = files.filter((path) => !isOwnFile(flags.folder, path))
  if (passedOver.length > 0)
    io.err(
      `passed over, for they hold no rows: ${passedOver.slice(0, maxNamed).join(', ')}${passedOver.length > maxNamed ? ` and ${passedOver.length - maxNamed} more` : ''}`,
    )
  if (others.length === 0) io.err('no file with rows is there')
  let faulty = 0
  for (const path of others) {
    const { rows, faults } = await readRows(path)
    for (const { file, place, fault } of faults) io.err(`${file}:${place}: ${fault}`)
    faulty += faults.length
    const { added, known, alike } = await stageRows(flags.folder, rows)
    if (alike > 0)
      io.err(
        `warning: ${path}: ${count(alike, 'row')} like others but for spaces or the way letters are put together (Unicode NFC); copies earn nothing more`,
      )
    io.out(
      flags.json
        ? toJsonText({ file: path, added, known, refused: faults.length })
        : `${path}: ${count(added, 'row')} added, ${known} known already, ${faults.length} refused`,
    )
  }
  return faulty === 0 ? exitCodes.ok : exitCodes.refused
}

/** Names that one message lists. */
const maxNamed = 5

export async function checkData(flags: DataFlags, io: Io): Promise<ExitCode> {
  const settings = await readSettings(flags.folder)
  const { rows, fault } = await readStaged(flags.folder)
  if (fault !== undefined) {
    io.err(fault)
    return exitCodes.refused
  }
  if (rows.length === 0) {
    io.out(flags.json ? '[]' : 'nothing to push: add files with tributary data add')
    return exitCodes.ok
  }
  const asked = await askDatanet(flags, settings).catch((error: unknown) => {
    if (!(error instanceof NodeError && error.code === 'NODE_UNREACHABLE')) throw error
    io.err(`not checked against datanet ${settings.datanetId}: ${error.message}`)
    return { client: undefined, maxRows: undefined, refusal: undefined }
  })
  if (asked.refusal !== undefined) {
    io.err(asked.refusal)
    return exitCodes.refused
  }
  const batches = splitRows(rows, asked.maxRows).map(batchOf)
  const { client } = asked
  const deposits = client ? await depositsOf(client, BigInt(settings.datanetId), batches) : []
  for (const [i, batch] of batches.entries()) {
    if (client)
      for (const likeness of await likenesses(client, settings, batch, flags.from))
        io.err(`warning: ${likeness}`)
    describe(batch, deposits[i], settings, flags, io)
  }
  const total = deposits.reduce((sum, deposit) => sum + deposit, 0n)
  const poor = client && flags.from && (await depositFault(client, flags.from, total))
  if (poor === undefined) return exitCodes.ok
  io.err(poor)
  return exitCodes.refused
}

/** Throws NodeError NODE_UNREACHABLE. */
async function askDatanet(flags: DataFlags, settings: DataSettings) {
  const client = await openReader(flags)
  const refusal = await datanetFault(client, settings)
  if (refusal !== undefined) return { client, refusal, maxRows: undefined }
  return { client, refusal, maxRows: await rowsOfBatch(client, BigInt(settings.datanetId)) }
}

/** Of bytes that were joined from rows. */
export function batchOf(bytes: Uint8Array): Batch {
  const batch = readBatch(bytes)
  invariant(!isBatchFault(batch), 'rows that were read one by one are a batch together')
  return batch
}

function describe(
  batch: Batch,
  deposit: bigint | undefined,
  { licence, datanetId }: DataSettings,
  { json }: DataFlags,
  io: Io,
): void {
  const facts = {
    rows: batch.rows.length,
    sizeBytes: batch.bytes.length,
    root: toHex(batch.root),
    sketch: toHex(batch.sketch),
    licence,
    datanetId,
    ...(deposit !== undefined && { deposit }),
  }
  const paid = deposit === undefined ? '' : `, deposit ${toAmountText(deposit)}`
  io.out(
    json
      ? toJsonText(facts)
      : `${count(facts.rows, 'row')}, ${toSizeText(facts.sizeBytes)}, root ${facts.root}, for datanet ${datanetId} under ${licence}${paid}`,
  )
}
