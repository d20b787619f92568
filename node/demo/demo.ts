/**
 * The living devnet: plays the demo's economy on a chain that is still empty, in time that passes by the
 * block, and tells where to look. Knows only the node's URL and keys, as any client.
 */
import type { Hex } from '../../primitives/index.ts'
import { accountsNeeded, createCast, type Cast } from './cast.ts'
import { playEconomy, type Economy } from './economy.ts'

export interface DemoFacts extends Economy {
  readonly contributors: readonly {
    readonly name: 'anna' | 'ben' | 'cleo'
    readonly address: Hex
    /** Wei credited, and answers it is for. */
    readonly earned: bigint
    readonly answers: number
  }[]
  /** Wei of all fees. */
  readonly fees: bigint
}

/** Throws NodeError DEMO_ACCOUNTS, DEMO_TEXT, DEMO_HELD, or what a module refused. */
export async function playDemo(
  url: string,
  keys: readonly Hex[],
  { isAutomine, nowS }: { readonly isAutomine: boolean; readonly nowS: () => number },
): Promise<DemoFacts> {
  const cast = await createCast(url, keys, isAutomine)
  await devMethod(cast, 'anvil_setBlockTimestampInterval', [1])
  const economy = await playEconomy(cast)
  await devMethod(cast, 'anvil_removeBlockTimestampInterval', [])
  // The demo's time stood still at its last block; from here on it is the machine's.
  await devMethod(cast, 'anvil_setTime', [nowS()])
  return factsOf(cast, economy)
}

/** The demo of a chain that was kept; undefined where what stands there is something else. */
export async function findDemo(url: string, keys: readonly Hex[]): Promise<DemoFacts | undefined> {
  if (keys.length < accountsNeeded) return undefined
  const cast = await createCast(url, keys, true)
  const [datanets, batches] = await cast.owner.datanet.read.counts()
  if (datanets === 0n || batches === 0n || (await cast.owner.lineage.read.count()) === 0n)
    return undefined
  const { owner } = await cast.owner.datanet.read.datanet([demoIds.datanetId])
  const asset = await cast.owner.lineage.read.asset([demoIds.assetId])
  const isDemo =
    isSame(owner, cast.owner.account.address) && isSame(asset.owner, cast.builder.account.address)
  if (!isDemo) return undefined
  const paid = await cast.owner.rewards.getEvents.Paid(
    {
      assetId: demoIds.assetId,
      payer: [cast.asker.account.address, cast.reader.account.address],
    },
    { fromBlock: 0n },
  )
  const requestIds = paid.flatMap(({ args }) => args.requestId ?? [])
  return factsOf(cast, { ...demoIds, requestIds })
}

/** What the demo makes on an empty chain, by number. */
const demoIds = { datanetId: 1n, versionIds: [1n, 2n], assetId: 1n } as const

const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

async function factsOf(cast: Cast, economy: Economy): Promise<DemoFacts> {
  const { fees } = await cast.owner.attribution.usage(economy.assetId)
  const contributors = []
  for (const name of ['anna', 'ben', 'cleo'] as const) {
    const { address } = cast[name].account
    const { amount: earned, answers } = await cast.owner.attribution.earnings(address)
    contributors.push({ name, address, earned, answers })
  }
  return { ...economy, contributors, fees }
}

/** One second a block: the clock of the machine has no part in the demo. */
const devMethod = (
  { owner }: Cast,
  method: `anvil_${string}`,
  params: readonly unknown[],
): Promise<unknown> => owner.request({ method, params } as never)
