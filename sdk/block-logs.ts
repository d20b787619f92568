/**
 * The logs of one block, carried so that nobody need be believed: the header, which hashes to the block
 * hash, and all receipts, which make its receipts root. Whether the hash is the chain's is the caller's
 * to know (from a commit certificate, another node, an explorer).
 */
import type { Client } from 'viem'
import {
  accept,
  decodeReceipt,
  decodeRlp,
  encodeReceipt,
  encodeRlp,
  fromHex,
  headerFromRlp,
  headerToRlp,
  keccakHex,
  orderedRoot,
  reject,
  RlpError,
  toHex,
  type Address,
  type Header,
  type Hex,
  type Log,
  type TransactionType,
  type Verdict,
} from '../primitives/index.ts'

export interface BlockLogs {
  readonly blockHash: Hex
  /** RLP. */
  readonly header: Hex
  /** All of the block, in order, as EIP-2718 encodes them. */
  readonly receipts: readonly Hex[]
}

/** A proof of more than so many bytes is refused unread: a full block's logs fit. */
const maxBytes = 16 * 2 ** 20

export interface ProvenLogs {
  readonly header: Header
  readonly logs: readonly Log[]
}

/** What the bytes prove about `blockHash`; a rejection with the reason for anything else. Throws nothing. */
export function verifyBlockLogs(
  proof: BlockLogs,
): Verdict<ProvenLogs, 'LOGS_MALFORMED' | 'LOGS_FORGED'> {
  const size = proof.receipts.reduce((sum, { length }) => sum + length, proof.header.length)
  if (size / 2 > maxBytes) return reject('LOGS_MALFORMED', 'more bytes than a block can have')
  if (![proof.header, ...proof.receipts].every((text) => /^0x([0-9a-f]{2})*$/i.test(text)))
    return reject('LOGS_MALFORMED', 'not hex')
  try {
    const bytes = fromHex(proof.header)
    if (keccakHex(bytes) !== proof.blockHash.toLowerCase())
      return reject('LOGS_FORGED', 'the header is not that of the block')
    const header = headerFromRlp(decodeRlp(bytes))
    const receipts = proof.receipts.map(fromHex)
    if (orderedRoot(receipts) !== header.receiptsRoot)
      return reject('LOGS_FORGED', 'the receipts are not those of the block')
    return accept({ header, logs: receipts.flatMap((receipt) => decodeReceipt(receipt).logs) })
  } catch (error) {
    if (error instanceof RlpError) return reject('LOGS_MALFORMED', error.message)
    throw error
  }
}

/** Asks a node (eth_getBlockByNumber, eth_getBlockReceipts) and checks what it says. */
export async function fetchBlockLogs(client: Client, blockNumber: bigint): Promise<BlockLogs> {
  const at: Hex = `0x${blockNumber.toString(16)}`
  const block = (await ask(client, 'eth_getBlockByNumber', [at, false])) as BlockJson
  const receipts = (await ask(client, 'eth_getBlockReceipts', [at])) as readonly ReceiptJson[]
  return {
    blockHash: block.hash,
    header: toHex(encodeRlp(headerToRlp(toHeader(block)))),
    receipts: receipts.map((receipt) => toHex(encodeReceipt(toReceipt(receipt)))),
  }
}

const ask = (client: Client, method: string, params: readonly unknown[]): Promise<unknown> =>
  client.request({ method, params } as never)

/** eth_getBlockByNumber's names of a header; execution-apis. */
type BlockJson = Readonly<Record<string, Hex>> & { readonly hash: Hex }
interface ReceiptJson {
  readonly type: Hex
  readonly status: Hex
  readonly cumulativeGasUsed: Hex
  readonly logsBloom: Hex
  readonly logs: readonly {
    readonly address: Address
    readonly topics: readonly Hex[]
    readonly data: Hex
  }[]
}

function toHeader(json: BlockJson): Header {
  const hex = (name: string): Hex => json[name] ?? '0x'
  const number = (name: string): bigint => BigInt(json[name] ?? 0)
  return {
    parentHash: hex('parentHash'),
    unclesHash: hex('sha3Uncles'),
    feeRecipient: hex('miner'),
    stateRoot: hex('stateRoot'),
    transactionsRoot: hex('transactionsRoot'),
    receiptsRoot: hex('receiptsRoot'),
    logsBloom: hex('logsBloom'),
    difficulty: number('difficulty'),
    number: number('number'),
    gasLimit: number('gasLimit'),
    gasUsed: number('gasUsed'),
    timestamp: number('timestamp'),
    extraData: hex('extraData'),
    prevRandao: hex('mixHash'),
    nonce: hex('nonce'),
    baseFeePerGas: number('baseFeePerGas'),
    withdrawalsRoot: hex('withdrawalsRoot'),
    blobGasUsed: number('blobGasUsed'),
    excessBlobGas: number('excessBlobGas'),
    parentBeaconBlockRoot: hex('parentBeaconBlockRoot'),
    requestsHash: hex('requestsHash'),
  }
}

/** EIP-2718 numbers. */
const types: readonly TransactionType[] = ['legacy', 'accessList', 'feeMarket', 'blob', 'setCode']

const toReceipt = (json: ReceiptJson) => ({
  type: types[Number(json.type)] ?? 'legacy',
  status: json.status === '0x1' ? (1 as const) : (0 as const),
  cumulativeGasUsed: BigInt(json.cumulativeGasUsed),
  logsBloom: fromHex(json.logsBloom),
  logs: json.logs.map(({ address, topics, data }) => ({ address, topics, data: fromHex(data) })),
})
