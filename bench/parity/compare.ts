/** Two answers side by side: what differs, by path. Says nothing about who is right. */

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
  readonly path: string
  readonly ours: string
  readonly anvil: string
}

/** Most differences told of one answer. */
const maxDifferences = 6

export function differences(ours: unknown, anvil: unknown): readonly Difference[] {
  const found: Difference[] = []
  compare(ours, anvil, '', found)
  return found.slice(0, maxDifferences)
}

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
const plain = (value: unknown): string => (JSON.stringify(value) ?? 'absent').toLowerCase()

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'absent'
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
