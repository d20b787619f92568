/**
 * The faults others shipped in native modules (notes/modules.md, section 6), each by its number: 1 to 15
 * here, 16 and 17 in rpc/natives.test.ts, the rest in pitfalls-more.test.ts. Every one runs against the modules of a devnet.
 */
import { expect, test } from '@jest/globals'
import { encodeFunctionData, toEventSelector, toFunctionSelector } from 'viem'
import { moduleAbis, moduleAddresses, type ModuleName } from '../../../attribution/abi.ts'
import { textWord, zeroWord } from '../../../attribution/words.ts'
import { createEngine } from '../../../execution/evm.ts'
import { nobleSecp256k1, toHex, toWord, type Address, type Hex } from '../../../primitives/index.ts'
import { bytesOf, claimOf, createEconomy, policy } from '../../support/economy.ts'
import { spec } from '../../support/engine.ts'
import { callNative, forwarder, nativeState, vaultCall } from '../../support/native.ts'
import { callKinds, puppetCode, runSteps, step } from '../../support/puppet.ts'
import { alice, bob, createWorld, type World } from '../../support/world.ts'

const puppet: Address = `0x${'b0'.repeat(20)}`
const at = (name: ModuleName): Address => moduleAddresses[name]

const create = encodeFunctionData({
  abi: moduleAbis.datanet,
  functionName: 'create',
  args: [zeroWord, 'ipfs://', policy],
})
const stateOf = (world: World): Hex => world.digest()

const worldWithPuppet = (): World => {
  const world = createWorld()
  world.deploy(puppet, puppetCode())
  return world
}

test('1: what a reverted frame wrote is nowhere, however deep', async () => {
  const world = worldWithPuppet()
  const before = stateOf(world)
  const failing = step(at('datanet'), '0x12345678')
  let data = runSteps(step(at('datanet'), create), failing)
  for (let depth = 0; depth < 5; depth++)
    data = runSteps(step(puppet, data, { mustSucceed: false }))
  const outcome = await world.call(bob, puppet, data)
  expect([outcome.status, outcome.logs.length]).toEqual(['success', 0])
  expect(await world.read('datanet', 'counts', [])).toEqual([0n, 0n, 0n])
  expect(stateOf(world)).toBe(before)
})

test('2: every gas limit does everything or nothing', async () => {
  const whole = (await createWorld().call(alice, at('datanet'), create)).gasUsed
  let halts = 0
  for (let gas = 30_000n; gas < whole + 5_000n; gas += 401n) {
    const world = createWorld()
    const before = stateOf(world)
    const outcome = await world.call(alice, at('datanet'), create, { gas })
    if (outcome.status === 'success') continue
    halts++
    expect([stateOf(world) === before, outcome.gasUsed]).toEqual([true, gas])
  }
  expect(halts).toBeGreaterThan(100)
})

test('3: no function of any module runs by DELEGATECALL or CALLCODE', async () => {
  const zeros = '00'.repeat(32 * 40)
  for (const opcode of ['delegatecall', 'callcode'] as const)
    for (const name of Object.keys(moduleAbis) as ModuleName[]) {
      const world = createWorld()
      world.deploy(puppet, forwarder(opcode, at(name)))
      for (const item of moduleAbis[name]) {
        if (item.type !== 'function') continue
        const data: Hex = `${toFunctionSelector(item)}${zeros}`
        const { status, returnData } = await world.call(bob, puppet, data)
        expect([name, item.name, status, toHex(returnData)]).toEqual([
          name,
          item.name,
          'revert',
          toFunctionSelector('NotDirectCall()'),
        ])
      }
    }
})

test('4: a write under a STATICCALL three frames up halts', async () => {
  const world = worldWithPuppet()
  const before = stateOf(world)
  const inner = runSteps(step(at('datanet'), create, { gas: 500_000n, mustSucceed: false }))
  const data = runSteps(
    step(puppet, runSteps(step(puppet, inner)), { kind: callKinds.staticcall, mustSucceed: true }),
  )
  const outcome = await world.call(bob, puppet, data)
  expect(outcome.status).toBe('success')
  expect(outcome.gasUsed).toBeGreaterThan(500_000n)
  expect(stateOf(world)).toBe(before)
})

