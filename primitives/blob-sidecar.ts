/**
 * Blob transactions as they travel: the transaction with its blobs beside it (EIP-4844's network
 * form, and EIP-7594's with cell proofs). Splits the two and checks that each commitment is the one
 * the transaction names. Does not verify the proofs that tie a blob to its commitment.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, toHex } from './bytes.ts'
import { asBytes, asInteger, asList, decodeRlp, encodeRlp, RlpError } from './rlp.ts'
import { decodeTransaction, type Transaction } from './transaction.ts'
import { accept, reject, type Verdict } from './verdict.ts'

export interface BlobSidecar {
  /** 0: one proof a blob; 1: one a cell (EIP-7594). */
  readonly version: 0 | 1
  readonly blobs: readonly Uint8Array[]
  readonly commitments: readonly Uint8Array[]
  readonly proofs: readonly Uint8Array[]
}

export interface CarriedTransaction {
  readonly tx: Transaction
  readonly sidecar?: BlobSidecar
}

const blobBytes = 131_072
/** A compressed point of BLS12-381's G1. */
const pointBytes = 48
/** CELLS_PER_EXT_BLOB (EIP-7594). */
const cellsPerBlob = 128

const blobType = 3

/** A transaction of any type; a blob transaction must bring its blobs. */
export function decodeCarried(
  raw: Uint8Array,
): Verdict<CarriedTransaction, 'TX_MALFORMED' | 'TX_TYPE' | 'BLOB'> {
  if (raw[0] !== blobType) {
    const decoded = decodeTransaction(raw)
    return decoded.type === 'accept' ? accept({ tx: decoded.value }) : decoded
  }
  try {
    const fields = asList(decodeRlp(raw.subarray(1)), 'types.BlobTx')
    if (fields[0] instanceof Uint8Array)
      return reject('BLOB', 'missing sidecar in blob transaction')
    const body = concat(Uint8Array.of(blobType), encodeRlp(asList(fields[0], 'types.BlobTx')))
    const decoded = decodeTransaction(body)
    if (decoded.type !== 'accept') return decoded
    const sidecar = decodeSidecar(fields.slice(1))
    const fault = sidecarFault(decoded.value, sidecar)
    return fault === undefined ? accept({ tx: decoded.value, sidecar }) : reject('BLOB', fault)
  } catch (error) {
    if (error instanceof RlpError) return reject('TX_MALFORMED', `rlp: ${error.message}`)
    throw error
  }
}

function decodeSidecar(fields: ReturnType<typeof asList>): BlobSidecar {
  if (fields.length !== 3 && fields.length !== 4)
    throw new RlpError('neither three nor four elements beside a blob transaction')
  const version = fields.length === 4 ? asInteger(fields[0], 'wrapper version', 1) : 0n
  if (version > 1n || (fields.length === 4 && version === 0n))
    throw new RlpError(`wrapper version ${version} is unknown`)
  const [blobs, commitments, proofs] = fields.slice(-3)
  const listOf = (item: typeof blobs, what: string, length: number): Uint8Array[] =>
    asList(item, `${what}s`).map((entry) => asBytes(entry, what, length))
  return {
    version: version === 1n ? 1 : 0,
    blobs: listOf(blobs, 'blob', blobBytes),
    commitments: listOf(commitments, 'commitment', pointBytes),
    proofs: listOf(proofs, 'proof', pointBytes),
  }
}

function sidecarFault(tx: Transaction, { version, blobs, commitments, proofs }: BlobSidecar) {
  const hashes = tx.type === 'blob' ? tx.blobVersionedHashes : []
  if (blobs.length !== hashes.length)
    return `invalid number of ${blobs.length} blobs compared to ${hashes.length} blob hashes`
  if (commitments.length !== hashes.length)
    return `invalid number of ${commitments.length} blob commitments compared to ${hashes.length} blob hashes`
  const wanted = blobs.length * (version === 1 ? cellsPerBlob : 1)
  if (proofs.length !== wanted)
    return `invalid number of ${proofs.length} blob proofs expected ${wanted}`
  const other = commitments.findIndex((commitment, i) => versionedHash(commitment) !== hashes[i])
  return other < 0 ? undefined : `blob ${other}: computed hash mismatches transaction one`
}

/** kzg_to_versioned_hash (EIP-4844). */
const versionedHash = (commitment: Uint8Array): string =>
  `0x01${toHex(sha256(commitment)).slice(4)}`

/** Bytes the sidecar takes. */
export const sidecarBytes = ({ blobs, commitments, proofs }: BlobSidecar): number =>
  blobs.length * blobBytes + (commitments.length + proofs.length) * pointBytes
