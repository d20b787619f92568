/**
 * From the text of a request to the text of its answer: JSON-RPC 2.0 with geth's rules for batches,
 * notifications and errors. Knows no transport and no method; a bug in a handler is logged here and
 * answered with -32603 and nothing else.
 */
import type { Clock, Logger } from '../primitives/index.ts'
import {
  batchTooLarge,
  emptyBatch,
  internalError,
  invalidRequest,
  knownError,
  methodNotFound,
  parseError,
  requestTimedOut,
  responseTooLarge,
  type RpcError,
} from './errors.ts'
import { createGate, throughGate } from './gate.ts'
import { type Context, type MethodTable, serialized } from './method.ts'
import { decodeParams, isObject } from './params.ts'
import { createTurns } from './turns.ts'

/** Most calls in one batch (geth). */
export const maxBatchItems = 1_000
/** Most bytes of one batch's answer (geth). */
export const maxBatchBytes = 25_000_000
/** Most bytes of a single answer: a V8 string holds 512 MB, a client far less. */
const maxAnswerBytes = 256_000_000
/** geth's HTTP write timeout: of one call, and of a batch in all. */
const timeoutMs = 30_000

export interface Dispatcher {
  /** Text of the answer; undefined when none is due (notifications). Never rejects. */
  answer(text: string, context: Context): Promise<string | undefined>
}

type Id = string | number | null

interface Call {
  readonly id: Id
  readonly method: string
  readonly params: unknown
}

export function createDispatcher(methods: MethodTable, clock: Clock, log: Logger): Dispatcher {
  const table = new Map(Object.entries(methods))
  const turns = createTurns(() => clock.nowMs())
  const gate = createGate()

  const run = async (call: Call, context: Context): Promise<string> => {
    const found = table.get(call.method)
    if (!found) return errorText(call.id, methodNotFound(call.method))
    const turn = turns.take()
    if (turn) await turn
    try {
      const args = decodeParams(found.params, call.params)
      const work = found.isCostly
        ? throughGate(gate, () => found.handle(context, args))
        : found.handle(context, args)
      // Most reads are there at once, and need no timer.
      const result = found.isSlow || !isPromise(work) ? await work : await withTimeout(clock, work)
      const text = resultText(result)
      return text.length > maxAnswerBytes
        ? errorText(call.id, responseTooLarge())
        : `{"jsonrpc":"2.0","id":${JSON.stringify(call.id)},"result":${text}}`
    } catch (error) {
      const known = knownError(error)
      if (!known)
        log.error({ err: error, method: call.method }, 'a method failed in a way it must not')
      return errorText(call.id, known ?? internalError())
    }
  }
  /** One message: its answer, or undefined for a notification. */
  const one = async (message: unknown, context: Context): Promise<string | undefined> => {
    const read = readCall(message)
    if (read.type === 'invalid') return errorText(read.id, invalidRequest())
    const text = await run(read.call, context)
    return read.type === 'notification' ? undefined : text
  }
  const batch = async (
    items: readonly unknown[],
    context: Context,
  ): Promise<string | undefined> => {
    if (items.length === 0) return errorText(null, emptyBatch())
    if (items.length > maxBatchItems) return `[${errorText(firstId(items), batchTooLarge())}]`
    const answers: string[] = []
    const endMs = clock.nowMs() + timeoutMs
    let sizeBytes = 0
    for (const item of items) {
      const isFull = sizeBytes > maxBatchBytes
      const isLate = clock.nowMs() > endMs
      const text =
        isFull || isLate
          ? refuseItem(item, isFull ? responseTooLarge() : requestTimedOut())
          : await one(item, context)
      if (text === undefined) continue
      sizeBytes += text.length
      const isOver = !isFull && sizeBytes > maxBatchBytes
      const answer = isOver ? refuseItem(item, responseTooLarge()) : text
      if (answer !== undefined) answers.push(answer)
    }
    return answers.length === 0 ? undefined : `[${answers.join(',')}]`
  }
  return {
    async answer(text, context) {
      const parsed = parse(text)
      if (parsed === malformed) return errorText(null, parseError())
      return Array.isArray(parsed) ? batch(parsed, context) : one(parsed, context)
    },
  }
}

const malformed = Symbol('not JSON')

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return malformed
  }
}

type Read =
  | { readonly type: 'call' | 'notification'; readonly call: Call }
  | { readonly type: 'invalid'; readonly id: Id }

function readCall(message: unknown): Read {
  if (!isObject(message)) return { type: 'invalid', id: null }
  const { id, method, params } = message as { id?: unknown; method?: unknown; params?: unknown }
  const isValid = message['jsonrpc'] === '2.0' && typeof method === 'string' && method !== ''
  if (id === undefined)
    return isValid
      ? { type: 'notification', call: { id: null, method, params } }
      : { type: 'invalid', id: null }
  if (!isId(id)) return { type: 'invalid', id: null }
  return isValid ? { type: 'call', call: { id, method, params } } : { type: 'invalid', id }
}

/** geth takes anything but objects and lists; true and false are no ids in JSON-RPC 2.0. */
const isId = (id: unknown): id is Id =>
  id === null || typeof id === 'string' || typeof id === 'number'

/** The id under which a batch that is refused as a whole is answered: its first call's. */
function firstId(items: readonly unknown[]): Id {
  for (const item of items) {
    const read = readCall(item)
    if (read.type === 'call') return read.call.id
  }
  return null
}

function refuseItem(item: unknown, error: RpcError): string | undefined {
  const read = readCall(item)
  if (read.type === 'notification') return undefined
  return errorText(read.type === 'invalid' ? read.id : read.call.id, error)
}

/** By shape: a promise of another realm (a test's sandbox) is no `instanceof Promise` here. */
const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value

/** A handler that gives nothing answers null. */
function resultText(result: unknown): string {
  if (typeof result === 'object' && result !== null && serialized in result)
    return result[serialized] as string
  return JSON.stringify(result ?? null)
}

const errorText = (id: Id, error: RpcError): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: {
      code: error.code,
      message: error.message,
      ...(error.data !== undefined && { data: error.data }),
    },
  })

async function withTimeout(clock: Clock, work: Promise<unknown>): Promise<unknown> {
  let cancel: (() => void) | undefined
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(timeoutMs, () => reject(requestTimedOut()))
  })
  try {
    return await Promise.race([work, late])
  } finally {
    cancel?.()
  }
}
