/**
 * The small values of a genesis file: quantities, addresses, bytes, as zod schemas whose messages
 * say what stands there and what should. Knows no structure; schema.ts builds that from these.
 */
import { z } from 'zod'
import type { Address, Hex } from '../primitives/index.ts'

/** How much of a wrong value a message repeats. */
const maxQuote = 40

/** Never the inside of an object or a list: that may be the whole file. */
export function quote(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value === 'string')
    return JSON.stringify(value.length > maxQuote ? `${value.slice(0, maxQuote)}…` : value)
  return String(value)
}

/** A schema from a function that returns the value, or says in a sentence what is wrong with it. */
export const parsed = <value>(read: (input: unknown) => { ok: value } | { fault: string }) =>
  z.unknown().transform((input, context): value => {
    const result = read(input)
    if ('ok' in result) return result.ok
    context.addIssue({
      code: 'custom',
      message: input === undefined ? 'is missing' : result.fault,
    })
    return z.NEVER
  })

const decimalOrHex = 'write decimal or 0x-hex'

/** JSON number, decimal string or 0x-hex (geth's HexOrDecimal), 0 <= value < 2^bits. */
export const quantity = (bits: number) =>
  parsed<bigint>((input) => {
    const value = readInteger(input)
    if (value === undefined) return { fault: `${quote(input)} is not a number; ${decimalOrHex}` }
    if (value < 0n) return { fault: `${quote(input)} is negative` }
    if (value >> BigInt(bits)) return { fault: `${quote(input)} does not fit in ${bits} bits` }
    return { ok: value }
  })

/** The same as a JavaScript number within bounds. */
export const smallInteger = (min: number, max: number) =>
  parsed<number>((input) => {
    const value = readInteger(input)
    if (value === undefined) return { fault: `${quote(input)} is not a number; ${decimalOrHex}` }
    if (value < BigInt(min) || value > BigInt(max))
      return { fault: `${quote(input)} is not between ${min} and ${max}` }
    return { ok: Number(value) }
  })

/** 80 decimal digits hold 2^256; longer texts are not converted, for that takes quadratic time. */
const integerText = /^(?:0[xX][0-9a-fA-F]{1,66}|-?\d{1,80})$/

function readInteger(input: unknown): bigint | undefined {
  if (typeof input === 'bigint') return input
  if (typeof input === 'number') return Number.isSafeInteger(input) ? BigInt(input) : undefined
  if (typeof input !== 'string' || !integerText.test(input)) return undefined
  return input.startsWith('-') ? -BigInt(input.slice(1)) : BigInt(input)
}

/** 0x and whole bytes; exactly `length` of them, or at most `max`. */
export const bytes = (limit: { readonly length?: number; readonly max?: number }) =>
  parsed<Hex>((input) => {
    if (typeof input !== 'string' || !/^0[xX](?:[0-9a-fA-F]{2})*$/.test(input))
      return { fault: `${quote(input)} is not bytes; write 0x and two hex digits a byte` }
    const size = input.length / 2 - 1
    if (limit.length !== undefined && size !== limit.length)
      return { fault: `has ${size} bytes instead of ${limit.length}` }
    if (limit.max !== undefined && size > limit.max)
      return { fault: `has ${size} bytes, more than ${limit.max}` }
    return { ok: `0x${input.slice(2).toLowerCase()}` }
  })

export const address = parsed<Address>((input) => {
  const found = typeof input === 'string' ? readAddress(input) : undefined
  return found
    ? { ok: found }
    : { fault: `${quote(input)} is not an address; write 0x and 40 hex digits` }
})

/** With or without 0x, any case; undefined when it is no address. */
export function readAddress(text: string): Address | undefined {
  const digits = /^(?:0[xX])?([0-9a-fA-F]{40})$/.exec(text)?.[1]
  return digits === undefined ? undefined : `0x${digits.toLowerCase()}`
}

/** A storage slot or word as geth reads it: up to 64 hex digits, 0x optional, padded on the left. */
export function readWord(input: unknown): bigint | undefined {
  if (typeof input !== 'string') return undefined
  const digits = /^(?:0[xX])?([0-9a-fA-F]{0,64})$/.exec(input)?.[1]
  return digits === undefined ? undefined : BigInt(`0x0${digits}`)
}

export const flag = parsed<boolean>((input) =>
  typeof input === 'boolean'
    ? { ok: input }
    : { fault: `${quote(input)} is neither true nor false` },
)
