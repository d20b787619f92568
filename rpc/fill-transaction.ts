/**
 * A transaction object completed as geth does for a wallet: nonce, fees, gas and type where the
 * caller left them out (geth's TransactionArgs.setDefaults). Signs nothing and sends nothing.
 */
import { type Address, type UnsignedTransaction } from '../primitives/index.ts'
import { type CallArgs, completeCall } from './call-args.ts'
import { estimateCall, viewOf } from './calls.ts'
import { serverError } from './errors.ts'
import type { FeeOracle } from './gas-oracle.ts'
import type { Context } from './method.ts'

/** Throws RpcError: contradictions, and what the estimate of the gas fails with. */
export async function fillTransaction(
  context: Context,
  args: CallArgs & { readonly from: Address },
): Promise<UnsignedTransaction> {
  const { api } = context
  const { chainId } = api.chain.spec
  const call = completeCall(args, chainId)
  if (call.to === null && call.data.length === 0)
    throw serverError('contract creation without any data provided')
  const nonce = args.nonce ?? api.mempool.pendingNonce(args.from)
  // Fees do not change what it needs, and with none the sender need not afford the whole limit.
  const free = { ...call, gasPrice: 0n, maxPriorityFeePerGas: 0n }
  const gasLimit = args.gas ?? (await estimateCall(context, viewOf(context), free, undefined))
  const { to, value, data } = call
  const common = { nonce, gasLimit, to, value, data }
  const accessList = call.accessList ?? []
  if (args.gasPrice !== undefined)
    return args.accessList
      ? { type: 'accessList', ...common, chainId, accessList, gasPrice: args.gasPrice }
      : { type: 'legacy', ...common, chainId, gasPrice: args.gasPrice }
  const typed = { ...common, chainId, accessList, ...feesOf(args, context.fees) }
  if (!args.authorizationList) return { type: 'feeMarket', ...typed }
  if (to === null) throw serverError('EIP-7702 transaction cannot be used to create contract')
  return { type: 'setCode', ...typed, to, authorizationList: call.authorizationList ?? [] }
}

/** Twice the base fee lets it rise for six full blocks before the transaction is priced out (geth). */
function feesOf(
  { maxFeePerGas, maxPriorityFeePerGas }: CallArgs,
  fees: FeeOracle,
): { readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint } {
  const suggested = maxPriorityFeePerGas ?? fees.suggestedTip()
  const cap = maxFeePerGas ?? suggested + 2n * (fees.nextBaseFee() ?? 0n)
  return { maxFeePerGas: cap, maxPriorityFeePerGas: suggested > cap ? cap : suggested }
}
