/** The modules every chain with modules has: registry and parameters. */
import { expect, test } from '@jest/globals'
import { devnetAddresses, devnetGenesis } from '../../../genesis/index.ts'
import { moduleAddresses } from '../../../attribution/abi.ts'
import { genesisModules, nativesOf, noCorpora } from '../../../node/modules.ts'
import { textWord } from '../../../attribution/words.ts'
import { nobleSecp256k1 } from '../../../primitives/index.ts'
import { alice, bob, createWorld } from '../../support/world.ts'

test('the registry lists every module in order of its address', async () => {
  const world = createWorld()
  const count = await world.read('registry', 'count', [])
  const names: string[] = []
  for (let i = 0n; i < count; i++) {
    const { account, name } = await world.read('registry', 'moduleAt', [i])
    names.push(
      `${account.slice(-2)} ${Buffer.from(name.slice(2), 'hex').toString().replaceAll('\0', '')}`,
    )
  }
  expect(names).toEqual(names.toSorted((a, b) => (a < b ? -1 : 1)))
  expect(names).toContain('00 registry')
  await expect(world.read('registry', 'moduleAt', [count])).rejects.toThrow('NotFound')
})

test('only the authority pauses, for a bounded time, and the pause ends by itself', async () => {
  const world = createWorld()
  const { params } = moduleAddresses
  const until = world.height() + 10n
  const reason = textWord('drill')
  await expect(
    world.send(bob, 'registry', 'setPaused', [params, true, until, reason]),
  ).rejects.toThrow('NotAuthorized')
  await expect(
    world.send(alice, 'registry', 'setPaused', [params, true, until + 10_000_000n, reason]),
  ).rejects.toThrow('LimitExceeded')
  await expect(
    world.send(alice, 'registry', 'setPaused', [params, true, world.height(), reason]),
  ).rejects.toThrow('InvalidArgument')
  const { events } = await world.send(alice, 'registry', 'setPaused', [params, true, until, reason])
  expect(events).toMatchObject([{ name: 'ModulePausedSet', args: { paused: true } }])
  expect(await world.read('registry', 'isPaused', [params])).toBe(true)
  world.mine(10)
  expect(await world.read('registry', 'isPaused', [params])).toBe(false)
  expect((await world.read('registry', 'info', [params])).pausedUntil).toBe(0n)
})

test('parameters have the values of the genesis file and the bounds of the release', async () => {
  const world = createWorld()
  const data = await world.read('params', 'info', [textWord('rewards.dataBps')])
  expect([BigInt(data.value), BigInt(data.min), BigInt(data.max)]).toEqual([5000n, 3000n, 9000n])
  expect((await world.read('params', 'authority', [])).toLowerCase()).toBe(devnetAddresses[0])
  const list = await world.read('params', 'list', [0n, 50n])
  expect(BigInt(list.length)).toBe(await world.read('params', 'count', []))
  const keys = list.map(({ key }) => key)
  expect(keys).toEqual(keys.toSorted((a, b) => (a < b ? -1 : 1)))
  await expect(world.read('params', 'get', [textWord('nothing')])).rejects.toThrow('NotFound')
  await expect(world.read('params', 'list', [0n, 51n])).rejects.toThrow('LimitExceeded')
})

const ports = { corpora: noCorpora, secp256k1: nobleSecp256k1 }
const withTributary = (changes: object) => {
  const genesis = devnetGenesis()
  return { ...genesis, tributary: { ...genesis.tributary, ...changes } }
}

test.each([
  [{ modules: ['datafarm'] }, 'no native module datafarm'],
  [{ modules: ['proofs'] }, 'needs params too'],
  [{ params: { 'rewards.databps': 1n } }, 'no parameter'],
  [{ params: { 'rewards.dataBps': 1n } }, 'between 3000 and 9000'],
])('a genesis file that says %j is refused', (changes, words) => {
  const genesis = withTributary(changes)
  expect(() => genesisModules(genesis)).toThrow(words)
})

test('a chain whose genesis names no modules has none', () => {
  expect(nativesOf(withTributary({ modules: [] }), ports)).toBeUndefined()
})
