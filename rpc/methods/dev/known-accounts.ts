/**
 * ganache's accounts that are known by address alone (evm_addAccount): locked until unlocked, then
 * acted for without a key. A password is checked against the one given at the beginning.
 */
import type { MethodTable } from '../../method.ts'
import { address, optional, required, text } from '../../params.ts'
import { devMethod } from './dev-method.ts'
import { anyUint64 } from './params.ts'
import { unknownAccount } from './authorize.ts'

const who = required('address', address)
const password = required('password', text)

export const devKnownAccounts: MethodTable = {
  evm_addAccount: devMethod([who, password], ({ wallet }, _, account, word) =>
    wallet.add(account, word),
  ),
  evm_removeAccount: devMethod([who, password], ({ wallet }, _, account, word) =>
    wallet.remove(account, word),
  ),
  /** What ethers' `unlock` asks. No clock runs: the account stays unlocked until it is locked. */
  personal_unlockAccount: devMethod(
    [who, password, optional('seconds', anyUint64)],
    ({ wallet }, _, account, word) => {
      if (!wallet.unlock(account, word)) throw unknownAccount()
      return true
    },
  ),
  personal_lockAccount: devMethod([who], ({ wallet }, _, account) => wallet.lock(account)),
}
