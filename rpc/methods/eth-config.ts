/** eth_ about what this node is set up for: forks (EIP-7910), and which history it can answer about. */
import { forkConfigs } from '../fork-config.ts'
import { type Json, quantity } from '../format.ts'
import { method, type MethodTable } from '../method.ts'

/** Blocks whose state can be proven: state/world.ts keeps no older nodes. */
const proofBlocks = 128n

/** `kept`: how many blocks back, where it moves with the head. */
const from = (oldest: bigint, kept?: bigint): Json => ({
  disabled: false,
  oldestBlock: quantity(oldest),
  ...(kept !== undefined && {
    deleteStrategy: { type: 'window', retentionBlocks: quantity(kept) },
  }),
})

export const ethConfig: MethodTable = {
  eth_config: method([], ({ api }) => forkConfigs(api.chain)),
  eth_capabilities: method([], ({ api: { chain } }) => {
    const { header, hash } = chain.head()
    const { number } = header
    const oldestState = chain.store.oldestState()
    const oldestProof = number < proofBlocks ? 0n : number - proofBlocks
    return {
      head: { number: quantity(number), hash },
      state: from(oldestState, oldestState > 0n ? number - oldestState : undefined),
      tx: from(0n),
      logs: from(0n),
      receipts: from(0n),
      blocks: from(0n),
      stateproofs: from(oldestProof, proofBlocks),
    }
  }),
}
