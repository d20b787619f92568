/**
 * Methods that sign with the node's own accounts, as development tools expect them unlocked. Answers
 * in the shapes of execution-apis; signs for nobody whose key it does not hold.
 */
import { type Address, toHex } from '../../../primitives/index.ts'
import { callArgs } from '../../call-args.ts'
import type { DevApi } from '../../dev-api.ts'
import type { MethodTable } from '../../method.ts'
import { address, bytes, optional, required, text } from '../../params.ts'
import { messageHash, signatureText, typedData, typedDataHash } from '../../personal-message.ts'
import { authorize, unknownAccount } from './authorize.ts'
import { devMethod } from './dev-method.ts'

function sign({ wallet }: DevApi, who: Address, hash: Uint8Array): string {
  const signature = wallet.sign(who, hash)
  if (!signature) throw unknownAccount()
  return signatureText(signature)
}

const signTypedData = devMethod(
  [required('address', address), required('typedData', typedData)],
  async (dev, _, who, data) => sign(dev, who, await typedDataHash(data)),
)

const accounts = devMethod([], ({ wallet }) => wallet.accounts())

export const wallet: MethodTable = {
  eth_accounts: accounts,
  /** What MetaMask asks its user; a devnet has nobody to ask. */
  eth_requestAccounts: accounts,
  personal_listAccounts: accounts,
  /** The signed bytes (execution-apis); geth wraps them in an object, which libraries do not read. */
  eth_signTransaction: devMethod([required('transaction', callArgs)], async (dev, context, args) =>
    toHex((await authorize(dev, context, args)).tx.raw),
  ),
  eth_sign: devMethod(
    [required('address', address), required('message', bytes)],
    (dev, _, who, message) => sign(dev, who, messageHash(message)),
  ),
  /** The password of a devnet's account is anything. */
  personal_sign: devMethod(
    [required('message', bytes), required('address', address), optional('password', text)],
    (dev, _, message, who) => sign(dev, who, messageHash(message)),
  ),
  eth_signTypedData: signTypedData,
  eth_signTypedData_v3: signTypedData,
  eth_signTypedData_v4: signTypedData,
}
