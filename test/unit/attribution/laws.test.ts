/**
 * Laws of the money over random sequences: after every operation the rewards module holds what it owes
 * to the wei, bonds included in the receipts module, and nothing that is over begins again. The seed is
 * printed when a law breaks; LAW_SEED and LAW_OPERATIONS repeat or lengthen a run (`npm run fuzz:laws`:
 * ten thousand).
 */
import { expect, test } from '@jest/globals'
import { privateKeyToAccount } from 'viem/accounts'
import { moduleAddresses } from '../../../attribution/abi.ts'
import { paramsState } from '../../../attribution/params/module.ts'
import { auditState } from '../../../attribution/receipts/audit.ts'
import { ground, receiptsState } from '../../../attribution/receipts/state.ts'
import { paymentState, rewardsState } from '../../../attribution/rewards/state.ts'
import { textWord, zeroAddress, zeroWord } from '../../../attribution/words.ts'
import { createMemorySlots, freeSlots } from '../../../execution/native/index.ts'
import { buildSumTree } from '../../../attribution/methods/index.ts'
import { devnetAddresses } from '../../../genesis/index.ts'
import {
  fromHex,
  keccakHex,
  toHex,
  toWord,
  type Address,
  type Hex,
} from '../../../primitives/index.ts'
import { devnetKeys } from '../../../node/devnet-keys.ts'
import { createDice } from '../../support/dice.ts'
import {
  bytesOf,
  claimOf,
  createEconomy,
  type Economy,
  type EconomyLeaf,
} from '../../support/economy.ts'
import { alice, Refused } from '../../support/world.ts'
import { sign } from './receipts/setup.ts'

const operations = Number(process.env['LAW_OPERATIONS'] ?? 1_000)
const seed = Number(process.env['LAW_SEED'] ?? 3)
const people = devnetAddresses.slice(1, 7)
/** Of every stated receipt. */
const stated = toHex(bytesOf('two three one five six seven'))
const words = 'one two three four five six seven eight nine ten eleven twelve'.split(' ')

interface Request {
  readonly id: Hex
  readonly assetId: bigint
  readonly amount: bigint
  leaves: readonly EconomyLeaf[]
  receiptId: Hex | undefined
  /** What the next piece of an n-gram answer wants. */
  sums: Hex | undefined
  state: number
}

const accounts = devnetKeys
  .slice(1, 7)
  .map(([, key]) => privateKeyToAccount(key))
  .toSorted((a, b) => (a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1))

/** A row that is a vector, spelled as an answer is. */
const vectorRow = (label: number, place: number): string => `kind${label} ${`0${place}`.repeat(4)}`

/** A module's state as the journal has it, read without a call. */
const slotsOf = ({ journal }: Economy, address: Address) =>
  freeSlots((slot) => journal.storage(address, slot))

