/**
 * `client.extend(attributionActions())`: the native modules on any viem client. Each module is viem's
 * contract instance (read, write, simulate, estimateGas, getEvents, watchEvent), typed by its ABI;
 * `attribution` holds the views that join them. Signs nothing by itself: the client's account does.
 */
import {
  getContract,
  type Account,
  type Address,
  type Chain,
  type Client,
  type Hex,
  type Transport,
} from 'viem'
import { moduleAbis, moduleAddresses } from '../attribution/abi.ts'
import {
  assetView,
  batchView,
  datanetView,
  earningsView,
  explainRequest,
  leavesView,
  pendingView,
  receiptView,
  usageView,
  versionView,
  type BlockRange,
} from '../attribution/views/index.ts'
import { createChainReader } from './reader.ts'
import { putRows } from './rows.ts'

export const attributionActions =
  () =>
  <
    transport extends Transport,
    chain extends Chain | undefined,
    account extends Account | undefined,
  >(
    client: Client<transport, chain, account>,
  ) => ({
    registry: getContract({ address: moduleAddresses.registry, abi: moduleAbis.registry, client }),
    datanet: getContract({ address: moduleAddresses.datanet, abi: moduleAbis.datanet, client }),
    lineage: getContract({ address: moduleAddresses.lineage, abi: moduleAbis.lineage, client }),
    receipts: getContract({ address: moduleAddresses.receipts, abi: moduleAbis.receipts, client }),
    rewards: getContract({ address: moduleAddresses.rewards, abi: moduleAbis.rewards, client }),
    params: getContract({ address: moduleAddresses.params, abi: moduleAbis.params, client }),
    proofs: getContract({ address: moduleAddresses.proofs, abi: moduleAbis.proofs, client }),
    attribution: viewsOf(client),
  })

/** Whole answers, computed here from the node's calls and logs as of its head. */
const viewsOf = (client: Client) => ({
  /** Gives a node the rows of a batch to keep and serve (attr_putRows). */
  putRows: (bytes: Uint8Array) => putRows(client, bytes),
  datanet: async (id: bigint) => datanetView(await createChainReader(client), id),
  batch: async (id: bigint) => batchView(await createChainReader(client), id),
  version: async (id: bigint) => versionView(await createChainReader(client), id),
  asset: async (id: bigint) => assetView(await createChainReader(client), id),
  receipt: async (id: Hex) => receiptView(await createChainReader(client), id),
  leaves: async (receiptId: Hex) => leavesView(await createChainReader(client), receiptId),
  /** Everything behind one request, one line per part of the fee. */
  explain: async (requestId: Hex, account?: Address) =>
    explainRequest(await createChainReader(client), requestId, account),
  pending: async (account: Address, range?: BlockRange) =>
    pendingView(await createChainReader(client), account, range),
  earnings: async (account: Address, range?: BlockRange) =>
    earningsView(await createChainReader(client), account, range),
  usage: async (assetId?: bigint, range?: BlockRange) =>
    usageView(await createChainReader(client), assetId, range),
})
