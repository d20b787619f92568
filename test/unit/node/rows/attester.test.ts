/** What a node builds of the versions a real datanet module has published. */
import { setImmediate } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { decodeFunctionData } from 'viem/utils'
import { datanetAbi, moduleAddresses } from '../../../../attribution/abi.ts'
import { paramsState } from '../../../../attribution/params/module.ts'
import { textWord, zeroWord } from '../../../../attribution/words.ts'
import { createAttester } from '../../../../node/rows/attester.ts'
import { freeSlots } from '../../../../execution/native/index.ts'
import { silentLogger, toHex, toWord } from '../../../../primitives/index.ts'
import { policy } from '../../../support/economy.ts'
import { alice, createWorld, type World } from '../../../support/world.ts'

const sizeBytes = 2_000n
const indexRoot = `0x${'cc'.repeat(32)}` as const

async function publish(world: World): Promise<bigint> {
  const free = { ...policy, depositPerBatch: 0n, depositPerKiB: 0n }
  const { result: datanetId } = await world.send(alice, 'datanet', 'create', [zeroWord, '', free])
  const offer = [datanetId, indexRoot, 3, sizeBytes, zeroWord, zeroWord, ''] as const
  const { result: batchId } = await world.send(alice, 'datanet', 'submit', offer)
  await world.send(alice, 'datanet', 'review', [batchId, true, 10_000, zeroWord])
  return publishBatch(world, datanetId, batchId)
}

async function publishBatch(world: World, datanetId: bigint, batchId: bigint): Promise<bigint> {
  const roots = { root: indexRoot, corpusRoot: indexRoot, indexRoot }
  const publication = {
    ...roots,
    datanetId,
    parentId: 0n,
    tokens: 9n,
    batchIds: [batchId],
    uri: '',
  }
  const value = await world.read('datanet', 'versionDepositFor', [sizeBytes])
  return (await world.send(alice, 'datanet', 'publish', [publication], { value })).result
}

function setLimit({ journal }: World, most: bigint): void {
  const { values } = paramsState(
    freeSlots(
      (slot) => journal.storage(moduleAddresses.params, slot),
      (slot, value) => journal.setStorage(moduleAddresses.params, slot, value),
    ),
  )
  values.at(textWord('datanet.maxVersionBytes')).set(toWord(most))
}

/** Versions built, and attested, by a validator that has their rows and looks at all of them once. */
async function workIn({ journal }: World) {
  const built: bigint[] = []
  const attested: unknown[] = []
  const attester = createAttester({
    chain: { head: () => ({ header: { number: 1n } }) as never, stateAt: () => journal },
    corpora: {
      build({ versionId }) {
        built.push(versionId)
        return Promise.resolve()
      },
    },
    log: silentLogger,
    hasRows: () => true,
    want: () => undefined,
    validator: {
      address: alice,
      send(to, data) {
        expect(to).toBe(moduleAddresses.datanet)
        const { functionName, args } = decodeFunctionData({ abi: datanetAbi, data: toHex(data) })
        expect(functionName).toBe('attest')
        attested.push(args?.[0])
        return Promise.resolve(true)
      },
    },
  })
  await attester.start()
  await setImmediate() // every version looked at: nothing here waits for more than promises
  await attester.stop()
  return { built, attested }
}

const builtIn = async (world: World) => (await workIn(world)).built

test('a version above what the chain lets validators hold is not built', async () => {
  const world = createWorld()
  const versionId = await publish(world)
  setLimit(world, sizeBytes - 1n)
  expect(await builtIn(world)).toEqual([])
  setLimit(world, sizeBytes)
  expect(await builtIn(world)).toEqual([versionId])
})

test('a version that is held is built though the limit has been lowered since', async () => {
  const world = createWorld()
  const versionId = await publish(world)
  await world.send(alice, 'datanet', 'attest', [versionId, indexRoot])
  setLimit(world, 1n)
  expect(await builtIn(world)).toEqual([versionId])
})

test('what was taken out of one version keeps no other from being attested', async () => {
  const world = createWorld()
  const first = await publish(world)
  const { datanetId } = await world.read('datanet', 'version', [first])
  const offer = [datanetId, `0x${'dd'.repeat(32)}`, 3, sizeBytes, zeroWord, zeroWord, ''] as const
  const { result: batchId } = await world.send(alice, 'datanet', 'submit', offer)
  await world.send(alice, 'datanet', 'review', [batchId, true, 10_000, zeroWord])
  const second = await publishBatch(world, datanetId, batchId)
  expect((await workIn(world)).attested).toEqual([first, second])
  await world.send(alice, 'datanet', 'retract', [1n, zeroWord])
  expect((await workIn(world)).attested).toEqual([second])
  await world.send(alice, 'datanet', 'attest', [second, indexRoot])
  expect((await workIn(world)).attested).toEqual([])
})
