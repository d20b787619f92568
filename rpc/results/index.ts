/**
 * The result of every method as JSON schema, for rpc.discover. Methods that only set something say
 * theirs themselves (methods/dev/dev-method.ts). Loaded when somebody asks; checks nothing at run time.
 */
import type { JsonSchema } from '../params.ts'
import * as checks from './attr-audits.ts'
import * as attr from './attr.ts'
import * as chain from './chain.ts'
import * as node from './node.ts'
import * as s from './schema.ts'
import * as traces from './traces.ts'

/** Several methods with one result. */
const same = (schema: JsonSchema, ...names: readonly string[]): Record<string, JsonSchema> =>
  Object.fromEntries(names.map((name) => [name, schema]))

const pool = chain.pool(chain.transaction)
const summaries = chain.pool(s.text)

const eth: Readonly<Record<string, JsonSchema>> = {
  ...same(s.quantity, 'eth_chainId', 'eth_blockNumber', 'eth_gasPrice', 'eth_maxPriorityFeePerGas'),
  ...same(s.quantity, 'eth_blobBaseFee', 'eth_hashrate', 'eth_estimateGas', 'eth_getBalance'),
  ...same(s.quantity, 'eth_getTransactionCount', 'net_peerCount'),
  ...same(s.text, 'eth_subscribe', 'eth_newFilter', 'eth_newBlockFilter', 'net_version'),
  ...same(s.text, 'eth_newPendingTransactionFilter', 'web3_clientVersion'),
  ...same(s.flag, 'eth_mining', 'eth_uninstallFilter', 'eth_unsubscribe', 'net_listening'),
  ...same(s.list(s.account), 'eth_accounts', 'eth_requestAccounts', 'personal_listAccounts'),
  ...same(s.orNull(s.quantity), 'eth_baseFee', 'eth_getUncleCountByBlockHash'),
  ...same(s.orNull(s.quantity), 'eth_getUncleCountByBlockNumber'),
  ...same(s.orNull(s.quantity), 'eth_getBlockTransactionCountByHash'),
  ...same(s.orNull(s.quantity), 'eth_getBlockTransactionCountByNumber'),
  ...same(s.bytes, 'eth_call', 'eth_getCode', 'eth_getRawTransactionByHash'),
  ...same(s.bytes, 'eth_getRawTransactionByBlockHashAndIndex', 'eth_signTransaction', 'eth_sign'),
  ...same(s.bytes, 'eth_getRawTransactionByBlockNumberAndIndex', 'personal_sign'),
  ...same(s.bytes, 'eth_signTypedData', 'eth_signTypedData_v3', 'eth_signTypedData_v4'),
  ...same(s.hash32, 'eth_getStorageAt', 'eth_sendRawTransaction', 'eth_sendTransaction'),
  ...same(s.hash32, 'web3_sha3', 'eth_sendUnsignedTransaction'),
  ...same(s.orNull(chain.header), 'eth_getHeaderByHash', 'eth_getHeaderByNumber'),
  ...same(s.orNull(chain.block), 'eth_getBlockByHash', 'eth_getBlockByNumber'),
  ...same(s.orNull(chain.uncle), 'eth_getUncleByBlockHashAndIndex'),
  ...same(s.orNull(chain.uncle), 'eth_getUncleByBlockNumberAndIndex'),
  ...same(s.orNull(chain.transaction), 'eth_getTransactionByHash'),
  ...same(s.orNull(chain.transaction), 'eth_getTransactionByBlockHashAndIndex'),
  ...same(s.orNull(chain.transaction), 'eth_getTransactionByBlockNumberAndIndex'),
  ...same(s.orNull(chain.transaction), 'eth_getTransactionBySenderAndNonce'),
  ...same(s.list(chain.log), 'eth_getLogs', 'eth_getFilterLogs'),
  eth_coinbase: s.account,
  eth_syncing: chain.syncing,
  eth_feeHistory: chain.feeHistory,
  eth_getBlockReceipts: s.orNull(s.list(chain.receipt)),
  eth_getTransactionReceipt: s.orNull(chain.receipt),
  ...same(chain.receipt, 'eth_sendRawTransactionSync', 'eth_sendTransactionSync'),
  eth_pendingTransactions: s.list(chain.transaction),
  eth_getFilterChanges: chain.changes,
  eth_getStorageValues: s.map(s.list(s.hash32)),
  eth_getProof: chain.proof,
  eth_getAccount: s.orNull(
    s.object({
      ...s.fields(s.hash32, 'codeHash', 'storageRoot'),
      ...s.fields(s.quantity, 'balance', 'nonce'),
    }),
  ),
  eth_getAccountInfo: s.object({ ...s.fields(s.quantity, 'balance', 'nonce'), code: s.bytes }),
  eth_createAccessList: chain.createdAccessList,
  eth_fillTransaction: chain.filled,
  eth_simulateV1: chain.simulated,
  eth_config: chain.forkConfigs,
  eth_capabilities: chain.capabilities,
  txpool_content: pool.whole,
  txpool_contentFrom: pool.ofOne,
  txpool_inspect: summaries.whole,
  txpool_status: s.object(s.fields(s.quantity, 'pending', 'queued')),
  testing_buildBlockV1: chain.payload,
}

