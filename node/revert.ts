/**
 * Why a contract refused, in words for the terminal: the reason as JSON-RPC gives it, or what else
 * came back. A contract must not steer the terminal, so control characters go out.
 */
import { type Address, toHex } from '../primitives/index.ts'
import { reasonOf } from '../rpc/index.ts'

/** A reason longer than this is cut: a contract may return megabytes. */
const maxReasonLength = 200

/** Panic(uint256): the compiler's own words, so they stand without quotes. */
const panicSelector = '0x4e487b71'
/** Error(string): a text of the contract's. */
const errorSelector = '0x08c379a0'

/** Foreign bytes: whatever they hold, the answer is one short line. */
export function explainRevert(data: Uint8Array, to: Address | null = null): string {
  if (data.length === 0) return 'no reason given'
  const reason = reasonOf({ hasModules: true, to }, data)
  const selector = toHex(data.subarray(0, 4))
  if (reason !== undefined)
    return selector === panicSelector
      ? `panic: ${reason}`
      : selector === errorSelector
        ? `"${toLine(reason)}"`
        : toLine(reason)
  return data.length < 4 ? `data ${selector}` : `custom error ${selector}`
}

function toLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what must go
  const line = text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim()
  return line.length > maxReasonLength ? `${line.slice(0, maxReasonLength)}…` : line
}
