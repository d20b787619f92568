/**
 * Solidity's storage layout over metered slots: value types packed from the right, structs and
 * arrays in slots of their own, mappings and dynamic data behind keccak256 (Solidity documentation,
 * "Layout of State Variables in Storage"). `layout({ owner: 'address', rows: mapping('uint256', ...) })`
 * is what `solc --storage-layout` says of the same declarations. Reads and writes one slot at a
 * time; remembers nothing between two calls.
 */
import type { AbiParameterToPrimitiveType } from 'viem'
import {
  concat,
  fromHex,
  type Hex,
  invariant,
  toFixedBytes,
  toHex,
} from '../../primitives/index.ts'
import type { AbiValue } from './abi-decode.ts'
import { bytesToText, textToBytes } from './abi-text.ts'
import { parseAbiType, type WordType } from './abi-type.ts'
import { bitsToWord, sizeOfWord, wordToBits } from './layout-word.ts'
import type { Slots } from './slots.ts'

/** A value type by its Solidity name: at most one slot. */
type WordName = 'address' | 'bool' | `uint${number}` | `int${number}` | `bytes${number}`
type Shape = WordName | 'bytes' | 'string' | Composite
type Composite = Mapping<WordName, Shape> | Sequence<Shape> | Struct<Fields>
type Fields = { readonly [name: string]: Shape }

interface Mapping<key, value> {
  readonly kind: 'mapping'
  readonly key: key
  readonly value: value
}
interface Sequence<element> {
  readonly kind: 'array'
  readonly element: element
}
interface Struct<fields> {
  readonly kind: 'struct'
  readonly fields: fields
}

export const mapping = <const key extends WordName, const value extends Shape>(
  key: key,
  value: value,
): Mapping<key, value> => ({ kind: 'mapping', key, value })

/** A dynamic array. */
export const array = <const element extends Shape>(element: element): Sequence<element> => ({
  kind: 'array',
  element,
})

export const struct = <const fields extends Fields>(fields: fields): Struct<fields> => ({
  kind: 'struct',
  fields,
})

type Value<name extends string> = AbiParameterToPrimitiveType<{ type: name }>

/** A variable in storage. A part of a slot is read before it is written, as solc does. */
export interface Variable<value> {
  get(): value
  set(value: value): void
}
interface MappingRef<key extends string, value extends Shape> {
  at(key: Value<key>): RefOf<value>
}
interface ArrayRef<element extends Shape> {
  length(): bigint
  /** Not checked against the length, which costs a read. */
  at(index: bigint): RefOf<element>
  /** Lengthens by one and gives the new last element. */
  push(): RefOf<element>
  /** All elements of a value type, a read a slot. */
  load(): element extends WordName ? readonly Value<element>[] : never
  /** Replaces all elements of a value type, a write a slot; slots no longer needed are cleared. */
  store(values: element extends WordName ? readonly Value<element>[] : never): void
}
/** The value types of a struct; what lies elsewhere is reached field by field. */
type Words<fields extends Fields> = {
  readonly [name in keyof fields as fields[name] extends WordName ? name : never]: Value<
    fields[name] & string
  >
}
type StructRef<fields extends Fields> = { readonly [name in keyof fields]: RefOf<fields[name]> } & {
  /** All value types at once: one read a slot. */
  load(): Words<fields>
  /** Some of them: one read a slot they are in. */
  pick<name extends keyof Words<fields> & string>(
    ...names: readonly name[]
  ): Pick<Words<fields>, name>
  /** Writes some or all value types: one write a slot, and a read only where others share it. */
  store(values: Partial<Words<fields>>): void
}
type RefOf<shape> = shape extends WordName | 'bytes' | 'string'
  ? Variable<Value<shape>>
  : shape extends Mapping<infer key extends WordName, infer value extends Shape>
    ? MappingRef<key, value>
    : shape extends Sequence<infer element extends Shape>
      ? ArrayRef<element>
      : shape extends Struct<infer fields extends Fields>
        ? StructRef<fields>
        : never

/** What `layout(...)` gives for given slots. */
export type LayoutOf<bind> = bind extends (slots: Slots) => infer ref ? ref : never

/** A contract's state variables in order, from slot 0. */
export function layout<const fields extends Fields>(
  fields: fields,
): (slots: Slots) => StructRef<fields> {
  const bind = compileStruct(fields)
  return (slots) => bind.ref(slots, 0n, 0) as StructRef<fields>
}

/** A shape, ready: how much it takes, and what stands at a place. */
interface Compiled {
  /** Bytes within a slot; 32 and more: whole slots. */
  readonly size: number
  readonly ref: (slots: Slots, slot: bigint, offset: number) => unknown
  readonly word?: WordType
}

