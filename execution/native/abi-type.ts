/**
 * ABI types as the codec sees them: parsed once per signature from the JSON ABI, so that encoding
 * and decoding walk a plain tree. Knows no bytes. Grammar: Solidity ABI specification.
 */
import type { AbiParameter } from 'viem'
import { assertNever, NodeError } from '../../primitives/index.ts'

/** Types whose value is one 32-byte word. */
export type WordType =
  /** `values` of an enum: how many there are, counted from 0. */
  | { readonly kind: 'uint' | 'int'; readonly bits: number; readonly values?: number }
  | { readonly kind: 'address' | 'bool' }
  | { readonly kind: 'fixedBytes'; readonly size: number }

export type AbiType =
  | WordType
  | { readonly kind: 'bytes' | 'string' }
  /** `length` undefined: dynamic. */
  | { readonly kind: 'array'; readonly element: AbiType; readonly length: number | undefined }
  | { readonly kind: 'tuple'; readonly fields: readonly AbiField[] }

export interface AbiField {
  /** Empty when the ABI gives none; values are then an array, as viem has it. */
  readonly name: string
  readonly type: AbiType
}

/** Throws NodeError ABI_TYPE for a type outside the ABI (a fault of our own source). */
export function parseAbiType(parameter: AbiParameter): AbiType {
  const { type } = parameter
  const array = /^(.*)\[(\d*)\]$/.exec(type)
  if (array) {
    const element = parseAbiType({ ...parameter, type: array[1] ?? '' })
    return { kind: 'array', element, length: array[2] ? Number(array[2]) : undefined }
  }
  if (type === 'tuple' && 'components' in parameter)
    return { kind: 'tuple', fields: parseAbiFields(parameter.components) }
  if (type === 'address' || type === 'bool' || type === 'bytes' || type === 'string')
    return { kind: type }
  const sized = /^(uint|int|bytes)(\d+)$/.exec(type)
  const size = Number(sized?.[2])
  if (sized?.[1] === 'bytes' && size >= 1 && size <= 32) return { kind: 'fixedBytes', size }
  if ((sized?.[1] === 'uint' || sized?.[1] === 'int') && size % 8 === 0 && size > 0 && size <= 256)
    return { kind: sized[1], bits: size }
  throw new NodeError('ABI_TYPE', `${type} is not an ABI type this chain speaks`, { type })
}

export const parseAbiFields = (parameters: readonly AbiParameter[]): AbiField[] =>
  parameters.map((parameter) => ({ name: parameter.name ?? '', type: parseAbiType(parameter) }))

/**
 * Fields that are enums in Solidity, which an ABI does not tell: sizes by path, `policy.mode`, where an
 * array's elements have the path of the array.
 */
export const withEnums = (
  fields: readonly AbiField[],
  sizes: Readonly<Record<string, number>>,
  above = '',
): AbiField[] =>
  fields.map(({ name, type }) => ({ name, type: enumsOf(type, sizes, `${above}${name}`) }))

function enumsOf(type: AbiType, sizes: Readonly<Record<string, number>>, path: string): AbiType {
  const values = sizes[path]
  if (type.kind === 'array') return { ...type, element: enumsOf(type.element, sizes, path) }
  if (type.kind === 'tuple') return { ...type, fields: withEnums(type.fields, sizes, `${path}.`) }
  return type.kind === 'uint' && values !== undefined ? { ...type, values } : type
}

export const isWord = (type: AbiType): type is WordType =>
  type.kind !== 'bytes' && type.kind !== 'string' && type.kind !== 'array' && type.kind !== 'tuple'

/** Whether the head holds an offset instead of the value. */
export function isDynamic(type: AbiType): boolean {
  if (isWord(type)) return false
  switch (type.kind) {
    case 'bytes':
    case 'string':
      return true
    case 'array':
      return type.length === undefined || isDynamic(type.element)
    case 'tuple':
      return shapeOf(type.fields).isDynamic
    default:
      return assertNever(type)
  }
}

/** Bytes the value takes in the head of the tuple or array around it. */
export function headSize(type: AbiType): number {
  if (isWord(type) || isDynamic(type)) return 32
  if (type.kind === 'array') return (type.length ?? 0) * headSize(type.element)
  return type.kind === 'tuple' ? headSizeOf(type.fields) : 32
}

export const headSizeOf = (fields: readonly AbiField[]): number => shapeOf(fields).headSize

interface Shape {
  readonly isDynamic: boolean
  readonly headSize: number
  readonly isNamed: boolean
}

/** Looked at once: lists of fields are asked for it with every value. */
const shapes = new WeakMap<readonly AbiField[], Shape>()
function shapeOf(fields: readonly AbiField[]): Shape {
  const known = shapes.get(fields)
  if (known) return known
  const shape = {
    isDynamic: fields.some((field) => isDynamic(field.type)),
    headSize: fields.reduce((sum, field) => sum + headSize(field.type), 0),
    isNamed: fields.length > 0 && fields.every((field) => field.name !== ''),
  }
  shapes.set(fields, shape)
  return shape
}

/** viem gives integers of up to 48 bits as numbers, wider ones as bigint. */
export const isSmallInteger = (bits: number): boolean => bits <= 48

/** A tuple all of whose fields have distinct names is an object, else an array (as in viem). */
export const isNamed = (fields: readonly AbiField[]): boolean => shapeOf(fields).isNamed
