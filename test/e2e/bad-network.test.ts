/**
 * Four validator processes over bad lines (proxies on loopback between every two): lost segments,
 * delay, a partition without a majority and its healing. `SECONDS=60` is the long form
 * (`npm run test:bad-network`).
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createDice } from '../support/dice.ts'
import { createProxy, type Proxy } from '../support/proxy.ts'
import {
  createValidatorNetwork,
  type ValidatorNetwork,
  type ValidatorProcess,
  waitFor,
} from '../support/validators.ts'

const seconds = Number(process.env['SECONDS'] ?? 8)
const limitMs = 120_000 + seconds * 2_000

const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
/** Of a pair as `0-3`: one on each side. */
const areParted = (pair: string): boolean => Number(pair[0]) < 2 !== Number(pair[2]) < 2

describe('four validators', () => {
  const proxies = new Map<string, Proxy>()
  let network: ValidatorNetwork
  let all: readonly ValidatorProcess[]

  beforeAll(async () => {
    const { below } = createDice(1)
    const isLost = (share: number): boolean => below(1_000) < share * 1_000
    network = await createValidatorNetwork(4, 1_000, async (from, to, port) => {
      const proxy = await createProxy(port, isLost)
      proxies.set(`${from}-${to}`, proxy)
      return proxy.port
    })
    all = network.validators
    await Promise.all(all.map((validator) => validator.start()))
    await waitFor(network, async () => (await tip()) >= 2)
  }, limitMs)
  afterAll(async () => {
    await network.stop()
    await Promise.all([...proxies.values()].map((proxy) => proxy.close()))
  })

  const heights = (): Promise<number[]> => Promise.all(all.map((validator) => validator.height()))
  const tip = async (): Promise<number> => Math.max(...(await heights()))
  /** The block that all of them have at `height`, once they have passed it; several are a fork. */
  const hashesAt = async (height: number): Promise<ReadonlySet<string>> => {
    await waitFor(network, async () => Math.min(...(await heights())) >= height, limitMs)
    const blocks = await Promise.all(
      all.map((validator) =>
        validator.rpc<{ hash: string }>('eth_getBlockByNumber', [
          `0x${height.toString(16)}`,
          false,
        ]),
      ),
    )
    return new Set(blocks.map(({ hash }) => hash))
  }

  test(
    'with 30 % of segments lost and 200 ms of delay, blocks are decided by all',
    async () => {
      for (const proxy of proxies.values()) proxy.setLine({ delayMs: 200, loss: 0.3 })
      const before = await tip()
      await wait()
      expect((await hashesAt(before + 2)).size).toBe(1)
      for (const proxy of proxies.values()) proxy.setLine({ delayMs: 0, loss: 0 })
    },
    limitMs,
  )

  test(
    'parted two and two no side decides anything; joined, all go on together',
    async () => {
      const between = [...proxies].flatMap(([pair, proxy]) => (areParted(pair) ? [proxy] : []))
      for (const proxy of between) proxy.setCut(true)
      let before: readonly number[] = []
      await waitFor(network, async () => {
        const last = before
        before = await heights()
        await new Promise((resolve) => setTimeout(resolve, 2_000)) // what was decided is committed
        return String(before) === String(last) && !before.includes(-1)
      })
      await wait()
      let after: readonly number[] = []
      await waitFor(network, async () => !(after = await heights()).includes(-1))
      expect(after).toEqual(before)
      for (const proxy of between) proxy.setCut(false)
      expect((await hashesAt(Math.max(...before) + 3)).size).toBe(1)
    },
    limitMs,
  )
})
