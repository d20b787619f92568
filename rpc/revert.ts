/**
 * The reason inside a revert's return bytes, in geth's words: the text of Error(string) and the
 * meaning of Panic(uint256). Custom errors have no reason here; their bytes go out untouched.
 */
import { toBigInt, toHex } from '../primitives/index.ts'

/** accounts/abi of geth, `panicReasons`. */
const panicReasons: Readonly<Record<string, string>> = {
  '0': 'generic panic',
  '1': 'assert(false)',
  '17': 'arithmetic underflow or overflow',
  '18': 'division or modulo by zero',
  '33': 'enum overflow',
  '34': 'invalid encoded storage byte array accessed',
  '49': 'out-of-bounds array access; popping on an empty array',
  '50': 'out-of-bounds access of an array or bytesN',
  '65': 'out of memory',
  '81': 'uninitialized function',
}

const errorSelector = '0x08c379a0'
const panicSelector = '0x4e487b71'

/** Undefined for anything else, malformed encodings included. */
export function revertReason(data: Uint8Array): string | undefined {
  const selector = toHex(data.subarray(0, 4))
  const body = data.subarray(4)
  if (selector === panicSelector && body.length >= 32) {
    const code = toBigInt(body.subarray(0, 32))
    return panicReasons[code.toString()] ?? `unknown panic code: ${toQuantity(code)}`
  }
  return selector === errorSelector ? abiString(body) : undefined
}

const toQuantity = (value: bigint): string => `0x${value.toString(16)}`

/** One ABI-encoded string. The encoding need not be padded to whole words (geth reads it, too). */
function abiString(body: Uint8Array): string | undefined {
  if (body.length < 64) return undefined
  const offset = toBigInt(body.subarray(0, 32))
  if (offset + 32n > BigInt(body.length)) return undefined
  const start = Number(offset) + 32
  const length = toBigInt(body.subarray(start - 32, start))
  if (length > BigInt(body.length - start)) return undefined
  return new TextDecoder().decode(body.subarray(start, start + Number(length)))
}