const debug: Readonly<Record<string, JsonSchema>> = {
  ...same(s.bytes, 'debug_getRawBlock', 'debug_getRawHeader', 'debug_getRawTransaction'),
  ...same(s.list(s.bytes), 'debug_getRawReceipts', 'debug_getRawTransactions'),
  debug_getBadBlocks: s.list(s.anyObject),
  ...same(traces.geth, 'debug_traceTransaction', 'debug_traceCall'),
  ...same(traces.gethBlock, 'debug_traceBlock', 'debug_traceBlockByHash'),
  ...same(traces.gethBlock, 'debug_traceBlockByNumber', 'debug_traceBadBlock'),
  ...same(s.orNull(s.list(traces.placed)), 'trace_block', 'trace_transaction', 'trace_filter'),
  trace_get: s.orNull(traces.placed),
  ...same(traces.replayed, 'trace_call', 'trace_rawTransaction', 'trace_replayTransaction'),
  ...same(s.orNull(s.list(traces.replayed)), 'trace_callMany', 'trace_replayBlockTransactions'),
  ots_getApiLevel: s.integer,
  ots_hasCode: s.flag,
  ...same(traces.otsDetails, 'ots_getBlockDetails', 'ots_getBlockDetailsByHash'),
  ots_getBlockTransactions: traces.otsTransactions,
  ots_getContractCreator: traces.otsCreator,
  ots_getInternalOperations: traces.otsOperations,
  ots_getTransactionBySenderAndNonce: s.orNull(s.hash32),
  ots_getTransactionError: s.bytes,
  ...same(traces.otsPage, 'ots_searchTransactionsAfter', 'ots_searchTransactionsBefore'),
  ots_traceTransaction: traces.otsFrames,
  erigon_getHeaderByNumber: s.orNull(chain.header),
  erigon_getBlockByTimestamp: s.orNull(chain.block),
}

const own: Readonly<Record<string, JsonSchema>> = {
  attr_getDatanet: s.orNull(attr.datanet),
  attr_getBatch: s.orNull(attr.batch),
  attr_getVersion: s.orNull(attr.version),
  attr_getAsset: s.orNull(attr.asset),
  attr_listDatanets: attr.page(attr.datanet),
  attr_listBatches: attr.page(attr.batch),
  attr_listVersions: attr.page(attr.version),
  attr_listAssets: attr.page(attr.asset),
  attr_modules: attr.modules,
  attr_methods: attr.methods,
  attr_getReceipt: s.orNull(attr.receipt),
  attr_listReceipts: attr.page(attr.receipt),
  attr_getShares: attr.shares,
  attr_getEpoch: s.orNull(checks.epoch),
  attr_listEpochs: checks.epochs,
  attr_listAudits: checks.audits,
  attr_getGate: s.orNull(checks.gate),
  attr_getCertificates: s.orNull(checks.certificates),
  attr_getPending: attr.pending,
  attr_getEarnings: attr.earnings,
  attr_getUsage: attr.usage,
  attr_explainReward: s.orNull(attr.explanation),
  attr_putRows: attr.rowsPut,
  attr_hasRows: s.flag,
  attr_getRows: s.orNull(attr.rows),
  attr_getRow: s.orNull(attr.oneRow),
  attr_buildVersion: attr.built,
  attr_subscribe: s.text,
  attr_unsubscribe: s.flag,
  attr_getCommitCertificate: attr.certificate,
  attr_getValidators: attr.validators,
  attr_consensusStatus: attr.consensus,
  'rpc.discover': s.anyObject,
  rpc_modules: s.map(s.text),
}

const admin: Readonly<Record<string, JsonSchema>> = {
  admin_nodeInfo: node.nodeInfo,
  admin_peers: node.peers,
  ...same(s.flag, 'admin_addPeer', 'admin_removePeer'),
  admin_datadir: s.text,
}

/** Those that do more than set something. */
const devnet: Readonly<Record<string, JsonSchema>> = {
  evm_mine: { const: '0x0' },
  debug_clearTxpool: s.none,
  eth_networkId: s.text,
  ...same(node.minedInDetail, 'evm_mine_detailed', 'anvil_mine_detailed'),
  ...same(s.flag, 'anvil_getAutomine', 'hardhat_getAutomine', 'evm_revert', 'anvil_revert'),
  ...same(s.flag, 'anvil_removeBlockTimestampInterval', 'hardhat_dropTransaction'),
  ...same(s.flag, 'evm_addAccount', 'evm_removeAccount', 'personal_lockAccount'),
  ...same(s.yes, 'personal_unlockAccount', 'anvil_loadState', 'hardhat_loadState'),
  ...same(s.yes, 'dev_loadSnapshot', 'dev_deleteSnapshot'),
  anvil_getIntervalMining: s.orNull(s.number),
  anvil_dropTransaction: s.orNull(s.hash32),
  ...same(s.quantity, 'evm_snapshot', 'anvil_snapshot', 'dev_faucet'),
  ...same(s.integer, 'evm_increaseTime', 'anvil_increaseTime', 'evm_setTime', 'anvil_setTime'),
  ...same(s.integer, 'anvil_getGenesisTime', 'anvil_getLastBlockWallTime'),
  evm_setNextBlockTimestamp: s.text,
  ...same(s.bytes, 'anvil_dumpState', 'hardhat_dumpState'),
  ...same(node.anvilMetadata, 'anvil_metadata', 'hardhat_metadata'),
  anvil_nodeInfo: node.anvilNodeInfo,
  ...same(s.none, 'anvil_getBlobByHash', 'anvil_getBlobsByTransactionHash', 'anvil_setFeeToken'),
  ...same(s.none, 'anvil_setValidatorFeeToken', 'anvil_setFeeAmmLiquidity', 'anvil_dealTIP20'),
  dev_saveSnapshot: node.snapshot,
  dev_listSnapshots: s.list(node.snapshot),
}

export const resultSchemas: Readonly<Record<string, JsonSchema>> = {
  ...eth,
  ...debug,
  ...own,
  ...admin,
  ...devnet,
}
