/**
 * What JSON-RPC asks of the node it speaks for. `node/` fulfils it; `rpc/` knows nothing of how
 * blocks are sealed, who the peers are, or where the chain lives.
 */
import type { Address, Clock, Header, Hex, Logger, Verdict } from '../primitives/index.ts'
import type { Chain, Mempool } from '../execution/index.ts'
import type { DevApi } from './dev-api.ts'
import type { RowsApi } from './rows-api.ts'

/** `baseFeePerGas` is absent before London. */
export type NextBlock = Pick<
  Header,
  'timestamp' | 'feeRecipient' | 'gasLimit' | 'prevRandao' | 'baseFeePerGas'
>

/** More than two thirds of the power signed this block; seals as `ecrecover` takes them. */
export interface CertificateView {
  readonly height: bigint
  readonly round: number
  readonly blockHash: Hex
  readonly validatorSetHash: Hex
  readonly seals: readonly { readonly validator: Address; readonly seal: Hex }[]
}

/** What validators decide with; absent where a lone producer seals. */
/** What a validator's guard holds. */
export interface SignedView {
  readonly height: bigint
  readonly round: number
  readonly step: 'proposal' | 'prevote' | 'precommit'
}

export interface ConsensusApi {
  /** Undefined for block 0 and heights to come. */
  certificate(height: bigint): CertificateView | undefined
  /** Who votes at a height. */
  validators(height: bigint): {
    readonly hash: Hex
    readonly members: readonly { readonly address: Address; readonly power: bigint }[]
  }
  /** Height in work, its round, and how far it is; what the own key signed last, if it ever has. */
  status(): {
    readonly height: bigint
    readonly round: number
    readonly step: string
    readonly signed: SignedView | undefined
  }
}

/** A peer as its node's owner sees it. */
export interface PeerView {
  readonly peerId: string
  readonly address: string
  readonly isInbound: boolean
  readonly clientVersion: string
  /** Proven by its key. */
  readonly validator: Address | undefined
  /** Zero or below; a ban comes at -50. */
  readonly score: number
  /** Milliseconds since the Unix epoch. */
  readonly sinceMs: number
}

/** What only the owner of the node may see and do. */
export interface AdminApi {
  /** Undefined: nothing on disk. */
  readonly datadir: string | undefined
  /** Absent where a lone producer seals. */
  readonly network?: {
    self(): { readonly peerId: string; readonly addresses: readonly string[] }
    peers(): readonly PeerView[]
    /** False: no multiaddress with a peer id, or our own. */
    add(address: string): boolean
    /** False: no multiaddress with a peer id. */
    remove(address: string): Promise<boolean>
  }
}

export interface NodeApi {
  readonly chain: Chain
  readonly mempool: Mempool
  readonly clock: Clock
  readonly log: Logger
  /** web3_clientVersion. */
  readonly clientVersion: string
  /** Takes a raw transaction in; with automine it answers after the block is sealed. */
  submit(raw: Uint8Array): Promise<Verdict<Hex>>
  /** What the next block would be if it were sealed now. */
  nextBlock(): NextBlock
  readonly consensus?: ConsensusApi
  /** What a devnet can do besides; absent on every other node. */
  readonly dev?: DevApi
  /** Absent where others than this machine reach the RPC. */
  readonly admin?: AdminApi
  /** Whether testing_ methods exist here; absent: on a devnet. */
  readonly isTesting?: boolean
  /** Rows of batches; absent on a chain without native modules. */
  readonly rows?: RowsApi
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
