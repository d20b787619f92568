/** The faults others shipped in native modules (notes/modules.md, section 6), 18 to 32, by number. */
import { expect, test } from '@jest/globals'
import { encodeFunctionData } from 'viem'
import { moduleAbis, moduleAddresses, type ModuleName } from '../../../attribution/abi.ts'
import { textWord, zeroWord } from '../../../attribution/words.ts'
import { createEngine } from '../../../execution/evm.ts'
import { devnetAddresses, devnetGenesis, isReserved } from '../../../genesis/index.ts'
import { genesisModules } from '../../../node/modules.ts'
import {
  authorizationHash,
  nobleSecp256k1,
  publicKeyToAddress,
  toHex,
  type Address,
} from '../../../primitives/index.ts'
import { createEconomy, policy } from '../../support/economy.ts'
import { chainId, context, sender, spec } from '../../support/engine.ts'
import {
  callNative,
  nativeEngine,
  natives,
  nativeState,
  vaultAddress,
  vaultCall,
} from '../../support/native.ts'
import { armPuppet, puppetCode, runSteps, step } from '../../support/puppet.ts'
import { alice, bob, createWorld } from '../../support/world.ts'

const puppet: Address = `0x${'b0'.repeat(20)}`
const carol = devnetAddresses[2]!
const at = (name: ModuleName): Address => moduleAddresses[name]

/** `who` has refunded fees of 5,000 wei to withdraw; others have paid too. */
async function withRefund(who: Address) {
  const economy = createEconomy()
  const { versionId } = await economy.held([[bob, ['one two three four']]])
  const model = await economy.model(alice, versionId)
  const pay = encodeFunctionData({
    abi: moduleAbis.rewards,
    functionName: 'pay',
    args: [model, zeroWord, 1n, economy.height() + 1n],
  })
  economy.deploy(puppet, puppetCode())
  if (who === puppet)
    await economy.call(alice, puppet, runSteps(step(at('rewards'), pay, { value: 5_000n })), {
      value: 5_000n,
    })
  else await economy.call(who, at('rewards'), pay, { value: 5_000n })
  await economy.paid(carol, model, 50_000n)
  economy.mine(2)
  const requestId = await economy.read('rewards', 'requestIdOf', [who, 1n, model, zeroWord])
  await economy.send(alice, 'rewards', 'refund', [requestId])
  return economy
}

const withdrawTo = (to: Address) =>
  encodeFunctionData({ abi: moduleAbis.rewards, functionName: 'withdraw', args: [to] })

const later = (timestamp: bigint) => ({
  engine: createEngine({
    spec,
    secp256k1: nobleSecp256k1,
    natives: { ...natives, forks: { second: timestamp } },
  }),
})

test('18: a new function is not there one second before its fork, and the old ones do not change', async () => {
  const now = context.header.timestamp
  const [before, after] = [later(now + 1n), later(now)]
  expect((await callNative(nativeState(), vaultCall('later'), before)).status).toBe('revert')
  expect((await callNative(nativeState(), vaultCall('later'), after)).status).toBe('success')
  const old = vaultCall('count', [1n])
  expect((await callNative(nativeState(), old, before)).gasUsed).toBe(
    (await callNative(nativeState(), old, after)).gasUsed,
  )
})

test('19, 29: a pause keeps the state, leaves the exits open, and lifts itself', async () => {
  const economy = await withRefund(bob)
  const until = economy.height() + 5n
  await economy.send(alice, 'registry', 'setPaused', [at('rewards'), true, until, textWord('x')])
  await expect(
    economy.send(bob, 'rewards', 'pay', [1n, zeroWord, 9n, 0n], { value: 5_000n }),
  ).rejects.toThrow('ModulePaused')
  expect(await economy.read('rewards', 'balanceOf', [bob])).toBe(5_000n)
  expect((await economy.send(bob, 'rewards', 'withdraw', [bob])).result).toBe(5_000n)
  economy.mine(5)
  await economy.send(bob, 'rewards', 'pay', [1n, zeroWord, 9n, 0n], { value: 5_000n })
})

test('20: who may pause is a parameter of the chain, not of the release', async () => {
  const genesis = devnetGenesis()
  const params = { authority: BigInt(bob) }
  const [before, after] = [
    genesis,
    { ...genesis, tributary: { ...genesis.tributary, params } },
  ].map((one) => genesisModules(one).find(({ address }) => address === at('params'))?.storage)
  const changed = [...(after ?? [])].filter(([slot, value]) => before?.get(slot) !== value)
  expect(changed.map(([, value]) => value)).toEqual([BigInt(bob)])
})

test('21: every module lives in the reserved range, and nobody delegates there', async () => {
  const addresses = Object.values(moduleAddresses)
  expect(addresses.every(isReserved)).toBe(true)
  expect(new Set(addresses).size).toBe(addresses.length)
  const key = new Uint8Array(32).fill(9)
  const authority = publicKeyToAddress(nobleSecp256k1.publicKey(key))
  const delegate = async (address: Address) => {
    const unsigned = { chainId, address, nonce: 0n, yParity: 0n, r: 0n, s: 0n }
    const signature = nobleSecp256k1.sign(authorizationHash(unsigned), key)
    const journal = nativeState()
    await nativeEngine.runCall(journal, context, {
      from: sender,
      to: sender,
      gas: 200_000n,
      gasPrice: 0n,
      value: 0n,
      data: new Uint8Array(0),
      authorizationList: [{ ...unsigned, ...signature, yParity: BigInt(signature.yParity) }],
    })
    return journal.account(authority)?.nonce ?? 0n
  }
  expect(await delegate(vaultAddress)).toBe(0n)
  expect(await delegate(`0x${'77'.repeat(20)}`)).toBe(1n)
})

