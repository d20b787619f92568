/**
 * `tributary data review` and `publish`: what a datanet's owner does with the batches it was given. The
 * node that is asked makes the roots of a version from the rows it keeps; validators make them again.
 */
import { stringToHex, type Hex } from 'viem'
import { explained, mined, openClient, type ClientFlags, type Writer } from '../client.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import { usageError } from '../failure.ts'
import { datanetEvents, logged } from '../logged.ts'
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
  const batch = await explained(client.attribution.batch(batchId), 'batch')
  io.out(
    flags.json
      ? toJsonText({ batchId, state: batch.state })
      : `batch ${batchId} is ${batch.state}${accept ? `; next: tributary data publish ${batch.datanetId}` : ''}`,
  )
  return exitCodes.ok
}

export interface PublishFlags extends ClientFlags {
  /** None: all. */
  readonly batch: readonly bigint[]
  readonly uri: string
}

/**
 * Batches stand in the order of their ids, whoever is reviewed when: so that of two that hold the same the
 * first counts. An older batch that is accepted after a younger one was published is put in its place by
 * a version on an older parent, which appends the younger ones once more.
 */
export async function publishVersion(
  datanetId: bigint,
  flags: PublishFlags,
  io: Io,
): Promise<ExitCode> {
  const client = await openClient(flags)
  const { latestVersionId } = await explained(client.datanet.read.datanet([datanetId]))
  const chain = await chainOf(client, latestVersionId)
  const { accepted, pending } = await reviewedBatches(client, datanetId)
  const published = new Set(chain.flatMap(({ batchIds }) => batchIds))
  const asked = flags.batch.filter((id) => !published.has(id))
  // A batch that was asked for stays in, whatever its state: the module's refusal says what it is.
  const wanted =
    flags.batch.length === 0
      ? accepted
      : ascending([...accepted.filter((id) => published.has(id)), ...asked])
  const { base, begun } = baseOf(chain, wanted)
  const batchIds = wanted.slice(begun)
  if (batchIds.length === 0)
    throw usageError(
      `datanet ${datanetId} has no accepted batch that is not published${pending.length > 0 ? ` (in review: ${pending.join(', ')})` : ''}; tributary data review accepts one`,
    )
  if (base !== latestVersionId) sayRebuilt(base, latestVersionId, batchIds, published, io)
  let [parentId, known] = [base, wanted.slice(0, begun)]
  for (let from = 0; from < batchIds.length; from += maxParts) {
    const some = batchIds.slice(from, from + maxParts)
    parentId = await publishOn(client, { datanetId, parentId, known, batchIds: some }, flags, io)
    known = [...known, ...some]
  }
  const older = pending.filter((id) => id < (batchIds.at(-1) ?? 0n))
  if (older.length > 0)
    io.err(
      `still in review and older: ${older.join(', ')}. Accepted later, tributary data publish ${datanetId} puts them in their place, and pays the deposit for all rows after them once more`,
    )
  return exitCodes.ok
}

/** IDatanet.publish: batches of one version; more go into a second one on it. */
const maxParts = 64

interface Publication {
  readonly datanetId: bigint
  readonly parentId: bigint
  /** Batches of the parent, from its first on. */
  readonly known: readonly bigint[]
  readonly batchIds: readonly bigint[]
}

async function publishOn(
  client: Writer,
  { datanetId, parentId, known, batchIds }: Publication,
  flags: PublishFlags,
  io: Io,
): Promise<bigint> {
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
  await explained(client.datanet.simulate.publish(args, { value }))
  const receipt = await mined(client, client.datanet.write.publish(args, { value }))
  const { versionId } = logged(receipt, 'datanet', 'VersionPublished')
  io.out(
    flags.json
      ? toJsonText({ versionId, parentId, batchIds, root, indexRoot, deposit: value })
      : `version ${versionId} of datanet ${datanetId}: ${batchIds.length === 1 ? 'a batch' : `${batchIds.length} batches`} more, ${built.rows} rows, deposit ${toAmountText(value)}; validators attest it once they have its rows`,
  )
  return versionId
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

interface Link {
  readonly versionId: bigint
  /** What it appended itself. */
  readonly batchIds: readonly bigint[]
}

/** A version and its parents, the first one first. */
async function chainOf(client: Writer, latest: bigint): Promise<readonly Link[]> {
  const chain: Link[] = []
  for (let versionId = latest; versionId !== 0n;) {
    const { parentId, batches } = await explained(client.datanet.read.version([versionId]))
    const batchIds: bigint[] = []
    for (let from = 0n; from < BigInt(batches); from += pageSize) {
      const parts = await explained(client.datanet.read.parts([versionId, from, pageSize]))
      batchIds.push(...parts.map(({ batchId }) => batchId))
    }
    chain.unshift({ versionId, batchIds })
    versionId = parentId
  }
  return chain
}

/** The youngest version whose batches are how `wanted` begins; 0: none. */
function baseOf(chain: readonly Link[], wanted: readonly bigint[]) {
  let [base, begun] = [0n, 0]
  for (const { versionId, batchIds } of chain) {
    const start = begun
    if (batchIds.some((id, i) => id !== wanted[start + i])) break
    begun += batchIds.length
    base = versionId
  }
  return { base, begun }
}

function sayRebuilt(
  base: bigint,
  latest: bigint,
  batchIds: readonly bigint[],
  published: ReadonlySet<bigint>,
  io: Io,
): void {
  const again = batchIds.filter((id) => published.has(id))
  const place = base === 0n ? 'on no other version' : `on version ${base}`
  io.err(
    `not on version ${latest}: batches stand in the order they were submitted, and those taken out are left out. The new version stands ${place}${again.length > 0 ? ` and appends ${again.join(', ')} once more` : ''}`,
  )
}

const ascending = (ids: readonly bigint[]): readonly bigint[] =>
  [...new Set(ids)].toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))

/** The datanet's batches that are accepted, and those that wait for their verdict. */
async function reviewedBatches(client: Writer, datanetId: bigint) {
  const submitted = await datanetEvents(client, 'BatchSubmitted', { datanetId })
  const ids = submitted.map(({ args }) => args.batchId)
  const [accepted, pending]: [bigint[], bigint[]] = [[], []]
  for (const id of ids) {
    const { state } = await explained(client.datanet.read.batch([id]))
    if (state === batchState.accepted) accepted.push(id)
    else if (state === batchState.pending) pending.push(id)
  }
  return { accepted, pending }
}

/** What IDatanet.parts gives at most. */
const pageSize = 50n

/** IDatanet.BatchState. */
const batchState = { pending: 1, accepted: 2 } as const
