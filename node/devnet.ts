/**
 * A devnet inside the process that uses it: the node of `tributary dev` behind an EIP-1193 provider,
 * without a port, for the set-up of jest and vitest. `import { createDevnet } from 'tributary/devnet'`.
 */
import { devnetGenesis } from '../genesis/index.ts'
import { type Address, type Hex, silentLogger } from '../primitives/index.ts'
import type { Provider } from '../rpc/index.ts'
import type { Sealing } from './beat.ts'
import { type Key, keysOf } from './dev/keys.ts'
import { createNode } from './node.ts'
import { devClientVersion, packageVersion, systemClock } from './system.ts'

export interface CreateDevnetOptions {
  /** Funded, unlocked accounts; 20 when absent. */
  readonly accounts?: number
  /** Wei in each; 10,000 OPEN when absent. */
  readonly balance?: bigint
  /** Words the accounts are derived from; the usual `test ... junk` when absent. */
  readonly mnemonic?: string
  readonly chainId?: bigint
  readonly gasLimit?: bigint
  /** A block at once for what arrives, on a beat (milliseconds), or on request; at once when absent. */
  readonly mining?: 'auto' | 'manual' | { readonly blockTimeMs: number }
  /** Where the chain is kept; in memory when absent. */
  readonly datadir?: string
  /** Told each line that contracts print with console.log. */
  readonly onConsole?: (text: string) => void
}

export interface DevnetAccount {
  readonly address: Address
  readonly privateKey: Hex
}

export interface InProcessDevnet {
  /** For viem's `custom(provider)`, ethers' `new BrowserProvider(provider)`, and by hand. */
  readonly provider: Provider
  readonly accounts: readonly DevnetAccount[]
  readonly chainId: number
  /** Opens a port beside it; any free one when absent. */
  listen(port?: number): Promise<{ readonly httpUrl: string; readonly wsUrl: string }>
  /** Everything in memory is gone. */
  readonly close: () => Promise<void>
}

const nobody: Address = `0x${'00'.repeat(20)}`
/** Caches for reading; a test's chain is small. */
const cacheBytes = 32 * 2 ** 20

/** Throws NodeError: MNEMONIC_INVALID, DB_* for a folder that another devnet holds. */
export async function createDevnet(options: CreateDevnetOptions = {}): Promise<InProcessDevnet> {
  const keys = await keysOf(options.accounts ?? 20, options.mnemonic)
  const node = await createNode(
    {
      genesis: genesisOf(options, keys),
      datadir: options.datadir,
      cacheBytes,
      keepStates: 'archive',
      sealing: sealingOf(options.mining ?? 'auto'),
      feeRecipient: nobody,
      host: '127.0.0.1',
      port: 0,
      allowedHosts: [],
      clientVersion: devClientVersion(packageVersion()),
      dev: {
        privateKeys: keys.map(([, privateKey]) => privateKey),
        ...(options.onConsole && { onConsole: options.onConsole }),
      },
    },
    { clock: systemClock, logs: { of: () => silentLogger }, onFault: rethrow },
  )
  await node.run()
  return {
    provider: node.provider,
    accounts: keys.map(([address, privateKey]) => ({ address, privateKey })),
    chainId: Number(node.chain.spec.chainId),
    listen: (port) => node.listen(port),
    close: () => node.stop(),
  }
}

const genesisOf = (
  { balance, chainId, gasLimit }: CreateDevnetOptions,
  keys: readonly Key[],
): ReturnType<typeof devnetGenesis> =>
  devnetGenesis({
    addresses: keys.map(([address]) => address),
    ...(balance !== undefined && { balance }),
    ...(chainId !== undefined && { chainId }),
    ...(gasLimit !== undefined && { gasLimit }),
  })

const sealingOf = (mining: NonNullable<CreateDevnetOptions['mining']>): Sealing =>
  mining === 'auto'
    ? { type: 'automine' }
    : mining === 'manual'
      ? { type: 'manual' }
      : { type: 'interval', blockTimeMs: mining.blockTimeMs }

/** The process is the caller's: it sees the fault as an uncaught exception. */
function rethrow(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
