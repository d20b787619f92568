/**
 * A Solidity string is any bytes: UTF-8 is not checked and must not be repaired. Inside the modules
 * one character stands for one byte, so that a module logs, stores and hashes what was sent.
 */
import { invariant } from '../../primitives/index.ts'

export function bytesToText(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

export function textToBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => {
    const code = character.charCodeAt(0)
    invariant(code < 256, 'a string of the ABI codec has one character a byte')
    return code
  })
}
