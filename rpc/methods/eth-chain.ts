/** eth_ about the chain as a whole: its id, its head, fees, accounts. */
import { blockNumber } from '../block-ref.ts'
import { feeHistory } from '../fee-history.ts'
import { formatSyncing, quantity } from '../format.ts'
import { method, type MethodTable } from '../method.ts'
import { float, hexOrDecimal, list, optional, required } from '../params.ts'

/** More percentiles than geth reads are refused by feeHistory itself, in its words. */
const maxPercentiles = 1_000

export const ethChain: MethodTable = {
  eth_chainId: method([], ({ api }) => quantity(api.chain.spec.chainId)),
  eth_blockNumber: method([], ({ api }) => quantity(api.chain.head().header.number)),
  eth_syncing: method([], ({ api }) => formatSyncing(api.syncing())),
  /** A devnet's are in dev/wallet.ts. */
  eth_accounts: method([], () => []),
  eth_coinbase: method([], ({ api }) => api.chain.head().header.feeRecipient),
  eth_mining: method([], () => false),
  eth_hashrate: method([], () => '0x0'),
  eth_gasPrice: method([], ({ fees }) => quantity(fees.gasPrice())),
  eth_maxPriorityFeePerGas: method([], ({ fees }) => quantity(fees.suggestedTip())),
  eth_baseFee: method([], ({ fees }) => {
    const fee = fees.nextBaseFee()
    return fee === undefined ? null : quantity(fee)
  }),
  eth_blobBaseFee: method([], ({ api, fees }) =>
    quantity(fees.blobFee(fees.blobHeaderAfter(api.chain.head().header)) ?? 0n),
  ),
  eth_feeHistory: method(
    [
      required('blockCount', hexOrDecimal),
      required('newestBlock', blockNumber),
      optional('rewardPercentiles', list(float, '[]float64', maxPercentiles)),
    ],
    ({ api, fees }, blocks, newest, percentiles) =>
      feeHistory(api.chain, fees, { blocks, newest, percentiles: percentiles ?? [] }),
  ),
}
