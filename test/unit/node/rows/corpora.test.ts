/** Indexes of versions as a node has them: what a contributor or publisher says wrongly stays without effect. */
import { expect, test } from '@jest/globals'
import { buildVersion } from '../../../../attribution/methods/index.ts'
import type { VersionSource } from '../../../../attribution/index.ts'
import { createCorpora } from '../../../../node/rows/corpora.ts'
import { MissingData } from '../../../../execution/native/index.ts'
import { createIndexMaker } from '../../../../node/rows/index-maker.ts'
import { invariant, silentLogger, toHex } from '../../../../primitives/index.ts'
import { batchOf } from '../../../support/rows-node.ts'

const batch = batchOf('the quick brown fox', 'jumps over the lazy dog')
const others = [batchOf('another text altogether'), batchOf('a third')] as const
const versionOf = (versionId: bigint, { bytes, root, rows }: typeof batch) => {
  const { index: _, ...facts } = buildVersion([bytes])
  const batches = [
    { batchId: versionId, root: toHex(root), rows: rows.length, sizeBytes: bytes.length },
  ]
  const source: VersionSource = {
    ...facts,
    versionId,
    state: 'external',
    rows: BigInt(facts.rows),
    batches,
  }
  return { facts, source }
}
const { facts, source: honest } = versionOf(1n, batch)

function createParts(memoryBytes = 2 ** 20) {
  const maker = createIndexMaker({ quotaBytes: 0 }, silentLogger)
  let readBytes = 0
  const corpora = createCorpora(
    { memoryBytes },
    {
      rowsOf: ({ root }) =>
        Promise.resolve((others.find((one) => toHex(one.root) === root) ?? batch).bytes),
      maker: {
        load: (version) => maker.load(version),
        make: (order) => maker.make({ ...order, batches: counted(order.batches) }),
      },
      log: silentLogger,
    },
  )
  async function* counted(batches: AsyncIterable<Uint8Array>) {
    for await (const bytes of batches) {
      readBytes += bytes.length
      yield bytes
    }
  }
  return { corpora, readBytes: () => readBytes }
}

test('rows that are longer or shorter than the contributor said are not indexed at all', async () => {
  for (const sizeBytes of [1, batch.bytes.length - 1, batch.bytes.length + 1]) {
    const { corpora, readBytes } = createParts()
    const batches = honest.batches.map((one) => ({ ...one, sizeBytes }))
    const lie = { ...honest, sizeBytes: BigInt(sizeBytes), batches }
    const mismatch = { code: 'INDEX_MISMATCH', message: expect.stringContaining('bytes') }
    await expect(corpora.build(lie)).rejects.toMatchObject(mismatch)
    await expect(corpora.buildOf(batches, 2n ** 20n)).rejects.toMatchObject(mismatch)
    expect(readBytes()).toBe(0)
  }
})

test('a client gets a version built up to the size that can be held', async () => {
  const { corpora, readBytes } = createParts()
  const size = BigInt(batch.bytes.length)
  await expect(corpora.buildOf(honest.batches, size - 1n)).rejects.toMatchObject({
    code: 'VERSION_TOO_LARGE',
    message: expect.stringContaining('datanet.maxVersionBytes'),
  })
  expect(readBytes()).toBe(0)
  expect(await corpora.buildOf(honest.batches, size)).toEqual(facts)
})

test('a version that is honest is built beside one that states the same index root and lies', async () => {
  const { corpora } = createParts()
  const lie = { ...honest, versionId: 2n, root: `0x${'11'.repeat(32)}` as const }
  const [first, second] = await Promise.allSettled([corpora.build(lie), corpora.build(honest)])
  expect(first).toMatchObject({ status: 'rejected', reason: { code: 'INDEX_MISMATCH' } })
  expect(second).toMatchObject({ status: 'fulfilled' })
})

test('two indexes that do not fit the memory together stay while a transaction needs both', async () => {
  const { corpora } = createParts(1)
  const [other, third] = others.map((one, i) => versionOf(BigInt(i) + 2n, one).source)
  invariant(other !== undefined && third !== undefined, 'two others')
  const isHere = (source: VersionSource): boolean => {
    try {
      return corpora.indexOf(source).order.length > 0
    } catch (error) {
      if (error instanceof MissingData) return false
      throw error
    }
  }
  const releases = [await corpora.hold(honest), await corpora.hold(other)]
  expect([isHere(honest), isHere(other)]).toEqual([true, true])
  for (const release of releases) release()
  await corpora.build(third)
  expect([isHere(honest), isHere(other), isHere(third)]).toEqual([false, false, true])
})
