/**
 * Who plays in the demo: the last nine of the devnet's twenty accounts, so that the first eleven are as
 * a developer expects them. Each is a client of its own that sends transactions and waits for them.
 */
import type { Hex } from '../../primitives/index.ts'
import { NodeError } from '../../primitives/index.ts'
import { connectAs, mined, type Writer } from '../client.ts'

const roles = [
  'owner',
  'anna',
  'ben',
  'cleo',
  'builder',
  'provider',
  'asker',
  'reader',
  'watcher',
] as const
type Role = (typeof roles)[number]

/** The first of them among the accounts. */
const firstRole = 11
export const accountsNeeded = firstRole + roles.length

export interface Cast extends Readonly<Record<Role, Writer>> {
  /** Waits for a transaction, and makes a block where the devnet makes none by itself. */
  readonly done: (client: Writer, sent: Promise<Hex>) => Promise<bigint>
  /** A block now, unless every transaction makes one. */
  readonly mine: () => Promise<void>
}

/**
 * Fixed, so that every demo is the same block by block; the gas of the dearest call fits, and nothing
 * is asked of the node that need not be.
 */
export const fees = {
  gas: 3_000_000n,
  maxFeePerGas: 20n * 10n ** 9n,
  maxPriorityFeePerGas: 10n ** 9n,
} as const

/** Throws NodeError DEMO_ACCOUNTS when there are too few keys. */
export async function createCast(
  url: string,
  keys: readonly Hex[],
  isAutomine: boolean,
): Promise<Cast> {
  const own = keys.slice(firstRole, firstRole + roles.length)
  if (keys.length < accountsNeeded)
    throw new NodeError(
      'DEMO_ACCOUNTS',
      `the demo needs ${accountsNeeded} accounts; leave --accounts out, or start with --bare`,
    )
  const clients = await Promise.all(own.map((key) => connectAs(url, key)))
  const [first] = clients
  // A block for nothing, while the node is still making an index, would differ from run to run.
  const mine = async (): Promise<void> => {
    if (isAutomine) return
    const status = await first?.request({ method: 'txpool_status' } as never)
    const { pending } = status as unknown as { readonly pending: Hex }
    if (pending !== '0x0') await first?.request({ method: 'evm_mine' } as never)
  }
  return {
    ...(Object.fromEntries(roles.map((role, i) => [role, clients[i]])) as Record<Role, Writer>),
    mine,
    async done(client, sent) {
      await sent
      await mine()
      return (await mined(client, sent)).blockNumber
    },
  }
}
