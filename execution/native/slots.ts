/**
 * A module's storage slots, metered as SLOAD and SSTORE are: cold and warm by EIP-2929, writes by
 * EIP-2200, refunds by EIP-3529. Every write goes through the journal of the frame, so a revert
 * takes it back. Keeps no copy of anything.
 */
import type { Address } from '../../primitives/index.ts'
import { type GasMeter, keccakGas, prices } from './gas.ts'
import { arrayPlace, mappingPlace } from './places.ts'

/** Ends a frame: a write under STATICCALL, or in a function the ABI calls view. */
export class StaticViolation extends Error {
  constructor() {
    super('write in a static call')
  }
}

/** The state below a frame, as the engine has it: journaled values, and what is warm. */
export interface StateAccess {
  read(address: Address, slot: bigint): bigint
  /** What the slot held when the transaction began. */
  original(address: Address, slot: bigint): bigint
  write(address: Address, slot: bigint, value: bigint): void
  isWarm(address: Address, slot: bigint): boolean
  warm(address: Address, slot: bigint): void
}

/** One account's slots as a handler sees them. */
export interface Slots {
  read(slot: bigint): bigint
  write(slot: bigint, value: bigint): void
  /** Where a mapping at `slot` keeps the value of a key padded to a word; paid for as keccak256. */
  mappingPlace(key: bigint, slot: bigint): bigint
  /** Where an array at `slot` keeps its values; paid for as keccak256. */
  arrayPlace(slot: bigint): bigint
}

const mappingGas = keccakGas(64)
const arrayGas = keccakGas(32)

export function createSlots(
  state: StateAccess,
  address: Address,
  gas: GasMeter,
  isStatic: boolean,
): Slots {
  /** Pays for touching a slot; false when it was warm already. */
  const touch = (slot: bigint): boolean => {
    if (state.isWarm(address, slot)) return false
    gas.charge(prices.coldSlot)
    state.warm(address, slot)
    return true
  }
  return {
    read(slot) {
      if (!touch(slot)) gas.charge(prices.warmAccess)
      return state.read(address, slot)
    },
    write(slot, value) {
      if (isStatic) throw new StaticViolation()
      if (gas.left() <= prices.writeSentry) gas.charge(gas.left() + 1n)
      touch(slot)
      const original = state.original(address, slot)
      chargeWrite(gas, original, state.read(address, slot), value)
      state.write(address, slot, value)
    },
    mappingPlace(key, slot) {
      gas.charge(mappingGas)
      return mappingPlace(key, slot)
    },
    arrayPlace(slot) {
      gas.charge(arrayGas)
      return arrayPlace(slot)
    },
  }
}

/** Slots without price, for who looks at a state from outside of an execution. */
export const freeSlots = (
  read: Slots['read'],
  write: Slots['write'] = () => {
    throw new TypeError('a state is only read')
  },
): Slots => ({ read, write, mappingPlace, arrayPlace })

/** Slots in a map: what a module's storage begins with in block 0. */
export const createMemorySlots = (values: Map<bigint, bigint>): Slots =>
  freeSlots(
    (slot) => values.get(slot) ?? 0n,
    (slot, value) => void values.set(slot, value),
  )

/** SSTORE without its cold part. */
function chargeWrite(gas: GasMeter, original: bigint, current: bigint, value: bigint): void {
  if (current === value) return gas.charge(prices.warmAccess)
  if (original === current) {
    gas.charge(original === 0n ? prices.setSlot : prices.resetSlot)
    if (original !== 0n && value === 0n) gas.refund(prices.clearRefund)
    return
  }
  gas.charge(prices.warmAccess)
  if (original !== 0n) {
    if (current === 0n) gas.refund(-prices.clearRefund)
    else if (value === 0n) gas.refund(prices.clearRefund)
  }
  if (original === value)
    gas.refund((original === 0n ? prices.setSlot : prices.resetSlot) - prices.warmAccess)
}
