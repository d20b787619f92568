/**
 * What a datanet wants of the folder's rows, asked before a deposit is sent: that it is the datanet the
 * folder was begun for, its licence, how much a batch may hold, and whether others gave nearly the same.
 */
import { hexToBytes, type Hex } from 'viem'
import { maxBatchBytes, maxBatchRows, similarityBps } from '../attribution/methods/index.ts'
import { shortText } from '../attribution/views/index.ts'
import { joinRows, type Batch, type Row } from '../sdk/index.ts'
import { explained, type Reader } from './client.ts'
import type { DataSettings } from './data-folder.ts'
import { datanetEvents } from './logged.ts'
import { toAmountText } from './text.ts'

/** Hash of the block a datanet was made in: chains give the same numbers, never the same block. */
export async function datanetBlockHash(client: Reader, id: bigint): Promise<Hex | undefined> {
  const { createdBlock: blockNumber } = await explained(client.datanet.read.datanet([id]))
  const block = await client.getBlock({ blockNumber }).catch(() => undefined)
  return block?.hash ?? undefined
}

/** Why the datanet is not one to push to; undefined: it is. Throws NODE_UNREACHABLE. */
export async function datanetFault(
  client: Reader,
  { datanetId, licence, datanetBlock }: DataSettings,
): Promise<string | undefined> {
  const id = BigInt(datanetId)
  const [datanets] = await explained(client.datanet.read.counts())
  const anew =
    'begin in another folder with tributary data init (this one remembers what that chain has), or give the --rpc-url of that chain'
  if (id > datanets)
    return datanetBlock === undefined
      ? `there is no datanet ${id} on this chain (it has ${datanets}); change datanetId in datanet.json, or begin anew with tributary data init`
      : `there is no datanet ${id} on this chain (it has ${datanets}): the folder is of another chain; ${anew}`
  const hash = datanetBlock === undefined ? undefined : await datanetBlockHash(client, id)
  if (hash !== undefined && hash !== datanetBlock)
    return `datanet ${id} of this chain is not the one this folder was begun for: the folder is of another chain; ${anew}`
  const { policy } = await explained(client.datanet.read.datanet([id]))
  const wanted = shortText(policy.licence)
  if (wanted !== '' && wanted !== licence)
    return `datanet ${id} takes rows under ${wanted}, and these are under ${licence}; change licence in datanet.json if you may`
  return undefined
}

/** Why an account cannot pay for the batches. */
export async function depositFault(
  client: Reader,
  account: Hex,
  deposit: bigint,
): Promise<string | undefined> {
  const balance = await explained(client.getBalance({ address: account }))
  if (balance >= deposit) return undefined
  return `the deposit is ${toAmountText(deposit)}, and ${account} has ${toAmountText(balance)}`
}

/** Deposits of batches of these sizes, in wei. */
export async function depositsOf(
  client: Reader,
  datanetId: bigint,
  batches: readonly Batch[],
): Promise<readonly bigint[]> {
  const deposits: bigint[] = []
  for (const { bytes } of batches)
    deposits.push(
      await explained(client.datanet.read.depositFor([datanetId, BigInt(bytes.length)])),
    )
  return deposits
}

/** Rows a batch of the datanet may have. */
export async function rowsOfBatch(client: Reader, datanetId: bigint): Promise<number> {
  const { policy } = await explained(client.datanet.read.datanet([datanetId]))
  return policy.maxBatchRows
}

/** Rows in order, in parts that are one batch each. */
export function splitRows(rows: readonly Row[], maxRows = maxBatchRows): readonly Uint8Array[] {
  const parts: Row[][] = []
  let [sizeBytes, part]: [number, Row[]] = [0, []]
  for (const row of rows) {
    const rowBytes = row.bytes.length + 1
    const isFull = part.length === maxRows || sizeBytes + rowBytes > maxBatchBytes
    if (part.length === 0 || isFull) {
      ;[sizeBytes, part] = [0, []]
      parts.push(part)
    }
    part.push(row)
    sizeBytes += rowBytes
  }
  return parts.map(joinRows)
}

/** From here on two batches are nearly the same; the estimate errs by about 600. */
const alikeBps = 8_000

/** One sentence for each batch of somebody else's that is nearly the same. */
export async function likenesses(
  client: Reader,
  settings: DataSettings,
  { sketch, root }: Batch,
  account: Hex | undefined,
): Promise<readonly string[]> {
  const datanetId = BigInt(settings.datanetId)
  const submitted = await datanetEvents(client, 'BatchSubmitted', { datanetId })
  return submitted.flatMap(({ args }) => {
    const isOwn = args.contributor.toLowerCase() === account?.toLowerCase()
    if (isOwn || hexToBytes(args.root).every((byte, i) => byte === root[i])) return []
    const bps = similarityBps(sketch, hexToBytes(args.sketch)) ?? 0
    if (bps < alikeBps) return []
    return [
      `about ${Math.floor(bps / 100)} % of these rows stands in batch ${args.batchId}, which ${args.contributor} submitted before: copies are turned away, and their deposit is lost`,
    ]
  })
}
