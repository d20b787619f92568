/** What blocks, transactions, receipts and accounts look like in answers; rpc/format.ts writes them. */
import {
  account,
  bytes,
  either,
  fields,
  flag,
  hash32,
  hex,
  integer,
  list,
  map,
  number,
  object,
  orNull,
  quantity,
  type Shape,
  text,
} from './schema.ts'

const headerAlways: Shape = {
  ...fields(hash32, 'hash', 'parentHash', 'mixHash', 'sha3Uncles', 'stateRoot'),
  ...fields(hash32, 'transactionsRoot', 'receiptsRoot'),
  ...fields(quantity, 'number', 'difficulty', 'gasLimit', 'gasUsed', 'timestamp'),
  ...fields(bytes, 'nonce', 'logsBloom', 'extraData'),
  miner: account,
}
/** Each from its fork on. */
export const headerSome: Shape = {
  ...fields(quantity, 'baseFeePerGas', 'blobGasUsed', 'excessBlobGas'),
  ...fields(hash32, 'withdrawalsRoot', 'parentBeaconBlockRoot', 'requestsHash'),
}
export const header = object(headerAlways, headerSome)

const accessList = list(object({ address: account, storageKeys: list(hash32) }))
const authorization = object({
  address: account,
  ...fields(quantity, 'chainId', 'nonce', 'yParity', 'r', 's'),
})
const transactionAlways: Shape = {
  hash: hash32,
  to: orNull(account),
  input: bytes,
  ...fields(quantity, 'type', 'nonce', 'gas', 'gasPrice', 'value', 'v', 'r', 's'),
}
/** Each from its type on. */
const transactionSome: Shape = {
  ...fields(quantity, 'chainId', 'maxFeePerGas', 'maxPriorityFeePerGas', 'yParity'),
  maxFeePerBlobGas: quantity,
  accessList,
  authorizationList: list(authorization),
  blobVersionedHashes: list(hash32),
}
/** In the pool its place is null. */
export const transaction = object(
  {
    ...transactionAlways,
    from: account,
    blockHash: orNull(hash32),
    ...fields(orNull(quantity), 'blockNumber', 'blockTimestamp', 'transactionIndex'),
  },
  transactionSome,
)
/** Not signed: v, r and s are zero, nobody sends it yet, and what its type does not have is null. */
export const filled = object({
  raw: bytes,
  tx: object({ ...transactionAlways, gasPrice: orNull(quantity) }, transactionSome),
})

export const withdrawals = list(
  object({ address: account, ...fields(quantity, 'index', 'validatorIndex', 'amount') }),
)
export const blockAlways: Shape = {
  ...headerAlways,
  size: quantity,
  transactions: list(either(hash32, transaction)),
  uncles: list(hash32),
}
export const block = object(blockAlways, { ...headerSome, withdrawals })
export const uncle = object({ ...headerAlways, size: quantity, uncles: list(hash32) }, headerSome)

export const log = object({
  address: account,
  topics: list(hash32),
  data: bytes,
  ...fields(quantity, 'blockNumber', 'transactionIndex', 'blockTimestamp', 'logIndex'),
  ...fields(hash32, 'blockHash', 'transactionHash'),
  removed: flag,
})
export const receiptAlways: Shape = {
  ...fields(hash32, 'blockHash', 'transactionHash'),
  ...fields(quantity, 'blockNumber', 'transactionIndex', 'type', 'gasUsed', 'cumulativeGasUsed'),
  effectiveGasPrice: quantity,
  from: account,
  ...fields(orNull(account), 'to', 'contractAddress'),
  logs: list(log),
  logsBloom: bytes,
}
/** Before Byzantium a root instead of a status. */
export const receiptSome: Shape = {
  ...fields(quantity, 'status', 'blobGasPrice', 'blobGasUsed'),
  root: hash32,
}
export const receipt = object(receiptAlways, receiptSome)

export const proof = object({
  address: account,
  ...fields(quantity, 'balance', 'nonce'),
  ...fields(hash32, 'codeHash', 'storageHash'),
  accountProof: list(bytes),
  storageProof: list(object({ key: hex, value: quantity, proof: list(bytes) })),
})

export const feeHistory = object(
  {
    oldestBlock: quantity,
    gasUsedRatio: list(number),
  },
  {
    ...fields(list(quantity), 'baseFeePerGas', 'baseFeePerBlobGas'),
    blobGasUsedRatio: list(number),
    reward: list(list(quantity)),
  },
)

/** What a filter has to tell: logs, or hashes. */
export const changes = list(either(log, hash32, transaction))

const simulatedError = object({ code: integer, message: text }, { data: bytes })
const simulatedCall = object(
  { returnData: bytes, logs: list(log), ...fields(quantity, 'gasUsed', 'maxUsedGas', 'status') },
  { error: simulatedError },
)
export const simulated = list(
  object({ ...blockAlways, calls: list(simulatedCall) }, { ...headerSome, withdrawals }),
)

export const createdAccessList = object({ accessList, gasUsed: quantity }, { error: text })

const forkConfig = object({
  activationTime: integer,
  blobSchedule: orNull(object({ target: integer, max: integer, baseFeeUpdateFraction: integer })),
  chainId: quantity,
  forkId: bytes,
  precompiles: map(account),
  systemContracts: map(account),
})
export const forkConfigs = object({
  current: forkConfig,
  next: orNull(forkConfig),
  last: orNull(forkConfig),
})

const reach = object(
  { disabled: flag, oldestBlock: quantity },
  { deleteStrategy: object({ type: text }, { retentionBlocks: quantity }) },
)
export const capabilities = object({
  head: object({ number: quantity, hash: hash32 }),
  ...fields(reach, 'state', 'tx', 'logs', 'receipts', 'blocks', 'stateproofs'),
})

export const payload = object(
  {
    executionPayload: object(
      {
        ...fields(hash32, 'parentHash', 'stateRoot', 'receiptsRoot', 'prevRandao', 'blockHash'),
        ...fields(quantity, 'blockNumber', 'gasLimit', 'gasUsed', 'timestamp', 'baseFeePerGas'),
        ...fields(bytes, 'logsBloom', 'extraData'),
        feeRecipient: account,
        transactions: list(bytes),
      },
      { ...fields(quantity, 'blobGasUsed', 'excessBlobGas'), withdrawals },
    ),
    blockValue: quantity,
    blobsBundle: object(fields(list(bytes), 'commitments', 'proofs', 'blobs')),
    shouldOverrideBuilder: flag,
  },
  { executionRequests: list(bytes) },
)

/** By sender, then by nonce. */
export const pool = (item: typeof transaction) => ({
  whole: object(fields(map(map(item)), 'pending', 'queued')),
  ofOne: object(fields(map(item), 'pending', 'queued')),
})

export const syncing = either(
  { const: false },
  object(fields(quantity, 'startingBlock', 'currentBlock', 'highestBlock')),
)
