/**
 * Cases of bench/gas.ts over vectors and n-grams, at sizes that cost a good part of what a call may, where the node
 * has not read the rows yet; and the certificate of a trained head.
 */
import type { Hex } from '../primitives/index.ts'
import { invariant, keccakHex, toHex } from '../primitives/index.ts'
import type { Economy } from '../test/support/economy.ts'
import { alice, bob } from '../test/support/world.ts'
import { of, type Case } from './gas-cases.ts'
import { bookWords, dearTexts, dice, headCase, spelled, vectorOf } from './made-up.ts'

const [knn, rag, head, ngrams] = [4, 5, 6, 7]
const hexOf = (text: string): Hex => toHex(new TextEncoder().encode(text))

export async function vectorCases(economy: Economy): Promise<Case[]> {
  return [
    ...(await neighbourCases(economy)),
    ...(await headCases(economy)),
    ...(await ngramCases(economy)),
  ]
}

/** A held version of such rows. `forget`: the node has not read them yet. */
async function versionOf(economy: Economy, texts: readonly string[]) {
  const batches = Array.from({ length: Math.ceil(texts.length / 1_000) }, (_, i) => {
    const own = texts.slice(1_000 * i, 1_000 * (i + 1))
    return [bob, own] as const
  })
  const { versionId, indexRoot } = await economy.held(batches)
  const index = economy.indexes.get(indexRoot)
  invariant(index !== undefined, 'a held version has an index')
  return { versionId, forget: () => void economy.indexes.set(indexRoot, { ...index }) }
}

/** Small vectors, where rows cost most, and large ones, where components do. */
async function neighbourCases(economy: Economy): Promise<Case[]> {
  const found: Case[] = []
  const sizes = [
    [8_000, 16],
    [4_000, 384],
  ] as const
  for (const [rows, dimensions] of sizes) {
    const texts = Array.from({ length: rows }, () => spelled(dice.below(10), vectorOf(dimensions)))
    const { versionId, forget } = await versionOf(economy, texts)
    const answer = hexOf(spelled(3, vectorOf(dimensions)))
    for (const [methodId, name] of [
      [knn, 'knn'],
      [rag, 'rag'],
    ] as const) {
      const more = { name: `receipts.preview ${name} ${dimensions}`, before: forget }
      found.push(of('receipts', 'preview', [versionId, methodId, answer], more))
    }
    const model = await economy.model(alice, versionId)
    const requestId = await economy.paid(bob, model, 50_000n)
    const args = [requestId, versionId, knn, answer]
    found.push(
      of('receipts', 'attribute', args, { name: `receipts.attribute knn ${dimensions}` }),
      of('receipts', 'enter', args, { name: `receipts.enter knn ${dimensions}`, before: forget }),
    )
  }
  return found
}

async function headCases(economy: Economy): Promise<Case[]> {
  const made = headCase(3_000, 16, 5)
  const answer = toHex(made.answer)
  const { versionId, forget } = await versionOf(economy, made.texts)
  const contentHash = keccakHex(made.head)
  const model = await economy.model(alice, versionId, { contentHash })
  const requestId = await economy.paid(bob, model, 50_000n)
  const args = [requestId, versionId, head, answer]
  return [
    of('receipts', 'preview', [versionId, head, answer], {
      name: 'receipts.preview head',
      before: forget,
    }),
    of('receipts', 'enter', args, { name: 'receipts.enter head', before: forget }),
    of('lineage', 'certify', [model, versionId, toHex(made.head)], { before: forget }),
  ]
}

/** A short answer over the dearest texts, and one of as many tokens as a call pays for over a book's. */
async function ngramCases(economy: Economy): Promise<Case[]> {
  const found: Case[] = []
  for (const [name, make] of Object.entries(dearTexts)) {
    const { versionId, forget } = await versionOf(economy, make())
    const more = { name: `receipts.preview ngrams, ${name}`, before: forget }
    found.push(of('receipts', 'preview', [versionId, ngrams, hexOf('a')], more))
  }
  const { versionId } = await versionOf(
    economy,
    Array.from({ length: 500 }, () => bookWords(100)),
  )
  const model = await economy.model(alice, versionId)
  const requestId = await economy.paid(bob, model, 50_000n)
  const answer = hexOf(bookWords(4))
  const more = { name: 'receipts.attribute ngrams' }
  found.push(of('receipts', 'attribute', [requestId, versionId, ngrams, answer], more))
  return found
}
