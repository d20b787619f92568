/** Money for an account of a devnet, without a transaction: what a page's "give me some" button calls. */
import { stateFor } from '../../blocks.ts'
import { invalidParams } from '../../errors.ts'
import { quantity } from '../../format.ts'
import type { MethodTable } from '../../method.ts'
import { address, optional, required } from '../../params.ts'
import { devMethod } from './dev-method.ts'
import { anyUint256 } from './params.ts'

/** 100 OPEN: enough for thousands of transactions. */
const portion = 100n * 10n ** 18n

export const faucet: MethodTable = {
  /** Adds `wei` (100 OPEN when absent) and answers the new balance. */
  dev_faucet: devMethod(
    [required('address', address), optional('wei', anyUint256)],
    async (dev, { api }, who, wei = portion) => {
      const balance = (stateFor(api.chain, undefined).account(who)?.balance ?? 0n) + wei
      if (balance >= 2n ** 256n) throw invalidParams('the balance would be over 256 bits')
      await dev.edit([{ address: who, balance }])
      return quantity(balance)
    },
  ),
}
