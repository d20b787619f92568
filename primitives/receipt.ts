/** Receipts, logs and blooms: what a transaction left behind, in the form the receipts root binds. */
import { fromHex, toHex, type Address, type Hex } from './bytes.ts'
import { keccak256 } from './keccak.ts'
import { asBytes, asInteger, asList, decodeRlp, encodeRlp, RlpError, type RlpItem } from './rlp.ts'
import { typeByte, type TransactionType } from './transaction.ts'

export interface Log {
  readonly address: Address
  readonly topics: readonly Hex[]
  readonly data: Uint8Array
}

export interface Receipt {
  readonly type: TransactionType
  /** 1 or 0 from Byzantium on (EIP-658); before it the state root after the transaction. */
  readonly status: 0 | 1 | Hex
  readonly cumulativeGasUsed: bigint
  readonly logsBloom: Uint8Array
  readonly logs: readonly Log[]
}

const types = Object.keys(typeByte) as readonly TransactionType[]

/** The bytes of EIP-2718, as in the receipts trie. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  const status = typeof receipt.status === 'string' ? fromHex(receipt.status) : receipt.status
  const rlp = encodeRlp([
    status,
    receipt.cumulativeGasUsed,
    receipt.logsBloom,
    receipt.logs.map((log) => [fromHex(log.address), log.topics.map(fromHex), log.data]),
  ])
  if (receipt.type === 'legacy') return rlp
  const bytes = new Uint8Array(rlp.length + 1)
  bytes[0] = typeByte[receipt.type]
  bytes.set(rlp, 1)
  return bytes
}

/** Throws RlpError. */
export function decodeReceipt(bytes: Uint8Array): Receipt {
  const first = bytes[0] ?? 0
  const type = types[first < 0xc0 ? first : 0]
  if (!type) throw new RlpError(`receipt of unknown type ${first}`)
  const f = asList(decodeRlp(first < 0xc0 ? bytes.subarray(1) : bytes), 'receipt', 4)
  const status = asBytes(f[0], 'status')
  return {
    type,
    status: status.length === 32 ? toHex(status) : asInteger(f[0], 'status', 1) === 1n ? 1 : 0,
    cumulativeGasUsed: asInteger(f[1], 'cumulativeGasUsed', 8),
    logsBloom: asBytes(f[2], 'logsBloom', 256),
    logs: asList(f[3], 'logs').map(logFromRlp),
  }
}

function logFromRlp(item: RlpItem): Log {
  const [address, topics, data] = asList(item, 'log', 3)
  return {
    address: toHex(asBytes(address, 'log address', 20)),
    topics: asList(topics, 'topics').map((topic) => toHex(asBytes(topic, 'topic', 32))),
    data: asBytes(data, 'log data'),
  }
}

/** Sets three bits for every address and topic (Yellow Paper, 4.3.1). */
export function bloomOf(logs: readonly Log[]): Uint8Array {
  const bloom = new Uint8Array(256)
  for (const log of logs) for (const item of [log.address, ...log.topics]) addToBloom(bloom, item)
  return bloom
}

export function mergeBlooms(blooms: readonly Uint8Array[]): Uint8Array {
  const merged = new Uint8Array(256)
  for (const bloom of blooms)
    for (let i = 0; i < 256; i++) merged[i] = (merged[i] ?? 0) | (bloom[i] ?? 0)
  return merged
}

function addToBloom(bloom: Uint8Array, item: Hex): void {
  for (const bit of bloomBits(item)) {
    const at = 255 - (bit >> 3)
    bloom[at] = (bloom[at] ?? 0) | (1 << (bit & 7))
  }
}

/** The three bit positions of an item: 11 low bits of the first three pairs of its hash. */
function bloomBits(item: Hex): number[] {
  const hash = keccak256(fromHex(item))
  return [0, 2, 4].map((i) => (((hash[i] ?? 0) << 8) | (hash[i + 1] ?? 0)) & 2047)
}
