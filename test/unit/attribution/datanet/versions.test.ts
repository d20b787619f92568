/** Versions: which batches they take, where their rows are, and when they are held. */
import { beforeEach, describe, expect, test } from '@jest/globals'
import { moduleAddresses } from '../../../../attribution/abi.ts'
import { datanetGenesis } from '../../../../attribution/datanet/index.ts'
import { datanetLayout } from '../../../../attribution/datanet/state.ts'
import {
  hashRow,
  merkleRoot,
  merkleTree,
  proveLeaf,
} from '../../../../attribution/methods/index.ts'
import { paramTable } from '../../../../attribution/params/table.ts'
import { createRegistry } from '../../../../attribution/registry/module.ts'
import { freeSlots } from '../../../../execution/native/index.ts'
import { toHex, type Address, type Hex } from '../../../../primitives/index.ts'
import { authority } from '../../../support/modules.ts'
import {
  alice,
  bob,
  carol,
  createDatanetChain,
  dave,
  module,
  owner,
  versionDeposit,
  word,
} from './setup.ts'

let chain: ReturnType<typeof createDatanetChain>
beforeEach(() => {
  chain = createDatanetChain()
})

describe('versions', () => {
  test('append batches to their parent; every row finds its batch', async () => {
    const id = await chain.create()
    const batches = [
      await chain.accepted(id, word(1), { rows: 3 }),
      await chain.accepted(id, word(2), { rows: 1 }),
      await chain.accepted(id, word(3), { rows: 4 }),
    ] as const
    const first = await chain.publish(id, batches.slice(0, 2))
    const second = await chain.publish(id, [batches[2]], { parentId: first })
    expect(await chain.version(second)).toMatchObject({
      state: 1,
      rows: 8n,
      sizeBytes: 6_144n,
      batches: 1,
      parentId: first,
      deposit: versionDeposit,
    })
    const found = []
    for (let row = 0n; row < 8n; row++)
      found.push((await chain.call(module, 'partOfRow', [second, row], { from: dave })).result)
    expect(found.map(({ batchId }) => batchId)).toEqual([1n, 1n, 1n, 2n, 3n, 3n, 3n, 3n])
    expect(found[7]).toEqual({ batchId: 3n, firstRow: 4n, rows: 4 })
    await expect(chain.call(module, 'partOfRow', [second, 8n], { from: dave })).rejects.toThrow(
      'NotFound',
    )
    const { result: parts } = await chain.call(module, 'parts', [first, 1n, 99n], { from: dave })
    expect(parts).toEqual([{ batchId: 2n, firstRow: 3n, rows: 1 }])
    const { result: none } = await chain.call(module, 'parts', [first, 2n ** 255n, 2n ** 255n], {
      from: dave,
    })
    expect(none).toEqual([])
  })

  test('take neither pending, foreign, doubled nor unordered batches', async () => {
    const [id, other] = [await chain.create(), await chain.create()]
    const [a, b] = [await chain.accepted(id, word(1)), await chain.accepted(id, word(2))]
    const foreign = await chain.accepted(other, word(1))
    const pending = await chain.submit(id, word(3))
    for (const [batchIds, error] of [
      [[pending], 'BadState'],
      [[foreign], 'InvalidArgument'],
      [[a, a], 'InvalidArgument'],
      [[b, a], 'InvalidArgument'],
      [[], 'InvalidArgument'],
      [[99n], 'NotFound'],
      [Array.from({ length: 65 }, (_, i) => BigInt(i + 1)), 'LimitExceeded'],
    ] as const)
      await expect(chain.publish(id, batchIds)).rejects.toThrow(error)
    const version = await chain.publish(id, [b])
    await expect(chain.publish(id, [a], { parentId: version })).rejects.toThrow('InvalidArgument')
    await expect(chain.publish(other, [foreign], { parentId: version })).rejects.toThrow(
      'InvalidArgument',
    )
    await expect(chain.publish(id, [b], { indexRoot: word(0) })).rejects.toThrow('InvalidArgument')
  })

  test('a retracted batch is in no later version, by no parent either', async () => {
    const id = await chain.create()
    const [a, b, c] = [
      await chain.accepted(id, word(1)),
      await chain.accepted(id, word(2)),
      await chain.accepted(id, word(3)),
    ]
    const version = await chain.publish(id, [a, b])
    await expect(chain.call(module, 'retract', [a, word(1)], { from: bob })).rejects.toThrow(
      'NotAuthorized',
    )
    await chain.call(module, 'retract', [a, word(1)], { from: alice })
    await expect(chain.publish(id, [a])).rejects.toThrow('BadState')
    await expect(chain.publish(id, [c], { parentId: version })).rejects.toThrow('InvalidArgument')
    expect(await chain.publish(id, [b, c])).toBe(2n)
    expect(await chain.version(version)).toMatchObject({ rows: 6n })
  })

  test('go on when a batch is taken out that they do not have, however many are', async () => {
    const id = await chain.create()
    const accepted = (n: number) => chain.accepted(id, word(n))
    const own = await accepted(1)
    const others = [await accepted(2), await accepted(3), await accepted(4)]
    const parent = await chain.publish(id, [own])
    await chain.publish(id, others)
    const last = await accepted(5)
    const retract = (batchId: bigint) =>
      chain.call(module, 'retract', [batchId, word(1)], { from: alice })
    for (const batchId of others) await retract(batchId)
    const attest = (version: bigint) =>
      chain.call(module, 'attest', [version, word(0xcc)], { from: authority })
    await expect(attest(2n)).rejects.toThrow('InvalidArgument')
    await attest(parent)
    const child = await chain.publish(id, [last], { parentId: parent })
    await retract(own)
    await expect(attest(child)).rejects.toThrow('InvalidArgument')
  })

  test('are built on after more retractions elsewhere than an attestation looks through', async () => {
    const id = await chain.create()
    const parent = await chain.publish(id, [await chain.accepted(id, word(1))])
    const others: bigint[] = []
    for (let i = 0; i < 17; i++) others.push(await chain.accepted(id, word(10 + i)))
    await chain.publish(id, others)
    const [last, further] = [await chain.accepted(id, word(2)), await chain.accepted(id, word(3))]
    for (const batchId of others)
      await chain.call(module, 'retract', [batchId, word(1)], { from: alice })
    const attest = (version: bigint) =>
      chain.call(module, 'attest', [version, word(0xcc)], { from: authority })
    await expect(attest(parent)).rejects.toThrow('InvalidArgument')
    await expect(chain.publish(id, [further], { parentId: 2n })).rejects.toThrow('InvalidArgument')
    await attest(await chain.publish(id, [last], { parentId: parent }))
  })

  test('are held once the validator has attested the root they were published with', async () => {
    const id = await chain.create()
    const version = await chain.publish(id, [await chain.accepted(id, word(1))])
    const attest = (from: Address, root = word(0xcc)) =>
      chain.call(module, 'attest', [version, root], { from })
    await expect(attest(alice)).rejects.toThrow('NotAuthorized')
    await expect(attest(authority, word(0xcd))).rejects.toThrow('InvalidArgument')
    expect((await chain.call(module, 'isHeld', [version], { from: dave })).result).toBe(false)
    const { events } = await attest(authority)
    expect(events.map(({ eventName }) => eventName)).toEqual(['VersionAttested', 'VersionHeld'])
    expect((await chain.call(module, 'isHeld', [version], { from: dave })).result).toBe(true)
    await expect(attest(authority)).rejects.toThrow('BadState')
    await expect(chain.call(module, 'abandon', [version], { from: owner })).rejects.toThrow(
      'BadState',
    )
  })

  test('count the rows of a held parent once against what validators hold', async () => {
    const id = await chain.create()
    const slots = freeSlots((slot) => chain.journal.storage(moduleAddresses.datanet, slot))
    const heldBytes = () => datanetLayout(slots).heldBytes.get()
    const hold = async (version: bigint) => {
      await chain.call(module, 'attest', [version, word(0xcc)], { from: authority })
      return (await chain.version(version)) as { readonly sizeBytes: bigint }
    }
    const [a, b, c] = [
      await chain.accepted(id, word(1)),
      await chain.accepted(id, word(2)),
      await chain.accepted(id, word(3)),
    ]
    const first = await chain.publish(id, [a])
    const { sizeBytes } = await hold(first)
    expect(heldBytes()).toBe(sizeBytes)
    const second = await chain.publish(id, [b], { parentId: first })
    expect((await hold(second)).sizeBytes).toBe(2n * sizeBytes)
    expect(heldBytes()).toBe(2n * sizeBytes)
    // Of an external parent everything is new.
    const third = await chain.publish(id, [c], { parentId: second })
    await hold(third)
    const outside = await chain.publish(id, [a])
    await hold(await chain.publish(id, [b], { parentId: outside }))
    expect(heldBytes()).toBe(5n * sizeBytes)
  })

  test('an external version can be given up for its deposit', async () => {
    const id = await chain.create()
    const version = await chain.publish(id, [await chain.accepted(id, word(1))])
    await chain.call(module, 'abandon', [version], { from: owner })
    expect(await chain.owed(owner)).toBe(versionDeposit)
    await expect(
      chain.call(module, 'attest', [version, word(0xcc)], { from: authority }),
    ).rejects.toThrow('BadState')
  })

  test('a row is proven under the version root at its place and at no other', async () => {
    const id = await chain.create()
    const hashes = ['a', 'b', 'c'].map((text) => hashRow(new TextEncoder().encode(text)))
    const root = toHex(merkleRoot(hashes))
    const version = await chain.publish(id, [await chain.accepted(id, word(1), { rows: 3 })], {
      root,
    })
    const proof = proveLeaf(merkleTree(hashes), 1).map(toHex)
    const verify = async (index: bigint, siblings: Hex[] = proof) =>
      (
        await chain.call(module, 'verifyRow', [version, toHex(hashes[1]!), index, siblings], {
          from: dave,
        })
      ).result
    expect(await verify(1n)).toBe(true)
    expect(await verify(0n)).toBe(false)
    expect(await verify(3n)).toBe(false)
    expect(await verify(2n ** 255n)).toBe(false)
    expect(
      await verify(
        1n,
        Array.from({ length: 33 }, () => word(0)),
      ),
    ).toBe(false)
  })
})