test(`${operations} random operations lose no wei and undo nothing`, async () => {
  const economy = createEconomy()
  const dice = createDice(seed)
  const written = new Map<bigint, bigint>()
  const { values } = paramsState(createMemorySlots(written))
  values.at(textWord('receipts.epochBlocks')).set(toWord(5n))
  for (const [slot, value] of written)
    economy.journal.setStorage(moduleAddresses.params, slot, value)
  const { versionId, batchIds } = await economy.held(
    people
      .slice(0, 4)
      .map(
        (who, i) => [who, [words.slice(3 * i, 3 * i + 3).join(' '), vectorRow(i % 2, i)]] as const,
      ),
  )
  const base = await economy.model(people[0]!, versionId)
  const parents = [{ assetId: base, edge: 0, sharePpm: 333_333 }]
  const models = [base, await economy.model(people[1]!, versionId, { parents, sources: [] })]
  const owners = new Map([
    [models[0], people[0]!],
    [models[1], people[1]!],
  ])
  const requests: Request[] = []
  const done = new Map<string, number>()
  const rewards = rewardsState(slotsOf(economy, moduleAddresses.rewards))
  const receipts = receiptsState(slotsOf(economy, moduleAddresses.receipts))
  const challengeBond = await economy.read('receipts', 'challengeBond', [])

  /** Of everybody and nobody: what is burnt is the zero address's. */
  const allMoney = (): bigint =>
    [...devnetAddresses, ...Object.values(moduleAddresses), zeroAddress].reduce(
      (sum, one) => sum + economy.balance(one),
      0n,
    )
  const money = allMoney()
  const checkMoney = (what: string): void => {
    const { escrowed, balances, pools } = rewards.load()
    const held = economy.balance(moduleAddresses.rewards)
    expect([what, seed, escrowed + balances + pools]).toEqual([what, seed, held])
    let owed = 0n
    for (const who of devnetAddresses)
      owed += receipts.balances.at(who).get() + receipts.attesters.at(who).bond.get()
    for (const { receiptId } of requests) {
      if (!receiptId) continue
      owed += receipts.receipts.at(receiptId).bond.get()
      if (receipts.receipts.at(receiptId).state.get() === 2)
        owed += receipts.challenges.at(receiptId).bond.get()
    }
    expect([what, seed, owed]).toEqual([what, seed, economy.balance(moduleAddresses.receipts)])
    expect([what, seed, allMoney()]).toEqual([what, seed, money])
  }
  const checkProgress = (request: Request): void => {
    const { state, amount } = rewards.payments.at(request.id).load()
    expect(state).toBeGreaterThanOrEqual(request.state)
    expect([seed, amount]).toEqual([seed, request.amount])
    request.state = state
    if (state !== paymentState.settled) return
    const { data, creditedData } = rewards.settlements.at(request.id).load()
    expect(creditedData).toBeLessThanOrEqual(data)
  }

  const pair = () => {
    const first = dice.below(accounts.length - 1)
    return [accounts[first]!, accounts[first + 1 + dice.below(accounts.length - 1 - first)]!]
  }
  const steps: Record<string, (request: Request | undefined) => Promise<unknown>> = {
    async pay() {
      const assetId = dice.pick(models)
      const amount = 1_000n + BigInt(dice.below(1_000_000))
      const id = await economy.paid(dice.pick(people), assetId, amount)
      requests.push({
        id,
        assetId,
        amount,
        leaves: [],
        receiptId: undefined,
        sums: undefined,
        state: 1,
      })
    },
    async attribute(request) {
      if (!request) return
      const answer = Array.from({ length: 2 + dice.below(8) }, () => dice.pick(words)).join(' ')
      const owner = owners.get(request.assetId)!
      const made = await economy.attributed(owner, request.id, versionId, answer)
      Object.assign(request, made)
    },
    async enter(request) {
      // Seldom: others must stay without an answer, to be refunded.
      if (!request || dice.below(4) > 0) return
      const answer = toHex(bytesOf(vectorRow(dice.below(3), dice.below(5))))
      const owner = owners.get(request.assetId)!
      const args = [request.id, versionId, 4, answer] as const
      const { result } = await economy.send(owner, 'receipts', 'enter', args)
      request.receiptId = result
    },
    join: () =>
      economy.send(dice.pick(people), 'receipts', 'join', [
        versionId,
        BigInt(1 + 2 * dice.below(4)),
        BigInt(1 + 2 * dice.below(4)),
      ]),
    fold: async (request) =>
      request?.receiptId &&
      economy.send(dice.pick(people), 'receipts', 'fold', [request.receiptId, [1n, 3n, 5n, 7n]]),
    async close(request) {
      if (!request?.receiptId) return false
      const { receiptId } = request
      const { events } = await economy.send(dice.pick(people), 'receipts', 'close', [receiptId])
      const leaves = events.find(({ name }) => name === 'ReceiptLeaves')?.args['leaves']
      for (const one of requests)
        if (one.receiptId === receiptId) one.leaves = leaves as readonly EconomyLeaf[]
      return true
    },
    async commit(request) {
      if (!request) return
      const methodId = dice.pick([1, 1, 2, 3, 7, 7])
      const isHonest = (methodId === 1 || methodId === 7) && dice.below(2) === 0
      const unit = methodId === 7 ? 2n ** 32n : 1n
      const leaves = isHonest
        ? (await economy.read('receipts', 'preview', [versionId, methodId, stated]))[1]
        : batchIds.slice(0, methodId === 7 ? 3 : 1 + dice.below(batchIds.length)).map((id) => ({
            clusterId: id,
            contributionId: id,
            weight: unit * (methodId === 7 ? 2n : 1n + BigInt(dice.below(99))),
          }))
      const { root, total } = buildSumTree(leaves)
      const receipt = {
        requestId: request.id,
        assetId: request.assetId,
        versionId,
        methodId,
        outputHash: keccakHex(fromHex(stated)),
        sumRoot: toHex(root),
        total,
        leaves: leaves.length,
        evidenceHash: zeroWord,
      }
      const owner = owners.get(request.assetId)!
      const isAttested = receipt.methodId === 2
      const signatures = isAttested
        ? await Promise.all(pair().map((one) => sign(one, receipt)))
        : []
      const value = await economy.read('receipts', 'bondFor', [request.id, methodId])
      const { result } = await economy.send(owner, 'receipts', 'commit', [receipt, signatures], {
        value,
      })
      const sums = methodId === 7 ? '0x' : undefined
      Object.assign(request, { leaves, receiptId: result, sums })
    },
    answer: async (request) =>
      request?.receiptId &&
      economy.send(dice.pick(people), 'receipts', 'answer', [request.receiptId, stated, '0x']),
    async answerInPieces() {
      const request = requests.findLast(({ sums }) => sums !== undefined)
      if (!request?.receiptId || request.sums === undefined) return undefined
      const args = [request.receiptId, stated, 2, request.sums] as const
      const { events } = await economy.send(alice, 'receipts', 'answerInPieces', args)
      const repeated = events.find(({ name }) => name === 'AnswerRepeated')
      request.sums = repeated?.args['sums'] as Hex | undefined
      return events
    },
    expire: async (request) =>
      request?.receiptId &&
      economy.send(dice.pick(people), 'receipts', 'expire', [request.receiptId]),
    bond: () => economy.send(dice.pick(people), 'receipts', 'bond', [], { value: 10n ** 19n }),
    unbond: () => economy.send(dice.pick([alice, ...people]), 'receipts', 'unbond', [10n ** 18n]),
    challenge: async (request) =>
      request?.receiptId &&
      economy.send(
        dice.pick(people),
        'receipts',
        'challenge',
        [request.receiptId, dice.pick([0, 3, 4, 7]), stated],
        { value: challengeBond },
      ),
    vote: async (request) =>
      request?.receiptId &&
      economy.send(alice, 'receipts', 'vote', [request.receiptId, dice.below(2) === 0]),
    resolve: async (request) =>
      request?.receiptId &&
      economy.send(dice.pick(people), 'receipts', 'resolve', [request.receiptId]),
    finalize: async (request) =>
      request?.receiptId &&
      economy.send(dice.pick(people), 'receipts', 'finalize', [[request.receiptId]]),
    settle: async (request) =>
      request &&
      economy.send(dice.pick(people), 'rewards', 'settle', [
        request.id,
        dice.below(2) === 0 ? request.leaves : [],
      ]),
    async claim() {
      const settled = requests.filter(
        ({ state, leaves }) => state === paymentState.settled && leaves.length > 0,
      )
      if (settled.length === 0) return false
      const { id, leaves } = dice.pick(settled)
      const claim = claimOf(id, leaves, dice.below(leaves.length))
      return economy.send(dice.pick(people), 'rewards', 'claim', claim)
    },
    claimLineage: () =>
      economy.send(dice.pick(people), 'rewards', 'claimLineage', [
        dice.pick(models),
        dice.pick(models),
      ]),
    async refund(request) {
      if (!request) return false
      // The usual wait, now and then: for somebody who asked and got no answer.
      if (!request.receiptId && dice.below(4) === 0) economy.mine(1_001)
      return economy.send(dice.pick(people), 'rewards', 'refund', [request.id])
    },
    withdraw: () => {
      const who = dice.pick(people)
      return economy.send(who, dice.pick(['rewards', 'receipts']), 'withdraw', [who])
    },
    // Seldom far: most windows must stay open for the others.
    mine: async () => economy.mine(dice.pick([1, 1, 1, 1, 110]) + (dice.below(40) === 0 ? 400 : 0)),
  }
  // Every account has a bond once, so that most signatures count.
  for (const who of [alice, ...people])
    await economy.send(who, 'receipts', 'bond', [], { value: 10n ** 19n })
  const names = Object.keys(steps)
  for (let i = 0; i < operations; i++) {
    const name = dice.pick(names)
    const recent = requests.slice(-24)
    const request = recent.length > 0 ? dice.pick(recent) : undefined
    try {
      if (await steps[name]!(request)) done.set(name, (done.get(name) ?? 0) + 1)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
    }
    checkMoney(name)
    if (request) checkProgress(request)
    if (requests.length > 48) await retire(economy, requests, done, receipts)
  }
  const met = [
    'unbond',
    'answer',
    'challenge',
    'resolve',
    'finalize',
    'settle',
    'refund',
    'withdraw',
  ]
  // A short run does not meet everything; each has tests of its own.
  const seldom = ['answerInPieces', 'expire', 'claim', 'join', 'fold', 'close']
  for (const name of operations < 5_000 ? met : [...met, ...seldom])
    expect([name, done.has(name)]).toEqual([name, true])
}, 3_600_000)

