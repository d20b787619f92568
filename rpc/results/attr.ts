/** What attr_ methods answer: datanets, models, receipts, rewards, rows (attribution/views as JSON). */
import {
  account,
  bytes,
  fields,
  flag,
  hash32,
  integer,
  list,
  object,
  orNull,
  quantity,
  type Shape,
  signed,
  text,
} from './schema.ts'

const policy = object({
  ...fields(integer, 'quorumBps', 'reviewBlocks', 'revealBlocks', 'penaltyBps', 'maxBatchRows'),
  ...fields(quantity, 'depositPerBatch', 'depositPerKiB', 'pricePerQuery'),
  ...fields(text, 'mode', 'licence'),
  termsHash: hash32,
  termsFlags: integer,
})
export const datanet = object({
  ...fields(quantity, 'id', 'createdBlock', 'batches', 'versions', 'latestVersionId'),
  curatorWeight: quantity,
  owner: account,
  metaHash: hash32,
  uri: text,
  policy,
})
export const batch = object({
  ...fields(quantity, 'id', 'datanetId', 'sizeBytes', 'submittedBlock', 'deposit', 'clusterId'),
  ...fields(integer, 'scoreBps', 'rows'),
  ...fields(hash32, 'root', 'sketch'),
  ...fields(text, 'state', 'licence', 'reason', 'uri'),
  contributor: account,
})
export const version = object({
  ...fields(quantity, 'id', 'datanetId', 'parentId', 'rows', 'sizeBytes', 'tokens'),
  ...fields(quantity, 'publishedBlock', 'deposit', 'attestedPower'),
  ...fields(hash32, 'root', 'corpusRoot', 'indexRoot'),
  ...fields(text, 'state', 'uri'),
  publisher: account,
  batches: integer,
  parts: list(object({ ...fields(quantity, 'batchId', 'firstRow'), rows: integer })),
})
const split = object(
  fields(integer, 'dataBps', 'modelBps', 'providerBps', 'stakersBps', 'protocolBps'),
)
export const asset = object({
  ...fields(quantity, 'id', 'price', 'floorPrice', 'registeredBlock'),
  ...fields(text, 'kind', 'state', 'uri'),
  ...fields(account, 'owner', 'provider'),
  ...fields(hash32, 'contentHash', 'manifestHash'),
  termsFlags: integer,
  parents: list(object({ assetId: quantity, edge: text, sharePpm: integer })),
  sources: list(object({ versionId: quantity, edge: text })),
  shares: list(object({ assetId: quantity, sharePpm: integer })),
  split,
})

/** A page of a list. */
export const page = (items: typeof datanet) =>
  object({ total: integer, items: list(items) }, { from: integer })

export const methodShape: Shape = {
  ...fields(integer, 'id', 'version', 'windowBlocks', 'signatures', 'capBps', 'accuracyPpm'),
  ...fields(flag, 'active', 'isNative'),
  specHash: hash32,
  ...fields(text, 'name', 'class'),
}
export const methods = list(object(methodShape))
export const modules = list(
  object({
    account,
    ...fields(integer, 'id', 'version'),
    ...fields(quantity, 'activeFrom', 'activeUntil', 'pausedUntil'),
    paused: flag,
    codeHash: hash32,
    name: text,
  }),
)

const challenge = object({
  ...fields(account, 'by', 'loser'),
  ...fields(quantity, 'bond', 'amount'),
  ground: integer,
  upheld: flag,
})
export const receipt = object(
  {
    ...fields(hash32, 'receiptId', 'requestId', 'outputHash', 'sumRoot', 'evidenceHash'),
    transactionHash: hash32,
    ...fields(quantity, 'assetId', 'versionId', 'total', 'bond', 'committedBlock', 'finalBlock'),
    ...fields(integer, 'methodId', 'leaves'),
    ...fields(text, 'state', 'class'),
    committer: account,
    method: object(methodShape),
    audit: object({ state: text, lastAnswerBlock: quantity, tokens: integer }),
  },
  { challenge },
)
const leaf = object({
  index: integer,
  ...fields(quantity, 'clusterId', 'contributionId', 'weight', 'offset'),
  contributor: account,
  proof: bytes,
})
export const shares = list(leaf)

const payment = object({
  state: text,
  payer: account,
  ...fields(quantity, 'assetId', 'amount', 'paidBlock', 'refundBlock'),
  ...fields(hash32, 'inputHash', 'receiptId'),
})
const span = object({
  ...fields(integer, 'start', 'length', 'occurrences'),
  ...fields(quantity, 'row', 'weight', 'contributionId'),
})
const line = object(
  { part: text, account, amount: quantity, isCredited: flag },
  { leaf, assetId: quantity, sharePpm: integer },
)
const reward = object(
  {
    requestId: hash32,
    account,
    ...fields(quantity, 'amount', 'unexplained'),
    payment,
    split,
    lines: list(line),
  },
  {
    receipt,
    leaves: list(leaf),
    evidence: object({ answer: bytes, spans: list(span) }),
    epoch: object({
      ...fields(hash32, 'receiptId', 'outputHash', 'transactionHash'),
      ...fields(quantity, 'endBlock', 'pool', 'base', 'fee', 'blockNumber'),
      requests: integer,
      rows: list(object({ row: quantity, score: signed })),
    }),
  },
)
export const explanation = object({ account, amount: quantity, rewards: list(reward) })

const owed = object({ requestId: hash32, receiptId: hash32, leaf, amount: quantity })
export const pending = object(
  {
    account,
    balances: list(object({ module: text, address: account, amount: quantity })),
    claimable: list(owed),
    provisional: list(owed),
    lineage: list(object(fields(quantity, 'assetId', 'ancestorId', 'amount'))),
  },
  { olderTo: quantity },
)
export const earnings = object({
  account,
  answers: integer,
  amount: quantity,
  batches: list(object({ ...fields(quantity, 'batchId', 'amount'), answers: integer })),
})
export const usage = object(
  {
    ...fields(integer, 'requests', 'settled', 'payers'),
    ...fields(quantity, 'fees', 'data', 'model', 'provider', 'stakers', 'protocol'),
  },
  { assetId: quantity },
)

export const rowsPut = object({
  ...fields(hash32, 'root', 'sketch'),
  ...fields(integer, 'rows', 'sizeBytes'),
})
const row = { hash: hash32, row: text }
export const rows = object({
  root: hash32,
  ...fields(integer, 'total', 'from'),
  items: list(object(row)),
})
export const oneRow = object({ root: hash32, index: integer, ...row, proof: list(hash32) })
export const built = object({
  ...fields(hash32, 'root', 'corpusRoot', 'indexRoot'),
  ...fields(quantity, 'tokens', 'sizeBytes'),
  rows: integer,
})

export const certificate = orNull(
  object({
    ...fields(quantity, 'height', 'round'),
    ...fields(hash32, 'blockHash', 'validatorSetHash'),
    seals: list(object({ validator: account, seal: bytes })),
  }),
)
export const validators = orNull(
  object({ hash: hash32, validators: list(object({ address: account, power: quantity })) }),
)
const step = { ...fields(quantity, 'height', 'round'), step: text }
export const consensus = orNull(object({ ...step, signed: orNull(object(step)) }))
