/**
 * Which Host headers and which origins are answered. A page in a browser can make its own name resolve to 127.0.0.1
 * (DNS rebinding) and would then talk to this node as its own origin; its Host header gives it away.
 */
import { isIP } from 'node:net'

/** Clients spell the name of a node in a few ways; whoever sends more costs himself the look-up. */
const maxRemembered = 64

/** `isAllowedHost` that remembers: the same few headers come with every request. */
export function createHostCheck(
  allowed: readonly string[],
): (header: string | undefined) => boolean {
  const verdicts = new Map<string | undefined, boolean>()
  return (header) => {
    const known = verdicts.get(header)
    if (known !== undefined) return known
    const verdict = isAllowedHost(header, allowed)
    if (verdicts.size >= maxRemembered) verdicts.clear()
    verdicts.set(header, verdict)
    return verdict
  }
}

/** IP addresses cannot be rebound, so they pass, as in geth. */
function isAllowedHost(header: string | undefined, allowed: readonly string[]): boolean {
  if (header === undefined || allowed.includes('*')) return true
  const name = hostName(header)
  return name === 'localhost' || isIP(name) !== 0 || allowed.includes(name)
}

/** No Origin header, no browser: only pages can be told apart by theirs. */
export const isAllowedOrigin = (origin: string | undefined, allowed: readonly string[]): boolean =>
  origin === undefined || allowed.includes('*') || allowed.includes(origin.toLowerCase())

/** Without port and brackets, in lower case. */
const hostName = (header: string): string =>
  header
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