type Receipts = ReturnType<typeof receiptsState>

/** Old requests no longer take part; their bonds must be out before. */
async function retire(
  economy: Economy,
  requests: Request[],
  done: Map<string, number>,
  receipts: Receipts,
): Promise<void> {
  const old = requests.splice(0, 24)
  const send = async (name: 'expire' | 'resolve', receiptId: Hex): Promise<void> => {
    await economy.send(alice, 'receipts', name, [receiptId])
    done.set(name, (done.get(name) ?? 0) + 1)
  }
  const inState = async (wanted: number): Promise<Hex[]> => {
    const found: Hex[] = []
    for (const { receiptId } of old) {
      if (!receiptId) continue
      const { state } = await economy.read('receipts', 'status', [receiptId])
      if (state === wanted) found.push(receiptId)
    }
    return found
  }
  economy.mine(2_000)
  for (const receiptId of await inState(2)) {
    const { ground: reason } = receipts.challenges.at(receiptId).load()
    await send(reason === ground.reveal ? 'expire' : 'resolve', receiptId)
  }
  for (const receiptId of await inState(1)) {
    const [audit] = await economy.read('receipts', 'audit', [receiptId, alice])
    if (audit === auditState.drawn) await send('expire', receiptId)
  }
  economy.mine(400) // one that survived a vote has a window again
  await finish(economy, old, await inState(1), done, (audit) => audit === auditState.spared)
  economy.mine(20_000)
  await finish(economy, old, await inState(1), done, () => true)
}

