/**
 * What callers want the state and the block to be for one call: geth's rules for state and block
 * overrides, precompiles that move included. Writes a journal that is thrown away; knows no JSON.
 */
import {
  accept,
  type Address,
  emptyCodeHash,
  type Hex,
  reject,
  type Refusal,
  type SlotValue,
  type Verdict,
} from '../primitives/index.ts'
import type { Journal } from '../state/index.ts'
import { toChecksum } from './transaction-rules.ts'
import type { BlockContext, Engine } from './types.ts'

/** What a caller wants an account to be for one call. `state` replaces all slots, `stateDiff` some. */
export interface AccountOverride {
  readonly nonce?: bigint
  readonly balance?: bigint
  readonly code?: Uint8Array
  readonly state?: readonly SlotValue[]
  readonly stateDiff?: readonly SlotValue[]
  /** For a precompile: where its code stands during the call. */
  readonly movePrecompileTo?: Address
}
/** Applied in the order of the map. */
export type StateOverride = ReadonlyMap<Address, AccountOverride>

/** What a caller wants the block to be for one call. */
export interface BlockOverride {
  readonly number?: bigint
  readonly time?: bigint
  readonly gasLimit?: bigint
  readonly feeRecipient?: Address
  readonly prevRandao?: Hex
  readonly difficulty?: bigint
  readonly baseFeePerGas?: bigint
  /** Wei per blob gas, whatever the header's excess says. */
  readonly blobBaseFee?: bigint
}

/** A journal with the block that is executed on it. */
export interface Stage {
  readonly journal: Journal
  readonly context: BlockContext
}

/**
 * Writes the overrides into the stage's journal. The context of the answer knows the precompiles
 * that moved or went away. An account of which something is overridden exists afterwards; a precompile that is named is
 * one no longer (geth).
 */
export function applyStateOverrides(
  engine: Pick<Engine, 'precompilesOf' | 'modules'>,
  { journal, context }: Stage,
  overrides: StateOverride,
): Verdict<Stage, 'OVERRIDE_CONFLICT'> {
  const native = engine.precompilesOf(context.header)
  const moved = new Map(context.precompiles)
  const destinations = new Set<Address>()
  for (const [address, override] of overrides) {
    const isModule = engine.modules.has(address) && moved.get(address) !== null
    const isPrecompile = moved.has(address)
      ? moved.get(address) !== null
      : native.has(address) || isModule
    const refusal = conflictOf(address, override, { overrides, destinations, isPrecompile })
    if (refusal) return refusal
    const target = override.movePrecompileTo
    if (target !== undefined) {
      moved.set(target, moved.get(address) ?? address)
      destinations.add(target)
    }
    // A module is an account with state: only other code, or a move, ends it.
    const stays = isModule && override.code === undefined && target === undefined
    if (isPrecompile && !stays) moved.set(address, null)
    if (changesAccount(override)) overrideAccount(journal, address, override)
  }
  return accept({
    journal,
    context: moved.size === 0 ? context : { ...context, precompiles: moved },
  })
}

interface Names {
  readonly overrides: StateOverride
  readonly destinations: ReadonlySet<Address>
  readonly isPrecompile: boolean
}

/** geth's core/types override rules, in their order and words. */
function conflictOf(
  address: Address,
  { movePrecompileTo, state, stateDiff }: AccountOverride,
  { overrides, destinations, isPrecompile }: Names,
): Refusal<'OVERRIDE_CONFLICT'> | undefined {
  if (destinations.has(address))
    return refuse(address, 'has already been overridden by a precompile')
  if (movePrecompileTo !== undefined) {
    if (!isPrecompile) return refuse(address, 'is not a precompile')
    if (overrides.has(movePrecompileTo)) return refuse(movePrecompileTo, 'is already overridden')
  }
  if (state && stateDiff) return refuse(address, "has both 'state' and 'stateDiff'")
  return undefined
}

const refuse = (who: Address, text: string): Refusal<'OVERRIDE_CONFLICT'> =>
  reject('OVERRIDE_CONFLICT', `account ${toChecksum(who)} ${text}`)

/** Moving a precompile alone makes no account. */
const changesAccount = ({ nonce, balance, code, state, stateDiff }: AccountOverride): boolean =>
  [nonce, balance, code, state, stateDiff].some((value) => value !== undefined)

function overrideAccount(journal: Journal, address: Address, override: AccountOverride): void {
  const old = journal.account(address)
  journal.setAccount(address, {
    nonce: override.nonce ?? old?.nonce ?? 0n,
    balance: override.balance ?? old?.balance ?? 0n,
    codeHash: override.code ? putCode(journal, override.code) : (old?.codeHash ?? emptyCodeHash),
  })
  if (override.state) journal.clearStorage(address)
  for (const [slot, value] of override.state ?? override.stateDiff ?? [])
    journal.setStorage(address, slot, value)
}

const putCode = (journal: Journal, code: Uint8Array): Hex =>
  code.length === 0 ? emptyCodeHash : journal.putCode(code)

export function applyBlockOverrides(context: BlockContext, override: BlockOverride): BlockContext {
  const { number, time, gasLimit, feeRecipient, prevRandao, difficulty, baseFeePerGas } = override
  const header = {
    ...context.header,
    ...(number !== undefined && { number }),
    ...(time !== undefined && { timestamp: time }),
    ...(gasLimit !== undefined && { gasLimit }),
    ...(feeRecipient !== undefined && { feeRecipient }),
    ...(prevRandao !== undefined && { prevRandao }),
    ...(difficulty !== undefined && { difficulty }),
    ...(baseFeePerGas !== undefined && { baseFeePerGas }),
  }
  const { blobBaseFee } = override
  return { ...context, header, ...(blobBaseFee !== undefined && { blobBaseFee }) }
}
