/**
 * Which Host headers and which origins are answered. A page in a browser can make its own name resolve to 127.0.0.1
 * (DNS rebinding) and would then talk to this node as its own origin; its Host header gives it away.
 */
import { isIP } from 'node:net'

/** IP addresses cannot be rebound, so they pass, as in geth. */
export function isAllowedHost(header: string | undefined, allowed: readonly string[]): boolean {
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
