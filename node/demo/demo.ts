/**
 * The living devnet: plays the demo's economy on a chain that is still empty, in time that passes by the
 * block, and tells where to look. Knows only the node's URL and keys, as any client.
 */
import type { Hex } from '../../primitives/index.ts'
import { createCast, type Cast } from './cast.ts'
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
  isAutomine: boolean,
): Promise<DemoFacts> {
  const cast = await createCast(url, keys, isAutomine)
  await setInterval(cast, 'anvil_setBlockTimestampInterval', [1])
  const economy = await playEconomy(cast)
  await setInterval(cast, 'anvil_removeBlockTimestampInterval', [])
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
const setInterval = (
  { owner }: Cast,
  method: `anvil_${string}`,
  params: readonly unknown[],
): Promise<unknown> => owner.request({ method, params } as never)
