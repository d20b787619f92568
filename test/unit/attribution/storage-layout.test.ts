/**
 * Every module keeps its storage exactly where `solc --storage-layout` puts the same declarations
 * (contracts/twins): each variable and field is written through our layout and looked for in the slot
 * and at the byte the compiler names.
 */
import { expect, test } from '@jest/globals'
import { datanetLayout } from '../../../attribution/datanet/state.ts'
import { lineageState } from '../../../attribution/lineage/state.ts'
import { paramsState } from '../../../attribution/params/module.ts'
import { receiptsState } from '../../../attribution/receipts/state.ts'
import { registryState } from '../../../attribution/registry/module.ts'
import { rewardsState } from '../../../attribution/rewards/state.ts'
import { createMemorySlots, type Slots } from '../../../execution/native/index.ts'
import { concat, fromHex, keccak256, toBigInt, toFixedBytes } from '../../../primitives/index.ts'
import { compileLayouts, type StorageLayout } from '../../support/solc.ts'

const compiled = compileLayouts()

/** One of our variables, whatever it is. */
type Place = Readonly<Record<string, unknown>> & {
  at?(key: unknown): Place
  set?(value: unknown): void
  push?(): Place
}

interface Found {
  readonly path: string
  /** Where the compiler puts it, and how many bytes it takes. */
  readonly slot: bigint
  readonly offset: number
  readonly size: number
}

/** Walks what the compiler says and our layout side by side; `write` writes each variable's ones. */
function walk(
  { types }: StorageLayout,
  type: string,
  place: Place,
  where: Omit<Found, 'size'>,
  meet: (found: Found, place: Place, label: string) => void,
): void {
  const { encoding, key, value, base, members, numberOfBytes, label } = types[type]!
  const next = (to: string, below: Place, at: Partial<Found>): void =>
    walk({ storage: [], types }, to, below, { ...where, offset: 0, ...at }, meet)
  if (encoding === 'mapping') {
    const [sample, bytes] = sampleKey(types[key!]!.label)
    const slot = toBigInt(keccak256(concat(bytes, toFixedBytes(where.slot, 32))))
    next(value!, place.at!(sample), { slot, path: `${where.path}[]` })
  } else if (encoding === 'dynamic_array') {
    const first = toBigInt(keccak256(toFixedBytes(where.slot, 32)))
    const size = Number(types[base!]!.numberOfBytes)
    const inSlot = Math.floor(32 / size)
    // The last of a slot and the first of the next one.
    for (const index of [BigInt(inSlot - 1), BigInt(inSlot)])
      next(base!, place.at!(index), {
        slot: first + index / BigInt(inSlot),
        offset: (Number(index) % inSlot) * size,
        path: `${where.path}[${index}]`,
      })
  } else if (members) {
    const wanted = members.map((one) => one.label)
    if (fieldsOf(place).join() !== wanted.join())
      throw new Error(`${where.path} has ${fieldsOf(place).join()}, solc says ${wanted.join()}`)
    for (const member of members)
      next(member.type, place[member.label] as Place, {
        slot: where.slot + BigInt(member.slot),
        offset: member.offset,
        path: `${where.path}.${member.label}`,
      })
  } else meet({ ...where, size: Number(numberOfBytes) }, place, label)
}

const fieldsOf = (place: Place): string[] =>
  Object.getOwnPropertyNames(Object.getPrototypeOf(place)).filter(
    (name) => !['load', 'pick', 'store'].includes(name),
  )

/** A key and how it is hashed: value types as words, left or right aligned. */
function sampleKey(type: string): readonly [unknown, Uint8Array] {
  const bytes32 = `0x${'5a'.repeat(32)}` as const
  const address = `0x${'a5'.repeat(20)}` as const
  if (type === 'bytes32') return [bytes32, fromHex(bytes32)]
  if (type === 'address') return [address, toFixedBytes(BigInt(address), 32)]
  return [7n, toFixedBytes(7n, 32)]
}

/** All bits of a value type. */
function ones(type: string, size: number): unknown {
  if (type === 'bool') return true
  if (type === 'address' || type.startsWith('bytes')) return `0x${'ff'.repeat(size)}`
  if (type.startsWith('int')) return -1n
  const value = 2n ** BigInt(8 * size) - 1n
  return size <= 6 ? Number(value) : value
}

test.each([
  ['registry', registryState, 'RegistryStorage'],
  ['params', paramsState, 'ParamsStorage'],
  ['datanet', datanetLayout, 'DatanetStorage'],
  ['lineage', lineageState, 'LineageStorage'],
  ['receipts', receiptsState, 'ReceiptsStorage'],
  ['rewards', rewardsState, 'RewardsTwin'],
] as const)('%s', (_name, bind: (slots: Slots) => unknown, contract) => {
  const layout = compiled[contract]!
  const written = new Map<bigint, bigint>()
  const slots = createMemorySlots(written)
  const module = bind(slots) as Place
  const labels = layout.storage.map(({ label }) => label.replace(/_$/, ''))
  expect(fieldsOf(module)).toEqual(labels)
  let count = 0
  for (const { label, slot, offset, type } of layout.storage) {
    const name = label.replace(/_$/, '')
    const where = { path: name, slot: BigInt(slot), offset }
    walk(layout, type, module[name] as Place, where, (found, place, solidity) => {
      written.clear()
      const isBool = solidity === 'bool'
      const isEnum = solidity.startsWith('enum')
      place.set!(ones(isEnum ? 'uint8' : solidity, found.size))
      const bits = isBool ? 1n : 2n ** BigInt(8 * found.size) - 1n
      const expected = [[found.slot, bits << BigInt(8 * found.offset)]]
      expect([found.path, [...written]]).toEqual([found.path, expected])
      count++
    })
  }
  expect(count).toBeGreaterThan(0)
})