function compile(shape: Shape): Compiled {
  if (typeof shape === 'string') {
    if (shape === 'bytes' || shape === 'string')
      return { size: 32, ref: (slots, slot) => textRef(slots, slot, shape) }
    const word = parseAbiType({ type: shape }) as WordType
    const size = sizeOfWord(word)
    return { size, word, ref: (slots, slot, offset) => wordRef(slots, slot, offset, word) }
  }
  if (shape.kind === 'struct') return compileStruct(shape.fields)
  if (shape.kind === 'array') {
    const element = compile(shape.element)
    return { size: 32, ref: (slots, slot) => arrayRef(slots, slot, element) }
  }
  const [key, value] = [parseAbiType({ type: shape.key }) as WordType, compile(shape.value)]
  return {
    size: 32,
    ref: (slots, slot) => ({
      at: (name: AbiValue) => value.ref(slots, slots.mappingPlace(keyWord(key, name), slot), 0),
    }),
  }
}

/** A mapping's key, padded as in the ABI: numbers to the right, fixed bytes to the left. */
function keyWord(type: WordType, key: AbiValue): bigint {
  const bits = wordToBits(type, key)
  const shift = type.kind === 'fixedBytes' ? BigInt(256 - 8 * type.size) : 0n
  return BigInt.asUintN(256, bits << shift)
}

interface Member {
  readonly name: string
  readonly compiled: Compiled
  readonly slot: bigint
  readonly offset: number
}

function compileStruct(fields: Fields): Compiled {
  const members: Member[] = []
  let [slot, offset] = [0n, 0]
  for (const [name, shape] of Object.entries(fields)) {
    invariant(!/^\d+$/.test(name), 'a field is no number: objects would reorder it')
    const compiled = compile(shape)
    if (offset > 0 && offset + compiled.size > 32) [slot, offset] = [slot + 1n, 0]
    members.push({ name, compiled, slot, offset })
    offset += compiled.size
    if (offset >= 32) [slot, offset] = [slot + BigInt(offset / 32), 0]
    // What follows a struct begins a slot of its own, and structs fill theirs up.
  }
  const slotsTaken = Number(slot) + (offset > 0 ? 1 : 0)
  const prototype = structPrototype(members)
  return {
    size: 32 * Math.max(slotsTaken, 1),
    ref: (slots, at) => Object.assign(Object.create(prototype) as StructPlace, { slots, at }),
  }
}

interface StructPlace {
  readonly slots: Slots
  readonly at: bigint
}

/** Fields as getters, made once a struct, so that touching one field makes one object. */
function structPrototype(members: readonly Member[]): object {
  const groups = bySlot(members)
  const prototype = {
    load(this: StructPlace): Record<string, AbiValue> {
      return readWords(this, groups)
    },
    pick(this: StructPlace, ...names: readonly string[]): Record<string, AbiValue> {
      return readWords(
        this,
        groups
          .map(({ slot, words }) => ({
            slot,
            words: words.filter(({ name }) => names.includes(name)),
          }))
          .filter(({ words }) => words.length > 0),
      )
    },
    store(this: StructPlace, values: Readonly<Record<string, AbiValue>>): void {
      for (const { slot, words } of groups) {
        const given = words.filter(({ name }) => values[name] !== undefined)
        if (given.length === 0) continue
        const isWhole = given.length === words.length
        let bits = isWhole ? 0n : this.slots.read(this.at + slot)
        for (const { name, offset, word } of given)
          bits = place(bits, offset, word, values[name] ?? 0)
        this.slots.write(this.at + slot, bits)
      }
    },
  }
  for (const { name, compiled, slot, offset } of members)
    Object.defineProperty(prototype, name, {
      get(this: StructPlace): unknown {
        return compiled.ref(this.slots, this.at + slot, offset)
      },
    })
  return prototype
}

function readWords({ slots, at }: StructPlace, groups: readonly SlotGroup[]) {
  const values: Record<string, AbiValue> = {}
  for (const { slot, words } of groups) {
    const bits = slots.read(at + slot)
    for (const { name, offset, word } of words)
      values[name] = bitsToWord(word, bits >> BigInt(8 * offset))
  }
  return values
}

interface SlotGroup {
  readonly slot: bigint
  readonly words: { readonly name: string; readonly offset: number; readonly word: WordType }[]
}

function bySlot(members: readonly Member[]): readonly SlotGroup[] {
  const groups: SlotGroup[] = []
  for (const { name, compiled, slot, offset } of members) {
    if (!compiled.word) continue
    let group = groups.at(-1)
    if (group?.slot !== slot) groups.push((group = { slot, words: [] }))
    group.words.push({ name, offset, word: compiled.word })
  }
  return groups
}

/** `bits` with one value replaced. */
function place(bits: bigint, offset: number, type: WordType, value: AbiValue): bigint {
  const [shift, width] = [BigInt(8 * offset), BigInt(8 * sizeOfWord(type))]
  const mask = ((1n << width) - 1n) << shift
  return (bits & ~mask) | (wordToBits(type, value) << shift)
}

