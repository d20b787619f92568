/**
 * A statement: what a contributor keeps, as one JSON object, to show years later and without any node
 * which answer a batch helped to make and with which weight. It holds the block in which the batch was
 * submitted and the one in which the receipt was recorded, and the leaf's proof. Says nothing about
 * money: the fee and its split are state, not evidence of work.
 */
import { decodeEventLog, type Client } from 'viem'
import { moduleAbis, moduleAddresses } from '../attribution/abi.ts'
import { hashSumLeaf, verifySumProof } from '../attribution/methods/index.ts'
import { events, leavesView, receiptView } from '../attribution/views/index.ts'
import {
  accept,
  fromHex,
  NodeError,
  reject,
  toHex,
  type Address,
  type Hex,
  type Log,
  type Verdict,
} from '../primitives/index.ts'
import { fetchBlockLogs, verifyBlockLogs, type BlockLogs } from './block-logs.ts'
import { createChainReader } from './reader.ts'

export interface Statement {
  readonly type: 'tributary-statement-1'
  readonly receiptId: Hex
  readonly batchId: string
  readonly contributor: Address
  readonly leaf: {
    readonly clusterId: string
    readonly weight: string
    readonly index: number
    readonly proof: Hex
  }
  /** Where the batch was submitted, and where the receipt was recorded. */
  readonly submitted: BlockLogs
  readonly recorded: BlockLogs
}

/** Throws NodeError NO_SHARE when the batch has no leaf in the receipt. */
export async function makeStatement(
  client: Client,
  { receiptId, batchId }: { readonly receiptId: Hex; readonly batchId: bigint },
): Promise<Statement> {
  const reader = await createChainReader(client)
  const receipt = await receiptView(reader, receiptId)
  const leaves = (await leavesView(reader, receiptId)) ?? []
  const leaf = leaves.find(({ contributionId }) => contributionId === batchId)
  const [submitted] = await events(reader, 'datanet', 'BatchSubmitted', { batchId })
  if (!receipt || !leaf || !submitted)
    throw new NodeError('NO_SHARE', `batch ${batchId} has no share in receipt ${receiptId}`)
  return {
    type: 'tributary-statement-1',
    receiptId,
    batchId: batchId.toString(),
    contributor: submitted.args.contributor,
    leaf: {
      clusterId: leaf.clusterId.toString(),
      weight: leaf.weight.toString(),
      index: leaf.index,
      proof: leaf.proof,
    },
    submitted: await fetchBlockLogs(client, submitted.blockNumber),
    recorded: await fetchBlockLogs(client, receipt.committedBlock),
  }
}

export interface Proven {
  readonly contributor: Address
  readonly batchRoot: Hex
  readonly outputHash: Hex
  readonly methodId: number
  readonly weight: bigint
  /** Of all leaves. */
  readonly total: bigint
}

export type StatementCode =
  | 'STATEMENT_MALFORMED'
  | 'UNKNOWN_BLOCK'
  | 'LOGS_MALFORMED'
  | 'LOGS_FORGED'
  | 'STATEMENT_FALSE'

/**
 * Checks a statement against block hashes the caller trusts. Every claim is compared with proven bytes;
 * nothing is asked of anybody.
 */
export function verifyStatement(
  statement: unknown,
  isTrusted: (blockHash: Hex) => boolean,
): Verdict<Proven, StatementCode> {
  if (!isStatement(statement)) return reject('STATEMENT_MALFORMED', 'not a statement of this form')
  const found = { submitted: [] as Event[], recorded: [] as Event[] }
  for (const part of ['submitted', 'recorded'] as const) {
    const block = statement[part]
    if (!isTrusted(block.blockHash))
      return reject('UNKNOWN_BLOCK', `block ${block.blockHash} is not one you trust`)
    const verdict = verifyBlockLogs(block)
    if (verdict.type !== 'accept') return verdict
    found[part] = verdict.value.logs.flatMap(readEvent)
  }
  return compare(statement, found.submitted, found.recorded)
}

const isFalse = (what: string) => reject('STATEMENT_FALSE' as const, what)