test('5: a contract that calls whatever it is told moves only its own balance', async () => {
  const economy = createEconomy()
  economy.deploy(puppet, puppetCode())
  const { versionId } = await economy.held([[bob, ['one two three four']]])
  const model = await economy.model(alice, versionId)
  await economy.send(bob, 'rewards', 'pay', [model, zeroWord, 1n, economy.height() + 1n], {
    value: 5_000n,
  })
  economy.mine(2)
  const requestId = await economy.read('rewards', 'requestIdOf', [bob, 1n, model, zeroWord])
  await economy.send(alice, 'rewards', 'refund', [requestId])
  const steal = encodeFunctionData({
    abi: moduleAbis.rewards,
    functionName: 'withdraw',
    args: [alice],
  })
  const before = economy.balance(alice)
  await economy.call(alice, puppet, runSteps(step(at('rewards'), steal)))
  expect(economy.balance(alice)).toBe(before)
  expect(await economy.read('rewards', 'balanceOf', [bob])).toBe(5_000n)
})

test('6: a longer list costs what reading it costs', async () => {
  const world = createWorld()
  const register = async (parents: readonly object[]) => {
    const registration = {
      kind: 0,
      contentHash: toWord(BigInt(parents.length) + 7n),
      manifestHash: zeroWord,
      uri: '',
      parents,
      sources: [],
      termsFlags: 0,
      price: 0n,
      provider: alice,
    } as never
    return (await world.send(alice, 'lineage', 'register', [registration])).result
  }
  const small = await register([])
  const bases: bigint[] = []
  for (let i = 0; i < 8; i++) bases.push(await register([]))
  const parents = bases.map((assetId) => ({ assetId, edge: 0, sharePpm: 100_000 }))
  const large = await register(parents)
  const gasOf = async (assetId: bigint): Promise<bigint> => {
    const data = encodeFunctionData({
      abi: moduleAbis.lineage,
      functionName: 'shares',
      args: [assetId],
    })
    return (await world.call(alice, at('lineage'), data)).gasUsed
  }
  // Nine shares lie in three slots, one in one: two cold reads more, at least.
  expect((await gasOf(large)) - (await gasOf(small))).toBeGreaterThan(2n * 2_100n)
})

test('7: no length or amount wraps around', async () => {
  const world = createWorld()
  const huge: Hex = `${toFunctionSelector('merkle(bytes32,bytes32,uint256,bytes32[])')}${[
    0n,
    0n,
    0n,
    0x80n,
    2n ** 255n,
  ]
    .map((word) => toWord(word).slice(2))
    .join('')}`
  const outcome = await world.call(alice, at('proofs'), huge)
  expect([outcome.status, outcome.gasUsed < 40_000n]).toEqual(['revert', true])
  const max = 2n ** 64n - 1n
  await expect(
    world.read('proofs', 'merkleSumRoot', [
      [0n, 0n],
      [1n, 2n],
      [max, 1n],
    ]),
  ).rejects.toThrow('InvalidArgument')
})

test('8: a refusal has a name, and gives the gas back', async () => {
  const world = createWorld()
  const data = encodeFunctionData({
    abi: moduleAbis.lineage,
    functionName: 'asset',
    args: [99n],
  })
  const outcome = await world.call(alice, at('lineage'), data, { gas: 5_000_000n })
  expect(outcome.gasUsed).toBeLessThan(60_000n)
  await expect(world.read('lineage', 'asset', [99n])).rejects.toThrow('NotFound')
})

/** A paid and settled answer: the state it leaves, its gas and its logs. */
const runLoop = async () => {
  const economy = createEconomy()
  const { versionId } = await economy.held([
    [bob, ['one two three four', 'five six seven']],
    [alice, ['eight nine ten']],
  ])
  const model = await economy.model(alice, versionId)
  const requestId = await economy.paid(bob, model, 5_001n)
  const { leaves } = await economy.attributed(alice, requestId, versionId, 'two three nine ten')
  const { outcome } = await economy.send(bob, 'rewards', 'settle', [requestId, leaves])
  return [stateOf(economy), outcome.gasUsed, outcome.logs]
}

test('9: the same calls give the same state, logs and gas', async () => {
  expect(await runLoop()).toEqual(await runLoop())
})

test.each<readonly [what: string, tail: readonly bigint[], cut: number, reverts: boolean]>([
  ['trailing bytes', [0x20n, 1n, 0xaan, 77n], 0, false],
  ['short by one byte', [0x20n, 1n, 0xaan], 1, true],
  ['an offset past the end', [0x2000n, 1n, 0xaan], 0, true],
  ['a length that runs off the end', [0x20n, 3n, 0xaan], 0, true],
  ['a length of 2^255', [0x20n, 2n ** 255n, 0xaan], 0, true],
])('10: call data with %s is answered as solc does', async (_what, tail, cut, reverts) => {
  const world = createWorld()
  const words = tail.map((word) => toWord(word).slice(2)).join('')
  const data: Hex = `${toFunctionSelector('finalize(bytes32[])')}${words.slice(0, words.length - 2 * cut)}`
  const outcome = await world.call(alice, at('receipts'), data)
  // Well-formed data gets as far as the module, which knows no such receipt.
  const isNamed = toHex(outcome.returnData).startsWith(toFunctionSelector('NotFound(bytes32)'))
  expect([outcome.status, isNamed]).toEqual(['revert', !reverts])
})

