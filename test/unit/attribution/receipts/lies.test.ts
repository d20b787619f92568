/**
 * False receipts among honest ones, with nobody watching but the draw: every one that is drawn falls and
 * costs its bond, none that is honest does, and lying earns nothing at the bond even where the liar has
 * the finder's half too. LIES says how many (`npm run sim:audits`: a thousand, with figures).
 */
import { expect, test } from '@jest/globals'
import { moduleAddresses } from '../../../../attribution/abi.ts'
import { claimNgrams } from '../../../../attribution/methods/ngram-claim.ts'
import { auditState } from '../../../../attribution/receipts/audit.ts'
import { invariant, toHex, type Hex } from '../../../../primitives/index.ts'
import { createDice } from '../../../support/dice.ts'
import { bytesOf, type EconomyLeaf } from '../../../support/economy.ts'
import { alice } from '../../../support/world.ts'
import {
  balances,
  type Case,
  commit,
  createCase,
  dave,
  erin,
  method,
  nobody,
  receiptOf,
  said,
  state,
  stateOf,
  surplus,
} from './setup.ts'

const lies = Number(process.env['LIES'] ?? 60)
/** What each receipt moves. */
const fee = 10n ** 18n
const answer = toHex(bytesOf(said))
const audit = { rounds: 20, answerWindow: 300 }

interface Claim {
  readonly receiptId: Hex
  readonly requestId: Hex
  readonly methodId: number
  readonly isFalse: boolean
}

/** Three ways to take what is another's; n-gram receipts keep the sum that their answer fixes. */
function falsify(leaves: readonly EconomyLeaf[], kind: number): EconomyLeaf[] {
  const total = leaves.reduce((sum, { weight }) => sum + weight, 0n)
  const last = leaves.at(-1)
  const before = leaves.at(-2)
  invariant(last !== undefined && before !== undefined, 'two leaves')
  if (kind === 0) return [{ ...last, weight: total }]
  const moved = kind === 1 ? 1n : before.weight
  const rest = leaves.slice(0, -2)
  const changed = [
    { ...before, weight: before.weight - moved },
    { ...last, weight: last.weight + moved },
  ]
  return [...rest, ...changed.filter(({ weight }) => weight > 0n)]
}

async function answered(given: Case, { receiptId, methodId }: Claim, isPieces: boolean) {
  const { economy } = given
  if (methodId !== method.ngrams || !isPieces)
    return economy.send(alice, 'receipts', 'answer', [receiptId, answer, '0x'])
  let sums: Hex = '0x'
  for (;;) {
    const args = [receiptId, answer, 3, sums] as const
    const sent = await economy.send(alice, 'receipts', 'answerInPieces', args)
    const repeated = sent.events.find(({ name }) => name === 'AnswerRepeated')
    if (!repeated) return sent
    sums = repeated.args['sums'] as Hex
  }
}

test(`${lies} lies among as many honest receipts: what is drawn falls, what is honest is paid`, async () => {
  const given = await createCase(
    'one two three four one two three one two',
    'five six seven eight two three seven eight five six seven',
  )
  const { economy, versionId, batchIds } = given
  const dice = createDice(7)
  const index = economy.indexes.get(given.indexRoot)
  invariant(index !== undefined, 'an index')
  const { cells } = claimNgrams(index, bytesOf(said), (row) => {
    const id = batchIds[row] ?? 0n
    return { clusterId: id, contributionId: id }
  })
  const leavesOf = async (methodId: number) =>
    (await economy.read('receipts', 'preview', [versionId, methodId, answer]))[1]
  const honest = {
    [method.span]: await leavesOf(method.span),
    [method.ngrams]: await leavesOf(method.ngrams),
  }
  const bond = await economy.read('receipts', 'bondFor', [
    await economy.paid(dave, 1n, fee),
    method.span,
  ])
  expect(bond).toBe(27n * fee)

  const found = {
    drawnFalse: 0,
    fallen: 0,
    drawnHonest: 0,
    honestFallen: 0,
    honestPaid: 0,
    paidLies: 0,
  }
  const auditOf = async (claim: Claim) =>
    (await economy.read('receipts', 'audit', [claim.receiptId, alice]))[0]
  for (let left = 2 * lies; left > 0; left -= audit.rounds) {
    const claims: Claim[] = []
    for (let i = 0; i < Math.min(left, audit.rounds); i++) {
      const isFalse = i % 2 === 0
      const methodId = dice.pick([method.span, method.ngrams])
      const right = honest[methodId]
      invariant(right !== undefined, 'leaves')
      const leaves = isFalse ? falsify(right, dice.below(3)) : right
      const requestId = await economy.paid(dave, 1n, fee)
      const receipt = {
        ...receiptOf({ ...given, requestId }, methodId, leaves),
        evidenceHash: toHex(cells.root),
      }
      claims.push({
        receiptId: await commit(given, receipt, [], bond),
        requestId,
        methodId,
        isFalse,
      })
    }
    economy.mine(9)
    const silent: Claim[] = []
    for (const claim of claims) {
      if ((await auditOf(claim)) !== auditState.drawn) continue
      found[claim.isFalse ? 'drawnFalse' : 'drawnHonest']++
      // A liar says nothing, or what it cannot help saying.
      if (claim.isFalse && dice.below(2) === 0) silent.push(claim)
      else await answered(given, claim, dice.below(2) === 0)
    }
    economy.mine(audit.answerWindow)
    for (const { receiptId } of silent) await economy.send(erin, 'receipts', 'expire', [receiptId])
    for (const claim of claims) {
      const { receiptId, requestId, isFalse } = claim
      if ((await stateOf(given, receiptId)) === state.void) {
        found[isFalse ? 'fallen' : 'honestFallen']++
        await economy.send(dave, 'rewards', 'refund', [requestId]).catch(() => undefined)
        continue
      }
      await economy.send(erin, 'rewards', 'settle', [requestId, []])
      if ((await stateOf(given, receiptId)) === state.committed)
        await economy.send(erin, 'receipts', 'finalize', [[receiptId]])
      found[isFalse ? 'paidLies' : 'honestPaid']++
    }
    expect(await surplus(given, 0n)).toBe(0n)
    for (const who of [alice, erin]) await economy.send(who, 'receipts', 'withdraw', [who])
  }

  const [burnt] = await balances(given, nobody)
  expect(found.fallen).toBe(found.drawnFalse)
  expect(found.fallen).toBeGreaterThan(0)
  expect(found.honestFallen).toBe(0)
  expect(found.honestPaid).toBe(lies)
  expect(burnt).toBe((BigInt(found.fallen) * bond) / 2n)
  expect(economy.balance(moduleAddresses.receipts)).toBe(0n)
  // Of a lie, were the finder the liar: the fee where it was paid, half of the bond where it fell.
  const gain = BigInt(found.paidLies) * fee - (burnt ?? 0n)
  if (lies >= 1_000) {
    const perLie = Number((gain * 10_000n) / (BigInt(lies) * fee)) / 10_000
    process.stdout.write(
      `${lies} lies, ${lies} honest receipts of 1 ether, bond ${bond / fee} ether: ` +
        `${found.drawnFalse} lies drawn, ${found.fallen} fallen, ${found.paidLies} never looked at; ` +
        `${found.drawnHonest} honest drawn, ${found.honestFallen} fallen; ` +
        `${(burnt ?? 0n) / fee} ether burnt; a lie earned ${perLie} ether with the finder's half, ` +
        `${perLie - Number((burnt ?? 0n) / fee) / lies} without\n`,
    )
  }
}, 600_000)
