/**
 * Hashes of the last blocks, as every block writes them into the history contract before its first
 * transaction (EIP-2935): what a module may know of blocks that are over. Reads one slot.
 */
import { type Address, type Hex, toWord } from '../../primitives/index.ts'
import type { Slots } from './slots.ts'

/** EIP-2935, HISTORY_STORAGE_ADDRESS. */
export const historyContract: Address = '0x0000f90827f1c53a10cb7a02335b175320002935'
/** EIP-2935, HISTORY_SERVE_WINDOW. */
export const historyBlocks = 8_191n

/** Of a block before `current`; undefined for one too old, not over yet, or where nobody writes them. */
export function readBlockHash(history: Slots, current: bigint, number: bigint): Hex | undefined {
  if (number < 0n || number >= current || number + historyBlocks < current) return undefined
  const hash = history.read(number % historyBlocks)
  return hash === 0n ? undefined : toWord(hash)
}
