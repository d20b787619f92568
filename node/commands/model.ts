/**
 * `tributary model`, `tributary ask`: registering what was trained on which versions, and paying for an
 * answer. The provider of a model answers; `model answer` is its side of the same request.
 */
import { readFile } from 'node:fs/promises'
import { bytesToHex, keccak256, stringToBytes, zeroAddress, zeroHash, type Hex } from 'viem'
import { NodeError } from '../../primitives/index.ts'
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
import { keepAnswer } from '../provider/answers.ts'
import { events } from '../../attribution/views/index.ts'
import { createChainReader, stateAnswer } from '../../sdk/index.ts'
import { logged } from '../logged.ts'
import { count, toAmountText, toJsonText } from '../text.ts'

export interface RegisterFlags extends ClientFlags {
  readonly manifest: string
  readonly source: readonly bigint[]
  readonly parent: readonly (readonly [assetId: bigint, sharePpm: number])[]
  readonly price: bigint
  readonly uri: string
  readonly provider?: `0x${string}`
}

export async function registerModel(flags: RegisterFlags, io: Io): Promise<ExitCode> {
  const manifest = await readBytes(flags.manifest)
  const client = await openClient(flags)
  const registration = {
    kind: flags.parent.length === 0 ? 0 : 1,
    contentHash: keccak256(manifest),
    manifestHash: keccak256(manifest),
    uri: flags.uri,
    parents: flags.parent.map(([assetId, sharePpm]) => ({ assetId, edge: 0, sharePpm })),
    sources: flags.source.map((versionId) => ({ versionId, edge: 0 })),
    termsFlags: 0,
    price: flags.price,
    provider: flags.provider ?? zeroAddress,
  }
  if (flags.source.length === 0 && flags.parent.length === 0)
    io.err(
      'warning: without --source no data is paid for its answers: the data part of each fee goes to the treasury',
    )
  const same = await assetsOf(client, registration.manifestHash)
  if (same.length > 0)
    io.err(`warning: this manifest is registered already, as model ${same.join(', ')}`)
  await explained(client.lineage.simulate.register([registration]))
  const receipt = await mined(client, client.lineage.write.register([registration]))
  const { assetId } = logged(receipt, 'lineage', 'AssetRegistered')
  io.out(
    flags.json
      ? toJsonText({ assetId })
      : `model ${assetId} registered: ${count(flags.source.length, 'source')}, an answer costs at least ${toAmountText(flags.price)}`,
  )
  return exitCodes.ok
}

/** Models of the account with this very manifest. */
async function assetsOf(client: Writer, manifestHash: Hex): Promise<readonly bigint[]> {
  const reader = await createChainReader(client)
  const owner = client.account.address
  const registered = await explained(events(reader, 'lineage', 'AssetRegistered', { owner }))
  return registered
    .filter(({ args }) => args.manifestHash === manifestHash)
    .map(({ args }) => args.assetId)
}

export async function showModel(id: bigint, flags: ClientFlags, io: Io): Promise<ExitCode> {
  const client = await openReader(flags)
  const asset = await explained(client.attribution.asset(id), 'asset')
  const usage = await explained(client.attribution.usage(id), 'asset')
  const { versions } = await explained(client.attribution.certificates(id), 'asset')
  if (flags.json) io.out(toJsonText({ asset, usage, certificates: versions }))
  else {
    io.out(
      `model ${id} (${asset.kind}, ${asset.state}) of ${asset.owner}${asset.uri === '' ? '' : `, ${asset.uri}`}`,
    )
    for (const { versionId, edge } of asset.sources) {
      const found = versions.find((one) => one.versionId === versionId)
      const block = found?.blockNumber
      const shown = block === undefined ? '' : `, its head certified in block ${block}`
      io.out(`  ${edge} version ${versionId}${shown}`)
    }
    for (const { assetId, edge, sharePpm } of asset.parents)
      io.out(`  ${edge} model ${assetId}, ${sharePpm / 10_000} % of the model part`)
    io.out(`  price ${toAmountText(asset.price)}, ${count(usage.requests, 'paid request')}`)
    io.out(`  fees ${toAmountText(usage.fees)}, of them to data ${toAmountText(usage.data)}`)
  }
  return exitCodes.ok
}

export interface AskFlags extends ClientFlags {
  readonly pay?: bigint
  readonly waitS: number
}

export async function ask(
  assetId: bigint,
  question: string,
  flags: AskFlags,
  io: Io,
): Promise<ExitCode> {
  if (question.trim() === '') throw usageError('the question is empty')
  const client = await openClient(flags)
  const { price, owner, provider } = await explained(client.lineage.read.asset([assetId]))
  const value = flags.pay ?? price
  const inputHash = keccak256(stringToBytes(question))
  const nonce = BigInt(
    await explained(client.getTransactionCount({ address: client.account.address })),
  )
  const args = [assetId, inputHash, nonce, 0n] as const
  const { result: requestId } = await explained(client.rewards.simulate.pay(args, { value }))
  await mined(client, client.rewards.write.pay(args, { value }))
  io.out(
    flags.json
      ? toJsonText({ type: 'paid', requestId, value })
      : `paid ${toAmountText(value)} to model ${assetId}: request ${requestId}`,
  )
  const receiptId = await waitForReceipt(client, requestId, flags.waitS)
  if (receiptId === undefined) {
    const { refundBlock } = await explained(client.rewards.read.payment([requestId]))
    const who = provider === zeroAddress ? owner : provider
    if (flags.json) io.out(toJsonText({ type: 'waiting', requestId, provider: who, refundBlock }))
    else {
      const after = flags.waitS > 0 ? ` within ${count(flags.waitS, 'second')}` : ' yet'
      io.err(
        `No answer${after}. Send the request and the question to ${who}, who serves model ${assetId}: only a hash of it is on the chain.`,
      )
      io.err(
        `The fee waits in escrow, do not pay again. Look: tributary rewards explain ${requestId}; from block ${refundBlock} on it comes back: tributary rewards refund ${requestId}`,
      )
    }
    return exitCodes.ok // it is paid, and a script that tried again would pay twice
  }
  io.out(
    flags.json
      ? toJsonText({ type: 'answered', requestId, receiptId })
      : `answered, receipt ${receiptId}. Who shaped it: tributary rewards explain ${requestId}`,
  )
  return exitCodes.ok
}

