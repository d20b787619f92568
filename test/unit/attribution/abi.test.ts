/** attribution/abi.ts says exactly what the Solidity interfaces compile to, and its addresses are theirs. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { getAddress, toFunctionSelector, type Abi } from 'viem'
import { moduleAbis, moduleAddresses, type ModuleName } from '../../../attribution/abi.ts'
import { compileInterfaces } from '../../support/solc.ts'

const compiled = compileInterfaces()
const names = Object.keys(moduleAbis) as ModuleName[]
const interfaceOf = (name: ModuleName) => `I${name.charAt(0).toUpperCase()}${name.slice(1)}`

/**
 * What both ways of writing an ABI can say: keys in order, no names of Solidity's types, and absent
 * what is empty or false (solc writes it out, an ABI string leaves it away).
 */
const plain = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .filter(([key, said]) => key !== 'internalType' && said !== '' && said !== false)
          .toSorted(([a], [b]) => (a < b ? -1 : 1)),
      )
    : value

/** Items as texts, sorted: their order in the file does not matter. */
const items = (abi: Abi) => abi.map((item) => JSON.stringify(item, plain)).toSorted()

describe.each(names)('%s', (name) => {
  test('equals the ABI solc makes of its interface', () => {
    expect(items(moduleAbis[name])).toEqual(items(compiled[interfaceOf(name)] ?? []))
  })

  test('no two functions share a selector', () => {
    const selectors = (moduleAbis[name] as Abi).flatMap((item) =>
      item.type === 'function' ? [toFunctionSelector(item)] : [],
    )
    expect(new Set(selectors).size).toBe(selectors.length)
  })

  test('its interface names its address, checksummed', () => {
    const source = readFileSync(
      new URL(`../../../contracts/interfaces/${interfaceOf(name)}.sol`, import.meta.url),
      'utf8',
    )
    expect(source).toContain(getAddress(moduleAddresses[name]))
  })
})
