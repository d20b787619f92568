/** Methods a devnet has beside all others; a node of a network answers -32601 to each. */
import type { MethodTable } from '../../method.ts'
import { devBlocks } from './blocks.ts'
import { wallet } from './wallet.ts'

export const devMethods: MethodTable = { ...wallet, ...devBlocks }
