/**
 * Random audits of stated receipts, and reveal or lose: who is drawn, what is paid before an audit is over
 * (nothing), who loses what, to the wei.
 */
import { beforeEach, describe, expect, test } from '@jest/globals'
import { moduleAddresses } from '../../../../attribution/abi.ts'
import { zeroWord } from '../../../../attribution/words.ts'
import { auditBond, auditState, drawBlocks } from '../../../../attribution/receipts/audit.ts'
import { auditView, type ChainReader } from '../../../../attribution/views/index.ts'
import { toHex, type Hex } from '../../../../primitives/index.ts'
import { bytesOf, govern, type EconomyLeaf } from '../../../support/economy.ts'
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
  spanWindow,
  state,
  stateOf,
  surplus,
} from './setup.ts'

/** `receipts.answerWindow` of a devnet. */
const answerWindow = 300
const saidHex = toHex(bytesOf(said))
const half = commitBond / 2n

let given: Case
beforeEach(async () => {
  given = await createCase()
})

const rightLeaves = async (methodId: number): Promise<readonly EconomyLeaf[]> =>
  (await given.economy.read('receipts', 'preview', [given.versionId, methodId, saidHex]))[1]

const send = <name extends 'answer' | 'answerInPieces' | 'expire'>(
  name: name,
  args: Parameters<Case['economy']['send']>[3],
  from = erin,
) => given.economy.send(from, 'receipts', name, args as never)

const auditOf = (receiptId: Hex) => given.economy.read('receipts', 'audit', [receiptId, erin])

/** States receipts over such leaves until one of them is drawn, or is not; its id. */
async function stated(
  wanted: number,
  methodId: number,
  leaves: readonly EconomyLeaf[],
): Promise<Hex> {
  const { economy } = given
  for (let i = 0n; i < 200n; i++) {
    given = { ...given, requestId: await economy.paid(dave, 1n, 10_000n) }
    const receiptId = await commit(given, receiptOf(given, methodId, leaves))
    expect(await auditOf(receiptId)).toEqual([
      auditState.waiting,
      economy.height() + drawBlocks + BigInt(answerWindow),
      0,
    ])
    economy.mine(Number(drawBlocks) + 1)
    if ((await auditOf(receiptId))[0] === wanted) return receiptId
  }
  throw new Error('none was')
}

/** For receipts that nobody has doubted: it knows no logs. */
const readerOf = ({ economy }: Case): ChainReader => ({
  blockNumber: economy.height(),
  call: async (to, data) => toHex((await economy.call(erin, to, data)).returnData),
  logs: () => Promise.resolve([]),
  transaction: () => Promise.resolve(undefined),
})

const settle = () => given.economy.send(erin, 'rewards', 'settle', [given.requestId, []])
const finalize = (receiptId: Hex) => given.economy.send(erin, 'receipts', 'finalize', [[receiptId]])

describe('the bond', () => {
  test('is three times what makes a lie worth nothing at the audited share, and at least the least', async () => {
    const { economy, requestId } = given
    expect(await economy.read('receipts', 'bondFor', [requestId, method.span])).toBe(commitBond)
    const fee = 10n ** 18n
    const dear = await economy.paid(dave, 1n, fee)
    expect(await economy.read('receipts', 'bondFor', [dear, method.span])).toBe(27n * fee)
    expect(await economy.read('receipts', 'bondFor', [dear, method.declared])).toBe(commitBond)
    given = { ...given, requestId: dear }
    const receipt = receiptOf(given, method.span, await rightLeaves(method.span))
    expect(await refusal(commit(given, receipt))).toEqual([
      'InsufficientValue',
      commitBond,
      27n * fee,
    ])
    await commit(given, receipt, [], 27n * fee)
    expect(await surplus(given, 27n * fee)).toBe(0n)
  })

  test.each([
    [1n, 1n],
    [999n, 1_234n],
    [10n ** 18n, 9_999n],
    [7n, 10_000n],
  ])('of %i at %i bps leaves a liar nothing, even one who catches itself', (value, q) => {
    const bond = auditBond(value, q)
    // (1 - q) V - q B / 2 <= 0: half of the bond comes back.
    expect(2n * (10_000n - q) * value - q * bond).toBeLessThanOrEqual(0n)
  })
})

