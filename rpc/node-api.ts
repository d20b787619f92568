/**
 * What JSON-RPC asks of the node it speaks for. `node/` fulfils it; `rpc/` knows nothing of how
 * blocks are sealed, who the peers are, or where the chain lives.
 */
import type { Address, Clock, Hex, Logger, Verdict } from '../primitives/index.ts'
import type { Chain, Mempool } from '../execution/index.ts'

export interface NodeApi {
  readonly chain: Chain
  readonly mempool: Mempool
  readonly clock: Clock
  readonly log: Logger
  /** web3_clientVersion. */
  readonly clientVersion: string
  /** Takes a raw transaction in; with automine it answers after the block is sealed. */
  submit(raw: Uint8Array): Promise<Verdict<Hex>>
  /** Unlocked accounts (dev mode only). */
  readonly accounts: readonly Address[]
  /** Seals a block now (dev mode only; elsewhere its methods do not exist). */
  readonly seal?: () => Promise<void>
  peerCount(): number
  isListening(): boolean
  /** False when in sync. */
  syncing():
    | false
    | {
        readonly startingBlock: bigint
        readonly currentBlock: bigint
        readonly highestBlock: bigint
      }
}
