/**
 * Two answers side by side: what differs, by path. An error is compared whole, as its code and text,
 * and so is an answer where the other side has an error. Says nothing about who is right.
 */

/** Depends on a clock, or on a root that depends on one. */
const ofTheClock: ReadonlySet<string> = new Set([
  'hash',
  'blockHash',
  'parentHash',
  'stateRoot',
  'receiptsRoot',
  'timestamp',
  'blockTimestamp',
  'mixHash',
  'size',
])

export interface Difference {
  /** `.error` when both refuse, `answer` when one does, else the field. */
  readonly path: string
  /** Whole; report.ts shortens. */
  readonly ours: string
  readonly anvil: string
}

export interface Answer {
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

/** Most differences told of one answer. */
const maxDifferences = 6

export function differences(ours: Answer, anvil: Answer): readonly Difference[] {
  const found: Difference[] = []
  if (ours.error && anvil.error) {
    const [left, right] = [errorText(ours.error), errorText(anvil.error)]
    if (left !== right) found.push({ path: '.error', ours: left, anvil: right })
    compare(ours.error.data, anvil.error.data, '.error.data', found)
  } else if (ours.error ?? anvil.error)
    found.push({ path: 'answer', ours: answerText(ours), anvil: answerText(anvil) })
  else compare(ours.result, anvil.result, '.result', found)
  return found.slice(0, maxDifferences)
}

const errorText = ({ code, message }: NonNullable<Answer['error']>): string => `${code} ${message}`
const answerText = ({ error, result }: Answer): string =>
  error ? errorText(error) : JSON.stringify(result)

function compare(ours: unknown, anvil: unknown, path: string, found: Difference[]): void {
  if (found.length > maxDifferences) return
  if (isObject(ours) && isObject(anvil)) {
    for (const name of new Set([...Object.keys(ours), ...Object.keys(anvil)])) {
      const isClock = ofTheClock.has(name) && name in ours && name in anvil
      if (!isClock) compare(ours[name], anvil[name], `${path}.${name}`, found)
    }
    return
  }
  if (Array.isArray(ours) && Array.isArray(anvil) && ours.length === anvil.length) {
    for (const [i, item] of ours.entries()) compare(item, anvil[i], `${path}[${i}]`, found)
    return
  }
  if (plain(ours) !== plain(anvil)) found.push({ path, ours: shown(ours), anvil: shown(anvil) })
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Addresses in whatever case. */
const plain = (value: unknown): string => shown(value).toLowerCase()

const shown = (value: unknown): string => JSON.stringify(value) ?? 'absent'
