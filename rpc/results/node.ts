/** What a node says of itself, and a devnet of its settings. */
import { block, transaction } from './chain.ts'
import {
  account,
  bytes,
  either,
  fields,
  flag,
  hash32,
  integer,
  list,
  map,
  none,
  number,
  object,
  quantity,
  text,
} from './schema.ts'

export const nodeInfo = object({
  ...fields(text, 'id', 'name', 'enode', 'listenAddr'),
  addresses: list(text),
  protocols: object({
    tributary: object({
      ...fields(integer, 'network', 'height'),
      ...fields(hash32, 'genesis', 'head'),
    }),
  }),
})
export const peers = list(
  object({
    ...fields(text, 'id', 'name', 'enode'),
    caps: list(text),
    network: object({ remoteAddress: text, inbound: flag }),
    protocols: object({
      tributary: object({ validator: either(account, none), score: number, since: number }),
    }),
  }),
)

export const anvilMetadata = object({
  clientVersion: text,
  ...fields(integer, 'chainId', 'latestBlockNumber'),
  ...fields(hash32, 'instanceId', 'latestBlockHash'),
  forkedNetwork: none,
  // Height and hash, by id.
  snapshots: map({ type: 'array', prefixItems: [integer, hash32] }),
})
export const anvilNodeInfo = object({
  currentBlockNumber: quantity,
  currentBlockTimestamp: integer,
  currentBlockHash: hash32,
  ...fields(text, 'hardFork', 'transactionOrder'),
  environment: object({
    chainId: integer,
    ...fields(quantity, 'baseFee', 'gasLimit', 'gasPrice'),
  }),
  forkConfig: object(fields(none, 'forkUrl', 'forkBlockNumber', 'forkRetryBackoff')),
})

const minedTransaction = {
  ...transaction,
  required: [...(transaction['required'] as readonly string[]), 'output'],
  properties: {
    ...(transaction['properties'] as object),
    output: bytes,
    revertReason: text,
  },
}
/** anvil's: blocks with what each transaction returned. */
export const minedInDetail = list({
  ...block,
  properties: { ...(block['properties'] as object), transactions: list(minedTransaction) },
})

export const snapshot = object({
  name: text,
  ...fields(integer, 'height', 'timestamp'),
  hash: hash32,
})