/** Settled and marked final, those of such an audit. */
async function finish(
  economy: Economy,
  old: readonly Request[],
  receiptIds: readonly Hex[],
  done: Map<string, number>,
  isWanted: (audit: number) => boolean,
): Promise<void> {
  for (const receiptId of receiptIds) {
    const [audit] = await economy.read('receipts', 'audit', [receiptId, alice])
    if (!isWanted(audit)) continue
    const { id, leaves } = old.find((request) => request.receiptId === receiptId)!
    const { state } = await economy.read('rewards', 'payment', [id])
    if (audit === auditState.waiting) {
      // Its draw is forgotten. What was paid stands; for the rest nobody answers any more: its author ends it.
      if (state === paymentState.settled)
        await economy.send(alice, 'receipts', 'finalize', [[receiptId]])
      else {
        const { committer } = await economy.read('receipts', 'status', [receiptId])
        await economy.send(committer.toLowerCase() as Address, 'receipts', 'expire', [receiptId])
        done.set('expire', (done.get('expire') ?? 0) + 1)
      }
      continue
    }
    // What is declared is shown; of the others a leaf is claimed.
    const isShown = audit === auditState.none
    if (state === paymentState.escrowed)
      await economy.send(alice, 'rewards', 'settle', [id, isShown ? leaves : []])
    if (!isShown) {
      await economy.send(alice, 'rewards', 'claim', claimOf(id, leaves, 0))
      done.set('claim', (done.get('claim') ?? 0) + 1)
    }
    await economy.send(alice, 'receipts', 'finalize', [[receiptId]])
  }
}
