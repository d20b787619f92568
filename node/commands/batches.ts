/**
 * `tributary data status`, `decide`, `reclaim`, `retract`: what becomes of batches after they were pushed,
 * and their deposits. What can be had back is asked of the module itself, by calls that change nothing.
 */
import { stringToHex, type Address } from 'viem'
import { batchStates, nameOf, shortText, versionStates } from '../../attribution/views/index.ts'
import { NodeError } from '../../primitives/index.ts'
import {
  explained,
  mined,
  openClient,
  openReader,
  type ClientFlags,
  type Reader,
} from '../client.ts'
import { readPushed, readSettings, type Pushed } from '../data-folder.ts'
import { datanetFault } from '../datanet-rules.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import { datanetEvents, logged } from '../logged.ts'
import { count, toAmountText, toJsonText } from '../text.ts'
import type { DataFlags } from './data.ts'

export async function dataStatus(flags: DataFlags, io: Io): Promise<ExitCode> {
  const settings = await readSettings(flags.folder)
  const pushed = await readPushed(flags.folder)
  if (pushed.length === 0) {
    if (!flags.json) io.out('nothing pushed yet: tributary data push')
    return exitCodes.ok
  }
  const client = await openReader(flags)
  const fault = await datanetFault(client, settings)
  if (fault !== undefined) throw new NodeError('DATANET_REFUSES', fault)
  const [, last] = await explained(client.datanet.read.counts())
  const versions = await versionsByBatch(client, BigInt(settings.datanetId))
  const earned = new Map<string, Awaited<ReturnType<typeof earningsOf>>>()
  for (const one of pushed) {
    const batchId = BigInt(one.batchId)
    const isThere = batchId <= last
    const batch = isThere ? await statusOf(client, batchId, versions.get(batchId)) : undefined
    if (batch?.root !== one.root) {
      io.err(
        `batch ${batchId}, which this folder pushed, is not on this chain${isThere ? ': its number is another batch’s here' : ''}`,
      )
      continue
    }
    const income = earned.get(batch.contributor) ?? (await earningsOf(client, batch.contributor))
    earned.set(batch.contributor, income)
    tell(one, batch, income.get(batchId), flags, io)
  }
  return exitCodes.ok
}

type Status = Awaited<ReturnType<typeof statusOf>>

/** A batch, the version it stands in, and what there is to do about it. */
async function statusOf(client: Reader, batchId: bigint, versionId: bigint | undefined) {
  const batch = await explained(client.datanet.read.batch([batchId]))
  const { policy } = await explained(client.datanet.read.datanet([batch.datanetId]))
  const head = await explained(client.getBlockNumber())
  const reviewEnd = batch.submittedBlock + BigInt(policy.reviewBlocks + policy.revealBlocks)
  const version =
    versionId === undefined ? undefined : await explained(client.datanet.read.version([versionId]))
  const state = nameOf(batchStates, batch.state)
  const reclaimable = batch.deposit === 0n ? 0n : await reclaimableOf(client, batchId)
  const next =
    state === 'pending' && head > reviewEnd
      ? `tributary data decide ${batchId}`
      : reclaimable > 0n
        ? `tributary data reclaim ${batchId}`
        : undefined
  return {
    ...batch,
    state,
    reason: shortText(batch.reason),
    reviewEnd: state === 'pending' ? reviewEnd : undefined,
    isLate: head > reviewEnd,
    version: version && { id: versionId ?? 0n, state: nameOf(versionStates, version.state) },
    reclaimable,
    next,
  }
}

function tell(
  { batchId, rows }: Pushed,
  batch: Status,
  income: { readonly answers: number; readonly amount: bigint } | undefined,
  flags: DataFlags,
  io: Io,
): void {
  const { state, reason, deposit, reclaimable, reviewEnd, version, next } = batch
  const { answers = 0, amount = 0n } = income ?? {}
  if (flags.json) {
    const facts = { batchId, rows, state, reason, deposit, reclaimable, reviewEnd, version, next }
    io.out(toJsonText({ ...facts, answers, earned: amount.toString() }))
    return
  }
  const why = reason === '' ? '' : ` (${reason})`
  io.out(
    `batch ${batchId}: ${count(rows, 'row')}, ${state}${why}${placeText(batch)}, shaped ${count(answers, 'answer')}, earned ${toAmountText(amount)}`,
  )
  if (deposit > 0n)
    io.out(
      `  deposit ${toAmountText(deposit)}${reclaimable > 0n ? `, of it ${toAmountText(reclaimable)} to be had back` : ''}`,
    )
  if (next !== undefined) io.out(`  next: ${next}`)
}

