/**
 * What a row is: a JSON object in its one canonical spelling (RFC 8785: keys by UTF-16 code units, no
 * spaces, numbers as ECMAScript writes them), as UTF-8. Its hash is keccak256 of those bytes, so any
 * tool can make it; its text, what methods index, is every string in it, one line each. Refuses what
 * two programs could read differently; judges no content.
 */
import { compareText, equalBytes, keccak256 } from '../../primitives/index.ts'

/** 64 KiB: a long document is several rows, so that credit goes to a part somebody can read. */
export const maxRowBytes = 64 * 1024
/** Deeper nesting is no data anybody trains on. */
const maxRowDepth = 16

export type RowValue =
  | string
  | number
  | boolean
  | null
  | readonly RowValue[]
  | { readonly [key: string]: RowValue }

export interface Row {
  /** Canonical, without a line end. */
  readonly bytes: Uint8Array
  readonly value: { readonly [key: string]: RowValue }
}

/** Why something is no row, for the one who sent it. */
export interface RowFault {
  readonly fault: string
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

export const isRowFault = (row: Row | RowFault): row is RowFault => 'fault' in row

/** Reads a row that must stand in its canonical spelling. */
export function readRow(bytes: Uint8Array): Row | RowFault {
  const row = parseRow(bytes)
  if (isRowFault(row)) return row
  if (!equalBytes(row.bytes, bytes))
    return { fault: 'not in canonical spelling (RFC 8785): sorted keys, no spaces' }
  return row
}

/** Reads JSON in any spelling, as people write it, and gives the canonical row. */
export function parseRow(bytes: Uint8Array): Row | RowFault {
  if (bytes.length > maxRowBytes) return { fault: `longer than ${maxRowBytes} bytes` }
  let value: unknown
  try {
    value = JSON.parse(decoder.decode(bytes))
  } catch {
    return { fault: 'not JSON in UTF-8' }
  }
  return makeRow(value)
}

/** From a value in memory; a string is short for { text }. */
export function makeRow(value: unknown): Row | RowFault {
  const object = typeof value === 'string' ? { text: value } : value
  if (typeof object !== 'object' || object === null || Array.isArray(object))
    return { fault: 'a row is a JSON object or a text' }
  const spelled = spell(object, 1)
  if (typeof spelled !== 'string') return spelled
  const bytes = encoder.encode(spelled)
  if (bytes.length > maxRowBytes) return { fault: `longer than ${maxRowBytes} bytes` }
  return { bytes, value: object as Row['value'] }
}

export const hashRow = (bytes: Uint8Array): Uint8Array => keccak256(bytes)

/** Every string of the row, keys left out, in canonical order, joined by line ends. */
export function rowText({ value }: Row): string {
  const lines: string[] = []
  collect(value, lines)
  return lines.join('\n')
}

function collect(value: RowValue, lines: string[]): void {
  if (typeof value === 'string') lines.push(value)
  else if (isList(value)) for (const item of value) collect(item, lines)
  else if (typeof value === 'object' && value !== null)
    for (const key of sortedKeys(value)) collect(value[key] ?? null, lines)
}

const isList = (value: RowValue): value is readonly RowValue[] => Array.isArray(value)

const sortedKeys = (value: object): string[] => Object.keys(value).toSorted(compareText)

function spell(value: unknown, depth: number): string | RowFault {
  if (typeof value === 'string') {
    const spelled = JSON.stringify(value)
    // It writes a lone surrogate as an escape: only then is a look at every character needed.
    return spelled.includes('\\ud') && loneSurrogate.test(value)
      ? { fault: 'a string that is no Unicode' }
      : spelled
  }
  if (typeof value === 'number')
    return Number.isFinite(value) ? JSON.stringify(value) : { fault: 'a number that is not finite' }
  if (typeof value === 'boolean' || value === null) return String(value)
  if (typeof value === 'object') return spellNested(value, depth)
  return { fault: `a ${typeof value} is no JSON` }
}

const loneSurrogate = /\p{Surrogate}/u

function spellNested(value: object, depth: number): string | RowFault {
  if (depth > maxRowDepth) return { fault: `nested deeper than ${maxRowDepth}` }
  const parts: string[] = []
  const entries = Array.isArray(value)
    ? value.map((item: unknown) => ['', item] as const)
    : sortedKeys(value).map((key) => [key, (value as Record<string, unknown>)[key]] as const)
  for (const [key, item] of entries) {
    const name = Array.isArray(value) ? '' : spell(key, depth)
    const spelled = spell(item, depth + 1)
    if (typeof name !== 'string') return name
    if (typeof spelled !== 'string') return spelled
    parts.push(Array.isArray(value) ? spelled : `${name}:${spelled}`)
  }
  return Array.isArray(value) ? `[${parts.join(',')}]` : `{${parts.join(',')}}`
}
