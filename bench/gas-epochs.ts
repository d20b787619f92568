/**
 * Cases of bench/gas.ts about epochs, over the worst version there can be for them: as many parents as may be, rows
 * that each are a batch of their own, as many batches as an epoch may have, rows that are joined across the parents.
 */
import type { Economy } from '../test/support/economy.ts'
import { invariant, toHex, type Hex } from '../primitives/index.ts'
import { alice, bob } from '../test/support/world.ts'
import { of, type Case } from './gas-cases.ts'
import { dice, spelled, vectorOf } from './made-up.ts'

const knn = 4
const dimensions = 8
/** Parents below each other (`maxVersionDepth`), and batches of one row in each: 255 in all. */
const [levels, perLevel, mostBatches, mostFolded] = [64, 4, 255, 32]

export async function epochCases(economy: Economy): Promise<Case[]> {
  const centres = Array.from({ length: perLevel }, () => vectorOf(dimensions).map((x) => x >> 1))
  // Every row is near the first one of its centre.
  const texts = Array.from({ length: mostBatches }, (_, i) => {
    const near = centres[i % perLevel] ?? vectorOf(dimensions)
    return spelled(
      i % perLevel,
      near.map((x) => x + dice.below(16) - 8),
    )
  })
  let version: Awaited<ReturnType<Economy['held']>> | undefined
  for (let at = 0; at < levels; at++) {
    const own = texts.slice(perLevel * at, perLevel * (at + 1))
    version = await economy.held(
      own.map((text) => [bob, [text]] as const),
      version,
    )
  }
  invariant(version !== undefined, 'there are levels')
  const { versionId, batchIds } = version
  const model = await economy.model(alice, versionId)
  const answers = centres.map((centre, i) => toHex(new TextEncoder().encode(spelled(i, centre))))
  const enter = async (answer: Hex): Promise<Hex> => {
    const requestId = await economy.paid(bob, model, 50_000n)
    const args = [requestId, versionId, knn, answer] as const
    return (await economy.send(alice, 'receipts', 'enter', args, { gas: 60_000_000n })).result
  }
  let receiptId: Hex = '0x'
  for (const answer of answers) receiptId = await enter(answer)
  const requestId = await economy.paid(bob, model, 50_000n)
  const rows = Array.from({ length: mostFolded }, (_, i) => BigInt(mostBatches - 1 - i))
  for (const row of rows)
    await economy.send(bob, 'receipts', 'join', [versionId, row, row % BigInt(perLevel)])
  const lastBatch = batchIds.at(-1) ?? 0n
  return [
    of('receipts', 'enter', [requestId, versionId, knn, answers[0]], {
      name: 'receipts.enter 64 parents',
      gas: 60_000_000n,
    }),
    of('receipts', 'join', [versionId, 200n, 0n]),
    of('receipts', 'fold', [receiptId, rows], { gas: 60_000_000n }),
    of('receipts', 'close', [receiptId], { gas: 60_000_000n }),
    of('receipts', 'epoch', [receiptId]),
    of('receipts', 'openEpoch', [model, versionId, knn]),
    of('receipts', 'point', [receiptId, rows[0]]),
    of('receipts', 'leaderOf', [versionId, rows[0]]),
    of('receipts', 'debtOf', [lastBatch]),
    of('datanet', 'partOfRow', [versionId, 0n], { name: 'datanet.partOfRow 64 parents' }),
    of('datanet', 'hasBatch', [versionId, 1n], { name: 'datanet.hasBatch 64 parents' }),
    of('datanet', 'contributionOf', [lastBatch]),
  ].map((one) => ({ ...one, economy }))
}