describe('a receipt that is drawn', () => {
  test('is not paid before it was answered, however late, and then is final at once', async () => {
    const receiptId = await stated(auditState.drawn, method.span, await rightLeaves(method.span))
    given.economy.mine(answerWindow - 10)
    expect(await refusal(settle())).toMatchObject(['TooEarly', {}])
    expect(await refusal(finalize(receiptId))).toMatchObject(['TooEarly', {}])
    const { result, events } = await send('answer', [receiptId, saidHex, '0x'])
    expect(result).toBe(state.final)
    expect(events.map(({ name }) => name)).toEqual([
      'ReceiptResolved',
      'ReceiptFinal',
      'ReceiptLeaves',
    ])
    await settle()
    expect(await balances(given, alice, nobody)).toEqual([commitBond, 0n])
  })

  test('falls with the window; half of its bond is burnt, half is who says so', async () => {
    const receiptId = await stated(auditState.drawn, method.span, await rightLeaves(method.span))
    const before = await surplus(given, 0n)
    const last = (await auditOf(receiptId))[1]
    given.economy.mine(Number(last - given.economy.height()))
    expect(await refusal(send('expire', [receiptId]))).toEqual(['TooEarly', last + 1n])
    given.economy.mine(1)
    expect(await refusal(send('answer', [receiptId, saidHex, '0x']))).toEqual([
      'DeadlinePassed',
      last,
    ])
    await send('expire', [receiptId])
    expect(await stateOf(given, receiptId)).toBe(state.void)
    expect(await balances(given, erin, alice, nobody)).toEqual([half, 0n, half])
    expect(await surplus(given, 0n)).toBe(before - commitBond)
    expect(await refusal(settle())).toMatchObject(['NotFound', {}])
    expect(await refusal(send('expire', [receiptId]))).toEqual([
      'BadState',
      state.void,
      state.committed,
    ])
  })

  test('is answered in a pause too: its window does not wait for the end of it', async () => {
    const leaves = await rightLeaves(method.span)
    const [answered, fallen] = [
      await stated(auditState.drawn, method.span, leaves),
      await stated(auditState.drawn, method.span, leaves),
    ]
    const { economy } = given
    const until = economy.height() + 1_000n
    const { receipts } = moduleAddresses
    await economy.send(alice, 'registry', 'setPaused', [receipts, true, until, zeroWord])
    expect((await send('answer', [answered, saidHex, '0x'])).result).toBe(state.final)
    economy.mine(answerWindow)
    expect((await send('expire', [fallen])).result).toBe(state.void)
    expect(await refusal(challenge(given, erin, fallen, ground.reveal))).toMatchObject([
      'ModulePaused',
    ])
  })

  test('and false falls by its answer, whoever gives it', async () => {
    const [first] = await rightLeaves(method.span)
    const receiptId = await stated(auditState.drawn, method.span, [first!])
    expect((await send('answer', [receiptId, saidHex, '0x'])).result).toBe(state.void)
    expect(await balances(given, erin, nobody)).toEqual([half, half])
    const other = toHex(bytesOf('one two'))
    const next = await stated(auditState.drawn, method.span, [first!])
    expect(await refusal(send('answer', [next, other, '0x']))).toEqual(['BadProof'])
  })

  test('whose hashes are forgotten cannot fall any more, nor be paid without an answer', async () => {
    const receiptId = await stated(auditState.drawn, method.span, await rightLeaves(method.span))
    given.economy.mine(8_200)
    expect((await auditOf(receiptId))[0]).toBe(auditState.waiting)
    expect(await refusal(settle())).toMatchObject(['TooEarly', {}])
    await send('answer', [receiptId, saidHex, '0x'])
    await settle()
  })

  test('whose hashes are forgotten and whose answer is lost ends without a loser', async () => {
    const receiptId = await stated(auditState.drawn, method.span, await rightLeaves(method.span))
    const before = await balances(given, alice, nobody)
    given.economy.mine(8_190)
    expect(await refusal(send('expire', [receiptId]))).toMatchObject(['InvalidArgument', {}])
    given.economy.mine(1)
    expect((await send('expire', [receiptId], alice)).result).toBe(state.void)
    expect(await balances(given, alice, nobody)).toEqual([before[0]! + commitBond, before[1]])
    const { requestId } = given
    given.economy.mine(1_000)
    await given.economy.send(dave, 'rewards', 'refund', [requestId])
  })

  test('falls also while validators vote on it: a liar cannot wait behind a vote', async () => {
    const receiptId = await stated(auditState.drawn, method.span, await rightLeaves(method.span))
    const last = (await auditOf(receiptId))[1]
    await challenge(given, bob, receiptId, ground.unavailable)
    given.economy.mine(Number(last - given.economy.height()))
    expect(await refusal(send('expire', [receiptId]))).toEqual(['TooEarly', last + 1n])
    given.economy.mine(1)
    await send('expire', [receiptId])
    expect(await stateOf(given, receiptId)).toBe(state.void)
    expect(await balances(given, bob, erin)).toEqual([challengeBond + half, 0n])
  })
})

