/** All methods by name. Adding one is an entry in its namespace's table. */
import type { MethodTable } from '../method.ts'
import { dev } from './dev.ts'
import { ethBlocks } from './eth-blocks.ts'
import { ethCalls } from './eth-calls.ts'
import { ethChain } from './eth-chain.ts'
import { ethLogs } from './eth-logs.ts'
import { ethState } from './eth-state.ts'
import { ethTransactions } from './eth-transactions.ts'
import { net } from './net.ts'
import { txpool } from './txpool.ts'
import { web3 } from './web3.ts'

export const methods: MethodTable = {
  ...web3,
  ...net,
  ...txpool,
  ...ethChain,
  ...ethBlocks,
  ...ethTransactions,
  ...ethState,
  ...ethCalls,
  ...ethLogs,
  ...dev,
}
