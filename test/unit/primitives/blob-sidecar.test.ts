/** Blob transactions in network form: split into transaction and blobs, refused when they do not match. */
import { expect, test } from '@jest/globals'
import { sha256 } from '@noble/hashes/sha2.js'
import {
  concat,
  decodeCarried,
  encodeRlp,
  decodeRlp,
  type Hex,
  nobleSecp256k1,
  type RlpItem,
  sidecarBytes,
  signingHash,
  toHex,
  type UnsignedTransaction,
  withSignature,
} from '../../../primitives/index.ts'

const commitment = new Uint8Array(48).fill(0xc0)
const versionedHash: Hex = `0x01${toHex(sha256(commitment)).slice(4)}`
const unsigned: UnsignedTransaction = {
  type: 'blob',
  chainId: 1n,
  nonce: 0n,
  gasLimit: 21_000n,
  to: `0x${'aa'.repeat(20)}`,
  value: 0n,
  data: new Uint8Array(0),
  accessList: [],
  maxFeePerGas: 1n,
  maxPriorityFeePerGas: 1n,
  maxFeePerBlobGas: 1n,
  blobVersionedHashes: [versionedHash],
}
const tx = withSignature(
  unsigned,
  nobleSecp256k1.sign(signingHash(unsigned), new Uint8Array(32).fill(7)),
)
const body = decodeRlp(tx.raw.subarray(1))
const blob = new Uint8Array(131_072)
const proofs = (count: number): Uint8Array[] => Array.from({ length: count }, () => commitment)
const carried = (...fields: RlpItem[]): Uint8Array => concat(Uint8Array.of(3), encodeRlp(fields))

test.each<[string, Uint8Array, number]>([
  ['one proof a blob (EIP-4844)', carried(body, [blob], [commitment], proofs(1)), 0],
  [
    'proofs of cells (EIP-7594)',
    carried(body, Uint8Array.of(1), [blob], [commitment], proofs(128)),
    1,
  ],
])('%s', (_, raw, version) => {
  const decoded = decodeCarried(raw)
  if (decoded.type !== 'accept') throw new Error(decoded.message)
  expect(decoded.value.tx).toEqual(tx)
  expect(decoded.value.sidecar).toMatchObject({ version })
  expect(sidecarBytes(decoded.value.sidecar!)).toBeGreaterThan(131_072)
})

test.each<[string, Uint8Array, string]>([
  ['without blobs', tx.raw, 'missing sidecar'],
  ['a blob too few', carried(body, [], [commitment], proofs(1)), 'invalid number of 0 blobs'],
  [
    'a proof too few',
    carried(body, Uint8Array.of(1), [blob], [commitment], proofs(127)),
    '127 blob proofs',
  ],
  ['another commitment', carried(body, [blob], [new Uint8Array(48)], proofs(1)), 'hash mismatches'],
  ['a short blob', carried(body, [blob.subarray(1)], [commitment], proofs(1)), 'blob'],
  [
    'an unknown version',
    carried(body, Uint8Array.of(2), [blob], [commitment], proofs(1)),
    'version 2',
  ],
  ['a string for a list', carried(body, blob, [commitment], proofs(1)), 'not a list'],
])('%s is refused', (_, raw, text) => {
  const decoded = decodeCarried(raw)
  expect(decoded).toMatchObject({ type: 'reject', message: expect.stringContaining(text) })
})