function compare(
  { batchId, contributor, receiptId, leaf }: Statement,
  submitted: readonly Event[],
  recorded: readonly Event[],
): Verdict<Proven, StatementCode> {
  const batch = submitted.find(
    (event) => event.type === 'batch' && event.batchId.toString() === batchId,
  )
  if (batch?.type !== 'batch') return isFalse('its block has no such batch')
  if (batch.contributor.toLowerCase() !== contributor.toLowerCase())
    return isFalse('the batch is somebody else’s')
  const receipt = recorded.find(
    (event) => event.type === 'receipt' && event.receiptId === receiptId.toLowerCase(),
  )
  if (receipt?.type !== 'receipt') return isFalse('its block has no such receipt')
  const weight = BigInt(leaf.weight)
  const claim = {
    leaf: hashSumLeaf({
      clusterId: BigInt(leaf.clusterId),
      contributionId: BigInt(batchId),
      weight,
    }),
    weight,
    index: BigInt(leaf.index),
    proof: fromHex(leaf.proof),
  }
  const whole = { root: fromHex(receipt.sumRoot), total: receipt.total }
  if (!verifySumProof(whole, claim)) return isFalse('the leaf is not in the receipt’s tree')
  return accept({
    contributor: batch.contributor,
    batchRoot: batch.root,
    outputHash: receipt.outputHash,
    methodId: receipt.methodId,
    weight,
    total: receipt.total,
  })
}

type Event =
  | {
      readonly type: 'batch'
      readonly batchId: bigint
      readonly contributor: Address
      readonly root: Hex
    }
  | {
      readonly type: 'receipt'
      readonly receiptId: Hex
      readonly sumRoot: Hex
      readonly total: bigint
      readonly outputHash: Hex
      readonly methodId: number
    }

/** The two kinds of event a statement rests on, of the modules' own addresses. */
function readEvent({ address, topics: [first, ...rest], data }: Log): Event[] {
  if (first === undefined) return []
  const log = { topics: [first, ...rest] as [Hex, ...Hex[]], data: toHex(data) }
  try {
    if (address === moduleAddresses.datanet) {
      const event = decodeEventLog({ abi: moduleAbis.datanet, ...log })
      if (event.eventName !== 'BatchSubmitted') return []
      const { batchId, contributor, root } = event.args
      return [{ type: 'batch', batchId, contributor, root }]
    }
    if (address !== moduleAddresses.receipts) return []
    const event = decodeEventLog({ abi: moduleAbis.receipts, ...log })
    if (event.eventName !== 'ReceiptCommitted') return []
    const { receiptId, receipt } = event.args
    return [{ type: 'receipt', receiptId, ...receipt }]
  } catch {
    return []
  }
}

const isHex = (value: unknown, bytes?: number): boolean =>
  typeof value === 'string' &&
  /^0x([0-9a-fA-F]{2})*$/.test(value) &&
  (bytes === undefined || value.length === 2 + 2 * bytes)

const isInteger = (value: unknown, bits: bigint): boolean =>
  typeof value === 'string' && /^[0-9]{1,78}$/.test(value) && BigInt(value) < 2n ** bits

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const isBlockLogs = (value: unknown): boolean =>
  isObject(value) &&
  isHex(value['blockHash'], 32) &&
  isHex(value['header']) &&
  Array.isArray(value['receipts']) &&
  value['receipts'].every((receipt) => isHex(receipt))

/** Form only, so that what is read below cannot throw. */
function isStatement(value: unknown): value is Statement {
  if (!isObject(value) || value['type'] !== 'tributary-statement-1') return false
  const { receiptId, batchId, contributor, leaf } = value
  if (!isHex(receiptId, 32) || !isInteger(batchId, 256n) || !isHex(contributor, 20)) return false
  if (!isBlockLogs(value['submitted']) || !isBlockLogs(value['recorded']) || !isObject(leaf))
    return false
  const { clusterId, weight, index, proof } = leaf
  const isPlace = typeof index === 'number' && Number.isInteger(index) && index >= 0
  return isInteger(clusterId, 256n) && isInteger(weight, 64n) && isPlace && isHex(proof)
}