const wordRef = (
  slots: Slots,
  slot: bigint,
  offset: number,
  type: WordType,
): Variable<AbiValue> => ({
  get: () => bitsToWord(type, slots.read(slot) >> BigInt(8 * offset)),
  set: (value) => {
    const old = sizeOfWord(type) === 32 ? 0n : slots.read(slot)
    slots.write(slot, place(old, offset, type, value))
  },
})

function arrayRef(slots: Slots, slot: bigint, element: Compiled) {
  const at = (index: bigint): unknown => {
    const first = slots.arrayPlace(slot)
    if (element.size >= 32) return element.ref(slots, first + index * BigInt(element.size / 32), 0)
    const inSlot = BigInt(Math.floor(32 / element.size))
    return element.ref(slots, first + index / inSlot, Number(index % inSlot) * element.size)
  }
  return {
    at,
    length: () => slots.read(slot),
    load: () => loadWords(slots, slot, element),
    store: (values: readonly AbiValue[]) => storeWords(slots, slot, element, values),
    push: () => {
      const length = slots.read(slot)
      slots.write(slot, length + 1n)
      return at(length)
    },
  }
}

/** Elements of a packed array in one slot. */
function packing({ word, size }: Compiled): { readonly word: WordType; readonly inSlot: number } {
  invariant(word !== undefined, 'only value types are packed')
  return { word, inSlot: Math.floor(32 / size) }
}

function loadWords(slots: Slots, slot: bigint, element: Compiled): AbiValue[] {
  const { word, inSlot } = packing(element)
  const length = Number(slots.read(slot))
  const first = length === 0 ? 0n : slots.arrayPlace(slot)
  const values: AbiValue[] = []
  for (let i = 0; i < length; i += inSlot) {
    const bits = slots.read(first + BigInt(i / inSlot))
    for (let j = 0; j < Math.min(inSlot, length - i); j++)
      values.push(bitsToWord(word, bits >> BigInt(8 * element.size * j)))
  }
  return values
}

function storeWords(
  slots: Slots,
  slot: bigint,
  element: Compiled,
  values: readonly AbiValue[],
): void {
  const { word, inSlot } = packing(element)
  const before = Math.ceil(Number(slots.read(slot)) / inSlot)
  slots.write(slot, BigInt(values.length))
  const after = Math.ceil(values.length / inSlot)
  if (before + after === 0) return
  const first = slots.arrayPlace(slot)
  for (let i = 0; i < Math.max(before, after); i++) {
    let bits = 0n
    for (const [j, value] of values.slice(i * inSlot, (i + 1) * inSlot).entries())
      bits = place(bits, j * element.size, word, value)
    slots.write(first + BigInt(i), bits)
  }
}

/** `bytes` and `string`: up to 31 bytes beside their length, longer ones behind the slot's hash. */
function textRef(slots: Slots, slot: bigint, kind: 'bytes' | 'string'): Variable<string> {
  const first = (): bigint => slots.arrayPlace(slot)
  return {
    get() {
      const head = slots.read(slot)
      const count = tailOf(head)
      const length = Number(count === 0 ? (head & 0xffn) / 2n : (head - 1n) / 2n)
      const from = count === 0 ? slot : first()
      const parts: Uint8Array[] = count === 0 ? [toFixedBytes(head, 32)] : []
      for (let i = 0; i < count; i++) parts.push(toFixedBytes(slots.read(from + BigInt(i)), 32))
      const bytes = concat(...parts).subarray(0, length)
      return kind === 'bytes' ? toHex(bytes) : bytesToText(bytes)
    },
    set(value) {
      const bytes = kind === 'bytes' ? fromHex(value as Hex) : textToBytes(value)
      const before = tailOf(slots.read(slot))
      const after = bytes.length < 32 ? 0 : Math.ceil(bytes.length / 32)
      slots.write(
        slot,
        after === 0 ? wordAt(bytes, 0) | BigInt(2 * bytes.length) : BigInt(2 * bytes.length + 1),
      )
      const from = before + after === 0 ? 0n : first()
      for (let i = 0; i < after; i++) slots.write(from + BigInt(i), wordAt(bytes, i))
      for (let i = after; i < before; i++) slots.write(from + BigInt(i), 0n)
    },
  }
}

/** Slots taken elsewhere by what the head of a text describes. */
const tailOf = (head: bigint): number =>
  (head & 1n) === 0n ? 0 : Math.ceil(Number((head - 1n) / 2n) / 32)

/** The `i`th 32 bytes, zeros after the end. */
function wordAt(bytes: Uint8Array, i: number): bigint {
  const padded = new Uint8Array(32)
  padded.set(bytes.subarray(32 * i, 32 * i + 32))
  return BigInt(toHex(padded))
}
