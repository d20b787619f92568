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
  type GetContractReturnType,
  type Hex,
  type Transport,
} from 'viem'
import { moduleAbis, moduleAddresses, type ModuleName } from '../attribution/abi.ts'
import {
  assetView,
  auditsView,
  auditView,
  batchView,
  certificatesView,
  datanetView,
  earningsView,
  epochIds,
  epochView,
  explainRequest,
  gateView,
  leavesView,
  pendingView,
  receiptView,
  requestsOf,
  usageView,
  versionView,
  type BlockRange,
  type RowPage,
} from '../attribution/views/index.ts'
import { createChainReader } from './reader.ts'
import { putRows } from './rows.ts'

/** What a client has more; spelled out, for the compiler would write a megabyte of it into the .d.ts. */
export type AttributionActions<client extends Client = Client> = {
  readonly [name in ModuleName]: GetContractReturnType<
    (typeof moduleAbis)[name],
    client,
    (typeof moduleAddresses)[name]
  >
} & { readonly attribution: ReturnType<typeof viewsOf> }

export const attributionActions =
  () =>
  <
    transport extends Transport,
    chain extends Chain | undefined,
    account extends Account | undefined,
  >(
    client: Client<transport, chain, account>,
  ): AttributionActions<Client<transport, chain, account>> => ({
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
  /** An epoch of netted answers, and what its rows are owed so far; `epochs`: ids, the youngest first. */
  epoch: async (receiptId: Hex, rows?: RowPage) =>
    epochView(await createChainReader(client), receiptId, rows),
  epochs: async (
    only?: { readonly assetId?: bigint; readonly isOpen?: boolean },
    range?: BlockRange,
  ) => epochIds(await createChainReader(client), only, range),
  /** Stated receipts that are not over: what is due on each, and until when. */
  audits: async (
    only?: { readonly committer?: Address; readonly assetId?: bigint },
    range?: BlockRange,
  ) => auditsView(await createChainReader(client), only, range),
  /** One of them; undefined for a receipt that is over or not audited. */
  audit: async (receiptId: Hex) => auditView(await createChainReader(client), receiptId),
  /** What the novelty gate has measured of a batch. */
  gate: async (batchId: bigint) => gateView(await createChainReader(client), batchId),
  /** Which versions a head was shown to be the optimum of. */
  certificates: async (assetId: bigint) =>
    certificatesView(await createChainReader(client), assetId),
  /** Requests that a receipt answers: one, or all of an epoch. */
  requests: async (receiptId: Hex) => requestsOf(await createChainReader(client), receiptId),
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