const blocks = Number(paramTable['datanet.depositBlocks'].value)
const reclaim = async (batchId: bigint) =>
  (await chain.call(module, 'reclaim', [batchId], { from: bob })).result
const attestAlone = (version: bigint) =>
  chain.call(module, 'attest', [version, word(0xcc)], { from: authority })

describe('the deposit of a published batch', () => {
  // Whoever pays one out asks receipts for debts, where there are receipts.
  beforeEach(() => {
    chain = createDatanetChain([createRegistry([])])
  })

  test('is locked from when a version with it is held, not from publication', async () => {
    const id = await chain.create()
    const batchId = await chain.accepted(id, word(1))
    const first = await chain.publish(id, [batchId])
    chain.mine(blocks + 1)
    await expect(reclaim(batchId)).rejects.toThrow('BadState')
    await chain.call(module, 'abandon', [first], { from: owner })
    const second = await chain.publish(id, [batchId])
    await attestAlone(second)
    await chain.publish(id, [batchId]) // a later one, held by nobody, changes nothing
    chain.mine(blocks - 1)
    await expect(reclaim(batchId)).rejects.toThrow('TooEarly')
    chain.mine(1)
    expect(await reclaim(batchId)).toBe(120n)
  })

  test('comes back after a retraction when none was held, and none is held afterwards', async () => {
    const id = await chain.create()
    const [batchId, other] = [await chain.accepted(id, word(1)), await chain.accepted(id, word(2))]
    const parent = await chain.publish(id, [batchId])
    const child = await chain.publish(id, [other], { parentId: parent })
    chain.mine(blocks)
    await chain.call(module, 'retract', [batchId, word(1)], { from: alice })
    for (const version of [parent, child])
      await expect(attestAlone(version)).rejects.toThrow('InvalidArgument')
    await expect(reclaim(batchId)).rejects.toThrow('TooEarly')
    chain.mine(blocks)
    expect(await reclaim(batchId)).toBe(120n)
    await attestAlone(await chain.publish(id, [other]))
  })
})

test('validators of genesis hold a version with more than two thirds of the power', async () => {
  const slots = datanetGenesis([
    { address: bob, power: 2n },
    { address: carol, power: 2n },
    { address: dave, power: 2n },
  ])
  for (const [slot, value] of slots) chain.journal.setStorage(moduleAddresses.datanet, slot, value)
  const id = await chain.create()
  const version = await chain.publish(id, [await chain.accepted(id, word(1))])
  const attest = async (from: Address) => {
    await chain.call(module, 'attest', [version, word(0xcc)], { from })
    return (await chain.call(module, 'isHeld', [version], { from: alice })).result
  }
  await expect(attest(authority)).rejects.toThrow('NotAuthorized')
  expect(await attest(bob)).toBe(false)
  await expect(attest(bob)).rejects.toThrow('AlreadyExists')
  expect(await attest(carol)).toBe(false)
  expect(await attest(dave)).toBe(true)
  const { result } = await chain.call(module, 'powerOf', [bob], { from: alice })
  expect(result).toEqual([2n, 6n])
})
