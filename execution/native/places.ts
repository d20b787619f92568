/**
 * Where Solidity puts what has no slot of its own: behind the keccak256 of a slot, or of a key and a slot.
 * Handlers ask for the same few places again and again, so the last of them are remembered, one by each
 * index of a fixed table: who asks for others than those only waits for the hash. Knows no price.
 */
import { concat, keccak256, toBigInt, toFixedBytes } from '../../primitives/index.ts'

/** A few hundred kilobytes; a block has gas for some ten thousand mapping entries seen first. */
const tableSize = 4_096

interface Place {
  readonly key: bigint | undefined
  readonly slot: bigint
  readonly place: bigint
}

const table: (Place | undefined)[] = Array.from({ length: tableSize }, () => undefined)

/** A mapping's entry for `key`, which is padded to a word as in the ABI. */
export function mappingPlace(key: bigint, slot: bigint): bigint {
  const index = indexOf(key, slot)
  const known = table[index]
  if (known?.slot === slot && known.key === key) return known.place
  const place = toBigInt(keccak256(concat(toFixedBytes(key, 32), toFixedBytes(slot, 32))))
  table[index] = { key, slot, place }
  return place
}

/** The first slot of a dynamic array, or of long bytes. */
export function arrayPlace(slot: bigint): bigint {
  const index = indexOf(0n, slot)
  const known = table[index]
  if (known?.slot === slot && known.key === undefined) return known.place
  const place = toBigInt(keccak256(toFixedBytes(slot, 32)))
  table[index] = { key: undefined, slot, place }
  return place
}

/** Ids are small, hashed slots differ in every bit: the lowest ones tell both apart. */
const indexOf = (key: bigint, slot: bigint): number =>
  (Math.imul(Number(BigInt.asUintN(30, key)), 0x9e3779b1) ^ Number(BigInt.asUintN(30, slot))) &
  (tableSize - 1)
