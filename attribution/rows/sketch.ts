/**
 * A 32-byte sketch of a set of texts, by which two sets can be compared without either: 1-bit MinHash
 * over shingles of five tokens (Li and König, "b-Bit Minwise Hashing", WWW 2010), from one pass of one
 * permutation hashing with optimal densification (Shrivastava, ICML 2017). An estimate, standard error
 * about six points of a hundred; a hint for curators and clusters, never a proof.
 */
import { tokenBounds } from '../methods/tokens.ts'

const bins = 256
const shingleTokens = 5
const none = 0xffffffff

/** The texts as one set of shingles; a text shorter than a shingle is one. */
export function sketchTexts(texts: readonly string[]): Uint8Array {
  const smallest = new Uint32Array(bins).fill(none)
  const encoder = new TextEncoder()
  for (const text of texts) addText(encoder.encode(text), smallest)
  return toBits(smallest)
}

function addText(text: Uint8Array, smallest: Uint32Array): void {
  const bounds = tokenBounds(text)
  const hashes = new Int32Array(bounds.length / 2)
  for (let i = 0; i < hashes.length; i++)
    hashes[i] = hashBytes(text, bounds[2 * i] ?? 0, bounds[2 * i + 1] ?? 0)
  const last = Math.max(0, hashes.length - shingleTokens)
  for (let start = 0; start <= last && hashes.length > 0; start++) {
    let hash = 0
    const end = Math.min(start + shingleTokens, hashes.length)
    for (let i = start; i < end; i++) hash = mix(hash ^ (hashes[i] ?? 0))
    const bin = hash & (bins - 1)
    smallest[bin] = Math.min(smallest[bin] ?? none, mix(hash + 1) >>> 0)
  }
}

/** FNV-1a, 32 bits. */
function hashBytes(text: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (text[i] ?? 0), 0x01000193)
  return hash
}

/** The finaliser of MurmurHash3: every input bit moves every output bit. */
function mix(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** One bit a bin; an empty bin borrows from a full one that its number and the attempt choose. */
function toBits(smallest: Uint32Array): Uint8Array {
  const sketch = new Uint8Array(bins / 8)
  if (smallest.every((value) => value === none)) return sketch
  for (let bin = 0; bin < bins; bin++) {
    let from = bin
    for (let attempt = 1; smallest[from] === none; attempt++)
      from = mix(bin * 0x10001 + attempt) & (bins - 1)
    if (mix(smallest[from] ?? 0) & 1) sketch[bin >> 3] = (sketch[bin >> 3] ?? 0) | (1 << (bin & 7))
  }
  return sketch
}

/**
 * Estimated share of common shingles (Jaccard), in basis points, rounded down: unrelated sets agree in
 * half of the bits. undefined when the sketches have no or different lengths.
 */
export function similarityBps(a: Uint8Array, b: Uint8Array): number | undefined {
  if (a.length === 0 || a.length !== b.length) return undefined
  let equal = a.length * 8
  for (let i = 0; i < a.length; i++)
    for (let bits = (a[i] ?? 0) ^ (b[i] ?? 0); bits !== 0; bits &= bits - 1) equal--
  const half = a.length * 4
  return equal <= half ? 0 : Math.floor(((equal - half) * 10_000) / half)
}
