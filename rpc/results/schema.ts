/**
 * Words to say what a result looks like, in JSON schema: each of our results is one of these, and a
 * test holds real answers against them. Objects are closed, so that a field nobody named is found.
 */
import { address, bytes as bytesOf, hash, type JsonSchema, uint256 } from '../params.ts'

/** Minimal hex. */
export const quantity: JsonSchema = uint256.schema
/** Minimal hex, a minus before it where it is below nothing. */
export const signed: JsonSchema = {
  title: 'signed',
  type: 'string',
  pattern: '^-?0x(0|[1-9a-f][0-9a-f]*)$',
}
export const hash32: JsonSchema = hash.schema
export const account: JsonSchema = address.schema
export const bytes: JsonSchema = bytesOf.schema
export const hex: JsonSchema = { title: 'hex', type: 'string', pattern: '^0x[0-9a-fA-F]*$' }
export const text: JsonSchema = { type: 'string' }
export const flag: JsonSchema = { type: 'boolean' }
export const yes: JsonSchema = { const: true }
export const integer: JsonSchema = { type: 'integer' }
export const number: JsonSchema = { type: 'number' }
export const none: JsonSchema = { type: 'null' }
/** Of many shapes, which its own documentation tells: a tracer's result, OpenRPC. */
export const anyObject: JsonSchema = { type: 'object' }

export const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items })
export const orNull = (schema: JsonSchema): JsonSchema => either(schema, none)
export const either = (...oneOf: readonly JsonSchema[]): JsonSchema => ({ anyOf: oneOf })
/** Names are data: addresses, slots, nonces. */
export const map = (values: JsonSchema): JsonSchema => ({
  type: 'object',
  additionalProperties: values,
})

export type Shape = Readonly<Record<string, JsonSchema>>

/** `some` are there in some answers only. */
export const object = (always: Shape, some: Shape = {}): JsonSchema => ({
  type: 'object',
  required: Object.keys(always),
  properties: { ...always, ...some },
  additionalProperties: false,
})

/** The same fields, each of the same shape. */
export const fields = (schema: JsonSchema, ...names: readonly string[]): Shape =>
  Object.fromEntries(names.map((name) => [name, schema]))
