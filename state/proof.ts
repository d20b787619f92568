/**
 * Merkle proofs of one key, present or absent (EIP-1186): made from a stored trie, and checked
 * against a root without one. The check takes foreign bytes and answers a verdict; it never throws
 * for what the proof says.
 */
import {
  accept,
  asBytes,
  asList,
  decodeRlp,
  emptyTrieRoot,
  type Hex,
  invariant,
  keccakHex,
  reject,
  RlpError,
  type RlpItem,
  toHex,
  type Verdict,
} from '../primitives/index.ts'
import {
  bytesToPath,
  decodeNode,
  digitOf,
  isInlined,
  nibbleAt,
  type TrieNode,
  type TriePath,
} from './trie-node.ts'
import { loadRecord, type TrieNodes } from './trie.ts'

/** Bytes of every key: a keccak256. */
const keyBytes = 32

/**
 * The nodes from the root towards `key`, up to its leaf or to the node that shows it absent; none
 * for the empty trie. Nodes inlined in their parent are not listed again. Throws NodeError
 * TRIE_CORRUPT.
 */
export function proveKey(nodes: TrieNodes, key: Uint8Array): Uint8Array[] {
  invariant(key.length === keyBytes, 'a trie key is 32 bytes')
  if (!nodes.get('')) return []
  const whole = bytesToPath(key)
  const proof: Uint8Array[] = []
  for (let at: TriePath | undefined = ''; at !== undefined;) {
    const record = loadRecord(nodes, at)
    proof.push(record)
    at = nextInProof(decodeNode(record, at), at, whole)
  }
  return proof
}

/** Place of the next node of the proof; undefined when it ends with `node`, which stands at `at`. */
function nextInProof(node: TrieNode, at: TriePath, key: TriePath): TriePath | undefined {
  if (node.type === 'leaf') return undefined
  const step = node.type === 'extension' ? node.path : key.charAt(at.length)
  const child = node.type === 'extension' ? node.child : node.children[nibbleAt(step, 0)]
  // Below an inlined node all nodes are inlined: each is shorter than its parent.
  if (!child || isInlined(child) || !key.startsWith(step, at.length)) return undefined
  return at + step
}

/** The value of a proven key, undefined for a key proven absent. */
export type ProofVerdict = Verdict<Uint8Array | undefined, 'PROOF_INVALID'>

/**
 * What `proof` says of a 32-byte `key` under `root`. Exactly the nodes `proveKey` lists are
 * accepted: each hash is checked before its bytes are decoded, one node more or less is refused.
 */
export function verifyProof(
  root: Hex,
  key: Uint8Array,
  proof: readonly Uint8Array[],
): ProofVerdict {
  if (key.length !== keyBytes) return reject('PROOF_INVALID', 'the key is not 32 bytes')
  if (root === emptyTrieRoot && proof.length === 0) return accept(undefined)
  try {
    return followProof(root, bytesToPath(key), proof)
  } catch (cause) {
    if (cause instanceof RlpError) return reject('PROOF_INVALID', cause.message)
    throw cause
  }
}

/** Throws RlpError for a node that is none. */
function followProof(root: Hex, key: TriePath, proof: readonly Uint8Array[]): ProofVerdict {
  let used = 0
  let depth = 0
  /** What names the next node: a hash, the node itself, or empty bytes for none. */
  let next: RlpItem | Hex = root
  for (;;) {
    let node: RlpItem = next as RlpItem
    if (typeof next === 'string') {
      const encoded = proof[used++]
      if (!encoded || keccakHex(encoded) !== next)
        return reject('PROOF_INVALID', 'a node is missing or has another hash', { node: used - 1 })
      node = decodeRlp(encoded)
    }
    const step = stepInto(node, key, depth)
    if (step.type === 'end')
      return used === proof.length
        ? accept(step.value)
        : reject('PROOF_INVALID', 'nodes after the last', { used, given: proof.length })
    depth = step.depth
    next = step.child
  }
}

type Step =
  | { readonly type: 'end'; readonly value: Uint8Array | undefined }
  | { readonly type: 'child'; readonly depth: number; readonly child: RlpItem | Hex }

/** What `node`, at `depth` nibbles, says of `key`. Throws RlpError. */
function stepInto(node: RlpItem, key: TriePath, depth: number): Step {
  const items = asList(node, 'a node')
  if (items.length === 17) {
    if (asBytes(items[16], 'the value of a branch', 0) && depth >= key.length)
      throw new RlpError('a branch below the end of the key')
    return refer(items[nibbleAt(key, depth)], depth + 1)
  }
  const [head, tail] = asList(items, 'a node', 2)
  const { path, isLeaf } = readFlagged(asBytes(head, 'the path of a node'))
  if (depth + path.length > key.length || (isLeaf && depth + path.length < key.length))
    throw new RlpError('the path of a node does not fit the key')
  if (!key.startsWith(path, depth)) return { type: 'end', value: undefined }
  if (isLeaf) return { type: 'end', value: asBytes(tail, 'a value') }
  return refer(tail, depth + path.length)
}

function refer(item: RlpItem | undefined, depth: number): Step {
  if (!(item instanceof Uint8Array)) return { type: 'child', depth, child: asList(item, 'a child') }
  if (item.length === 0) return { type: 'end', value: undefined }
  return { type: 'child', depth, child: toHex(asBytes(item, 'the hash of a child', 32)) }
}

/** Nibbles and flag of a leaf or extension (Yellow Paper, appendix C). Throws RlpError. */
function readFlagged(bytes: Uint8Array): { readonly path: TriePath; readonly isLeaf: boolean } {
  const nibbles = bytesToPath(bytes)
  const flag = nibbles === '' ? 4 : nibbleAt(nibbles, 0)
  const isOdd = flag % 2 === 1
  if (flag > 3 || (!isOdd && nibbles.charAt(1) !== digitOf(0)))
    throw new RlpError('the flag of a node is none of four')
  return { path: nibbles.slice(isOdd ? 1 : 2), isLeaf: flag > 1 }
}
