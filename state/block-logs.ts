/**
 * A block's logs with what JSON-RPC tells of each: from the decoded block where it is at hand, else
 * straight from its stored bytes, because decoding whole transactions and receipts for it costs ten
 * times as much. The bytes are our own and canonical, so only their structure is walked here;
 * blocks.ts judges damage.
 */
import {
  type Block,
  type Hex,
  invariant,
  keccakHex,
  type Log,
  type Receipt,
  rlpPayload,
  rlpSlices,
} from '../primitives/index.ts'

export interface PlacedLog extends Log {
  readonly transactionIndex: number
  /** Counts through the whole block. */
  readonly index: number
}

export interface BlockLogs {
  readonly number: bigint
  readonly hash: Hex
  readonly timestamp: bigint
  readonly logs: readonly PlacedLog[]
  transactionHash(index: number): Hex
}

/** Fields of a header in wire order (Yellow Paper, 4.3). */
const numberField = 8
const timestampField = 11
/** Fields of a receipt: the logs are the last. */
const logsField = 3

/** `block` is a block's RLP, `receipts` the RLP list of its receipts. Throws RlpError. */
export function decodeBlockLogs(block: Uint8Array, receipts: Uint8Array): BlockLogs {
  const [header = noBytes, body = noBytes] = rlpSlices(block)
  const fields = rlpSlices(header)
  const logs: PlacedLog[] = []
  for (const [transactionIndex, receipt] of rlpSlices(receipts).entries())
    for (const log of logsOf(rlpPayload(receipt)))
      logs.push({ ...log, transactionIndex, index: logs.length })
  let transactions: readonly Uint8Array[] | undefined
  return {
    number: integer(fields[numberField]),
    hash: keccakHex(header),
    timestamp: integer(fields[timestampField]),
    logs,
    transactionHash(index) {
      transactions ??= rlpSlices(body)
      const item = transactions[index] ?? noBytes
      // A legacy transaction is a list in the block's list, a typed one a string with its bytes.
      return keccakHex((item[0] ?? 0) >= 0xc0 ? item : rlpPayload(item))
    },
  }
}

/** Hashes nothing: a decoded block knows its transactions' hashes. */
export function logsOfDecoded(
  { header, hash, transactions }: Block,
  receipts: readonly Receipt[],
): BlockLogs {
  const logs: PlacedLog[] = []
  for (const [transactionIndex, receipt] of receipts.entries())
    for (const { address, topics, data } of receipt.logs)
      logs.push({ address, topics, data, transactionIndex, index: logs.length })
  return {
    number: header.number,
    hash,
    timestamp: header.timestamp,
    logs,
    transactionHash(index) {
      const tx = transactions[index]
      invariant(tx !== undefined, `a log of the missing transaction ${index}`)
      return tx.hash
    },
  }
}

const noBytes = new Uint8Array(0)

function* logsOf(receipt: Uint8Array): Generator<Log> {
  const isTyped = (receipt[0] ?? 0) < 0xc0
  const list = rlpSlices(isTyped ? receipt.subarray(1) : receipt)[logsField]
  if (!list) return
  for (const log of rlpSlices(list)) {
    const [address = noBytes, topics = noBytes, data = noBytes] = rlpSlices(log)
    yield {
      address: hex(address),
      topics: rlpSlices(topics).map(hex),
      data: rlpPayload(data),
    }
  }
}

const integer = (item: Uint8Array = noBytes): bigint => {
  const bytes = rlpPayload(item)
  return bytes.length === 0 ? 0n : BigInt(textOf(bytes))
}

const hex = (item: Uint8Array): Hex => textOf(rlpPayload(item))

/** Buffer's own loop is several times faster than one in JavaScript. */
const textOf = (bytes: Uint8Array): Hex =>
  `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`
