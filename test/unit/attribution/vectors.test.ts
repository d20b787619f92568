/** kNN and RAG Shapley as methods of receipts: who is paid for an answer, and what each refuses. */
import { beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { encodeFunctionData } from 'viem'
import { shapleyByRank } from '../../../attribution/methods/knn-shapley.ts'
import { ragShapley } from '../../../attribution/methods/rag-shapley.ts'
import { moduleAbis, moduleAddresses } from '../../../attribution/abi.ts'
import { atMostOne } from '../../../attribution/vectors/native.ts'
import { toHex } from '../../../primitives/index.ts'
import { devnetAddresses } from '../../../genesis/index.ts'
import { bytesOf, createEconomy, type Economy, type EconomyLeaf } from '../../support/economy.ts'
import { alice, bob } from '../../support/world.ts'

const carol = devnetAddresses[2]!
const knn = 4
const rag = 5

const hexOf = (vector: readonly number[]): string =>
  toHex(Uint8Array.from(vector, (component) => component & 0xff)).slice(2)
/** Spelled as the row {"label", "vector"} reads: its strings by key, a line each. */
const spelled = (label: string, vector: readonly number[]): string => `${label} ${hexOf(vector)}`

let economy: Economy
beforeEach(() => {
  economy = createEconomy()
})

/** Bob's rows, then Carol's. */
async function setUp(own: readonly string[], others: readonly string[]) {
  const { versionId, batchIds } = await economy.held([
    [bob, own],
    [carol, others],
  ])
  return { versionId, batchIds, assetId: await economy.model(alice, versionId) }
}

const preview = (versionId: bigint, method: number, answer: string) =>
  economy.read('receipts', 'preview', [versionId, method, toHex(bytesOf(answer))])

const near = [spelled('cat', [1, 2, 3]), spelled('dog', [9, 9, 9])]
const far = [spelled('cat', [-20, 5, 60]), spelled('dog', [2, 2, 2]), 'a row that is no vector']

describe('kNN-Shapley', () => {
  test('rows with the answer’s label gain, others lose, a batch below nothing has no leaf', async () => {
    const { versionId, batchIds } = await setUp(near, far)
    const [, leaves, , total] = await preview(versionId, knn, spelled('cat', [1, 2, 3]))
    // By distance: cat (Bob), dog (Carol), dog (Bob), cat (Carol); fewer players than voters.
    const values = shapleyByRank(Uint8Array.of(1, 0, 0, 1), 5).map((value) => value >> 22n)
    const sums = [values[0]! + values[2]!, values[1]! + values[3]!]
    expect(leaves.map(({ contributionId, weight }) => [contributionId, weight])).toEqual(
      batchIds.map((id, i) => [id, sums[i]]),
    )
    expect(total).toBe(sums[0]! + sums[1]!)
  })

  test('an answer is attributed in its transaction, paid out, and the fee is kept to the wei', async () => {
    const { versionId, assetId } = await setUp(near, far)
    const requestId = await economy.paid(bob, assetId, 1_000_003n)
    const answer = toHex(bytesOf(spelled('dog', [2, 2, 3])))
    const args = [requestId, versionId, knn, answer] as const
    const { result, events } = await economy.send(alice, 'receipts', 'attribute', args)
    const status = await economy.read('receipts', 'status', [result])
    expect([status.methodId, status.state]).toEqual([knn, 3])
    const leaves = events.find(({ name }) => name === 'ReceiptLeaves')?.args[
      'leaves'
    ] as EconomyLeaf[]
    await economy.send(bob, 'rewards', 'settle', [requestId, leaves])
    const [escrowed, balances, pools] = await economy.read('rewards', 'totals', [])
    expect(escrowed + balances + pools).toBe(1_000_003n)
    expect(await economy.read('rewards', 'balanceOf', [carol])).toBeGreaterThan(0n)
  })

  test('a label no row has, and an answer that is no vector', async () => {
    const { versionId } = await setUp(near, far)
    const [, leaves] = await preview(versionId, knn, spelled('newt', [1, 2, 3]))
    expect(leaves).toEqual([])
    for (const answer of ['cat 01020', 'cat 0102zz', 'cat 0102FF', '', '   '])
      await expect(preview(versionId, knn, answer)).rejects.toThrow('InvalidArgument')
  })

  test('vectors of other lengths do not play', async () => {
    const { versionId } = await setUp(near, [spelled('cat', [1, 2])])
    const [, leaves] = await preview(versionId, knn, spelled('cat', [1, 2]))
    expect(leaves).toHaveLength(1)
  })
})

describe('RAG-Shapley', () => {
  test('each candidate has its share of the relevance that counts', async () => {
    const { versionId, batchIds } = await setUp(near, far)
    const [, leaves] = await preview(versionId, rag, spelled('any', [1, 1, 1]))
    // Dot products: Bob 6 and 27, Carol 45 and 6; all four count.
    const { numerators, denominator } = ragShapley([45n, 27n, 6n, 6n], 8)
    const [most, second, third, fourth] = numerators.map((n) => (n << 20n) / denominator)
    expect(leaves.map(({ contributionId, weight }) => [contributionId, weight])).toEqual([
      [batchIds[0], second! + third!],
      [batchIds[1], most! + fourth!],
    ])
  })

  test('what points away is worth nothing', async () => {
    const { versionId } = await setUp(near, far)
    const [, leaves, , total] = await preview(versionId, rag, spelled('any', [-1, -1, -1]))
    expect([leaves, total]).toEqual([[], 0n])
  })
})

const row = (length: number): string => `cat ${'01'.repeat(length)}`

test('reading the vectors is paid for by every call, however many lengths were asked for', async () => {
  const lengths = [300, 301, 302, 303, 304, 305]
  const { versionId } = await setUp(lengths.map(row), ['a row'])
  const ask = async (length: number): Promise<bigint> => {
    const data = encodeFunctionData({
      abi: moduleAbis.receipts,
      functionName: 'preview',
      args: [versionId, knn, toHex(bytesOf(row(length)))],
    })
    return (await economy.call(alice, moduleAddresses.receipts, data)).gasUsed
  }
  const first = await ask(300)
  for (const length of lengths.slice(1)) await ask(length)
  expect(await ask(300)).toBe(first)
  // 6 rows of one more component: a gas each, and the answer's bytes.
  expect((await ask(301)) - first).toBeGreaterThan(0n)
})

test('the gas of a search depends on the version and the vector, not on what was asked before', async () => {
  const { versionId, assetId } = await setUp(near, far)
  const used: bigint[] = []
  for (let i = 0; i < 2; i++) {
    const requestId = await economy.paid(bob, assetId, 1_000n + BigInt(i))
    const args = [requestId, versionId, knn, toHex(bytesOf(spelled('cat', [1, 2, 3])))] as const
    const { outcome } = await economy.send(alice, 'receipts', 'attribute', args)
    used.push(outcome.gasUsed)
  }
  expect(used[0]).toBe(used[1])
})

test('rows gain at most one by an answer, whatever the labels', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 1), { minLength: 6, maxLength: 200 }), (pattern) => {
      const values = shapleyByRank(Uint8Array.from(pattern), 5)
      const rows = Array.from(values.subarray(0, 64), (value, i) => ({
        row: BigInt(i),
        score: value >> 42n,
      }))
      const gains = atMostOne(rows).reduce((sum, { score }) => (score > 0n ? sum + score : sum), 0n)
      expect(gains).toBeLessThanOrEqual(1n << 20n)
    }),
    { examples: [[[1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]]] },
  )
})
