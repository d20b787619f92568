/**
 * Root of the trie that maps RLP(index) to an item: transactions, receipts, withdrawals of a block
 * (Yellow Paper, 4.3.2 and appendix D). Built in one pass from the sorted list; nothing is stored.
 */
import { compareBytes, concat, toHex, type Hex } from './bytes.ts'
import { emptyTrieRoot, keccak256 } from './keccak.ts'
import { encodeRlp, type RlpItem } from './rlp.ts'

interface Entry {
  readonly nibbles: Uint8Array
  readonly value: Uint8Array
}

export function orderedRoot(items: readonly Uint8Array[]): Hex {
  if (items.length === 0) return emptyTrieRoot
  const entries = items
    .map((value, index) => ({ nibbles: toNibbles(encodeRlp(index)), value }))
    .toSorted((a, b) => compareBytes(a.nibbles, b.nibbles))
  return toHex(keccak256(encodeRlp(nodeOf(entries, 0))))
}

/** The node for `entries`, which agree on their first `depth` nibbles. Keys are prefix-free. */
function nodeOf(entries: readonly Entry[], depth: number): RlpItem {
  const [first, last] = [entries[0], entries.at(-1)]
  if (!first || !last) return new Uint8Array(0)
  if (first === last) return [hexPrefix(first.nibbles.subarray(depth), true), first.value]
  let shared = depth
  while (first.nibbles[shared] === last.nibbles[shared]) shared++
  if (shared > depth)
    return [hexPrefix(first.nibbles.subarray(depth, shared), false), refer(nodeOf(entries, shared))]
  const children = Array.from({ length: 16 }, (_, nibble) => {
    const below = entries.filter((entry) => entry.nibbles[depth] === nibble)
    return below.length === 0 ? new Uint8Array(0) : refer(nodeOf(below, depth + 1))
  })
  return [...children, new Uint8Array(0)]
}

/** A node stands in its parent as itself when its RLP is shorter than a hash, else as its hash. */
function refer(node: RlpItem): RlpItem {
  const encoded = encodeRlp(node)
  return encoded.length < 32 ? node : keccak256(encoded)
}

export function toNibbles(key: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(key.length * 2)
  key.forEach((byte, i) => {
    nibbles[2 * i] = byte >> 4
    nibbles[2 * i + 1] = byte & 15
  })
  return nibbles
}

/** Packs nibbles two a byte behind a flag for leaf and odd length (Yellow Paper, appendix C). */
export function hexPrefix(nibbles: Uint8Array, isLeaf: boolean): Uint8Array {
  const odd = nibbles.length % 2
  const flag = (isLeaf ? 2 : 0) + odd
  const head = Uint8Array.of(odd ? (flag << 4) | (nibbles[0] ?? 0) : flag << 4)
  const rest = new Uint8Array((nibbles.length - odd) / 2)
  for (let i = 0; i < rest.length; i++)
    rest[i] = ((nibbles[odd + 2 * i] ?? 0) << 4) | (nibbles[odd + 2 * i + 1] ?? 0)
  return concat(head, rest)
}
