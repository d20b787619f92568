/**
 * The fork tables of @ethereumjs, one shared object per fork. The library copies its `Common` for
 * every object it makes and merges its parameters each time; ours hands out itself, merges a table
 * once and remembers its answers, so it must never be changed after it is made. Knows no chain's
 * schedule: the engine asks for a fork by name.
 */
import { Common, type ChainConfig, type CustomCrypto, Mainnet } from '@ethereumjs/common'
import { LRUCache } from 'lru-cache'
import { keccak256, toBigInt, type Secp256k1, type Signature } from '../primitives/index.ts'
import { forks, type Fork } from './chain-spec.ts'
import { createKzg } from './kzg.ts'

/** A devnet's owner may try some; each holds a fork's tables. */
const maxChainIds = 8

type Params = Parameters<Common['updateParams']>[0]

/** A `Common` that never changes: every copy is itself, and look-ups are remembered. */
class SharedCommon extends Common {
  readonly #merged = new Set<Params>()
  readonly #eips = new Map<number, boolean>()
  readonly #values = new Map<string, bigint>()

  override copy(): Common {
    return this
  }

  /** Merges a table the first time it is seen; the library passes the same few ones for ever. */
  override updateParams(params: Params): void {
    if (this.#merged.has(params)) return
    this.#merged.add(params)
    this.#values.clear()
    super.updateParams(params)
  }

  override isActivatedEIP(eip: number): boolean {
    const known = this.#eips.get(eip)
    if (known !== undefined) return known
    const isActive = super.isActivatedEIP(eip)
    this.#eips.set(eip, isActive)
    return isActive
  }

  override param(name: string): bigint {
    const known = this.#values.get(name)
    if (known !== undefined) return known
    const value = super.param(name)
    this.#values.set(name, value)
    return value
  }
}

/** Hands out the shared `Common` of each fork; made on first use. A chain's id seldom changes. */
export function createCommons(curve: Secp256k1): (chainId: bigint, fork: Fork) => Common {
  const byChain = new LRUCache<bigint, Map<Fork, Common>>({ max: maxChainIds })
  const customCrypto = cryptoOf(curve)
  return (chainId, fork) => {
    const byFork = byChain.get(chainId) ?? new Map<Fork, Common>()
    byChain.set(chainId, byFork)
    const known = byFork.get(fork)
    if (known) return known
    const common = new SharedCommon({
      chain: chainOf(chainId),
      hardfork: fork,
      customCrypto,
    })
    byFork.set(fork, common)
    return common
  }
}

/** All forks from block 0: which of them is meant is said by name, never by height. */
const chainOf = (chainId: bigint): ChainConfig => ({
  ...Mainnet,
  name: 'tributary',
  chainId: Number(chainId),
  hardforks: forks.map((name) => ({ name, block: 0 })),
})

/** The library's crypto calls, answered by the node's curve and hash. */
const cryptoOf = (curve: Secp256k1): CustomCrypto => ({
  keccak256,
  kzg: createKzg(),
  ecrecover: (hash, v, r, s, chainId) => {
    const signature = { r: toBigInt(r), s: toBigInt(s), yParity: parity(v, chainId) }
    const publicKey = curve.recover(hash, signature)
    if (!publicKey) throw new Error('no key could have made this signature')
    return publicKey
  },
})

/** The recovery id: `v` itself, `v - 27`, or `v - 35 - 2 * chainId` (EIP-155). */
function parity(v: bigint, chainId: bigint | undefined): Signature['yParity'] {
  const id = v === 0n || v === 1n ? v : chainId === undefined ? v - 27n : v - chainId * 2n - 35n
  if (id !== 0n && id !== 1n) throw new Error('invalid recovery id')
  return id === 1n ? 1 : 0
}
