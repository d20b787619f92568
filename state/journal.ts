/**
 * One execution's writes above a state that stands still. Every write leaves its opposite in an undo
 * log while a checkpoint is open, so a revert costs what was written since, not what exists. Knows
 * nothing of tries, gas or forks; keeps what it is told, empty accounts included.
 */
import {
  emptyCodeHash,
  emptyTrieRoot,
  invariant,
  keccakHex,
  type SlotValue,
  toWord,
  type Account,
  type AccountChange,
  type Address,
  type Hex,
  type StateChanges,
  type StateReader,
} from '../primitives/index.ts'
import type { AccountFields, Journal } from './types.ts'

/** What is known here of one account. Absent from the journal: as the base has it. */
interface Entry {
  /** undefined: the account does not exist. */
  fields: AccountFields | undefined
  /** True once the base's storage of this account no longer counts. */
  isWiped: boolean
  /** Slots written since the base, or since the last wipe; 0 where emptied. */
  slots: WrittenSlots
}

/**
 * By the slot's text. Anybody chooses slots, and V8 finds a bigint by its low 64 bits: those that differ above
 * would stand in one bucket, each look-up as long as all of them. Texts are hashed with a seed.
 */
type WrittenSlots = Map<Hex, { readonly slot: bigint; readonly value: bigint }>

/**
 * A journal above `base`, which may itself be a journal. `base` must not change underneath: hand in
 * a reader of one height. `account().storageRoot` is the base's, or the empty root after a wipe.
 */
export function createJournal(base: StateReader): Journal {
  const entries = new Map<Address, Entry>()
  const codes = new Map<Hex, Uint8Array>()
  const undo = createUndoLog()

  /** The entry to write to, made from the base's view on first use. */
  const touch = (address: Address): Entry => {
    const known = entries.get(address)
    if (known) return known
    const entry = { fields: base.account(address), isWiped: false, slots: new Map() }
    entries.set(address, entry)
    undo.record(() => void entries.delete(address))
    return entry
  }

  return {
    account: (address) => {
      const entry = entries.get(address)
      return entry ? accountOf(entry, base, address) : base.account(address)
    },
    storage: (address, slot) => {
      const entry = entries.get(address)
      return entry ? slotOf(entry, base, address, slot) : base.storage(address, slot)
    },
    code: (codeHash) => codes.get(codeHash) ?? base.code(codeHash),
    hasStorage: (address) => {
      const entry = entries.get(address)
      if (!entry) return baseHasStorage(base, address)
      for (const { value } of entry.slots.values()) if (value !== 0n) return true
      return !entry.isWiped && baseHasStorage(base, address)
    },

    setAccount: (address, fields) => setFields(touch(address), fields, undo),
    deleteAccount: (address) => {
      const entry = touch(address)
      wipe(entry, undo)
      setFields(entry, undefined, undo)
    },
    setStorage: (address, slot, value) => {
      const entry = touch(address)
      invariant(entry.fields !== undefined, `storage of the missing account ${address}`)
      setSlot(entry, slot, value, undo)
    },
    clearStorage: (address) => wipe(touch(address), undo),
    putCode: (code) => {
      const hash = keccakHex(code)
      if (codes.has(hash) || hash === emptyCodeHash) return hash
      codes.set(hash, code)
      undo.record(() => void codes.delete(hash))
      return hash
    },

    checkpoint: () => undo.checkpoint(),
    commit: () => undo.commit(),
    revert: () => undo.revert(),
    depth: () => undo.depth(),
    changes: () => {
      invariant(undo.depth() === 0, 'changes asked for inside a checkpoint')
      return netChanges(entries, codes, base)
    },
  }
}

/** Opposites of writes, and where each open checkpoint stands among them. */
interface UndoLog {
  /** Keeps the opposite of a write while a checkpoint is open. */
  record(opposite: () => void): void
  checkpoint(): void
  commit(): void
  revert(): void
  depth(): number
}

