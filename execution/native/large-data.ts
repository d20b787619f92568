/**
 * How much of what lies outside the state (indexes of versions) one transaction may ask its nodes to have at
 * hand. A rule of the chain: counted whether a node has it or not, and never taken back by a revert, so that
 * a transaction is valid everywhere or nowhere, and none needs more memory than a node has. Holds no data.
 */
import type { Hex } from '../../primitives/index.ts'

/** Tokens of all versions together; 9 bytes each in an index. One version alone is always allowed. */
export const maxLargeDataTokens = 2n ** 28n
/** Different versions. Each may cost a node a file to read. */
const maxVersions = 16

export interface LargeData {
  /** A transaction, or a call, begins. */
  begin(): void
  /** False: with this one it would be too much. Asked for again it counts once. */
  allows(key: Hex, tokens: bigint): boolean
}

export function createLargeData(): LargeData {
  const asked = new Set<Hex>()
  let sum = 0n
  return {
    begin() {
      asked.clear()
      sum = 0n
    },
    allows(key, tokens) {
      if (asked.has(key)) return true
      const isTooMuch = asked.size === maxVersions || sum + tokens > maxLargeDataTokens
      if (isTooMuch && asked.size > 0) return false
      asked.add(key)
      sum += tokens
      return true
    },
  }
}
