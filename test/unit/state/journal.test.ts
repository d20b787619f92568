/** The journal against a model that copies everything at every checkpoint. No disk, no EVM. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  assertNever,
  emptyCodeHash,
  emptyTrieRoot,
  keccakHex,
  type Account,
  type Address,
  type StateReader,
} from '../../../primitives/index.ts'
import { createJournal, type Journal } from '../../../state/index.ts'
import { leastCpuOf } from '../../support/cpu.ts'

interface ModelAccount {
  readonly nonce: bigint
  readonly balance: bigint
  readonly slots: ReadonlyMap<bigint, bigint>
}
type Model = ReadonlyMap<Address, ModelAccount>

const addressOf = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`
const someRoot = keccakHex(Uint8Array.of(1))

const readerOf = (model: Model): StateReader => ({
  account: (address) => {
    const found = model.get(address)
    return (
      found && {
        nonce: found.nonce,
        balance: found.balance,
        codeHash: emptyCodeHash,
        storageRoot: found.slots.size > 0 ? someRoot : emptyTrieRoot,
      }
    )
  },
  storage: (address, slot) => model.get(address)?.slots.get(slot) ?? 0n,
  code: () => new Uint8Array(0),
})

const withSlot = (account: ModelAccount, slot: bigint, value: bigint): ModelAccount => {
  const slots = new Map(account.slots)
  if (value === 0n) slots.delete(slot)
  else slots.set(slot, value)
  return { ...account, slots }
}

type Step =
  | { readonly type: 'set'; readonly who: number; readonly balance: bigint }
  | { readonly type: 'delete' | 'clear'; readonly who: number }
  | { readonly type: 'store'; readonly who: number; readonly slot: bigint; readonly value: bigint }
  | { readonly type: 'checkpoint' | 'commit' | 'revert' }

const who = fc.integer({ min: 0, max: 4 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    type: fc.constant('set' as const),
    who,
    balance: fc.bigInt({ min: 0n, max: 3n }),
  }),
  fc.record({ type: fc.constantFrom('delete' as const, 'clear' as const), who }),
  fc.record({
    type: fc.constant('store' as const),
    who,
    slot: fc.bigInt({ min: 0n, max: 3n }),
    value: fc.bigInt({ min: 0n, max: 2n }),
  }),
  fc.record({
    type: fc.constantFrom('checkpoint' as const, 'commit' as const, 'revert' as const),
  }),
)
const baseModel: fc.Arbitrary<Model> = fc
  .uniqueArray(fc.tuple(who, fc.array(fc.bigInt({ min: 0n, max: 3n }), { maxLength: 3 })), {
    selector: ([n]) => n,
    maxLength: 4,
  })
  .map(
    (list) =>
      new Map(
        list.map(([n, slots]) => [
          addressOf(n),
          { nonce: 1n, balance: 1n, slots: new Map(slots.map((slot) => [slot, 1n])) },
        ]),
      ),
  )

/** Applies one step to both; the model's open checkpoints are whole copies on `saved`. */
function apply(journal: Journal, model: Model, saved: Model[], s: Step): Model {
  const next = new Map(model)
  switch (s.type) {
    case 'checkpoint':
      journal.checkpoint()
      saved.push(model)
      return model
    case 'commit':
      if (saved.pop()) journal.commit()
      return model
    case 'revert': {
      const old = saved.pop()
      if (old) journal.revert()
      return old ?? model
    }
    case 'set': {
      const fields = { nonce: 1n, balance: s.balance }
      journal.setAccount(addressOf(s.who), { ...fields, codeHash: emptyCodeHash })
      return next.set(addressOf(s.who), {
        ...fields,
        slots: model.get(addressOf(s.who))?.slots ?? new Map(),
      })
    }
    case 'delete':
      journal.deleteAccount(addressOf(s.who))
      next.delete(addressOf(s.who))
      return next
    case 'clear': {
      journal.clearStorage(addressOf(s.who))
      const account = model.get(addressOf(s.who))
      return account ? next.set(addressOf(s.who), { ...account, slots: new Map() }) : model
    }
    case 'store': {
      const account = model.get(addressOf(s.who))
      if (!account) return model
      journal.setStorage(addressOf(s.who), s.slot, s.value)
      return next.set(addressOf(s.who), withSlot(account, s.slot, s.value))
    }
    default:
      return assertNever(s)
  }
}

/** Everything that can be asked, as text. */
const view = (reader: StateReader): string =>
  [0, 1, 2, 3, 4]
    .map((n) => {
      const account = reader.account(addressOf(n))
      const slots = [0n, 1n, 2n, 3n].map((slot) => reader.storage(addressOf(n), slot))
      return account
        ? `${account.nonce.toString()} ${account.balance.toString()} ${slots.join()}`
        : `- ${slots.join()}`
    })
    .join('; ')

function expectSame(journal: Journal, model: Model): void {
  expect(view(journal)).toBe(view(readerOf(model)))
  const full = [...model].filter(([, account]) => account.slots.size > 0)
  expect(full.every(([address]) => journal.hasStorage(address))).toBe(true)
}

/** What a store would make of the changes. */
function applyChanges(base: Model, journal: Journal): Model {
  const result = new Map(base)
  for (const [address, change] of journal.changes().accounts) {
    if (!change) {
      result.delete(address)
      continue
    }
    const old = base.get(address)?.slots
    let account: ModelAccount = {
      nonce: change.nonce,
      balance: change.balance,
      slots: change.wiped ? new Map() : (old ?? new Map()),
    }
    for (const [slot, value] of change.slots) account = withSlot(account, slot, value)
    result.set(address, account)
  }
  return result
}

