/** What attr_ methods about epochs, audits, the novelty gate and certificates answer (attribution/views as JSON). */
import { methodShape } from './attr.ts'
import {
  account,
  fields,
  flag,
  hash32,
  integer,
  list,
  object,
  quantity,
  signed,
  text,
} from './schema.ts'

const entered = object({
  ...fields(hash32, 'requestId', 'outputHash', 'transactionHash'),
  ...fields(quantity, 'fee', 'blockNumber'),
})
const point = object({
  ...fields(quantity, 'row', 'batchId', 'leader', 'bound', 'weight'),
  contributor: account,
  net: signed,
})
export const epoch = object({
  receiptId: hash32,
  state: text,
  ...fields(quantity, 'assetId', 'versionId', 'endBlock', 'pool', 'base'),
  ...fields(integer, 'requests', 'capTenths', 'backingBps', 'totalRows'),
  method: object(methodShape),
  isDue: flag,
  entered: list(entered),
  rows: list(point),
})
export const epochs = object({ total: integer, items: list(epoch) })

export const audits = object(
  {
    audits: list(
      object(
        {
          ...fields(hash32, 'receiptId', 'requestId', 'outputHash'),
          ...fields(quantity, 'assetId', 'versionId', 'bond', 'committedBlock', 'finalBlock'),
          ...fields(integer, 'methodId', 'tokens'),
          ...fields(text, 'state', 'audit', 'due'),
          committer: account,
        },
        { dueBlock: quantity },
      ),
    ),
  },
  { olderTo: quantity },
)

export const gate = object({
  ...fields(quantity, 'batchId', 'datanetId', 'deposit', 'priorArtVersion'),
  ...fields(text, 'state', 'reason'),
  ...fields(integer, 'rows', 'gateBps'),
  versions: list(
    object({
      ...fields(quantity, 'versionId', 'covered', 'tokens'),
      ...fields(text, 'state', 'verdict'),
      ...fields(integer, 'part', 'rowsMeasured', 'coveredBps'),
    }),
  ),
})

export const certificates = object({
  assetId: quantity,
  contentHash: hash32,
  versions: list(
    object(
      { versionId: quantity, isCertified: flag },
      { blockNumber: quantity, transactionHash: hash32 },
    ),
  ),
})
