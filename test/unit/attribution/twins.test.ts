/**
 * Two modules and their Solidity twins (contracts/twins): whatever is called, both answer, log and
 * store the same, slot by slot, and what succeeds costs less in the module. Random inputs; TWIN_SEED
 * repeats a run.
 */
import { expect, test } from '@jest/globals'
import { type Abi, encodeFunctionData, toFunctionSelector } from 'viem'
import { moduleAbis, moduleAddresses } from '../../../attribution/abi.ts'
import {
  buildSumTree,
  merkleTree,
  proveLeaf,
  proveLeaves,
  proveSumLeaf,
} from '../../../attribution/methods/index.ts'
import { topOf } from '../../../attribution/merkle/tree.ts'
import { zeroWord } from '../../../attribution/words.ts'
import { devnetAddresses } from '../../../genesis/index.ts'
import { fromHex, toHex, toWord, type Address, type Hex } from '../../../primitives/index.ts'
import { createDice } from '../../support/dice.ts'
import { claimOf, createEconomy, type Economy, type EconomyLeaf } from '../../support/economy.ts'
import { forwarder } from '../../support/native.ts'
import { callBoth, carrier, effectsOf, type TwinCall } from '../../support/twins.ts'
import { alice, bob, createWorld, type World } from '../../support/world.ts'

const dice = createDice(Number(process.env['TWIN_SEED'] ?? 1))
const carol = devnetAddresses[2]!
const whoAsks: Address = `0x${'cc'.repeat(20)}`
const whoRejects: Address = `0x${'e1'.repeat(20)}`
const seen = new Map<string, number>()

type TwinName = 'proofs' | 'rewards'
const dataOf = (module: TwinName, functionName: string, args: readonly unknown[]): Hex => {
  const abi: Abi = moduleAbis[module]
  return encodeFunctionData({ abi, functionName, args })
}

/** Calls both and compares; the method's end is counted. */
async function compare(world: World, module: TwinName, name: string, call: TwinCall) {
  const { native, twin } = await callBoth(world, module, call)
  expect({ name, ...effectsOf(native) }).toEqual({ name, ...effectsOf(twin) })
  const { status } = native.outcome
  seen.set(`${name} ${status}`, (seen.get(`${name} ${status}`) ?? 0) + 1)
  if (status !== 'success') return
  const [mine, its] = [native.outcome.gasBeforeRefund, twin.outcome.gasBeforeRefund]
  const worst = gas.get(name)
  if (!worst || mine * worst.twin > worst.native * its) gas.set(name, { native: mine, twin: its })
}

/** What dearest in comparison, by method. */
const gas = new Map<string, { readonly native: bigint; readonly twin: bigint }>()

const dearer = () => [...gas].filter(([, { native, twin }]) => native >= twin)

const randomWord = (): Hex => toWord(BigInt(dice.below(2 ** 31)) * BigInt(dice.below(2 ** 31)) + 1n)
const flip = (hex: Hex): Hex => {
  const bytes = fromHex(hex)
  const i = dice.below(Math.max(bytes.length, 1))
  if (bytes.length > 0) bytes[i] = (bytes[i] ?? 0) ^ (1 << dice.below(8))
  return toHex(bytes)
}
/** Mostly as it is; now and then a little wrong. */
const maybe = <value>(value: value, wrong: () => value): value =>
  dice.below(6) === 0 ? wrong() : value
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

