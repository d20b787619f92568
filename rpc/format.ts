/**
 * The only place where chain data becomes JSON: quantities as minimal hex, bytes as even hex,
 * addresses in lower case, and each field present exactly where geth has it. Looks nothing up.
 */
import {
  effectiveGasPrice,
  encodeBlock,
  encodeRlp,
  fromBigInt,
  fromHex,
  hashHeader,
  headerToRlp,
  keccakHex,
  maxFeePerGas,
  maxPriorityFeePerGas,
  toHex,
  typeByte,
  withoutSignature,
  type AccessListEntry,
  type Address,
  type Authorization,
  type Block,
  type Header,
  type Hex,
  type Log,
  type Receipt,
  type Transaction,
  type UnsignedTransaction,
} from '../primitives/index.ts'
import { blobCount, gasPerBlob } from '../execution/index.ts'
import type { AccountProof, BlockLogs, PlacedLog } from '../state/index.ts'
import type { NodeApi } from './node-api.ts'

export type Json = { readonly [field: string]: unknown }

/** `0x0` for zero, never a leading zero. */
export const quantity = (value: bigint | number): Hex => `0x${value.toString(16)}`

/** The header alone: eth_getHeaderBy*, newHeads. */
export function formatHeader(header: Header, hash: Hex): Json {
  return {
    number: quantity(header.number),
    hash,
    parentHash: header.parentHash,
    nonce: header.nonce,
    mixHash: header.prevRandao,
    sha3Uncles: header.unclesHash,
    logsBloom: header.logsBloom,
    stateRoot: header.stateRoot,
    miner: header.feeRecipient,
    difficulty: quantity(header.difficulty),
    extraData: header.extraData,
    gasLimit: quantity(header.gasLimit),
    gasUsed: quantity(header.gasUsed),
    timestamp: quantity(header.timestamp),
    transactionsRoot: header.transactionsRoot,
    receiptsRoot: header.receiptsRoot,
    ...(header.baseFeePerGas !== undefined && { baseFeePerGas: quantity(header.baseFeePerGas) }),
    ...(header.withdrawalsRoot !== undefined && { withdrawalsRoot: header.withdrawalsRoot }),
    ...(header.blobGasUsed !== undefined && { blobGasUsed: quantity(header.blobGasUsed) }),
    ...(header.excessBlobGas !== undefined && { excessBlobGas: quantity(header.excessBlobGas) }),
    ...(header.parentBeaconBlockRoot !== undefined && {
      parentBeaconBlockRoot: header.parentBeaconBlockRoot,
    }),
    ...(header.requestsHash !== undefined && { requestsHash: header.requestsHash }),
  }
}

export function formatBlock(block: Block, senders: readonly Address[], isFull: boolean): Json {
  return {
    ...formatHeader(block.header, block.hash),
    size: quantity(encodeBlock(block).length),
    transactions: block.transactions.map((tx, index) =>
      isFull ? formatMined(tx, block, index, senderAt(senders, index)) : tx.hash,
    ),
    uncles: block.uncles.map(hashHeader),
    ...(block.withdrawals && {
      withdrawals: block.withdrawals.map((w) => ({
        index: quantity(w.index),
        validatorIndex: quantity(w.validatorIndex),
        address: w.address,
        amount: quantity(w.amount),
      })),
    }),
  }
}

/** An uncle as a block without body (geth). */
export const formatUncle = (header: Header): Json => ({
  ...formatHeader(header, hashHeader(header)),
  size: quantity(encodeRlp([headerToRlp(header), [], []]).length),
  uncles: [],
})

/** What is not decided yet is null, as geth's pending block. */
export const formatPendingHeader = (header: Header): Json => ({
  ...formatHeader(header, header.parentHash),
  hash: null,
  nonce: null,
  miner: null,
})

export function formatPendingBlock(header: Header): Json {
  const empty = header.withdrawalsRoot === undefined ? {} : { withdrawals: [] }
  return {
    ...formatPendingHeader(header),
    size: quantity(encodeRlp([headerToRlp(header), [], []]).length),
    transactions: [],
    uncles: [],
    ...empty,
  }
}

const senderAt = (senders: readonly Address[], index: number): Address => {
  const sender = senders[index]
  if (sender === undefined) throw new Error(`no sender stored for transaction ${index}`)
  return sender
}

/** A transaction in a block; `gasPrice` is what it paid. */
export const formatMined = (tx: Transaction, block: Block, index: number, from: Address): Json => ({
  blockHash: block.hash,
  blockNumber: quantity(block.header.number),
  blockTimestamp: quantity(block.header.timestamp),
  transactionIndex: quantity(index),
  ...formatTransaction(tx, from, effectiveGasPrice(tx, block.header.baseFeePerGas ?? 0n)),
})

