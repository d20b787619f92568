/** Short texts and ids as the 32-byte words of errors, keys and events. Knows no module. */
import { type Address, type Hex, invariant, toHex, toWord } from '../primitives/index.ts'

/** ASCII, left-aligned, as `bytes32("rows")` in Solidity. */
export function textWord(text: string): Hex {
  invariant(/^[\x20-\x7e]{1,32}$/.test(text), 'up to 32 ASCII characters')
  return `${toHex(new TextEncoder().encode(text))}${'00'.repeat(32 - text.length)}`
}

/** A number as the id of NotFound and AlreadyExists. */
export const idWord = toWord

export const wordToAddress = (word: Hex): Address => `0x${word.slice(26)}`

export const zeroWord: Hex = `0x${'00'.repeat(32)}`
export const zeroAddress: Address = `0x${'00'.repeat(20)}`
