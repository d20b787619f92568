/**
 * V8 finds a bigint in a Map or Set by its low 64 bits: slots k·2^64 + 7 all stand in one bucket, and each look-up
 * walks it. Anybody chooses slots, so nothing may be found by a bigint that came from outside.
 */
import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { createPrestateTracer } from '../../../rpc/tracers/prestate.ts'
import { createJournal } from '../../../state/journal.ts'
import type { Address } from '../../../primitives/index.ts'
import { contract, header, sender, stateWith } from '../../support/engine.ts'
import { leastCpuOf } from '../../support/cpu.ts'
import { glob } from '../../support/glob.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const folders = ['primitives', 'state', 'execution', 'attribution', 'genesis', 'consensus', 'rpc']

/** Keys that the chain gives out one after the other, or that only the operator writes; and why. */
const given: Readonly<Record<string, string>> = {
  'attribution/datanet/index.ts': 'slots of block 0',
  'attribution/lineage/flatten.ts': 'ids of assets',
  'attribution/methods/ngram-cells.ts': 'ids of batches',
  'attribution/methods/ngram-claim.ts': 'ids of batches',
  'attribution/methods/ngram-weights.ts': 'ids of batches',
  'attribution/ngram/native.ts': 'ids of batches',
  'attribution/params/module.ts': 'slots of block 0',
  'attribution/receipts/answer.ts': 'ids of batches, under a hash that the module made',
  'attribution/receipts/epoch.ts': 'ids of batches',
  'attribution/receipts/netting.ts': 'ids of batches',
  'attribution/span/native.ts': 'ids of batches, rows of a version',
  'attribution/views/receipt.ts': 'ids of batches',
  'attribution/views/usage.ts': 'ids of batches',
  'consensus/catch-up.ts': 'heights, a bounded stretch',
  'execution/chain.ts': 'block numbers',
  'execution/commons.ts': 'chain ids, few',
  'execution/native-frame.ts': 'slots of a module: hashes, or next to one',
  'execution/native/slots.ts': 'slots of block 0',
  'execution/simulate.ts': 'block numbers, 256 at most',
  'genesis/block.ts': 'slots of block 0',
  'genesis/schema.ts': 'slots of block 0',
  'genesis/types.ts': 'slots of block 0',
  'genesis/devnet.ts': 'slots of block 0',
  'rpc/dev-api.ts': 'block numbers',
  'rpc/methods/dev/reorg.ts': 'block numbers',
}

test('no Map, Set or cache is keyed by a bigint, but by those that the chain gives out', async () => {
  const found = new Set<string>()
  for (const folder of folders)
    for (const file of await glob(join(root, folder), '.ts')) {
      const source = await readFile(file, 'utf8')
      if (/\b(?:ReadonlyMap|ReadonlySet|Map|Set|LRUCache)<(?:\w+ \| )?bigint\b/.test(source))
        found.add(relative(root, file))
    }
  expect([...found].toSorted()).toEqual(Object.keys(given).toSorted())
})

const many = 6_000
const ordinary = (k: number): bigint => BigInt(k)
const chosen = (k: number): bigint => (BigInt(k) << 64n) + 7n

const works: Readonly<Record<string, (slotAt: (k: number) => bigint) => unknown>> = {
  'the net changes of a block': (slotAt) => {
    const journal = createJournal(stateWith('0x00'))
    for (let k = 0; k < many; k++) journal.setStorage(contract, slotAt(k), 1n)
    return journal.changes()
  },
  prestateTracer: (slotAt) => {
    const state = stateWith('0x00')
    const subject = {
      from: sender,
      to: contract,
      nonce: 0n,
      gasLimit: 30_000_000n,
      authorities: [],
      header,
      precompiles: new Set<Address>(),
      before: state,
      now: state,
      place: undefined,
    }
    const tracer = createPrestateTracer({}, subject, () => undefined)
    for (let k = 0; k < many; k++) tracer.hooks.slot?.(contract, slotAt(k))
    return tracer
  },
}

test.each(Object.entries(works))('chosen slots cost %s what others cost', (_, work) => {
  // Found by the bigint they took forty times as long.
  expect(leastCpuOf(() => work(chosen))).toBeLessThan(8 * leastCpuOf(() => work(ordinary)) + 5_000)
})
