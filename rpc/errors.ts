/**
 * Every JSON-RPC error the node answers, with geth's codes and words (notes: geth 1.17); tools match
 * on both. Decides nothing about when they occur.
 */
import { NodeError, type Hex } from '../primitives/index.ts'

/** An answer that says no. `data` is hex: a revert's return bytes, or a transaction hash. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly code: number
  readonly data: Hex | undefined

  constructor(code: number, message: string, data?: Hex) {
    super(message)
    this.code = code
    this.data = data
  }
}

/** A parameter that cannot be read. The dispatcher puts `invalid argument N: ` before the text. */
export class ParamError extends Error {
  override readonly name = 'ParamError'
}

/** Longest piece of foreign text that an error repeats, in characters. */
const maxEcho = 128

export const echo = (text: string): string =>
  text.length <= maxEcho ? text : `${text.slice(0, maxEcho)}...`

export const parseError = (): RpcError => new RpcError(-32700, 'parse error')
export const invalidRequest = (text = 'invalid request'): RpcError => new RpcError(-32600, text)
export const emptyBatch = (): RpcError => invalidRequest('empty batch')
export const batchTooLarge = (): RpcError => invalidRequest('batch too large')
export const methodNotFound = (method: string): RpcError =>
  new RpcError(-32601, `the method ${echo(method)} does not exist/is not available`)
export const notificationsUnsupported = (): RpcError =>
  new RpcError(-32601, 'notifications not supported')
export const unknownSubscription = (name: string, namespace = 'eth'): RpcError =>
  new RpcError(-32601, `no "${echo(name)}" subscription in ${namespace} namespace`)
export const invalidParams = (text: string): RpcError => new RpcError(-32602, text)
export const missingArgument = (index: number): RpcError =>
  invalidParams(`missing value for required argument ${index}`)
export const tooManyArguments = (most: number): RpcError =>
  invalidParams(`too many arguments, want at most ${most}`)
export const internalError = (): RpcError => new RpcError(-32603, 'internal error')
export const requestTimedOut = (): RpcError => new RpcError(-32002, 'request timed out')
export const responseTooLarge = (): RpcError => new RpcError(-32003, 'response too large')
/** EIP-1474's "limit exceeded". */
export const limitExceeded = (text: string): RpcError => new RpcError(-32005, text)
/** geth's code for a request beyond its limits (eth_simulateV1, eth_getStorageValues). */
export const clientLimitExceeded = (text: string): RpcError => new RpcError(-38026, text)
/** The code of everything that failed for a reason of the chain's. */
export const serverError = (text: string): RpcError => new RpcError(-32000, text)
export const headerNotFound = (): RpcError => serverError('header not found')
export const headerForHashNotFound = (): RpcError => serverError('header for hash not found')
export const filterNotFound = (): RpcError => serverError('filter not found')
export const subscriptionNotFound = (): RpcError => serverError('subscription not found')

/** geth's error of a revert: code 3, and the return bytes as hex, `0x` when there are none. */
export const executionReverted = (reason: string | undefined, data: Hex): RpcError =>
  new RpcError(
    3,
    reason === undefined ? 'execution reverted' : `execution reverted: ${reason}`,
    data,
  )

/** Conditions of the node that a caller can meet without a bug of ours, by NodeError code. */
const conditions: Readonly<Record<string, (error: NodeError) => RpcError>> = {
  STATE_PRUNED: (error) =>
    serverError(`missing trie node: required historical state unavailable (${error.message})`),
  STATE_UNKNOWN: headerNotFound,
  STATE_DUMP_INVALID: (error) => invalidParams(error.message),
  PREIMAGE_MISSING: (error) => serverError(error.message),
  SNAPSHOT: (error) => serverError(error.message),
  WRONG_PASSWORD: (error) => serverError(error.message),
  TOO_MANY_EDITS: (error) => serverError(error.message),
  CALL_TIMEOUT: (error) => serverError(error.message),
  REPLAY_FAILED: (error) => serverError(`tracing failed: ${error.message}`),
  PROOF_TOO_OLD: (error) =>
    serverError(`distance to target block exceeds maximum proof window: ${error.message}`),
}

/** The answer for whatever a handler threw; undefined for a bug, which is logged and hidden. */
export function knownError(error: unknown): RpcError | undefined {
  if (error instanceof RpcError) return error
  if (error instanceof ParamError) return invalidParams(error.message)
  return error instanceof NodeError ? conditions[error.code]?.(error) : undefined
}