function placeText({ state, isLate, reviewEnd, version }: Status): string {
  if (reviewEnd !== undefined)
    return isLate
      ? `, no verdict up to block ${reviewEnd}, the last one for it`
      : `, to be reviewed up to block ${reviewEnd}`
  if (state !== 'accepted') return ''
  return version ? `, in version ${version.id} (${version.state})` : ', not published yet'
}

/** The youngest version that appended each batch. */
async function versionsByBatch(client: Reader, datanetId: bigint) {
  const published = await datanetEvents(client, 'VersionPublished', { datanetId })
  const versions = new Map<bigint, bigint>()
  for (const { args } of published)
    for (const batchId of args.batchIds) versions.set(batchId, args.versionId)
  return versions
}

async function earningsOf(client: Reader, contributor: Address) {
  const { batches } = await explained(client.attribution.earnings(contributor))
  return new Map(batches.map((one) => [one.batchId, one]))
}

/** Wei that `reclaim` would give now; 0 when it would not yet. */
async function reclaimableOf(client: Reader, batchId: bigint): Promise<bigint> {
  const { datanet } = client
  const simulated = await datanet.simulate
    .reclaim([batchId], { account: anybody })
    .catch(() => undefined)
  return simulated?.result ?? 0n
}

/** The module looks at no caller: the deposit goes to the contributor. */
const anybody = '0x0000000000000000000000000000000000000001'

/** Deposits of an account's batches that can be had back now. */
export async function reclaimableDeposits(client: Reader, contributor: Address) {
  const submitted = await datanetEvents(client, 'BatchSubmitted', { contributor })
  const deposits: { readonly batchId: bigint; readonly amount: bigint }[] = []
  for (const { args } of submitted) {
    const { deposit } = await explained(client.datanet.read.batch([args.batchId]))
    const amount = deposit === 0n ? 0n : await reclaimableOf(client, args.batchId)
    if (amount > 0n) deposits.push({ batchId: args.batchId, amount })
  }
  return deposits
}

export async function decideBatch(batchId: bigint, flags: ClientFlags, io: Io): Promise<ExitCode> {
  const client = await openClient(flags)
  await explained(client.datanet.simulate.decide([batchId]))
  const receipt = await mined(client, client.datanet.write.decide([batchId]))
  const state = nameOf(batchStates, logged(receipt, 'datanet', 'BatchDecided').state)
  io.out(
    flags.json
      ? toJsonText({ batchId, state })
      : `batch ${batchId} is ${state}${state === 'accepted' ? '' : `; its deposit: tributary data reclaim ${batchId}`}`,
  )
  return exitCodes.ok
}

export async function retractBatch(
  batchId: bigint,
  flags: ClientFlags & { readonly reason: string },
  io: Io,
): Promise<ExitCode> {
  const client = await openClient(flags)
  const args = [batchId, stringToHex(flags.reason, { size: 32 })] as const
  await explained(client.datanet.simulate.retract(args))
  await mined(client, client.datanet.write.retract(args))
  io.out(
    flags.json
      ? toJsonText({ batchId, state: 'retracted' })
      : `batch ${batchId} is retracted; its deposit: tributary data reclaim ${batchId}`,
  )
  return exitCodes.ok
}

export async function reclaimDeposit(
  batchId: bigint,
  flags: ClientFlags,
  io: Io,
): Promise<ExitCode> {
  const client = await openClient(flags)
  const { contributor, deposit } = await explained(client.datanet.read.batch([batchId]))
  const { result: amount } = await explained(client.datanet.simulate.reclaim([batchId]))
  if (amount === 0n && deposit === 0n)
    throw new NodeError('NOTHING_THERE', `batch ${batchId} has no deposit (any more)`)
  await mined(client, client.datanet.write.reclaim([batchId]))
  const isOwn = contributor.toLowerCase() === client.account.address.toLowerCase()
  if (isOwn && amount > 0n) await mined(client, client.datanet.write.withdraw([contributor]))
  io.out(
    flags.json
      ? toJsonText({ batchId, amount, contributor, isWithdrawn: isOwn })
      : isOwn
        ? `${toAmountText(amount)} of the deposit of batch ${batchId} are with ${contributor} again`
        : `${toAmountText(amount)} are ${contributor}’s again, who takes them with tributary rewards claim`,
  )
  return exitCodes.ok
}
