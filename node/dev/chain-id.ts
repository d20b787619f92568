/** The rules of a devnet's chain, whose id its owner may change (anvil_setChainId). */
import type { ChainSpec } from '../../execution/index.ts'

/** `idNow` gives undefined while the genesis's holds. */
export const withChainId = (spec: ChainSpec, idNow: () => bigint | undefined): ChainSpec => ({
  ...spec,
  get chainId() {
    return idNow() ?? spec.chainId
  },
})