/** A transaction that waits; `gasPrice` is the most it would pay. */
export const formatPooled = (tx: Transaction, from: Address): Json => ({
  blockHash: null,
  blockNumber: null,
  blockTimestamp: null,
  transactionIndex: null,
  ...formatTransaction(tx, from, maxFeePerGas(tx)),
})

function formatTransaction(tx: Transaction, from: Address, gasPrice: bigint): Json {
  return {
    type: quantity(typeByte[tx.type]),
    hash: tx.hash,
    from,
    to: tx.to,
    nonce: quantity(tx.nonce),
    gas: quantity(tx.gasLimit),
    gasPrice: quantity(gasPrice),
    value: quantity(tx.value),
    input: toHex(tx.data),
    ...typedFields(tx),
    v: quantity(signatureV(tx)),
    r: quantity(tx.signature.r),
    s: quantity(tx.signature.s),
    ...(tx.type !== 'legacy' && { yParity: quantity(tx.signature.yParity) }),
  }
}

function typedFields(tx: Transaction): Json {
  if (tx.type === 'legacy' && isUnsigned(tx)) return { chainId: quantity(unsignedChainId) }
  if (tx.type === 'legacy') return tx.chainId === undefined ? {} : { chainId: quantity(tx.chainId) }
  return {
    chainId: quantity(tx.chainId),
    accessList: tx.accessList.map(formatAccess),
    ...(tx.type !== 'accessList' && {
      maxFeePerGas: quantity(tx.maxFeePerGas),
      maxPriorityFeePerGas: quantity(maxPriorityFeePerGas(tx)),
    }),
    ...(tx.type === 'blob' && {
      maxFeePerBlobGas: quantity(tx.maxFeePerBlobGas),
      blobVersionedHashes: tx.blobVersionedHashes,
    }),
    ...(tx.type === 'setCode' && { authorizationList: tx.authorizationList.map(formatPermission) }),
  }
}

const formatAccess = ({ address, storageKeys }: AccessListEntry): Json => ({ address, storageKeys })

const formatPermission = (a: Authorization): Json => ({
  chainId: quantity(a.chainId),
  address: a.address,
  nonce: quantity(a.nonce),
  yParity: quantity(a.yParity),
  r: quantity(a.r),
  s: quantity(a.s),
})

/** A simulated call: nobody signed it. */
const isUnsigned = ({ signature: { r, s } }: Transaction): boolean => r === 0n && s === 0n

/** What geth makes of a v of 0, (v - 35) / 2 in 64 bits. */
const unsignedChainId = (2n ** 64n - 35n) / 2n

/** 0 or 1; of legacy 27 or 28, or EIP-155's 35 + 2 x chain id. */
function signatureV(tx: Transaction): bigint {
  const { yParity } = tx.signature
  if (tx.type !== 'legacy' || isUnsigned(tx)) return BigInt(yParity)
  return BigInt(yParity) + (tx.chainId === undefined ? 27n : 35n + 2n * tx.chainId)
}

/** A transaction nobody has signed, in the shape of geth's `types.Transaction`, with its bytes. */
export function formatUnsigned(tx: UnsignedTransaction): Json {
  const { raw, hash } = withoutSignature(tx)
  const isLegacy = tx.type === 'legacy'
  const hasTip = tx.type !== 'legacy' && tx.type !== 'accessList'
  return {
    raw: toHex(raw),
    tx: {
      type: quantity(typeByte[tx.type]),
      ...(!isLegacy && { chainId: quantity(tx.chainId) }),
      nonce: quantity(tx.nonce),
      to: tx.to,
      gas: quantity(tx.gasLimit),
      gasPrice: hasTip ? null : quantity(tx.gasPrice),
      maxPriorityFeePerGas: hasTip ? quantity(tx.maxPriorityFeePerGas) : null,
      maxFeePerGas: hasTip ? quantity(tx.maxFeePerGas) : null,
      ...(tx.type === 'blob' && { maxFeePerBlobGas: quantity(tx.maxFeePerBlobGas) }),
      value: quantity(tx.value),
      input: toHex(tx.data),
      ...(!isLegacy && { accessList: tx.accessList.map(formatAccess) }),
      ...(tx.type === 'blob' && { blobVersionedHashes: tx.blobVersionedHashes }),
      ...(tx.type === 'setCode' && {
        authorizationList: tx.authorizationList.map(formatPermission),
      }),
      v: '0x0',
      r: '0x0',
      s: '0x0',
      ...(!isLegacy && { yParity: '0x0' }),
      hash,
    },
  }
}

/** A log's place in its block. */
export interface LogPlace {
  readonly block: Block
  readonly transactionIndex: number
  /** Counts through the whole block. */
  readonly logIndex: number
}

