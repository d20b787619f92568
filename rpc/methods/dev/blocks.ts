/** Blocks on request. */
import type { MethodTable } from '../../method.ts'
import { devMethod } from './dev-method.ts'

export const devBlocks: MethodTable = {
  /** ganache and anvil answer "0x0" too. */
  evm_mine: devMethod([], async ({ blocks }) => {
    await blocks.mine(1)
    return '0x0'
  }),
}
