/**
 * Our OpenRPC document against ethereum/execution-apis. Parameters: as many required ones, and every
 * value that a schema allows is taken by our decoder (values are made from the schemas). Results: what
 * geth was recorded to answer is what ours say, and what its schemas require ours name.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect } from '@jest/globals'
import { decodeParams } from '../../rpc/params.ts'
import { methodsOf } from '../../rpc/methods/index.ts'
import { RpcError } from '../../rpc/errors.ts'
import { resultSchemas } from '../../rpc/results/index.ts'
import { schemaFaults } from '../support/json-schema.ts'
import { hasShared, sharedFile, testWithShared } from '../support/shared.ts'

interface Schema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
}
interface Described {
  readonly name: string
  readonly result?: { readonly schema: Schema }
  readonly params: readonly { readonly required?: boolean; readonly schema: Schema }[]
}

const published: readonly Described[] = hasShared
  ? (JSON.parse(readFileSync(sharedFile('rpc/openrpc.json'), 'utf8')) as { methods: Described[] })
      .methods
  : []
const ours = methodsOf(true)
/** Ours take the engine's place, and block access lists are of a fork to come. */
const left = /^engine_|BlockAccessList/

/** Of these a pattern picks the ones it allows. */
const texts = [
  '0x0',
  '0x1',
  '0x1bc16d674ec80000',
  '0x',
  '0x12',
  '0x4',
  '0x02',
  '0xdeadbeef',
  ...[8, 20, 32, 48, 256].map((length) => `0x${'a1'.repeat(length)}`),
  `0x01${'00'.repeat(31)}`,
]

/** Values that the schema allows: each alternative, each list with one item and with none. */
function valuesOf(schema: Schema): unknown[] {
  if (schema.enum) return [...schema.enum]
  const alternatives = schema.oneOf ?? schema.anyOf
  if (alternatives) return alternatives.flatMap(valuesOf)
  if (schema.allOf) return schema.allOf.flatMap(valuesOf)
  switch (schema.type ?? 'anything') {
    case 'string':
      return textsOf(schema.pattern ?? '')
    case 'boolean':
      return [true, false]
    case 'null':
      return [null]
    case 'integer':
    case 'number':
      return [1]
    case 'array':
      return [[], ...valuesOf(schema.items ?? {}).map((item) => [item])]
    case 'object':
      return objectsOf(schema)
    default:
      return []
  }
}

/** Numbers stay small where the pattern bounds none, and bytes whole: both are geth's rules. */
function textsOf(pattern: string): string[] {
  const allowed = texts.filter((text) => new RegExp(pattern).test(text))
  if (allowed.includes('0x')) return allowed.filter((text) => text.length % 2 === 0)
  return allowed.includes('0x1') ? allowed.filter((text) => text.length < 18) : allowed
}

/** One object a value of each property, so that alternatives do not exclude each other. */
function objectsOf({ properties = {}, additionalProperties }: Schema): unknown[] {
  const extra =
    typeof additionalProperties === 'object'
      ? valuesOf(additionalProperties).map((value) => ({ [`0x${'a1'.repeat(20)}`]: value }))
      : []
  const named = Object.entries(properties).flatMap(([name, schema]) =>
    valuesOf(schema).map((value) => ({ [name]: value })),
  )
  return [{}, ...named, ...extra]
}

/** A refusal for another reason than the shape: a rule that geth has beyond the schema. */
const beyondSchema = [
  /neither block nor hash specified/, // EIP-1898: an empty object names none
  /leading zero digits/, // geth reads yParity as a quantity
]
/** The schema forgets to require what its own description needs. */
const unmarked = /^eth_getBlockTransactionCountBy/