/** Arguments for each method of the twin, right or a little wrong. */
const proofArguments: Readonly<Record<string, () => readonly unknown[]>> = {
  merkle() {
    const size = 1 + dice.below(40)
    const values = numbers(size).map(randomWord)
    const tree = merkleTree(values.map(fromHex))
    const index = dice.below(size)
    const proof = proveLeaf(tree, index).map(toHex)
    return [
      maybe(toHex(topOf(tree)), randomWord),
      maybe(values[index]!, randomWord),
      maybe(BigInt(index), () => 2n ** BigInt(dice.below(256))),
      maybe(proof, () => numbers(dice.below(35)).map(randomWord)),
    ]
  },
  merkleMulti() {
    const size = 1 + dice.below(40)
    const values = numbers(size).map(randomWord)
    const tree = merkleTree(values.map(fromHex))
    const chosen = numbers(size).filter(() => dice.below(3) === 0)
    const indexes = chosen.length > 0 ? chosen : [0]
    const proof = proveLeaves(tree, indexes).map(toHex)
    return [
      toHex(topOf(tree)),
      maybe(indexes.map(BigInt), () =>
        indexes.map(() => BigInt(dice.below(9))).slice(dice.below(2)),
      ),
      maybe(
        indexes.map((i) => values[i]!),
        () => indexes.map(randomWord),
      ),
      maybe(proof, () => (dice.below(2) ? proof.slice(1) : [...proof, randomWord()])),
    ]
  },
  merkleSum() {
    const leaves = randomLeaves(1 + dice.below(40))
    const tree = buildSumTree(leaves)
    const index = dice.below(leaves.length)
    const leaf = leaves[index]!
    return [
      toHex(tree.root),
      maybe(tree.total, () => tree.total + 1n),
      leaf.clusterId,
      leaf.contributionId,
      maybe(leaf.weight, () => 2n ** 64n - 1n),
      maybe(BigInt(index), () => BigInt(dice.below(50))),
      maybe(toHex(proveSumLeaf(tree, index)), () => flip(toHex(proveSumLeaf(tree, index)))),
    ]
  },
  merkleSumRoot() {
    const leaves = randomLeaves(maybe(1 + dice.below(30), () => dice.pick([0, 257])))
    return [
      leaves.map(({ clusterId }) => clusterId),
      leaves.map(({ contributionId }) => contributionId).slice(maybe(0, () => 1)),
      leaves.map(({ weight }) => maybe(weight, () => 2n ** 63n)),
    ]
  },
  similarity() {
    const sketch = numbers(1 + dice.below(70)).map(() => dice.below(256))
    const other = sketch.map((byte) => maybe(byte, () => dice.below(256)))
    return [sketch, other.slice(maybe(0, () => 1))].map((bytes) => toHex(Uint8Array.from(bytes)))
  },
}

const randomLeaves = (count: number) =>
  numbers(count).map((i) => ({
    clusterId: BigInt(dice.below(5)),
    contributionId: BigInt(i),
    weight: BigInt(dice.below(1_000)),
  }))

test('proofs: random proofs, right and wrong, are judged alike, and cheaper in the module', async () => {
  const world = createWorld()
  for (const [name, make] of Object.entries(proofArguments))
    for (let i = 0; i < 12; i++) {
      world.deploy(whoAsks, carrier(moduleAddresses.proofs, dataOf('proofs', name, make())))
      await compare(world, 'proofs', name, { from: alice, to: whoAsks, data: '0x' })
    }
  expect(dearer()).toEqual([])
  for (const name of Object.keys(proofArguments)) expect(seen.get(`${name} success`)).toBeDefined()
}, 120_000)

test('both refuse the same malformed call data, value, and calls that are not direct', async () => {
  const world = createWorld()
  for (const module of ['proofs', 'rewards'] as const)
    for (const item of moduleAbis[module]) {
      if (item.type !== 'function' || !isTwinned(module, item.name)) continue
      for (let i = 0; i < 6; i++) {
        const words = numbers(dice.below(item.inputs.length + 8)).map(() =>
          dice.pick([toWord(32n * BigInt(dice.below(12))), toWord(2n ** BigInt(dice.below(256)))]),
        )
        const data = `${toFunctionSelector(item)}${words.map((word) => word.slice(2)).join('')}`
        const cut = maybe(data, () => data.slice(0, 2 + 2 * dice.below(data.length / 2))) as Hex
        // A write in a static call halts at once, in Solidity at its first SSTORE: another test's.
        const isRead = module === 'proofs' || isView(item.name)
        const kind = dice.pick(isRead ? callKinds : callKinds.slice(1))
        world.deploy(whoAsks, forwarder(kind, moduleAddresses[module]))
        const to = dice.below(3) === 0 ? whoAsks : moduleAddresses[module]
        const value = BigInt(maybe(0, () => 5))
        const { native, twin } = await callBoth(world, module, {
          from: alice,
          to,
          data: cut,
          value,
        })
        // A halt has no reason that a contract could read; out of gas and static are one to it.
        expect([item.name, cut, effectsOf(native)]).toEqual([item.name, cut, effectsOf(twin)])
      }
    }
}, 120_000)

