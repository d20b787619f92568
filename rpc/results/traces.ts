/** What traces look like: geth's tracers, Parity's frames and diffs, Otterscan's. */
import {
  blockAlways,
  headerSome,
  receiptAlways,
  receiptSome,
  transaction,
  withdrawals,
} from './chain.ts'
import {
  account,
  anyObject,
  bytes,
  either,
  fields,
  flag,
  hash32,
  integer,
  list,
  map,
  none,
  object,
  orNull,
  quantity,
  text,
} from './schema.ts'

/** As the tracer has it (docs of geth: "Built-in EVM tracers"); the struct logger without one. */
export const geth = either(anyObject, list(anyObject))
export const gethBlock = list(object({ txHash: hash32 }, { result: geth, error: text }))

/** By kind of frame; creation, call, selfdestruct, reward. */
const action = object(
  {},
  {
    ...fields(account, 'from', 'to', 'address', 'refundAddress', 'author'),
    ...fields(quantity, 'gas', 'value', 'balance'),
    ...fields(bytes, 'input', 'init'),
    ...fields(text, 'callType', 'creationMethod', 'rewardType'),
  },
)
const frame = {
  action,
  result: orNull(object({ gasUsed: quantity }, { output: bytes, address: account, code: bytes })),
  subtraces: integer,
  traceAddress: list(integer),
  type: text,
}
const place = { ...fields(hash32, 'blockHash'), blockNumber: integer }
/** A reward has no transaction. */
export const placed = object(
  { ...frame, ...place },
  { transactionHash: orNull(hash32), transactionPosition: orNull(integer), error: text },
)
/** `=` the same, `+` new, `-` gone, `*` changed. */
const change = (value: typeof text) =>
  either(
    { const: '=' },
    object({}, { '+': value, '-': value, '*': object(fields(value, 'from', 'to')) }),
  )
const stateDiff = map(
  object({
    ...fields(change(quantity), 'balance', 'nonce'),
    code: change(bytes),
    storage: map(change(hash32)),
  }),
)
export const replayed = object(
  {
    output: bytes,
    stateDiff: orNull(stateDiff),
    trace: list(object(frame, { error: text })),
    vmTrace: none,
  },
  { transactionHash: hash32 },
)

const otsBlockAlways = Object.fromEntries(
  Object.entries(blockAlways).filter(([name]) => name !== 'transactions'),
)
const otsBlock = { ...otsBlockAlways, logsBloom: none, transactionCount: integer }
const otsReceipt = { ...receiptAlways, logs: none, logsBloom: none }

export const otsDetails = orNull(
  object({
    block: object(otsBlock, { ...headerSome, withdrawals }),
    issuance: object(fields(quantity, 'blockReward', 'uncleReward', 'issuance')),
    totalFees: quantity,
  }),
)
export const otsTransactions = orNull(
  object({
    fullblock: object(
      { ...otsBlock, transactions: list(transaction) },
      { ...headerSome, withdrawals },
    ),
    receipts: list(object(otsReceipt, receiptSome)),
  }),
)
export const otsPage = object({
  txs: list(transaction),
  receipts: list(object({ ...receiptAlways, timestamp: integer }, receiptSome)),
  firstPage: flag,
  lastPage: flag,
})
export const otsFrames = list(
  object({
    type: text,
    depth: integer,
    ...fields(account, 'from'),
    to: orNull(account),
    value: orNull(quantity),
    ...fields(bytes, 'input', 'output'),
  }),
)
export const otsOperations = list(
  object({ type: integer, ...fields(account, 'from', 'to'), value: quantity }),
)
export const otsCreator = orNull(object({ hash: hash32, creator: account }))
