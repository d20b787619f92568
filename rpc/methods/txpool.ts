/** txpool_: what waits, by sender and nonce. Addresses as keys are checksummed, as geth has it. */
import { type PooledTransaction, toChecksum } from '../../execution/index.ts'
import { type Address, maxFeePerGas } from '../../primitives/index.ts'
import { formatPooled, type Json, quantity } from '../format.ts'
import { type Context, method, type MethodTable } from '../method.ts'
import { address, required } from '../params.ts'

type Part = ReadonlyMap<Address, readonly PooledTransaction[]>

/** Sender to nonce (decimal) to `show(transaction)`. */
const bySender = (part: Part, show: (tx: PooledTransaction) => unknown): Json =>
  Object.fromEntries(Array.from(part, ([sender, txs]) => [toChecksum(sender), byNonce(txs, show)]))

const byNonce = (
  txs: readonly PooledTransaction[],
  show: (tx: PooledTransaction) => unknown,
): Json => Object.fromEntries(txs.map((tx) => [tx.nonce.toString(), show(tx)]))

const whole = (tx: PooledTransaction): Json => formatPooled(tx, tx.from)

const summary = (tx: PooledTransaction): string => {
  const target = tx.to === null ? 'contract creation' : toChecksum(tx.to)
  return `${target}: ${tx.value} wei + ${tx.gasLimit} gas × ${maxFeePerGas(tx)} wei`
}

const content = ({ api }: Context, show: (tx: PooledTransaction) => unknown): Json => {
  const { pending, queued } = api.mempool.content()
  return { pending: bySender(pending, show), queued: bySender(queued, show) }
}

export const txpool: MethodTable = {
  txpool_content: method([], (context) => content(context, whole)),
  txpool_inspect: method([], (context) => content(context, summary)),
  txpool_contentFrom: method([required('address', address)], ({ api }, sender) => {
    const { pending, queued } = api.mempool.content()
    return {
      pending: byNonce(pending.get(sender) ?? [], whole),
      queued: byNonce(queued.get(sender) ?? [], whole),
    }
  }),
  txpool_status: method([], ({ api }) => {
    const { pending, queued } = api.mempool.counts()
    return { pending: quantity(pending), queued: quantity(queued) }
  }),
}
