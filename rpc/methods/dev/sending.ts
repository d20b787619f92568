/** anvil's further ways to send: in anybody's name without a signature, and with the receipt as the answer. */
import type { Address, Hex, Transaction } from '../../../primitives/index.ts'
import { callArgs } from '../../call-args.ts'
import { serverError } from '../../errors.ts'
import { fillTransaction } from '../../fill-transaction.ts'
import type { DevApi } from '../../dev-api.ts'
import type { MethodTable } from '../../method.ts'
import { optional, required, uint64 } from '../../params.ts'
import { waitForReceipt } from '../../send-and-wait.ts'
import { authorize, unknownAccount } from './authorize.ts'
import { devMethod } from './dev-method.ts'

async function submit({ wallet }: DevApi, tx: Transaction, from: Address): Promise<Hex> {
  const verdict = await wallet.submit(tx, from)
  if (verdict.type !== 'accept') throw serverError(verdict.message)
  return verdict.value
}

export const devSending: MethodTable = {
  eth_sendTransaction: devMethod(
    [required('transaction', callArgs)],
    async (dev, context, args) => {
      const { tx, from } = await authorize(dev, context, args)
      return submit(dev, tx, from)
    },
  ),
  /** As eth_sendRawTransactionSync waits (EIP-7966). */
  eth_sendTransactionSync: {
    ...devMethod(
      [required('transaction', callArgs), optional('timeoutMs', uint64)],
      async (dev, context, args, timeoutMs) => {
        const { tx, from } = await authorize(dev, context, args)
        return waitForReceipt(context, await submit(dev, tx, from), timeoutMs)
      },
    ),
    isSlow: true,
  },
  /** Whoever `from` is, unlocked or not. */
  eth_sendUnsignedTransaction: devMethod(
    [required('transaction', callArgs)],
    async (dev, context, args) => {
      const { from } = args
      if (!from) throw unknownAccount()
      const filled = await fillTransaction(context, { ...args, from })
      return submit(dev, dev.wallet.unsigned(filled, from), from)
    },
  ),
}