export const formatLog = (log: Log, { block, transactionIndex, logIndex }: LogPlace): Json => ({
  address: log.address,
  topics: log.topics,
  data: toHex(log.data),
  blockNumber: quantity(block.header.number),
  transactionHash: block.transactions[transactionIndex]?.hash,
  transactionIndex: quantity(transactionIndex),
  blockHash: block.hash,
  blockTimestamp: quantity(block.header.timestamp),
  logIndex: quantity(logIndex),
  removed: false,
})

/** As `formatLog`, as JSON text: logs go out by the ten thousand. */
export const logText = (block: BlockLogs, log: PlacedLog): string =>
  `{"address":"${log.address}","topics":${log.topics.length === 0 ? '[]' : `["${log.topics.join('","')}"]`},` +
  `"data":"${dataText(log.data)}","blockNumber":"${quantity(block.number)}",` +
  `"transactionHash":"${block.transactionHash(log.transactionIndex)}",` +
  `"transactionIndex":"${quantity(log.transactionIndex)}","blockHash":"${block.hash}",` +
  `"blockTimestamp":"${quantity(block.timestamp)}","logIndex":"${quantity(log.index)}","removed":false}`

/** As `toHex`, for what may be long: Buffer's own loop is many times faster than one in JavaScript. */
export const dataText = (bytes: Uint8Array): Hex =>
  `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`

export interface ReceiptContext {
  readonly block: Block
  readonly senders: readonly Address[]
  readonly receipts: readonly Receipt[]
  /** Wei per blob gas in this block; undefined before Cancun. */
  readonly blobFee: bigint | undefined
}

/** All receipts of a block, or the one at `only`. */
export function formatReceipts(context: ReceiptContext, only?: number): Json[] {
  const formatted: Json[] = []
  let [logIndex, gasBefore] = [0, 0n]
  for (const [index, receipt] of context.receipts.entries()) {
    if (only === undefined || only === index)
      formatted.push(formatReceipt(context, receipt, { index, logIndex, gasBefore }))
    logIndex += receipt.logs.length
    gasBefore = receipt.cumulativeGasUsed
  }
  return formatted
}

interface Before {
  readonly index: number
  readonly logIndex: number
  readonly gasBefore: bigint
}

function formatReceipt(context: ReceiptContext, receipt: Receipt, before: Before): Json {
  const { block, senders, blobFee } = context
  const { index, logIndex, gasBefore } = before
  const tx = block.transactions[index]
  if (!tx) throw new Error(`a receipt without transaction at ${index}`)
  const from = senderAt(senders, index)
  return {
    blockHash: block.hash,
    blockNumber: quantity(block.header.number),
    transactionHash: tx.hash,
    transactionIndex: quantity(index),
    type: quantity(typeByte[tx.type]),
    from,
    to: tx.to,
    contractAddress: tx.to === null ? createdAddress(from, tx.nonce) : null,
    gasUsed: quantity(receipt.cumulativeGasUsed - gasBefore),
    cumulativeGasUsed: quantity(receipt.cumulativeGasUsed),
    effectiveGasPrice: quantity(effectiveGasPrice(tx, block.header.baseFeePerGas ?? 0n)),
    logs: receipt.logs.map((log, i) =>
      formatLog(log, { block, transactionIndex: index, logIndex: logIndex + i }),
    ),
    logsBloom: toHex(receipt.logsBloom),
    ...(typeof receipt.status === 'string'
      ? { root: receipt.status }
      : { status: quantity(receipt.status) }),
    ...(tx.type === 'blob' && {
      blobGasUsed: quantity(BigInt(blobCount(tx)) * gasPerBlob),
      blobGasPrice: quantity(blobFee ?? 0n),
    }),
  }
}

/** Address of a contract made by a transaction (Yellow Paper, 7). */
export const createdAddress = (from: Address, nonce: bigint): Address =>
  `0x${keccakHex(encodeRlp([fromHex(from), fromBigInt(nonce)])).slice(26)}`

/** EIP-1186, with geth's zero hashes where there is no account. `keys` are spelled as asked for. */
export function formatProof(proof: AccountProof, address: Address, keys: readonly string[]): Json {
  const { account } = proof
  const zero = `0x${'0'.repeat(64)}`
  return {
    address,
    accountProof: proof.accountProof.map(toHex),
    balance: quantity(account?.balance ?? 0n),
    codeHash: account?.codeHash ?? zero,
    nonce: quantity(account?.nonce ?? 0n),
    storageHash: account?.storageRoot ?? zero,
    storageProof: proof.storage.map(({ slot, value, proof: nodes }, i) => ({
      key: keys[i] ?? quantity(slot),
      value: quantity(value),
      proof: nodes.map(toHex),
    })),
  }
}

/** eth_syncing: false when there is nothing to catch up with. */
export const formatSyncing = (
  status: ReturnType<NodeApi['syncing']>,
): false | { readonly [name: string]: Hex } =>
  status && {
    startingBlock: quantity(status.startingBlock),
    currentBlock: quantity(status.currentBlock),
    highestBlock: quantity(status.highestBlock),
  }
