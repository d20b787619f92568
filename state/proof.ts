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
  let step: Step = { type: 'hashed', hash: root, depth: 0 }
  while (step.type !== 'end') {
    let node: RlpItem
    if (step.type === 'hashed') {
      const encoded = proof[used++]
      if (!encoded || keccakHex(encoded) !== step.hash)
        return reject('PROOF_INVALID', 'a node is missing or has another hash', { node: used - 1 })
      node = decodeRlp(encoded)
    } else node = step.node
    step = stepInto(node, key, step.depth)
  }
  return used === proof.length
    ? accept(step.value)
    : reject('PROOF_INVALID', 'nodes after the last', { used, given: proof.length })
}

/** Where a node leads: to a node by its hash, to one inside itself, or to the answer. */
type Step =
  | { readonly type: 'hashed'; readonly hash: Hex; readonly depth: number }
  | { readonly type: 'inlined'; readonly node: RlpItem; readonly depth: number }
  | { readonly type: 'end'; readonly value: Uint8Array | undefined }

/** What `node`, at `depth` nibbles, says of `key`. Throws RlpError. */
function stepInto(node: RlpItem, key: TriePath, depth: number): Step {
  const items = asList(node, 'a node')
  if (items.length === 17) {
    asBytes(items[16], 'the value of a branch', 0)
    if (depth >= key.length) throw new RlpError('a branch below the end of the key')
    return refer(items[nibbleAt(key, depth)], depth + 1)
  }
  const [head, tail] = asList(items, 'a node', 2)
  const { path, isLeaf } = readFlagged(asBytes(head, 'the path of a node'))
  if (depth + path.length > key.length || (isLeaf && depth + path.length < key.length))
    throw new RlpError('the path of a node does not fit the key')
  if (!key.startsWith(path, depth)) return { type: 'end', value: undefined }
  if (isLeaf) return { type: 'end', value: asBytes(tail, 'a value') }
  if (path === '' || tail?.length === 0) throw new RlpError('an extension without path or child')
  return refer(tail, depth + path.length)
}

function refer(item: RlpItem | undefined, depth: number): Step {
  if (!(item instanceof Uint8Array))
    return { type: 'inlined', node: asList(item, 'a child'), depth }
  if (item.length === 0) return { type: 'end', value: undefined }
  return { type: 'hashed', hash: toHex(asBytes(item, 'the hash of a child', 32)), depth }
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
