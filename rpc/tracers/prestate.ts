/**
 * geth's prestateTracer: the accounts and slots a transaction looks at as they were before it; with
 * diffMode, those it changed, before and after.
 */
import { isDelegation, opcodeName, type Step, wordToAddress } from '../../execution/index.ts'
import {
  type Account,
  type Address,
  emptyCodeHash,
  type Hex,
  type StateReader,
  toHex,
  toWord,
} from '../../primitives/index.ts'
import { createdAddress, type Json, quantity } from '../format.ts'
import type { Budget, RpcTracer, Subject } from './tracer.ts'

export interface PrestateConfig {
  readonly diffMode?: boolean
  readonly disableCode?: boolean
  readonly disableStorage?: boolean
  readonly includeEmpty?: boolean
}

export function createPrestateTracer(
  config: PrestateConfig,
  subject: Subject,
  budget: Budget,
): RpcTracer {
  const seen = new Map<Address, Set<Hex>>()
  const look = (address: Address): Set<Hex> => {
    const known = seen.get(address)
    if (known) return known
    const slots = new Set<Hex>()
    budget(codeOf(subject.before, address).length * 2 + entryChars)
    seen.set(address, slots)
    const target = delegateOf(subject.now, address)
    if (target) look(target)
    return slots
  }
  const { from, to, nonce, header, authorities } = subject
  for (const address of [from, to ?? createdAddress(from, nonce), header.feeRecipient])
    look(address)
  for (const address of authorities) look(address)
  return {
    hooks: {
      step: (step) => lookAround(step, look, budget),
      slot: (address, slot) => {
        budget(entryChars)
        look(address).add(toWord(slot))
      },
      // A creation's target is not on the stack.
      enter: ({ type, to: created }) => {
        if (type === 'CREATE' || type === 'CREATE2') look(created)
      },
    },
    result: () => JSON.stringify(resultOf(seen, config, subject)),
  }
}

/** What an account or slot takes in JSON, about. */
const entryChars = 200

function lookAround(step: Step, look: (address: Address) => Set<Hex>, budget: Budget): void {
  const { stackSize } = step
  switch (opcodeName(step.opcode)) {
    case 'SLOAD':
    case 'SSTORE': {
      if (stackSize === 0) return
      budget(entryChars)
      look(step.address).add(toWord(step.peek(0)))
      return
    }
    case 'BALANCE':
    case 'EXTCODECOPY':
    case 'EXTCODEHASH':
    case 'EXTCODESIZE':
    case 'SELFDESTRUCT':
      if (stackSize >= 1) look(wordToAddress(step.peek(0)))
      return
    case 'CALL':
    case 'CALLCODE':
    case 'DELEGATECALL':
    case 'STATICCALL':
      if (stackSize >= 5) look(wordToAddress(step.peek(1)))
      return
    default:
  }
}

const codeOf = (state: StateReader, address: Address): Uint8Array => {
  const codeHash = state.account(address)?.codeHash ?? emptyCodeHash
  return codeHash === emptyCodeHash ? new Uint8Array(0) : state.code(codeHash)
}

/** Whose code runs for an account that delegates (EIP-7702). */
function delegateOf(state: StateReader, address: Address): Address | undefined {
  const code = codeOf(state, address)
  return isDelegation(code) ? toHex(code.subarray(3)) : undefined
}

/** Slots by their words: chosen bigints would share a bucket (primitives/account.ts). */
type Seen = ReadonlyMap<Address, ReadonlySet<Hex>>

function resultOf(seen: Seen, config: PrestateConfig, subject: Subject): Json {
  const sorted = [...seen].toSorted(([a], [b]) => (a < b ? -1 : 1))
  if (config.diffMode === true) return diffOf(sorted, config, subject)
  return Object.fromEntries(
    sorted
      .filter(([address]) => config.includeEmpty === true || exists(subject.before, address))
      .map(([address, slots]) => [address, formatWhole(subject.before, address, slots, config)]),
  )
}

const nobody = { nonce: 0n, balance: 0n, codeHash: emptyCodeHash }

function exists(state: StateReader, address: Address): boolean {
  const { nonce, balance, codeHash } = state.account(address) ?? nobody
  return nonce > 0n || balance > 0n || codeHash !== emptyCodeHash
}

function formatWhole(
  state: StateReader,
  address: Address,
  slots: ReadonlySet<Hex>,
  config: PrestateConfig,
): Json {
  const { nonce, balance, codeHash } = state.account(address) ?? nobody
  return {
    balance: quantity(balance),
    ...codeFields(state, codeHash, config),
    ...(nonce > 0n && { nonce: Number(nonce) }),
    ...storageField(
      Array.from(slots, (slot) => [slot, state.storage(address, BigInt(slot))]),
      config,
    ),
  }
}

function codeFields(state: StateReader, codeHash: Account['codeHash'], config: PrestateConfig) {
  if (codeHash === emptyCodeHash) return {}
  return { ...(config.disableCode !== true && { code: toHex(state.code(codeHash)) }), codeHash }
}

function storageField(entries: readonly (readonly [Hex, bigint])[], config: PrestateConfig) {
  if (config.disableStorage === true || entries.length === 0) return {}
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1))
  return {
    storage: Object.fromEntries(sorted.map(([slot, value]) => [slot, toWord(value)])),
  }
}

/** Only what changed: whole accounts before, changed fields after; a deleted account has no after. */
function diffOf(
  seen: readonly (readonly [Address, ReadonlySet<Hex>])[],
  config: PrestateConfig,
  { before, now }: Subject,
): Json {
  const [post, pre]: [Record<string, Json>, Record<string, Json>] = [{}, {}]
  for (const [address, slots] of seen) {
    const changed = [...slots].filter(
      (slot) => before.storage(address, BigInt(slot)) !== now.storage(address, BigInt(slot)),
    )
    const wasThere = config.includeEmpty === true || exists(before, address)
    const kept = new Set(changed.filter((slot) => before.storage(address, BigInt(slot)) !== 0n))
    if (before.account(address) && !now.account(address)) {
      if (wasThere) pre[address] = formatWhole(before, address, kept, config)
      continue
    }
    const after = changedFields(address, changed, config, before, now)
    if (!after) continue
    post[address] = after
    if (wasThere) pre[address] = formatWhole(before, address, kept, config)
  }
  return { post, pre }
}

/** Undefined when nothing changed. */
function changedFields(
  address: Address,
  slots: readonly Hex[],
  config: PrestateConfig,
  before: StateReader,
  now: StateReader,
): Json | undefined {
  const [old, fresh] = [before.account(address) ?? nobody, now.account(address) ?? nobody]
  const filled = slots
    .map((slot) => [slot, now.storage(address, BigInt(slot))] as const)
    .filter(([, value]) => value !== 0n)
  const fields = {
    ...(fresh.balance !== old.balance && { balance: quantity(fresh.balance) }),
    ...(fresh.codeHash !== old.codeHash && codeFields(now, fresh.codeHash, config)),
    ...(fresh.nonce !== old.nonce && { nonce: Number(fresh.nonce) }),
    ...storageField(filled, config),
  }
  const isChanged = Object.keys(fields).length > 0 || slots.length > 0
  return isChanged ? fields : undefined
}