test('22: a payout that fails fails the transaction, and the money stays owed', async () => {
  const economy = await withRefund(bob)
  economy.deploy(puppet, '0x60006000fd')
  const before = economy.digest()
  await expect(economy.send(bob, 'rewards', 'withdraw', [puppet])).rejects.toThrow(/TransferFailed/)
  expect(economy.digest()).toBe(before)
  expect(await economy.read('rewards', 'balanceOf', [bob])).toBe(5_000n)
})

test('23: a contract may call modules as often as its gas allows', async () => {
  const world = createWorld()
  world.deploy(puppet, puppetCode())
  const read = encodeFunctionData({ abi: moduleAbis.lineage, functionName: 'count' })
  const steps = Array.from({ length: 300 }, () => step(at('lineage'), read))
  expect((await world.call(bob, puppet, runSteps(...steps))).status).toBe('success')
})

test('24: the refund for a cleared slot reaches the sender', async () => {
  const journal = nativeState()
  await callNative(journal, vaultCall('deposit', ['']), { value: 5n })
  const outcome = await callNative(journal, vaultCall('withdraw', [sender, 5n]))
  expect(outcome.gasBeforeRefund - outcome.gasUsed).toBe(4_800n)
})

test('25: a receiver that comes back gets nothing twice', async () => {
  const economy = await withRefund(puppet)
  const again = withdrawTo(puppet)
  await economy.call(alice, puppet, armPuppet(at('rewards'), 3n, again))
  const owed = await economy.owed()
  const outcome = await economy.call(alice, puppet, runSteps(step(at('rewards'), again)))
  expect(outcome.status).toBe('success')
  expect(economy.balance(puppet)).toBe(5_000n)
  expect(await economy.owed()).toBe(owed - 5_000n)
  expect(economy.balance(at('rewards'))).toBe(await economy.owed())
})

test('26: a plain transfer costs 21,000, modules or not', async () => {
  const world = createWorld()
  expect((await world.call(alice, bob, '0x', { value: 1n })).gasUsed).toBe(21_000n)
})

test('27: what stays in the state has a deposit, and the deposit comes back', async () => {
  const world = createWorld()
  await world.send(alice, 'datanet', 'create', [zeroWord, '', policy])
  const submit = (value: bigint) =>
    world.send(
      bob,
      'datanet',
      'submit',
      [1n, textWord('root'), 3, 1_000n, zeroWord, zeroWord, ''],
      { value },
    )
  await expect(submit(0n)).rejects.toThrow('InsufficientValue')
  const deposit = await world.read('datanet', 'depositFor', [1n, 1_000n])
  await submit(deposit)
  await world.send(alice, 'datanet', 'review', [1n, true, 10_000, zeroWord])
  await world.send(bob, 'datanet', 'retract', [1n, zeroWord])
  expect((await world.send(bob, 'datanet', 'reclaim', [1n])).result).toBe(deposit)
  expect((await world.send(bob, 'datanet', 'withdraw', [bob])).result).toBe(deposit)
})

test('28: nobody can take the request id of another payer', async () => {
  const economy = createEconomy()
  const { versionId } = await economy.held([[bob, ['one two three four']]])
  const model = await economy.model(alice, versionId)
  const pay = (who: Address) =>
    economy.send(who, 'rewards', 'pay', [model, zeroWord, 1n, 0n], { value: 5_000n })
  const mine = (await pay(bob)).result
  expect((await pay(carol)).result).not.toBe(mine)
  await expect(pay(bob)).rejects.toThrow('AlreadyExists')
})

test('30: calls that run at the same time keep their own callers', async () => {
  const callers = devnetAddresses.slice(0, 8)
  const outcomes = await Promise.all(
    callers.map(async (from) => {
      const journal = nativeState()
      await callNative(journal, vaultCall('count', [1n]), { from })
      return callNative(journal, vaultCall('record', [1n]), { from })
    }),
  )
  expect(outcomes.map(({ returnData }) => `0x${toHex(returnData).slice(26, 66)}`)).toEqual(callers)
})

test('31: the registry names the code that stands at the address', async () => {
  const world = createWorld()
  for (const name of Object.keys(moduleAbis) as ModuleName[]) {
    const { codeHash } = await world.read('registry', 'info', [at(name)])
    expect(world.journal.account(at(name))?.codeHash).toBe(codeHash)
  }
})

test('32: the authority cannot decide for a datanet, a receipt or a split', async () => {
  const economy = createEconomy()
  await economy.send(bob, 'datanet', 'create', [zeroWord, '', policy])
  const value = await economy.read('datanet', 'depositFor', [1n, 1_000n])
  const batch = [1n, textWord('root'), 3, 1_000n, zeroWord, zeroWord, ''] as const
  await economy.send(carol, 'datanet', 'submit', batch, { value })
  await expect(economy.send(alice, 'datanet', 'review', [1n, false, 0, zeroWord])).rejects.toThrow(
    'NotAuthorized',
  )
  const { versionId } = await economy.held([[carol, ['one two three four']]])
  const model = await economy.model(bob, versionId)
  const split = {
    dataBps: 4_000,
    modelBps: 4_000,
    providerBps: 1_000,
    stakersBps: 500,
    protocolBps: 500,
  }
  await expect(economy.send(alice, 'rewards', 'setSplit', [model, split])).rejects.toThrow(
    'NotAuthorized',
  )
  const requestId = await economy.paid(carol, model, 5_000n)
  await expect(economy.attributed(alice, requestId, versionId, 'one two')).rejects.toThrow(
    'NotAuthorized',
  )
})
