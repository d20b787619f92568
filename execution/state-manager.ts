/**
 * Our journal in the shape @ethereumjs asks for. One per execution and thrown away after it: it
 * remembers what slots held when the transaction began (EIP-2200), so it must not outlive one. Its
 * methods return promises because the interface says so; nothing in them waits. Has no root.
 */
import type { StateManagerInterface } from '@ethereumjs/common'
import { Account as VmAccount, type Address as VmAddress } from '@ethereumjs/util'
import {
  emptyCodeHash,
  emptyTrieRoot,
  fromBigInt,
  fromHex,
  toBigInt,
  toHex,
  toWord,
  type Account,
  type Address,
  type Hex,
} from '../primitives/index.ts'
import type { Journal } from '../state/index.ts'

const noBytes = new Uint8Array(0)
const noCodeHash = fromHex(emptyCodeHash)
const noStorageRoot = fromHex(emptyTrieRoot)
/** Any root that is not the empty one: the library only asks whether storage is empty (EIP-7610). */
const someStorageRoot = new Uint8Array(32).fill(1)
const done = Promise.resolve()

/** A library address as text, kept with the object: the same one is asked for many times. */
const texts = new WeakMap<VmAddress, Address>()
export function addressText(address: VmAddress): Address {
  const known = texts.get(address)
  if (known) return known
  const text = toHex(address.bytes)
  texts.set(address, text)
  return text
}

/** The library's view, with what it wraps: native modules read and write without promises. */
export interface JournalManager extends StateManagerInterface {
  readonly journal: Journal
  /** What a slot held when the transaction began, as bytes without leading zeros. */
  originalStorage(address: Address, slot: bigint): Uint8Array
}

export function createStateManager(journal: Journal): JournalManager {
  const original = createOriginalStorage(journal)
  const accountOf = (address: Address): Account | undefined => journal.account(address)

  const manager: JournalManager = {
    journal,
    originalStorage: original.valueOf,
    getAccount: (address) => Promise.resolve(toVmAccount(journal, addressText(address))),
    putAccount: (address, account) => {
      putAccount(journal, addressText(address), account)
      return done
    },
    deleteAccount: (address) => {
      journal.deleteAccount(addressText(address))
      return done
    },
    modifyAccountFields: async (address, fields) => {
      const account = toVmAccount(journal, addressText(address)) ?? new VmAccount()
      putAccount(journal, addressText(address), Object.assign(account, fields))
    },
    putCode: (address, code) => {
      putCode(journal, addressText(address), code)
      return done
    },
    getCode: (address) => Promise.resolve(codeOf(journal, addressText(address))),
    getCodeSize: (address) => Promise.resolve(codeOf(journal, addressText(address)).length),
    getStorage: (address, slot) =>
      Promise.resolve(fromBigInt(journal.storage(addressText(address), toBigInt(slot)))),
    putStorage: (address, slot, value) => {
      const text = addressText(address)
      if (!accountOf(text)) return Promise.reject(new Error('storage of a missing account'))
      journal.setStorage(text, toBigInt(slot), toBigInt(value))
      return done
    },
    clearStorage: (address) => {
      if (accountOf(addressText(address))) journal.clearStorage(addressText(address))
      return done
    },
    checkpoint: () => {
      journal.checkpoint()
      return done
    },
    commit: () => {
      journal.commit()
      return done
    },
    revert: () => {
      journal.revert()
      return done
    },
    originalStorageCache: original,
    getStateRoot: refuse,
    setStateRoot: refuse,
    hasStateRoot: refuse,
    clearCaches: () => original.clear(),
    shallowCopy: () => {
      throw new Error('an execution has one state and shares it with nobody')
    },
  }
  return manager
}

/** What a slot held when first asked for; whoever writes asks before (SSTORE's gas). */
function createOriginalStorage(journal: Journal) {
  const values = new Map<Address, Map<Hex, Uint8Array>>()
  const valueOf = (address: Address, slot: bigint): Uint8Array => {
    let slots = values.get(address)
    if (!slots) values.set(address, (slots = new Map()))
    // Not by the bigint: chosen ones share a bucket (state/journal.ts).
    const name = toWord(slot)
    let value = slots.get(name)
    if (!value) slots.set(name, (value = fromBigInt(journal.storage(address, slot))))
    return value
  }
  const get = (address: VmAddress, slot: Uint8Array): Promise<Uint8Array> =>
    Promise.resolve(valueOf(addressText(address), toBigInt(slot)))
  return { get, valueOf, clear: () => values.clear() }
}

/** A new object every time, because the library changes what it is given. */
function toVmAccount(journal: Journal, address: Address): VmAccount | undefined {
  const account = journal.account(address)
  if (!account) return undefined
  const { nonce, balance, codeHash } = account
  if (codeHash !== emptyCodeHash)
    return new VmAccount(nonce, balance, noStorageRoot, hashBytes(codeHash))
  // Only a creation looks at the root, and only where there is neither nonce nor code.
  const hasStorage = nonce === 0n && journal.hasStorage(address)
  return new VmAccount(nonce, balance, hasStorage ? someStorageRoot : noStorageRoot, noCodeHash)
}

/** The bytes remember the text they come from, so a code hash that goes out and in is not respelt. */
const hashTexts = new WeakMap<Uint8Array, Hex>([[noCodeHash, emptyCodeHash]])
function hashBytes(codeHash: Hex): Uint8Array {
  const bytes = fromHex(codeHash)
  hashTexts.set(bytes, codeHash)
  return bytes
}

function putAccount(journal: Journal, address: Address, account: VmAccount | undefined): void {
  if (!account) return journal.deleteAccount(address)
  const { nonce, balance, codeHash } = account
  journal.setAccount(address, {
    nonce,
    balance,
    codeHash: hashTexts.get(codeHash) ?? toHex(codeHash),
  })
}

/** Sets an account's code, and makes the account when there is none. */
export function putCode(journal: Journal, address: Address, code: Uint8Array): void {
  const account = journal.account(address)
  journal.setAccount(address, {
    nonce: account?.nonce ?? 0n,
    balance: account?.balance ?? 0n,
    codeHash: code.length === 0 ? emptyCodeHash : journal.putCode(code),
  })
}

/** The journal keeps one array per code hash, so caches keyed by the array hit. */
export function codeOf(journal: Journal, address: Address): Uint8Array {
  const codeHash = journal.account(address)?.codeHash ?? emptyCodeHash
  return codeHash === emptyCodeHash ? noBytes : journal.code(codeHash)
}

function refuse(): Promise<never> {
  return Promise.reject(new Error('roots are computed by the store, once per block'))
}
