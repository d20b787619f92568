/**
 * Our parameters against the schemas of ethereum/execution-apis: as many required ones, and every
 * value that a schema allows is taken by our decoder. Values are made from the schemas, not recorded.
 */
import { readFileSync } from 'node:fs'
import { describe, expect } from '@jest/globals'
import { decodeParams } from '../../rpc/params.ts'
import { methodsOf } from '../../rpc/methods/index.ts'
import { RpcError } from '../../rpc/errors.ts'
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
  readonly params: readonly { readonly required?: boolean; readonly schema: Schema }[]
}

const published: readonly Described[] = hasShared
  ? (JSON.parse(readFileSync(sharedFile('rpc/openrpc.json'), 'utf8')) as { methods: Described[] })
      .methods
  : []
const ours = methodsOf(true)
/** Ours take the engine's place, and block access lists are of a fork to come. */
const left = /^engine_|BlockAccessList|^debug_getBadBlocks$/

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