test('10: two arrays may share one tail, and an address has no dirty bits', async () => {
  const world = createWorld()
  const shared: Hex = `${toFunctionSelector('merkleSumRoot(uint256[],uint256[],uint64[])')}${[
    0x60n,
    0x60n,
    0x60n,
    1n,
    5n,
  ]
    .map((word) => toWord(word).slice(2))
    .join('')}`
  expect((await world.call(alice, at('proofs'), shared)).status).toBe('success')
  const dirty: Hex = `${toFunctionSelector('balanceOf(address)')}${'ff'.repeat(32)}`
  const outcome = await world.call(alice, at('rewards'), dirty)
  expect([outcome.status, outcome.returnData.length]).toEqual(['revert', 0])
})

test('11: a module that is touched and empty of money keeps its account', async () => {
  const world = createWorld()
  await world.call(alice, at('rewards'), '0x')
  await world.send(alice, 'rewards', 'withdraw', [alice])
  for (const address of Object.values(moduleAddresses))
    expect(world.journal.account(address)).toMatchObject({ nonce: 1n })
})

test('12: EXTCODESIZE of a module is not zero, as typed calls of Solidity ask', async () => {
  const world = createWorld()
  for (const address of Object.values(moduleAddresses)) {
    world.deploy(puppet, `0x73${address.slice(2)}3b5f5260205ff3`)
    const { returnData } = await world.call(alice, puppet, '0x')
    expect(BigInt(toHex(returnData))).toBe(1n)
  }
})

test('13: an EVM that knows no modules fails loudly', async () => {
  const engine = createEngine({ spec, secp256k1: nobleSecp256k1 })
  const outcome = await callNative(nativeState(), vaultCall('balanceOf', [alice]), { engine })
  expect([outcome.status, outcome.error]).toEqual(['halt', 'invalid opcode: INVALID'])
})

test('14: tests call the modules that the node runs, under the ABIs that clients have', async () => {
  const world = createWorld()
  const count = await world.read('registry', 'count', [])
  expect(count).toBe(BigInt(Object.keys(moduleAbis).length))
  for (const name of Object.keys(moduleAbis) as ModuleName[])
    expect((await world.read('registry', 'info', [at(name)])).name).toBe(textWord(name))
})

test('15: events are ordinary logs of the module, taken back with the frame', async () => {
  const world = worldWithPuppet()
  const { outcome } = await world.send(alice, 'datanet', 'create', [zeroWord, '', policy])
  expect(outcome.logs.map(({ address }) => address)).toEqual([at('datanet')])
  expect(outcome.logs[0]?.topics[0]).toBe(
    toEventSelector('DatanetCreated(uint256,address,bytes32,string)'),
  )
  const taken = runSteps(
    step(puppet, runSteps(step(at('datanet'), create), step(at('datanet'), '0x')), {
      mustSucceed: false,
    }),
    step(at('datanet'), create),
  )
  expect((await world.call(alice, puppet, taken)).logs).toHaveLength(1)
})

test('claims with a proof of another receipt, index or weight are refused', async () => {
  const economy = createEconomy()
  const { versionId } = await economy.held([
    [bob, ['one two three four']],
    [alice, ['five six seven']],
  ])
  const model = await economy.model(alice, versionId)
  const requestId = await economy.paid(bob, model, 5_000n)
  const { leaves } = await economy.attributed(alice, requestId, versionId, 'one two five six')
  await economy.send(bob, 'rewards', 'settle', [requestId, []])
  const [ids, [leaf], [index], proofs] = claimOf(requestId, leaves, 0)
  const wrong = [
    [ids, [{ ...leaf, weight: leaf.weight + 1n }], [index], proofs],
    [ids, [{ ...leaf, contributionId: 77n }], [index], proofs],
    [ids, [leaf], [1n], proofs],
    [ids, [leaf], [2n ** 200n], proofs],
    [ids, [leaf], [index], [`${proofs[0]}00` as Hex]],
    [ids, [leaf], [index], [toHex(bytesOf('nothing'))]],
  ] as const
  for (const args of wrong)
    await expect(economy.send(bob, 'rewards', 'claim', args)).rejects.toThrow('BadProof')
})
