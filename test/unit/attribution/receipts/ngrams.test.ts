/**
 * N-gram shares as receipts: attributed at once when short, else stated with the root of their cells, and
 * then doubted by one cell, by the order of leaves, or computed again in pieces.
 */
import { beforeEach, describe, expect, test } from '@jest/globals'
import { encodeAbiParameters, getAddress } from 'viem'
import { moduleAddresses } from '../../../../attribution/abi.ts'
import { type CellProof, commitCells } from '../../../../attribution/methods/ngram-cells.ts'
import { claimNgrams } from '../../../../attribution/methods/ngram-claim.ts'
import { buildSumTree, proveSumLeaf } from '../../../../attribution/methods/index.ts'
import { invariant, toHex, type Hex } from '../../../../primitives/index.ts'
import { bytesOf, type EconomyLeaf } from '../../../support/economy.ts'
import { alice, bob } from '../../../support/world.ts'
import {
  balances,
  carol,
  type Case,
  challenge,
  challengeBond,
  commit,
  commitBond,
  createCase,
  dave,
  erin,
  ground,
  method,
  nobody,
  receiptOf,
  refusal,
  said,
  state,
  surplus,
} from './setup.ts'

const saidHex = toHex(bytesOf(said))
const half = commitBond / 2n

let given: Case
const rightLeaves = async (methodId: number): Promise<readonly EconomyLeaf[]> =>
  (await given.economy.read('receipts', 'preview', [given.versionId, methodId, saidHex]))[1]

const cellType = [
  { name: 'index', type: 'uint256' },
  { name: 'token', type: 'uint32' },
  { name: 'weight', type: 'uint64' },
  { name: 'cellsRoot', type: 'bytes32' },
  { name: 'cellsTotal', type: 'uint64' },
  { name: 'cellProof', type: 'bytes' },
  { name: 'evidenceTotal', type: 'uint64' },
  { name: 'evidenceProof', type: 'bytes' },
] as const
const leafType = {
  type: 'tuple',
  components: [
    { name: 'clusterId', type: 'uint256' },
    { name: 'contributionId', type: 'uint256' },
    { name: 'weight', type: 'uint64' },
  ],
} as const

/** Data of a WrongToken challenge. */
function wrongToken(leaves: readonly EconomyLeaf[], root: Uint8Array, proof: CellProof): Hex {
  const index = Number(proof.index)
  const leaf = leaves[index]
  invariant(leaf !== undefined, 'a leaf')
  return encodeAbiParameters(
    [
      { type: 'bytes' },
      leafType,
      { type: 'bytes' },
      { type: 'bytes32' },
      { type: 'tuple', components: cellType },
    ],
    [
      saidHex,
      leaf,
      toHex(proveSumLeaf(buildSumTree(leaves), index)),
      toHex(root),
      {
        ...proof,
        cellProof: toHex(proof.cellProof),
        evidenceProof: toHex(proof.evidenceProof),
      },
    ],
  )
}

/** Words that come back, so that what a batch has of them is more than nothing. */
const createRich = () =>
  createCase(
    'one two three four one two three one two',
    'five six seven eight two three seven eight five six seven',
  )
const claim = () => {
  const index = given.economy.indexes.get(given.indexRoot)
  invariant(index !== undefined, 'an index')
  return claimNgrams(index, bytesOf(said), (row) => {
    const id = given.batchIds[row]
    invariant(id !== undefined, 'one row a batch')
    return { clusterId: id, contributionId: id }
  })
}
const state7 = (leaves: readonly EconomyLeaf[], root: Uint8Array) =>
  commit(given, {
    ...receiptOf(given, method.ngrams, leaves),
    evidenceHash: toHex(root),
  })

/** A liar moves a part of a token from one batch to another, consistently. */
async function lie(token: number) {
  const index = given.economy.indexes.get(given.indexRoot)
  invariant(index !== undefined, 'an index')
  const honest = claim()
  const batches = honest.leaves.map(({ contributionId }) => contributionId)
  const weights = Array.from(
    { length: 5 },
    (_, at) =>
      new Map(batches.map((batch, i) => [batch, honest.cells.prove(i, at).weight] as const)),
  )
  const ofToken = weights[token]!
  const from = batches.findLastIndex((batch) => ofToken.get(batch)! > 0n)
  const to = from === 1 ? 2 : 1
  ofToken.set(batches[from]!, ofToken.get(batches[from]!)! - 1n)
  ofToken.set(batches[to]!, ofToken.get(batches[to]!)! + 1n)
  const leaves = honest.leaves.map((leaf) => ({
    ...leaf,
    weight: weights.reduce((sum, byBatch) => sum + byBatch.get(leaf.contributionId)!, 0n),
  }))
  return { leaves, cells: commitCells(weights, batches), touched: [from, to] }
}

