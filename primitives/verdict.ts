/**
 * What a check of foreign input answers. Never thrown: the caller decides what a refusal costs the
 * sender, and which words the wallet sees.
 */

/** Refused. `code` is for machines, `message` for people (geth's words where a tool reads them). */
export interface Refusal<code extends string = string> {
  readonly type: 'ignore' | 'reject'
  readonly code: code
  readonly message: string
  readonly facts?: Readonly<Record<string, unknown>>
}

/**
 * `accept` carries the value. `ignore`: harmless and useless (known, too early); costs the sender
 * nothing. `reject`: no honest sender would have sent it.
 */
export type Verdict<value, code extends string = string> =
  | { readonly type: 'accept'; readonly value: value }
  | Refusal<code>

export const accept = <value>(
  value: value,
): { readonly type: 'accept'; readonly value: value } => ({
  type: 'accept',
  value,
})

export const reject = <const code extends string>(
  code: code,
  message: string,
  facts?: Readonly<Record<string, unknown>>,
): Refusal<code> =>
  facts ? { type: 'reject', code, message, facts } : { type: 'reject', code, message }

export const ignore = <const code extends string>(
  code: code,
  message: string,
  facts?: Readonly<Record<string, unknown>>,
): Refusal<code> =>
  facts ? { type: 'ignore', code, message, facts } : { type: 'ignore', code, message }
