/**
 * `tributary data review` and `publish`: what a datanet's owner does with the batches it was given. The
 * node that is asked makes the roots of a version from the rows it keeps; validators make them again.
 */
import { stringToHex, type Hex } from 'viem'
import { explained, mined, openClient, type ClientFlags, type Writer } from '../client.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import { usageError } from '../failure.ts'
import { toAmountText, toJsonText } from '../text.ts'

export interface ReviewFlags extends ClientFlags {
  readonly accept?: boolean
  readonly reject?: boolean
  readonly score: number
  readonly reason: string
}

export async function reviewBatch(batchId: bigint, flags: ReviewFlags, io: Io): Promise<ExitCode> {
  const { accept = false, reject = false, score, reason } = flags
  if (accept === reject) throw usageError('give --accept or --reject')
  const client = await openClient(flags)
  const args = [batchId, accept, accept ? score : 0, stringToHex(reason, { size: 32 })] as const
  await explained(client.datanet.simulate.review(args))
  await mined(client, client.datanet.write.review(args))
  const batch = await explained(client.attribution.batch(batchId))
  io.out(
    flags.json
      ? toJsonText({ batchId, state: batch.state })
      : `batch ${batchId} is ${batch.state}${accept ? `; next: tributary data publish ${batch.datanetId}` : ''}`,
  )
  return exitCodes.ok
}

export interface PublishFlags extends ClientFlags {
  readonly batch: readonly bigint[]
  readonly uri: string
}

export async function publishVersion(
  datanetId: bigint,
  flags: PublishFlags,
  io: Io,
): Promise<ExitCode> {
  const client = await openClient(flags)
  const { latestVersionId: parentId } = await explained(client.datanet.read.datanet([datanetId]))
  const known = parentId === 0n ? [] : await batchesOf(client, parentId)
  const batchIds =
    flags.batch.length > 0 ? flags.batch : await acceptedBatches(client, datanetId, known)
  if (batchIds.length === 0)
    throw usageError(
      `datanet ${datanetId} has no accepted batch that is not published; tributary data review accepts one`,
    )
  const roots: Hex[] = []
  for (const id of [...known, ...batchIds])
    roots.push((await explained(client.datanet.read.batch([id]))).root)
  const built: Built = await explained(
    client.request({ method: 'attr_buildVersion', params: [roots] } as never),
  )
  const value = await explained(client.datanet.read.versionDepositFor([BigInt(built.sizeBytes)]))
  const { root, corpusRoot, indexRoot } = built
  const tokens = BigInt(built.tokens)
  const args = [
    { datanetId, parentId, root, corpusRoot, indexRoot, tokens, batchIds, uri: flags.uri },
  ] as const
  const { result: versionId } = await explained(client.datanet.simulate.publish(args, { value }))
  await mined(client, client.datanet.write.publish(args, { value }))
  io.out(
    flags.json
      ? toJsonText({ versionId, parentId, batchIds, root, indexRoot, deposit: value })
      : `version ${versionId} of datanet ${datanetId}: ${batchIds.length === 1 ? 'a batch' : `${batchIds.length} batches`} more, ${built.rows} rows, deposit ${toAmountText(value)}; validators attest it once they have its rows`,
  )
  return exitCodes.ok
}

/** Of attr_buildVersion: numbers as the node's JSON has them. */
interface Built {
  readonly root: Hex
  readonly corpusRoot: Hex
  readonly indexRoot: Hex
  readonly tokens: string
  readonly rows: number
  readonly sizeBytes: string
}

/** All batches of a version, its parents' first. */
async function batchesOf(client: Writer, versionId: bigint): Promise<readonly bigint[]> {
  const { parentId, batches } = await explained(client.datanet.read.version([versionId]))
  const ids = parentId === 0n ? [] : [...(await batchesOf(client, parentId))]
  for (let from = 0n; from < BigInt(batches); from += pageSize) {
    const parts = await explained(client.datanet.read.parts([versionId, from, pageSize]))
    ids.push(...parts.map(({ batchId }) => batchId))
  }
  return ids
}

/** Accepted ones of the datanet that are newer than those of its latest version. */
async function acceptedBatches(
  client: Writer,
  datanetId: bigint,
  known: readonly bigint[],
): Promise<readonly bigint[]> {
  const [, last] = await explained(client.datanet.read.counts())
  const found: bigint[] = []
  for (let id = (known.at(-1) ?? 0n) + 1n; id <= last; id++) {
    const batch = await explained(client.datanet.read.batch([id]))
    if (batch.datanetId === datanetId && batch.state === accepted) found.push(id)
  }
  return found
}

/** What IDatanet.parts gives at most. */
const pageSize = 50n

/** IDatanet.BatchState. */
const accepted = 2
