/**
 * A devnet's side of JSON-RPC, put together from its parts: keys, blocks by hand. Only a node made
 * with `dev` has one.
 */
import type { Hex, Secp256k1 } from '../../primitives/index.ts'
import type { DevApi } from '../../rpc/index.ts'
import type { Sealer } from '../sealer.ts'
import { createWallet } from './wallet.ts'

export interface DevOptions {
  /** Of the unlocked accounts. Never logged. */
  readonly privateKeys: readonly Hex[]
}

export interface DevPorts {
  readonly secp256k1: Secp256k1
  readonly sealer: Sealer
}

export function createDevApi({ privateKeys }: DevOptions, ports: DevPorts): DevApi {
  return {
    wallet: createWallet(privateKeys, ports),
    blocks: {
      async mine(count) {
        for (let i = 0; i < count; i++) await ports.sealer.seal()
      },
    },
  }
}