test('a receipt that is spared is paid after its window, and cannot be made to fall', async () => {
  const receiptId = await stated(auditState.spared, method.span, await rightLeaves(method.span))
  expect(await refusal(settle())).toMatchObject(['TooEarly', {}])
  given.economy.mine(spanWindow)
  expect(await refusal(send('expire', [receiptId]))).toMatchObject(['InvalidArgument', {}])
  await settle()
  expect(await refusal(send('answer', [receiptId, saidHex, '0x']))).toEqual([
    'BadState',
    state.final,
    state.committed,
  ])
  await finalize(receiptId)
  expect(await balances(given, alice)).toEqual([commitBond])
})

test('a receipt that is paid is final, however late its bond is taken back', async () => {
  const receiptId = await stated(auditState.spared, method.span, await rightLeaves(method.span))
  given.economy.mine(spanWindow)
  await settle()
  given.economy.mine(8_200)
  expect((await auditOf(receiptId))[0]).toBe(auditState.waiting)
  expect(await given.economy.read('receipts', 'isFinal', [receiptId])).toBe(true)
  for (const reason of Object.values(ground))
    expect(await refusal(challenge(given, dave, receiptId, reason))).toMatchObject([
      'DeadlinePassed',
      {},
    ])
  for (const who of [alice, erin])
    expect(await refusal(send('expire', [receiptId], who))).toMatchObject(['InvalidArgument', {}])
  expect((await auditView(readerOf(given), receiptId))?.due).toBe('settle')
  const before = await balances(given, alice)
  await finalize(receiptId)
  expect(await stateOf(given, receiptId)).toBe(state.final)
  expect(await balances(given, alice)).toEqual([before[0]! + commitBond])
})

const forgotten = async () => {
  const receiptId = await stated(auditState.spared, method.span, await rightLeaves(method.span))
  given.economy.mine(8_200)
  return receiptId
}
const refund = () => given.economy.send(dave, 'rewards', 'refund', [given.requestId])

describe('a receipt that was spared, and that nobody had paid until the draw was forgotten', () => {
  test('cannot be ended by its payer, who has had the answer: it is paid when it is answered', async () => {
    const receiptId = await forgotten()
    expect(await refusal(send('expire', [receiptId], dave))).toMatchObject(['NotAuthorized', {}])
    expect(await refusal(refund())).toMatchObject([expect.any(String), receiptId])
    expect((await send('answer', [receiptId, saidHex, '0x'], alice)).result).toBe(state.final)
    await settle()
    expect(await refusal(refund())).toEqual(['BadState', 2, 1])
  })

  test('may be asked for again by a bond, which an answer costs', async () => {
    const receiptId = await forgotten()
    const before = await balances(given, alice)
    await challenge(given, dave, receiptId, ground.reveal)
    await send('answer', [receiptId, saidHex, '0x'], alice)
    expect(await balances(given, alice, dave)).toEqual([before[0]! + commitBond + half, 0n])
  })

  test('and that is not answered when it is asked for ends without a loser', async () => {
    const receiptId = await forgotten()
    const before = await balances(given, alice, dave, erin, nobody)
    const bonds = await surplus(given, 0n)
    await challenge(given, dave, receiptId, ground.reveal)
    given.economy.mine(answerWindow + 1)
    expect((await send('expire', [receiptId])).result).toBe(state.void)
    expect(await balances(given, alice, dave, erin, nobody)).toEqual([
      before[0]! + commitBond,
      before[1]! + challengeBond,
      before[2],
      before[3],
    ])
    expect(await surplus(given, 0n)).toBe(bonds - commitBond)
    await refund()
  })

  test('and false falls by its answer when it is asked for', async () => {
    const [first] = await rightLeaves(method.span)
    const receiptId = await stated(auditState.spared, method.span, [first!])
    given.economy.mine(8_200)
    await challenge(given, dave, receiptId, ground.reveal)
    expect((await send('answer', [receiptId, saidHex, '0x'])).result).toBe(state.void)
    expect(await balances(given, dave, erin)).toEqual([challengeBond + half, 0n])
  })

  test('is doubted in no other way', async () => {
    const receiptId = await forgotten()
    for (const reason of [ground.replay, ground.unavailable, ground.dispute])
      expect(await refusal(challenge(given, dave, receiptId, reason))).toMatchObject([
        'DeadlinePassed',
        {},
      ])
  })
})

