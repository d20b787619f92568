/** Methods a devnet has beside all others; a node of a network answers -32601 to each. */
import type { MethodTable } from '../../method.ts'
import { devAccounts } from './accounts.ts'
import { devBlocks } from './blocks.ts'
import { devChain } from './chain.ts'
import { devTime } from './time.ts'
import { devState } from './state.ts'
import { devElsewhere } from './elsewhere.ts'
import { devKnownAccounts } from './known-accounts.ts'
import { devNamedSnapshots } from './named-snapshots.ts'
import { devReorg } from './reorg.ts'
import { devTokens } from './tokens.ts'
import { faucet } from './faucet.ts'
import { devSending } from './sending.ts'
import { wallet } from './wallet.ts'

export const devMethods: MethodTable = {
  ...wallet,
  ...devSending,
  ...devAccounts,
  ...devBlocks,
  ...devTime,
  ...devChain,
  ...devState,
  ...devTokens,
  ...devReorg,
  ...devKnownAccounts,
  ...devNamedSnapshots,
  ...devElsewhere,
  ...faucet,
}
