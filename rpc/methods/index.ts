/** The methods by name, and those a devnet adds. Adding one is an entry in its namespace's table. */
import { costly, type MethodTable } from '../method.ts'
import { admin } from './admin.ts'
import { attrAudits } from './attr-audits.ts'
import { attrObjects } from './attr-objects.ts'
import { attrConsensus } from './attr-consensus.ts'
import { attrRewards } from './attr-rewards.ts'
import { attrRows } from './attr-rows.ts'
import { attrSubscribe } from './attr-subscribe.ts'
import { attrVersion } from './attr-version.ts'
import { devMethods } from './dev/index.ts'
import { debugRaw } from './debug-raw.ts'
import { debugTrace } from './debug-trace.ts'
import { ethBlocks } from './eth-blocks.ts'
import { ethCalls } from './eth-calls.ts'
import { ethChain } from './eth-chain.ts'
import { ethConfig } from './eth-config.ts'
import { ethLogs } from './eth-logs.ts'
import { ethSimulate } from './eth-simulate.ts'
import { ethState } from './eth-state.ts'
import { ethTransactions } from './eth-transactions.ts'
import { net } from './net.ts'
import { rpc } from './rpc.ts'
import { testing } from './testing.ts'
import { ots } from './ots.ts'
import { trace } from './trace.ts'
import { txpool } from './txpool.ts'
import { web3 } from './web3.ts'

const methods: MethodTable = {
  ...web3,
  ...net,
  ...txpool,
  ...ethChain,
  ...ethConfig,
  ...ethBlocks,
  ...ethTransactions,
  ...ethState,
  ...ethCalls,
  ...costly(ethSimulate),
  ...ethLogs,
  ...costly(debugTrace),
  ...costly(trace),
  ...costly(ots),
  ...attrObjects,
  ...attrAudits,
  ...attrRewards,
  ...attrConsensus,
  ...attrRows,
  ...attrSubscribe,
  ...attrVersion,
  ...debugRaw,
  ...rpc,
}

/**
 * Methods a node serves: testing_ where that is wanted, admin_ where only the owner can ask, and a
 * devnet's last, for `eth_accounts` is another there.
 */
export const methodsOf = (
  isDevnet: boolean,
  isTesting = isDevnet,
  isAdmin = isDevnet,
): MethodTable => ({
  ...methods,
  ...(isAdmin && admin),
  ...(isTesting && testing),
  ...(isDevnet && devMethods),
})