function createUndoLog(): UndoLog {
  const opposites: (() => void)[] = []
  /** Length of `opposites` at each open checkpoint. */
  const marks: number[] = []
  return {
    record: (opposite) => {
      if (marks.length > 0) opposites.push(opposite)
    },
    checkpoint: () => void marks.push(opposites.length),
    commit: () => {
      invariant(marks.pop() !== undefined, 'commit without a checkpoint')
      if (marks.length === 0) opposites.length = 0
    },
    revert: () => {
      const mark = marks.pop()
      invariant(mark !== undefined, 'revert without a checkpoint')
      while (opposites.length > mark) opposites.pop()?.()
    },
    depth: () => marks.length,
  }
}

function setFields(entry: Entry, fields: AccountFields | undefined, undo: UndoLog): void {
  const old = entry.fields
  undo.record(() => {
    entry.fields = old
  })
  entry.fields = fields
}

function setSlot({ slots }: Entry, slot: bigint, value: bigint, undo: UndoLog): void {
  const name = toWord(slot)
  const old = slots.get(name)
  undo.record(() => void (old === undefined ? slots.delete(name) : slots.set(name, old)))
  slots.set(name, { slot, value })
}

function wipe(entry: Entry, undo: UndoLog): void {
  const { isWiped, slots } = entry
  if (isWiped && slots.size === 0) return
  undo.record(() => {
    entry.isWiped = isWiped
    entry.slots = slots
  })
  entry.isWiped = true
  entry.slots = new Map()
}

function accountOf(entry: Entry, base: StateReader, address: Address): Account | undefined {
  if (!entry.fields) return undefined
  const { nonce, balance, codeHash } = entry.fields
  const committed = entry.isWiped ? undefined : base.account(address)
  return { nonce, balance, codeHash, storageRoot: committed?.storageRoot ?? emptyTrieRoot }
}

function slotOf(entry: Entry, base: StateReader, address: Address, slot: bigint): bigint {
  const { slots, isWiped } = entry
  const written = slots.size === 0 ? undefined : slots.get(toWord(slot))
  return written?.value ?? (isWiped ? 0n : base.storage(address, slot))
}

/** Slots of the base that were emptied here one by one still count: only a wipe is certain. */
const baseHasStorage = (base: StateReader, address: Address): boolean =>
  isJournal(base)
    ? base.hasStorage(address)
    : (base.account(address)?.storageRoot ?? emptyTrieRoot) !== emptyTrieRoot

const isJournal = (reader: StateReader): reader is Journal => 'hasStorage' in reader

/** What differs from the base: touched and restored accounts are left out, unused code too. */
function netChanges(
  entries: ReadonlyMap<Address, Entry>,
  codes: ReadonlyMap<Hex, Uint8Array>,
  base: StateReader,
): StateChanges {
  const accounts = new Map<Address, AccountChange | undefined>()
  const usedCodes = new Map<Hex, Uint8Array>()
  for (const [address, entry] of entries) {
    const before = base.account(address)
    if (!entry.fields) {
      if (before) accounts.set(address, undefined)
      continue
    }
    const change = netChange(entry, entry.fields, base, address)
    if (isSame(change, before)) continue
    accounts.set(address, change)
    const code = codes.get(change.codeHash)
    if (code) usedCodes.set(change.codeHash, code)
  }
  return { accounts, codes: usedCodes }
}

function netChange(
  entry: Entry,
  { nonce, balance, codeHash }: AccountFields,
  base: StateReader,
  address: Address,
): AccountChange {
  const wiped = entry.isWiped && baseHasStorage(base, address)
  const slots: SlotValue[] = []
  for (const { slot, value } of entry.slots.values()) {
    const before = entry.isWiped ? 0n : base.storage(address, slot)
    if (value !== before) slots.push([slot, value])
  }
  return { nonce, balance, codeHash, wiped, slots }
}

const isSame = (change: AccountChange, before: Account | undefined): boolean =>
  before !== undefined &&
  !change.wiped &&
  change.slots.length === 0 &&
  change.nonce === before.nonce &&
  change.balance === before.balance &&
  change.codeHash === before.codeHash
