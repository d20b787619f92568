/** Methods of a devnet that nodes of a network do not have. The next issue makes them many. */
import { methodNotFound } from '../errors.ts'
import { method, type MethodTable } from '../method.ts'

export const dev: MethodTable = {
  /** ganache and anvil answer "0x0" too. */
  evm_mine: method([], async ({ api }) => {
    if (!api.seal) throw methodNotFound('evm_mine')
    await api.seal()
    return '0x0'
  }),
}