test('the longest windows that may be governed leave time to be paid before a draw is forgotten', async () => {
  const { economy } = given
  govern(economy, 'receipts.provableWindow', 302_400n)
  govern(economy, 'receipts.voteWindow', 302_400n)
  expect((await economy.read('receipts', 'method', [method.span])).windowBlocks).toBe(7_200)
  const receiptId = await stated(auditState.spared, method.span, await rightLeaves(method.span))
  economy.mine(7_200)
  expect((await auditOf(receiptId))[0]).toBe(auditState.spared)
  await settle()
  const other = await stated(auditState.spared, method.span, await rightLeaves(method.span))
  const asked = economy.height()
  await challenge(given, bob, other, ground.dispute)
  economy.mine(7_201)
  await economy.send(erin, 'receipts', 'resolve', [other])
  expect((await economy.read('receipts', 'status', [other])).finalBlock).toBeLessThanOrEqual(
    asked + 2n * 7_202n,
  )
})

const reveal = async (leaves: readonly EconomyLeaf[]) => {
  const receiptId = await commit(given, receiptOf(given, method.span, leaves))
  await challenge(given, bob, receiptId, ground.reveal)
  expect(await stateOf(given, receiptId)).toBe(state.challenged)
  return receiptId
}

describe('Reveal', () => {
  test('that is answered rightly costs who asked, half of it burnt', async () => {
    const receiptId = await reveal(await rightLeaves(method.span))
    await send('answer', [receiptId, saidHex, '0x'], alice)
    expect(await stateOf(given, receiptId)).toBe(state.final)
    expect(await balances(given, alice, bob, nobody)).toEqual([commitBond + half, 0n, half])
    expect(await surplus(given, 0n)).toBe(0n)
  })

  test('that shows a lie pays who asked, not who answered', async () => {
    const receiptId = await reveal([(await rightLeaves(method.span))[0]!])
    await send('answer', [receiptId, saidHex, '0x'], carol)
    expect(await stateOf(given, receiptId)).toBe(state.void)
    expect(await balances(given, bob, carol, nobody)).toEqual([challengeBond + half, 0n, half])
    expect(await surplus(given, 0n)).toBe(0n)
  })

  test('that nobody answers is lost, in the block after the window and not before', async () => {
    const receiptId = await reveal(await rightLeaves(method.span))
    given.economy.mine(answerWindow)
    const last = given.economy.height()
    expect(await refusal(send('expire', [receiptId]))).toEqual(['TooEarly', last + 1n])
    given.economy.mine(1)
    expect(await refusal(send('answer', [receiptId, saidHex, '0x'], alice))).toEqual([
      'DeadlinePassed',
      last,
    ])
    await send('expire', [receiptId])
    expect(await balances(given, bob, erin, nobody)).toEqual([challengeBond + half, 0n, half])
    expect(await surplus(given, 0n)).toBe(0n)
  })

  test('is not voted on, and is no doubt about what nobody can repeat', async () => {
    const receiptId = await reveal(await rightLeaves(method.span))
    const vote = given.economy.send(alice, 'receipts', 'vote', [receiptId, false])
    expect(await refusal(vote)).toMatchObject(['InvalidArgument', {}])
    const resolve = given.economy.send(alice, 'receipts', 'resolve', [receiptId])
    expect(await refusal(resolve)).toMatchObject(['InvalidArgument', {}])
    given = { ...given, requestId: await given.economy.paid(dave, 1n, 10_000n) }
    const [leaf] = await rightLeaves(method.span)
    const declared = await commit(given, receiptOf(given, method.declared, [leaf!]))
    expect(await refusal(challenge(given, bob, declared, ground.reveal))).toMatchObject([
      'InvalidArgument',
      {},
    ])
  })
})