const piece = (receiptId: Hex, sums: Hex, from = erin) =>
  given.economy.send(from, 'receipts', 'answerInPieces', [receiptId, saidHex, 2, sums])

/** Answers in pieces of two tokens; the last state. */
const pieces = async (receiptId: Hex) => {
  let sums: Hex = '0x'
  for (;;) {
    const sent = await piece(receiptId, sums)
    const repeated = sent.events.find(({ name }) => name === 'AnswerRepeated')
    if (!repeated) return sent.result
    expect(await refusal(piece(receiptId, '0x'))).toEqual(['BadProof'])
    sums = repeated.args['sums'] as Hex
  }
}

describe('n-gram shares', () => {
  beforeEach(async () => {
    given = await createRich()
  })

  test('are the same computed by the module and by who answers; each token weighs the same', async () => {
    const { leaves } = claim()
    expect(leaves).toEqual(await rightLeaves(method.ngrams))
    expect(leaves).toHaveLength(3)
    expect(leaves[0]).toMatchObject({ clusterId: 0n, contributionId: 0n })
    expect(leaves.reduce((sum, { weight }) => sum + weight, 0n)).toBe(5n * 2n ** 32n)
  })

  test('can be attributed in the transaction when short; the base goes to the treasury', async () => {
    const { economy, requestId, versionId } = given
    const { leaves } = claim()
    await economy.send(alice, 'receipts', 'attribute', [requestId, versionId, 7, saidHex])
    await economy.send(erin, 'rewards', 'settle', [requestId, leaves])
    const { data } = await economy.read('rewards', 'settlement', [requestId])
    const read = (who: typeof bob) => economy.read('rewards', 'balanceOf', [who])
    expect((await read(bob)) + (await read(carol))).toBeLessThan(data)
    expect(await economy.owed()).toBe(economy.balance(moduleAddresses.rewards))
  })

  test.each([0, 1, 2])('an honest cell of leaf %i costs who doubts it', async (leafIndex) => {
    const { leaves, cells } = claim()
    const receiptId = await state7(leaves, cells.root)
    for (let token = 0; token < 5; token++) {
      const data = wrongToken(leaves, cells.root, cells.prove(leafIndex, token))
      const { result } = await challenge(given, erin, receiptId, ground.wrongToken, data)
      expect(result).toBe(state.committed)
    }
    expect(await balances(given, alice, nobody, erin)).toEqual([5n * half, 5n * half, 0n])
    expect(await surplus(given, commitBond)).toBe(0n)
  })

  test.each([0, 2, 4])(
    'a lie about token %i by one unit falls by one cell, either of the two',
    async (token) => {
      for (const which of [0, 1]) {
        given = await createRich()
        const { leaves, cells, touched } = await lie(token)
        const leafIndex = touched[which]!
        const receiptId = await state7(leaves, cells.root)
        const right = wrongToken(leaves, cells.root, cells.prove(leafIndex, (token + 1) % 5))
        const wrong = wrongToken(leaves, cells.root, cells.prove(leafIndex, token))
        const { result, outcome } = await challenge(
          given,
          erin,
          receiptId,
          ground.wrongToken,
          wrong,
        )
        expect(result).toBe(state.void)
        expect(outcome.gasBeforeRefund).toBeLessThan(2n ** 23n)
        expect(await balances(given, erin, nobody)).toEqual([challengeBond + half, half])
        expect(await surplus(given, 0n)).toBe(0n)
        expect(await refusal(challenge(given, bob, receiptId, ground.wrongToken, right))).toEqual([
          'BadState',
          state.void,
          state.committed,
        ])
      }
    },
  )

  test('another total, or cells that do not sum to the leaf, fall; what shows nothing is refused', async () => {
    const { leaves, cells } = claim()
    const doubled = leaves.map((leaf) => ({ ...leaf, weight: 2n * leaf.weight }))
    const first = await state7(doubled, cells.root)
    const data = wrongToken(doubled, cells.root, cells.prove(0, 0))
    expect((await challenge(given, erin, first, ground.wrongToken, data)).result).toBe(state.void)
    const moved = leaves.map((leaf, i) => ({
      ...leaf,
      weight: leaf.weight + (i === 1 ? 1n : i === 2 ? -1n : 0n),
    }))
    const second = await state7(moved, cells.root)
    const shown = wrongToken(moved, cells.root, cells.prove(1, 0))
    const foreign = wrongToken(leaves, cells.root, cells.prove(1, 0))
    const doubt = (what: Hex) => challenge(given, erin, second, ground.wrongToken, what)
    expect(await refusal(doubt(foreign))).toEqual(['BadProof'])
    const wrongWeight = { ...cells.prove(1, 0), weight: 1n }
    expect(await refusal(doubt(wrongToken(moved, cells.root, wrongWeight)))).toEqual(['BadProof'])
    const otherRoot = new Uint8Array(32).fill(1)
    expect(await refusal(doubt(wrongToken(moved, otherRoot, cells.prove(1, 0))))).toEqual([
      'BadProof',
    ])
    expect((await doubt(shown)).result).toBe(state.void)
    expect(await surplus(given, 0n)).toBe(0n)
  })

  test('a batch that stands twice falls by its two leaves', async () => {
    const { leaves, cells } = claim()
    const twice = [leaves[0]!, leaves[1]!, leaves[1]!]
    const receiptId = await state7(
      [...twice.slice(0, 2), { ...leaves[1]!, weight: leaves[2]!.weight }],
      cells.root,
    )
    const shown = [...twice.slice(0, 2), { ...leaves[1]!, weight: leaves[2]!.weight }]
    const tree = buildSumTree(shown)
    const order = (at: number): Hex =>
      encodeAbiParameters(
        [leafType, { type: 'bytes' }, leafType, { type: 'bytes' }, { type: 'uint256' }],
        [
          shown[at]!,
          toHex(proveSumLeaf(tree, at)),
          shown[at + 1]!,
          toHex(proveSumLeaf(tree, at + 1)),
          BigInt(at),
        ],
      )
    const doubt = (at: number) => challenge(given, erin, receiptId, ground.wrongOrder, order(at))
    expect((await doubt(0)).result).toBe(state.committed)
    expect((await doubt(1)).result).toBe(state.void)
  })

  test('are answered in pieces: final when right, void when not', async () => {
    const { leaves, cells } = claim()
    const honest = await state7(leaves, cells.root)
    expect(await pieces(honest)).toBe(state.final)
    given = { ...given, requestId: await given.economy.paid(dave, 1n, 10_000n) }
    const lied = await lie(3)
    expect(await pieces(await state7(lied.leaves, lied.cells.root))).toBe(state.void)
    expect(await surplus(given, 0n)).toBe(0n)
  })

  test('are answered in pieces by each for itself: nobody comes in between', async () => {
    const { leaves, cells } = claim()
    const receiptId = await state7(leaves, cells.root)
    const mallory = bob
    let sums: Hex = '0x'
    for (const tokens of [2, 4]) {
      // What alice is about to send, before her.
      await piece(receiptId, sums, mallory)
      const { events } = await piece(receiptId, sums, alice)
      const repeated = events.find(({ name }) => name === 'AnswerRepeated')
      expect(repeated?.args).toMatchObject({ receiptId, by: getAddress(alice), tokens })
      sums = repeated?.args['sums'] as Hex
    }
    const audit = (account: typeof bob) =>
      given.economy.read('receipts', 'audit', [receiptId, account])
    expect([(await audit(alice))[2], (await audit(mallory))[2], (await audit(erin))[2]]).toEqual([
      4, 4, 0,
    ])
    expect((await piece(receiptId, sums, alice)).result).toBe(state.final)
  })

  test('are stated in whole tokens, over a version that is held', async () => {
    const { leaves, cells } = claim()
    const odd = leaves.map((leaf, i) => ({ ...leaf, weight: leaf.weight + (i === 0 ? 1n : 0n) }))
    expect(await refusal(state7(odd, cells.root))).toMatchObject(['InvalidArgument', {}])
  })
})