const callKinds = ['staticcall', 'call', 'callcode', 'delegatecall'] as const

const isView = (name: string): boolean =>
  moduleAbis.rewards.some(
    (item) =>
      item.type === 'function' && item.name === name && /view|pure/.test(item.stateMutability),
  )

const isTwinned = (module: TwinName, name: string): boolean =>
  module === 'rewards' || name in proofArguments

test('a write in a static call fails in both, whatever it would have done', async () => {
  const economy = createEconomy()
  const { versionId } = await economy.held([[bob, ['one two three four']]])
  const model = await economy.model(alice, versionId)
  const id = await economy.paid(bob, model, 9_000n)
  economy.deploy(whoAsks, forwarder('staticcall', moduleAddresses.rewards))
  for (const data of [
    dataOf('rewards', 'pay', [model, zeroWord, 9n, 0n]),
    dataOf('rewards', 'settle', [id, []]),
    dataOf('rewards', 'withdraw', [bob]),
  ]) {
    const { native, twin } = await callBoth(economy, 'rewards', { from: bob, to: whoAsks, data })
    expect([native.outcome.status, twin.outcome.status]).toEqual(['revert', 'revert'])
    expect([...native.slots, ...twin.slots, ...native.balances, ...twin.balances]).toEqual([])
  }
})

/** A fee's whole life, with every refusal on its way; what each call does is compared before it is done. */
test('rewards: random lives of fees are the same in both, slot by slot, and cheaper in the module', async () => {
  const economy = createEconomy()
  const { versionId } = await economy.held([
    [bob, ['one two three four', 'nine ten eleven']],
    [carol, ['five six seven eight']],
  ])
  const base = await economy.model(alice, versionId)
  const parents = [{ assetId: base, edge: 0, sharePpm: 333_333 }]
  const models = [base, await economy.model(bob, versionId, { parents, sources: [] })]
  economy.deploy(whoRejects, '0xfd')
  const requests: Request[] = []
  const act = async (name: string, from: Address, args: readonly unknown[], value = 0n) => {
    const data = dataOf('rewards', name, args)
    economy.deploy(whoAsks, carrier(moduleAddresses.rewards, data))
    const call = isView(name) ? ({ from, to: whoAsks, data: '0x' } as const) : { from, data, value }
    await compare(economy, 'rewards', name, call)
    return economy.call(from, moduleAddresses.rewards, data, { value })
  }
  const steps = lifeOf(economy, { act, requests, models, versionId })
  for (let i = 0; i < 180; i++) await steps[i % steps.length]!()
  for (const { id } of requests.slice(-8)) await act('settlement', alice, [id])
  expect(dearer()).toEqual([])
  expect(await economy.owed()).toBe(economy.balance(moduleAddresses.rewards))
  for (const { name, type } of moduleAbis.rewards.filter((item) => item.type === 'function'))
    expect([type, name, seen.has(`${name} success`)]).toEqual([type, name, true])
  for (const name of ['pay', 'settle', 'claim', 'refund', 'setSplit', 'settlement', 'withdraw'])
    expect([name, seen.has(`${name} revert`)]).toEqual([name, true])
}, 240_000)

interface Request {
  readonly id: Hex
  readonly assetId: bigint
  leaves: readonly EconomyLeaf[]
}

interface Life {
  readonly act: (
    name: string,
    from: Address,
    args: readonly unknown[],
    value?: bigint,
  ) => Promise<{ readonly status: string; readonly returnData: Uint8Array }>
  readonly requests: Request[]
  readonly models: readonly bigint[]
  readonly versionId: bigint
}