describe('journal', () => {
  test('equals a model that copies everything, whatever happens', () => {
    fc.assert(
      fc.property(baseModel, fc.array(step, { minLength: 40, maxLength: 100 }), (base, steps) => {
        const journal = createJournal(readerOf(base))
        const saved: Model[] = []
        let model = base
        for (const s of steps) {
          model = apply(journal, model, saved, s)
          expectSame(journal, model)
        }
        while (saved.length > 0) model = apply(journal, model, saved, { type: 'commit' })
        expect(applyChanges(base, journal)).toEqual(model)
      }),
      { numRuns: 150 },
    )
  })

  test('leaves out what ended where it began', () => {
    const base: Model = new Map([
      [addressOf(1), { nonce: 1n, balance: 5n, slots: new Map([[1n, 9n]]) }],
    ])
    const journal = createJournal(readerOf(base))
    journal.setAccount(addressOf(1), { nonce: 2n, balance: 1n, codeHash: emptyCodeHash })
    journal.setStorage(addressOf(1), 1n, 4n)
    journal.setStorage(addressOf(1), 1n, 9n)
    journal.setAccount(addressOf(1), { nonce: 1n, balance: 5n, codeHash: emptyCodeHash })
    journal.setAccount(addressOf(2), { nonce: 0n, balance: 1n, codeHash: emptyCodeHash })
    journal.deleteAccount(addressOf(2))
    expect(journal.changes().accounts.size).toBe(0)
  })

  test('an account deleted and made again has no storage and an empty root', () => {
    const base: Model = new Map([
      [addressOf(1), { nonce: 1n, balance: 5n, slots: new Map([[1n, 9n]]) }],
    ])
    const journal = createJournal(readerOf(base))
    expect(journal.hasStorage(addressOf(1))).toBe(true)
    journal.deleteAccount(addressOf(1))
    journal.setAccount(addressOf(1), { nonce: 1n, balance: 5n, codeHash: emptyCodeHash })
    expect(journal.hasStorage(addressOf(1))).toBe(false)
    expect(journal.account(addressOf(1))).toEqual({
      nonce: 1n,
      balance: 5n,
      codeHash: emptyCodeHash,
      storageRoot: emptyTrieRoot,
    } satisfies Account)
    expect(journal.changes().accounts.get(addressOf(1))).toMatchObject({ wiped: true })
  })

  test('code is found by hash, undone by revert, and kept only where an account uses it', () => {
    const journal = createJournal(readerOf(new Map()))
    journal.checkpoint()
    const undone = journal.putCode(Uint8Array.of(1, 2))
    expect(journal.code(undone)).toEqual(Uint8Array.of(1, 2))
    journal.revert()
    expect(journal.code(undone)).toEqual(new Uint8Array(0))
    const used = journal.putCode(Uint8Array.of(3))
    journal.putCode(Uint8Array.of(4))
    journal.setAccount(addressOf(1), { nonce: 1n, balance: 0n, codeHash: used })
    expect([...journal.changes().codes.keys()]).toEqual([used])
    expect(journal.putCode(new Uint8Array(0))).toBe(emptyCodeHash)
  })

  test('a journal above a journal sees it and leaves it alone', () => {
    const lower = createJournal(readerOf(new Map()))
    lower.setAccount(addressOf(1), { nonce: 1n, balance: 5n, codeHash: emptyCodeHash })
    lower.setStorage(addressOf(1), 7n, 8n)
    const upper = createJournal(lower)
    expect(upper.hasStorage(addressOf(1))).toBe(true)
    upper.clearStorage(addressOf(1))
    expect(upper.storage(addressOf(1), 7n)).toBe(0n)
    expect(lower.storage(addressOf(1), 7n)).toBe(8n)
    expect(upper.changes().accounts.get(addressOf(1))).toMatchObject({ wiped: true })
  })

  test('misuse is a broken invariant', () => {
    const journal = createJournal(readerOf(new Map()))
    expect(() => journal.commit()).toThrow('without a checkpoint')
    expect(() => journal.revert()).toThrow('without a checkpoint')
    expect(() => journal.setStorage(addressOf(1), 0n, 1n)).toThrow('missing account')
    journal.checkpoint()
    expect(() => journal.changes()).toThrow('inside a checkpoint')
  })
})

test('slots chosen to be alike cost no more than others', () => {
  const owner = addressOf(1)
  const costOf = (slotAt: (n: number) => bigint): number =>
    leastCpuOf(() => {
      const journal = createJournal(readerOf(new Map()))
      journal.setAccount(owner, { nonce: 1n, balance: 0n, codeHash: emptyCodeHash })
      for (let n = 0; n < 8_000; n++) journal.setStorage(owner, slotAt(n), 1n)
      for (let n = 0; n < 8_000; n++) journal.storage(owner, slotAt(n))
    })
  // Equal in the 64 bits that V8 looks at: 8,000 in one bucket cost a hundred times as much.
  const usual = costOf((n) => 2n ** 255n + BigInt(n))
  expect(costOf((n) => BigInt(n) << 64n)).toBeLessThan(10 * usual + 20_000)
})
