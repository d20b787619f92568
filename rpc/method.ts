/**
 * What a JSON-RPC method is: declared parameters and a handler. One table of them per namespace
 * stands in methods/; the dispatcher decodes, calls, and writes the answer.
 */
import type { FeeOracle } from './gas-oracle.ts'
import type { Filters } from './filters.ts'
import type { NodeApi } from './node-api.ts'
import type { JsonSchema, Param, ParamValues } from './params.ts'
import type { Subscriptions } from './subscriptions.ts'

/** What handlers work with. */
export interface Context {
  readonly api: NodeApi
  readonly filters: Filters
  readonly fees: FeeOracle
  readonly blocks: BlockTexts
  /** All methods served here. */
  readonly methods: MethodTable
  /** Of the caller's socket; undefined over HTTP. */
  readonly subscriptions: Subscriptions | undefined
  /** Of the web page that asks; undefined: no browser, so no page. */
  readonly origin?: string | undefined
}

/** Serialized blocks, kept because a full block costs far more to format than to send. */
export interface BlockTexts {
  get(key: string): string | undefined
  set(key: string, text: string): void
}

/** A result that is JSON text already. */
export interface Serialized {
  readonly [serialized]: string
}
export const serialized: unique symbol = Symbol('serialized')

/** A list of texts as one. */
export const listText = (texts: readonly string[]): Serialized => ({
  [serialized]: `[${texts.join(',')}]`,
})

export interface Method {
  readonly params: readonly Param<unknown>[]
  /** Waits for something outside and keeps its own time; it is not cut off with the others. */
  readonly isSlow?: boolean
  /** Runs the EVM over blocks or many times: few of them are in work at once. */
  readonly isCostly?: boolean
  /** What it answers, where that follows from its kind; else results/ says. */
  readonly result?: JsonSchema
  readonly handle: (context: Context, args: readonly unknown[]) => unknown
}

export type MethodTable = Readonly<Record<string, Method>>

/** Declares a method: handler arguments have the types of the declared parameters. */
export const method = <const params extends readonly Param<unknown>[]>(
  params: params,
  handle: (context: Context, ...args: ParamValues<params>) => unknown,
): Method => ({
  params,
  // decodeParams gives exactly one value per declared parameter, decoded by it.
  handle: (context, args) => handle(context, ...(args as ParamValues<params>)),
})

/** Marks every method of a table as costly. */
export const costly = (table: MethodTable): MethodTable =>
  Object.fromEntries(
    Object.entries(table).map(([name, entry]) => [name, { ...entry, isCostly: true }]),
  )

/** As `method`, for one that waits for blocks and bounds the wait itself. */
export const slowMethod = <const params extends readonly Param<unknown>[]>(
  params: params,
  handle: (context: Context, ...args: ParamValues<params>) => unknown,
): Method => ({ ...method(params, handle), isSlow: true })
