/** A transaction object made whole and signed, or marked as impersonated, by the devnet's wallet. */
import type { Address, Transaction } from '../../../primitives/index.ts'
import type { CallArgs } from '../../call-args.ts'
import { type RpcError, serverError } from '../../errors.ts'
import { fillTransaction } from '../../fill-transaction.ts'
import type { DevApi } from '../../dev-api.ts'
import type { Context } from '../../method.ts'

interface Authorized {
  readonly tx: Transaction
  readonly from: Address
}

/** geth's words for an account without a key. */
export const unknownAccount = (): RpcError => serverError('unknown account')

/** `from` may be left out where there is one account to choose: the first. Throws RpcError. */
export async function authorize(
  { wallet }: DevApi,
  context: Context,
  args: CallArgs,
): Promise<Authorized> {
  const from = args.from ?? wallet.accounts()[0]
  if (!from) throw unknownAccount()
  const tx = wallet.authorize(await fillTransaction(context, { ...args, from }), from)
  if (!tx) throw unknownAccount()
  return { tx, from }
}
