/** attribution/abi.ts says exactly what the Solidity interfaces compile to, and its addresses are theirs. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { getAddress, toFunctionSelector, type Abi } from 'viem'
import { moduleAbis, moduleAddresses, type ModuleName } from '../../../attribution/abi.ts'
import type { AbiField } from '../../../execution/native/abi-type.ts'
import { devnetGenesis } from '../../../genesis/index.ts'
import { nativesOf, noCorpora } from '../../../node/modules.ts'
import { nobleSecp256k1 } from '../../../primitives/index.ts'
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

/** Integers of arguments that Solidity knows as enums: `policy.mode IDatanet.Mode`. */
const enumsOf = (inputs: readonly Input[], above = ''): string[] =>
  inputs.flatMap(({ name = '', internalType = '', components }) => {
    const enumName = /^enum ([\w.]+)/.exec(internalType)?.[1]
    if (components) return enumsOf(components, `${above}${name}.`)
    return enumName === undefined ? [] : [`${above}${name} ${enumName}`]
  })

interface Input {
  readonly name?: string
  readonly internalType?: string
  readonly components?: readonly Input[]
}

const sourceOf = (name: string): string =>
  readFileSync(new URL(`../../../contracts/interfaces/${name}.sol`, import.meta.url), 'utf8')

/** How many values `IDatanet.Mode` has, read from the source. */
function sizeOfEnum(path: string): number {
  const [file = '', name = ''] = path.split('.')
  const body = new RegExp(`enum ${name} \\{([^}]*)\\}`).exec(sourceOf(file))?.[1] ?? ''
  return body.split(',').length
}

const natives = nativesOf(devnetGenesis(), { corpora: noCorpora, secp256k1: nobleSecp256k1 })

/** Sizes by path, as the host has them. */
const limitsOf = (fields: readonly AbiField[], above = ''): string[] =>
  fields.flatMap(({ name, type }) => {
    const inner = type.kind === 'array' ? type.element : type
    if (inner.kind === 'tuple') return limitsOf(inner.fields, `${above}${name}.`)
    return inner.kind === 'uint' && inner.values !== undefined
      ? [`${above}${name} ${inner.values}`]
      : []
  })

/** Functions whose names do not say enough. */
const told = new Set(
  `answer answerInPieces expire audit bondFor challenge commit enter close join fold epoch openEpoch point
  leaderOf debtOf measure measured certify certifiedBlock`.split(/\s+/),
)

describe.each(names)('%s', (name) => {
  test('takes no more values for an enum than Solidity does', () => {
    const methods = natives?.modules.find((module) => module.name === name)?.methodsByName
    for (const item of compiled[interfaceOf(name)] ?? []) {
      if (item.type !== 'function') continue
      const wanted = enumsOf(item.inputs as readonly Input[]).map((one) => {
        const [path = '', enumName = ''] = one.split(' ')
        return `${path} ${sizeOfEnum(enumName)}`
      })
      const had = limitsOf(methods?.get(item.name)?.inputs ?? [])
      expect([item.name, had]).toEqual([item.name, wanted])
    }
  })

  test('equals the ABI solc makes of its interface', () => {
    expect(items(moduleAbis[name])).toEqual(items(compiled[interfaceOf(name)] ?? []))
  })

  test('says what its audits, epochs, gate and certificates do', () => {
    const undocumented = [...sourceOf(interfaceOf(name)).matchAll(/^(.*)\n {4}function (\w+)\(/gm)]
      .filter(([, before = '', called = '']) => told.has(called) && !/^ {4}\/\/\/ /.test(before))
      .map(([, , called]) => called)
    expect(undocumented).toEqual([])
  })

  test('no two functions share a selector', () => {
    const selectors = (moduleAbis[name] as Abi).flatMap((item) =>
      item.type === 'function' ? [toFunctionSelector(item)] : [],
    )
    expect(new Set(selectors).size).toBe(selectors.length)
  })

  test('its interface names its address, checksummed', () => {
    expect(sourceOf(interfaceOf(name))).toContain(getAddress(moduleAddresses[name]))
  })
})