/** undefined when `seconds` went by without one. */
async function waitForReceipt(
  client: Writer,
  requestId: Hex,
  seconds: number,
): Promise<Hex | undefined> {
  for (let left = seconds; ; left--) {
    const receiptId = await explained(client.receipts.read.receiptOf([requestId]))
    if (receiptId !== zeroHash) return receiptId
    if (left <= 0) return undefined
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
}

export interface AnswerFlags extends ClientFlags {
  readonly file: string
  readonly version: bigint
  readonly method: number
  /** Add it to the open epoch of the model, version and method. */
  readonly enter?: boolean
  /** State its receipt under a bond, and keep the answer in this folder for an audit. */
  readonly state?: string
}

/** The provider's side: attributes the answer in the module, then settles the fee. */
export async function answer(requestId: Hex, flags: AnswerFlags, io: Io): Promise<ExitCode> {
  if (!/^0x[0-9a-fA-F]{64}$/.test(requestId)) throw usageError('give the hash of a request')
  if (flags.enter === true && flags.state !== undefined)
    throw usageError('give --enter or --state, not both')
  const read = await readBytes(flags.file)
  if (read.length === 0)
    throw new NodeError(
      'ANSWER_EMPTY',
      `${flags.file} is empty: it would settle the fee for nothing`,
    )
  const bytes = bytesToHex(read)
  const client = await openClient(flags)
  const args = [requestId, flags.version, flags.method, bytes] as const
  if (flags.enter === true) return enter(client, args, flags, io)
  if (flags.state !== undefined) {
    await keepAnswer(flags.state, read)
    return state(client, args, { ...flags, folder: flags.state }, io)
  }
  const receiptId = await attributed(client, args, io)
  const leaves = (await explained(client.attribution.leaves(receiptId))) ?? []
  const plain =
    leaves.length > maxDirect
      ? []
      : leaves.map(({ clusterId, contributionId, weight }) => ({
          clusterId,
          contributionId,
          weight,
        }))
  await mined(client, client.rewards.write.settle([requestId, plain]))
  io.out(
    flags.json
      ? toJsonText({ requestId, receiptId, leaves: leaves.length })
      : leaves.length === 0
        ? `receipt ${receiptId}: no row of the version was found in the answer, so the data’s part goes to the protocol`
        : `receipt ${receiptId}: ${count(leaves.length, 'contribution')} credited`,
  )
  return exitCodes.ok
}

/** The receipt of an answer: made now, or by a run before that did not come to settle it. */
async function attributed(client: Writer, args: AnswerArgs, io: Io): Promise<Hex> {
  const [requestId] = args
  const before = await explained(client.receipts.read.receiptOf([requestId]))
  if (before !== zeroHash) {
    io.err(`receipt ${before} was recorded before; what is left is to settle the fee`)
    return before
  }
  const { result } = await explained(client.receipts.simulate.attribute(args))
  await mined(client, client.receipts.write.attribute(args))
  return result
}

type AnswerArgs = readonly [requestId: Hex, versionId: bigint, methodId: number, answer: Hex]

/** One of many answers that are paid together, when their epoch is closed. */
async function enter(client: Writer, args: AnswerArgs, { json }: ClientFlags, io: Io) {
  const { result: receiptId } = await explained(client.receipts.simulate.enter(args))
  await mined(client, client.receipts.write.enter(args))
  const epoch = await explained(client.attribution.epoch(receiptId), 'receipt')
  io.out(
    json
      ? toJsonText({ requestId: args[0], receiptId, endBlock: epoch?.endBlock })
      : `entered into epoch ${receiptId}, which can be closed from block ${(epoch?.endBlock ?? 0n) + 1n} on: tributary receipts close ${receiptId}`,
  )
  return exitCodes.ok
}

async function state(
  client: Writer,
  [requestId, versionId, methodId, bytes]: AnswerArgs,
  { json, folder }: ClientFlags & { readonly folder: string },
  io: Io,
) {
  const receiptId = await explained(
    stateAnswer(client, { requestId, versionId, methodId, answer: bytes }),
  )
  const { bond, finalBlock } = await explained(client.receipts.read.status([receiptId]))
  io.out(
    json
      ? toJsonText({ requestId, receiptId, bond, finalBlock })
      : `receipt ${receiptId} stated under a bond of ${toAmountText(bond)}; it may be drawn: keep running tributary provider run --answers ${folder}`,
  )
  return exitCodes.ok
}

/** IRewards.settle credits so many leaves at once; the rest is claimed. */
const maxDirect = 16

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path))
  } catch (error) {
    throw new NodeError('FILE_UNREADABLE', `cannot read ${path}`, { path }, error)
  }
}