/** One function a step; most of them on requests that are in the right state for it. */
function lifeOf(economy: Economy, { act, requests, models, versionId }: Life) {
  const people = [alice, bob, carol]
  const words = 'one two three four five six seven eight nine ten eleven'.split(' ')
  let nonce = 0n
  let looked = 0
  const anyRequest = (): Request =>
    requests.length === 0 || dice.below(8) === 0
      ? { id: randomWord(), assetId: 1n, leaves: [] }
      : dice.pick(requests.slice(-5))
  const modelOf = (): bigint => maybe(dice.pick(models), () => BigInt(dice.below(9)))
  const pay = async (): Promise<void> => {
    const [assetId, refundBlock] = [
      modelOf(),
      dice.pick([0n, economy.height() + BigInt(dice.below(3))]),
    ]
    const value = maybe(1_000n + BigInt(dice.below(9_000_000)), () => BigInt(dice.below(1_100)))
    const args = [assetId, zeroWord, maybe(nonce++, () => 0n), refundBlock]
    const { status, returnData } = await act('pay', dice.pick(people), args, value)
    if (status !== 'success') return
    const request = { id: toHex(returnData), assetId, leaves: [] }
    requests.push(request)
    if (dice.below(2) === 0) await attribute(request)
  }
  const attribute = async (request: Request): Promise<void> => {
    const answer = numbers(2 + dice.below(9))
      .map(() => dice.pick(words))
      .join(' ')
    const owner = request.assetId === models[0] ? alice : bob
    const made = await economy
      .attributed(owner, request.id, versionId, answer)
      .catch(() => undefined)
    request.leaves = made?.leaves ?? request.leaves
  }
  const settle = async (): Promise<void> => {
    const { id, leaves } = anyRequest()
    const shown = dice.pick([[], [], leaves, maybe(leaves, () => leaves.slice(1))])
    await act('settle', dice.pick(people), [id, shown])
  }
  const refund = async (): Promise<void> => {
    const waiting = requests.filter(({ leaves }) => leaves.length === 0)
    const { id } = maybe(dice.pick([...waiting, anyRequest()]), anyRequest)
    await act('refund', dice.pick(people), [id])
  }
  const claim = async (): Promise<void> => {
    const known = requests.filter((one) => one.leaves.length > 0)
    const { id, leaves } = dice.pick([...known, anyRequest()])
    if (leaves.length === 0) return
    const [ids, ...rest] = claimOf(id, leaves, dice.below(leaves.length))
    const [[leaf], [index], [proof]] = rest
    const wrong = dice.below(3) === 0 ? flip(proof) : proof
    await act('claim', dice.pick(people), [
      dice.below(6) === 0 ? [] : ids,
      [leaf],
      [index],
      [wrong],
    ])
  }
  const split = async (): Promise<void> => {
    const dataBps = maybe(5_000, () => 2_000)
    const rest = { modelBps: 2_000, providerBps: 1_000, stakersBps: 1_000 }
    const protocolBps = 10_000 - dataBps - 4_000
    const args = [modelOf(), { dataBps, ...rest, protocolBps: maybe(protocolBps, () => 77) }]
    await act(
      'setSplit',
      maybe(alice, () => bob),
      args,
    )
  }
  const look = async (): Promise<void> => {
    const { id, assetId } = anyRequest()
    const views: (readonly [string, readonly unknown[]])[] = [
      ['payment', [id]],
      ['settlement', [id]],
      ['splitOfRequest', [id]],
      ['isClaimed', [id, BigInt(dice.below(300))]],
      ['splitOf', [assetId]],
      ['claimableLineage', [modelOf(), modelOf()]],
      ['balanceOf', [dice.pick(people)]],
      ['totals', []],
      ['requestIdOf', [alice, nonce, assetId, id]],
    ]
    const [name, args] = views[looked++ % views.length]!
    await act(name, alice, args)
  }
  return [
    pay,
    pay,
    settle,
    settle,
    claim,
    claim,
    split,
    look,
    look,
    refund,
    async () => void (await act('claimLineage', bob, [modelOf(), modelOf()])),
    async () => {
      const to = dice.pick([carol, `0x${'99'.repeat(20)}` as const, whoRejects])
      await act('withdraw', dice.pick(people), [to])
    },
    async () => economy.mine(dice.below(4)),
  ]
}
