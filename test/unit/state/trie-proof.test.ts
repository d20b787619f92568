/** Proofs of keys present and absent: accepted by @ethereumjs/mpt and by us, refused when touched. */
import { createMerkleProof, createMPT, verifyMerkleProof } from '@ethereumjs/mpt'
import { expect, test } from '@jest/globals'
import { emptyTrieRoot, fromHex, type Hex, keccak256, toHex } from '../../../primitives/index.ts'
import { proveKey, verifyProof } from '../../../state/proof.ts'
import { rootOf, updateTrie } from '../../../state/trie.ts'
import {
  applyWrites,
  createRandom,
  nodesOf,
  randomBytes,
  type Records,
} from '../../support/trie.ts'

const options = { useKeyHashingFunction: keccak256 }

/** Hashed keys, and a family that differs at the very end, so that its leaves are inlined. */
const hashed = Array.from({ length: 200 }, (_, i) => keccak256(Uint8Array.of(i)))
const family = Array.from({ length: 60 }, (_, i) => {
  const key = keccak256(Uint8Array.of(7))
  key[31] = (i * 37) & 255
  key[30] = i % 3
  return key
})
const absent = [
  ...Array.from({ length: 100 }, (_, i) => keccak256(Uint8Array.of(i, 1))),
  ...family.flatMap((key) =>
    [29, 30, 31].map((at) => key.map((byte, i) => (i === at ? byte ^ 0x45 : byte))),
  ),
]

function build(): { records: Records; content: Map<string, Uint8Array> } {
  const random = createRandom(5)
  const records: Records = new Map()
  const entries = [...hashed, ...family].map(
    (key, i) => [key, randomBytes(random, 1 + (i % 5 === 0 ? i % 90 : 0))] as const,
  )
  for (const [, value] of entries) value[0] ||= 1
  applyWrites(records, updateTrie(nodesOf(records), entries))
  return { records, content: new Map(entries.map(([key, value]) => [toHex(key), value])) }
}

const { records, content } = build()
const root = rootOf(nodesOf(records))
const prove = (key: Uint8Array): Uint8Array[] => proveKey(nodesOf(records), key)

test('our proofs are the ones of @ethereumjs/mpt, whose verifier and ours agree on every key', async () => {
  const mpt = await createMPT(options)
  for (const [key, value] of content) await mpt.put(fromHex(key as Hex), value)
  expect(toHex(mpt.root())).toBe(root)
  const inlined = new Set<number>()
  for (const key of [...hashed, ...family, ...absent]) {
    const proof = prove(key)
    const value = content.get(toHex(key))
    const theirs = await createMerkleProof(mpt, key)
    // Theirs lists inlined nodes too; geth and EIP-1186 tools do not.
    inlined.add(theirs.length - proof.length)
    const listed = theirs.filter((node, i) => i === 0 || node.length >= 32)
    expect(proof.map(toHex)).toEqual(listed.map(toHex))
    expect(await verifyMerkleProof(key, proof, { ...options, root: fromHex(root) })).toEqual(
      value ?? null,
    )
    expect(verifyProof(root, key, proof)).toEqual({ type: 'accept', value })
  }
  expect(Math.max(...inlined)).toBeGreaterThan(0)
})

test('a proof for another root or key, with a node less, more or changed, is refused', () => {
  const random = createRandom(11)
  const refused = expect.objectContaining({ type: 'reject', code: 'PROOF_INVALID' })
  for (const key of [...hashed.slice(0, 40), ...family, ...absent.slice(0, 40)]) {
    const proof = prove(key)
    expect(verifyProof(toHex(keccak256(key)), key, proof)).toEqual(refused)
    expect(verifyProof(root, key, proof.slice(0, -1))).toEqual(refused)
    expect(verifyProof(root, key, proof.slice(1))).toEqual(refused)
    expect(verifyProof(root, key, [...proof, Uint8Array.of(0x80)])).toEqual(refused)
    expect(verifyProof(root, key.subarray(1), proof)).toEqual(refused)
    const node = Math.floor(random() * proof.length)
    const changed = proof.map((bytes) => bytes.slice())
    changed[node]![Math.floor(random() * changed[node]!.length)]! ^= 1 << Math.floor(random() * 8)
    expect(verifyProof(root, key, changed)).toEqual(refused)
  }
})

test('bytes that hash to the root but are no node are refused, not thrown', () => {
  const nodes = [
    '',
    '80',
    'c0',
    'c20102',
    'c22001',
    'c24001',
    'c20080',
    'ff',
    'c3010203',
    'd1'.padEnd(36, '8'),
    `d1${'80'.repeat(16)}01`,
  ]
  for (const text of nodes) {
    const bytes = fromHex(`0x${text}`)
    const verdict = verifyProof(toHex(keccak256(bytes)), hashed[0]!, [bytes])
    expect([text, verdict.type]).toEqual([text, 'reject'])
  }
})

test('the empty trie proves every key absent with no node', () => {
  const none = nodesOf(new Map())
  expect(proveKey(none, hashed[0]!)).toEqual([])
  expect(verifyProof(emptyTrieRoot, hashed[0]!, [])).toEqual({ type: 'accept', value: undefined })
  expect(verifyProof(root, hashed[0]!, []).type).toBe('reject')
  expect(verifyProof(emptyTrieRoot, hashed[0]!, prove(hashed[0]!)).type).toBe('reject')
})
