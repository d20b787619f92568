/**
 * Calls inside a straight stretch: CALL without value and STATICCALL of a precompile or of a native module's view.
 * Such a frame writes nothing, so it needs no checkpoint, no message and no promise, and costs a tenth of one that
 * has them. Whatever is out of the ordinary is left to the library: cold or delegated targets, empty accounts, value.
 */
import type { Common } from '@ethereumjs/common'
import type { EVM, ExecResult } from '@ethereumjs/evm'
import { type Address, emptyCodeHash } from '../primitives/index.ts'
import type { Journal } from '../state/index.ts'
import { haltText } from './halt-text.ts'
import { evmOf, isAlwaysWarm, touched } from './library-insides.ts'
import type { Tracer } from './tracer.ts'
import { expand } from './straight-memory.ts'
import type { Step, Stretch } from './straight-steps.ts'

/** What a quick frame needs of the EVM it is in. */
export interface QuickEvm extends EVM {
  readonly tracer: Tracer | undefined
  /** Code at an address that runs at once and writes nothing; undefined: the library is to see. */
  quickCode(address: Address, input: Uint8Array): QuickCode | undefined
}

export type QuickCode = (frame: {
  readonly caller: Address
  readonly input: Uint8Array
  readonly gas: bigint
  readonly isStatic: boolean
}) => ExecResult

/** Deeper calls fail (Yellow Paper, 9.1). */
const maxDepth = 1_024
const noBytes = new Uint8Array(0)

/** Undefined where a fork's calls do more than these do. */
export function quickCall(common: Common, type: 'CALL' | 'STATICCALL'): Step | undefined {
  if (!common.isActivatedEIP(2929)) return undefined
  if ([6800, 7864, 7928, 8037].some((eip) => common.isActivatedEIP(eip))) return undefined
  const fee = Number(common.param('warmstoragereadGas'))
  const inputs = type === 'CALL' ? 7 : 6
  return (at) => {
    const { sp, gas, stack } = at
    if (sp < inputs || gas < at.restAtGas || at.state.env.depth >= maxDepth) return false
    const word = (depth: number): bigint => stack[sp - 1 - depth] ?? 0n
    if (type === 'CALL' && word(2) !== 0n) return false
    const [input, output] = [
      { offset: word(inputs - 4), size: word(inputs - 3) },
      { offset: word(inputs - 2), size: word(inputs - 1) },
    ]
    const address: Address = `0x${BigInt.asUintN(160, word(1)).toString(16).padStart(40, '0')}`
    const evm = evmOf(at.state) as QuickEvm
    if (!isOrdinary(evm, at.journal, address)) return false
    const before = at.words
    const left = reachBoth(at, gas - fee, input, output)
    const given = input.size === 0n ? noBytes : partOf(at, input)
    const code = left < 0 ? undefined : evm.quickCode(address, given)
    if (!code) {
      at.words = before
      return false
    }
    const allowed = left - Math.floor(left / 64) // EIP-150
    const asked = word(0)
    const passed = asked > BigInt(allowed) ? BigInt(allowed) : asked
    const result = frame(at, evm, { type, address, input: given, gas: passed, code })
    const returned = isReturning(result) ? result.returnValue : noBytes
    at.state.returnBytes = returned
    const copied = returned.subarray(0, Math.min(returned.length, Number(output.size)))
    if (copied.length > 0) at.bytes.set(copied, Number(output.offset))
    stack[sp - inputs] = result.exceptionError ? 0n : 1n
    at.gas = left - Number(result.executionGasUsed)
    at.sp = sp - inputs + 1
    at.pc += 1
    return true
  }
}

interface Span {
  readonly offset: bigint
  readonly size: bigint
}

/** Negative: one of them is further than the gas reaches. */
function reachBoth(at: Stretch, gas: number, input: Span, output: Span): number {
  const left = expand(at, gas, input.offset, input.size)
  return left < 0 ? left : expand(at, left, output.offset, output.size)
}

const partOf = ({ bytes }: Stretch, { offset, size }: Span): Uint8Array =>
  bytes.subarray(Number(offset), Number(offset + size))

/**
 * Warm from the transaction's start, and absent, more than empty or touched before (as after one call
 * that the library has run): touching it would change nothing.
 */
function isOrdinary(evm: EVM, journal: Journal, address: Address): boolean {
  if (!isAlwaysWarm(evm.journal, address)) return false
  const account = journal.account(address)
  if (!account) return true
  if (account.codeHash === emptyCodeHash)
    return account.nonce > 0n || account.balance > 0n || touched(evm.journal).has(address.slice(2))
  // EIP-7702: a delegation costs the look at its target.
  return journal.code(account.codeHash)[0] !== 0xef
}

interface Call {
  readonly type: 'CALL' | 'STATICCALL'
  readonly address: Address
  readonly input: Uint8Array
  readonly gas: bigint
  readonly code: QuickCode
}

function frame(
  { state, address: caller }: Stretch,
  { tracer }: QuickEvm,
  { type, address, input, gas, code }: Call,
): ExecResult {
  const depth = state.env.depth + 1
  const value = type === 'CALL' ? 0n : undefined
  tracer?.enter?.({ type, depth, from: caller, to: address, input: input.slice(), gas, value })
  const result = code({ caller, input, gas, isStatic: type === 'STATICCALL' || state.env.isStatic })
  tracer?.exit?.({
    depth,
    output: result.returnValue,
    gasUsed: result.executionGasUsed,
    error: haltText(result),
  })
  return result
}

const isReturning = ({ exceptionError }: ExecResult): boolean =>
  exceptionError === undefined || exceptionError.error === 'revert'