describe('parameters of ethereum/execution-apis', () => {
  testWithShared('every method of it that is not the engine’s is served', () => {
    const names = published.map(({ name }) => name).filter((name) => !left.test(name))
    expect(names.filter((name) => !(name in ours))).toEqual([])
    expect(names.length).toBeGreaterThan(50)
  })

  testWithShared('as many are required, in the same order', () => {
    const faults: string[] = []
    for (const { name, params } of published) {
      const method = ours[name]
      if (!method || unmarked.test(name)) continue
      const required = params.filter((param) => param.required).length
      const most = method.params.filter(({ isRequired }) => isRequired).length
      // geth defaults to latest where the schema still demands a block.
      if (most > required || method.params.length < params.length)
        faults.push(
          `${name}: ${most} of ${method.params.length}, published ${required} of ${params.length}`,
        )
    }
    expect(faults).toEqual([])
  })

  testWithShared('what their schemas allow, our decoders take', () => {
    const faults: string[] = []
    let tried = 0
    for (const { name, params } of published)
      for (const [at, param] of params.entries()) {
        const decoder = ours[name]?.params[at]?.decoder
        for (const value of decoder ? valuesOf(param.schema) : []) {
          tried++
          if (value === null && ours[name]?.params[at]?.isRequired === false) continue
          try {
            decoder?.decode(value)
          } catch (error) {
            const { message } = error as Error
            if (!beyondSchema.some((pattern) => pattern.test(message)))
              faults.push(`${name} ${at} ${JSON.stringify(value)}: ${message}`)
          }
        }
      }
    expect(faults).toEqual([])
    expect(tried).toBeGreaterThan(500)
  })

  testWithShared('and what no schema allows is -32602', () => {
    for (const { name, params } of published) {
      const method = ours[name]
      if (!method || params.length === 0) continue
      const nonsense = params.map(() => 12.5)
      expect(() => decodeParams(method.params, nonsense)).toThrow(RpcError)
    }
  })
})

/** Requests of the suite with what geth answered, where it did not refuse. */
function recordedResults(): readonly (readonly [method: string, result: unknown])[] {
  const folder = fileURLToPath(sharedFile('rpc/tests'))
  const found: (readonly [string, unknown])[] = []
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.io')) continue
    let method = ''
    for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
      if (line.startsWith('>> ')) method = (JSON.parse(line.slice(3)) as { method: string }).method
      if (!line.startsWith('<< ')) continue
      const answer = JSON.parse(line.slice(3)) as { readonly result?: unknown }
      if (answer.result !== undefined) found.push([method, answer.result])
    }
  }
  return found
}

/** Names that an object must have, with those of its alternatives that are objects. */
function namesOf({ oneOf, anyOf, items, required, properties }: Schema): readonly string[] {
  const alternatives = oneOf ?? anyOf
  if (alternatives) return alternatives.flatMap(namesOf)
  if (items) return namesOf(items)
  return required ?? Object.keys(properties ?? {})
}
const allNamesOf = (schema: Schema): readonly string[] => [
  ...Object.keys(schema.properties ?? {}),
  ...[...(schema.oneOf ?? []), ...(schema.anyOf ?? [])].flatMap(allNamesOf),
  ...(schema.items ? allNamesOf(schema.items) : []),
]

describe('results of ethereum/execution-apis', () => {
  testWithShared('what geth was recorded to answer is what we say of it', () => {
    const recorded = recordedResults()
    const faults = recorded.flatMap(([method, result]) =>
      schemaFaults(resultSchemas[method] ?? {}, result).map((fault) => `${method} ${fault}`),
    )
    expect(faults).toEqual([])
    expect(recorded.length).toBeGreaterThan(100)
  })

  testWithShared('fields that its schemas require have a name in ours', () => {
    const faults = published.flatMap(({ name, result }) => {
      const said = resultSchemas[name]
      if (!said || !result) return []
      const named = new Set(allNamesOf(said))
      const missing = namesOf(result.schema).filter((field) => !named.has(field))
      // A tracer's result is any object here: its tracer says what.
      return named.size === 0 ? [] : missing.map((field) => `${name}: ${field}`)
    })
    expect(faults).toEqual([])
  })
})
