/**
 * Why a contract refused, in words for the terminal: Error(string), Panic(uint256) and the selector
 * of anything else (Solidity ABI, "Error Handling"). What RPC clients see is decided in rpc/.
 */
import { toBigInt, toHex } from '../primitives/index.ts'

/** Panic codes of solc 0.8 (Solidity manual, "Panic via assert and Error via require"). */
const panics: Readonly<Record<string, string>> = {
  '1': 'assert(false)',
  '17': 'arithmetic underflow or overflow',
  '18': 'division or modulo by zero',
  '33': 'conversion to an enum out of its range',
  '34': 'storage byte array is wrongly encoded',
  '49': 'pop() on an empty array',
  '50': 'array index out of bounds',
  '65': 'too much memory was allocated',
  '81': 'call of a zero-initialised internal function',
}

/** A reason longer than this is cut: a contract may return megabytes. */
const maxReasonLength = 200

/** Foreign bytes: whatever they hold, the answer is one short line without control characters. */
export function explainRevert(data: Uint8Array): string {
  if (data.length === 0) return 'no reason given'
  const selector = toHex(data.subarray(0, 4))
  const body = data.subarray(4)
  if (selector === '0x08c379a0') return readString(body) ?? `malformed Error(string)`
  if (selector === '0x4e487b71' && body.length === 32) {
    const code = toBigInt(body)
    return `panic ${toHex(body.subarray(31))}: ${panics[code.toString()] ?? 'unknown code'}`
  }
  return data.length < 4 ? `data ${toHex(data)}` : `custom error ${selector}`
}

/** One ABI-encoded string: offset 32, length, bytes. */
function readString(body: Uint8Array): string | undefined {
  if (body.length < 64 || toBigInt(body.subarray(0, 32)) !== 32n) return undefined
  const length = toBigInt(body.subarray(32, 64))
  if (length > BigInt(body.length - 64)) return undefined
  const text = new TextDecoder().decode(body.subarray(64, 64 + Number(length)))
  // oxlint-disable-next-line no-control-regex -- a contract must not steer the terminal
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim()
  return line.length > maxReasonLength ? `${line.slice(0, maxReasonLength)}…` : `"${line}"`
}
