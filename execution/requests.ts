/**
 * Requests that a block makes of the consensus layer (EIP-7685): deposits read from logs, withdrawals
 * and consolidations read from their contracts. Judges only the form of a deposit log.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { accept, concat, reject, toHex, type Address, type Hex } from '../primitives/index.ts'
import type { Receipt, Verdict } from '../primitives/index.ts'

/** Mainnet's deposit contract (EIP-6110), unless the chain's config names another. */
export const mainnetDepositContract: Address = '0x00000000219ab540356cbb839cbe05303d7705fa'
/** EIP-7002, WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS. */
export const withdrawalRequestContract: Address = '0x00000961ef480eb55e80d19ad83579a64c007002'
/** EIP-7251, CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS. */
export const consolidationRequestContract: Address = '0x0000bbddc7ce488642fb579f8b00f3a590007251'

/** keccak256('DepositEvent(bytes,bytes,bytes,bytes,bytes)') (EIP-6110). */
const depositTopic: Hex = '0x649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5'

/** Type byte and opaque data. */
export interface Request {
  readonly type: number
  readonly data: Uint8Array
}

/** sha256 over the sha256 of each request that has data, in order of type (EIP-7685). */
export const requestsHashOf = (requests: readonly Request[]): Hex =>
  toHex(
    sha256(
      concat(
        ...requests
          .filter(({ data }) => data.length > 0)
          .map(({ type, data }) => sha256(concat(Uint8Array.of(type), data))),
      ),
    ),
  )

/**
 * pubkey, withdrawal credentials, amount, signature, index: where the ABI puts each, its length, and
 * the word that must hold its offset (EIP-6110, is_valid_deposit_event_data).
 */
const depositFields = [
  { offset: 160, sizeBytes: 48 },
  { offset: 256, sizeBytes: 32 },
  { offset: 320, sizeBytes: 8 },
  { offset: 384, sizeBytes: 96 },
  { offset: 512, sizeBytes: 8 },
] as const
const depositLogBytes = 576

/** The deposits of a block, one after the other. A malformed deposit log makes the block invalid. */
export function depositsOf(
  receipts: readonly Receipt[],
  contract: Address,
): Verdict<Uint8Array, 'REQUESTS_MISMATCH'> {
  const deposits: Uint8Array[] = []
  for (const { logs } of receipts)
    for (const log of logs) {
      if (log.address !== contract || log.topics[0] !== depositTopic) continue
      const deposit = depositFromLog(log.data)
      if (!deposit) return reject('REQUESTS_MISMATCH', 'malformed deposit log')
      deposits.push(deposit)
    }
  return accept(concat(...deposits))
}

function depositFromLog(data: Uint8Array): Uint8Array | undefined {
  if (data.length !== depositLogBytes) return undefined
  const parts: Uint8Array[] = []
  for (const [i, { offset, sizeBytes }] of depositFields.entries()) {
    if (smallWordAt(data, 32 * i) !== offset) return undefined
    if (smallWordAt(data, offset) !== sizeBytes) return undefined
    parts.push(data.subarray(offset + 32, offset + 32 + sizeBytes))
  }
  return concat(...parts)
}

/** A 32-byte word below 2^16; undefined when it is larger. */
function smallWordAt(data: Uint8Array, at: number): number | undefined {
  const word = data.subarray(at, at + 32)
  if (word.subarray(0, 30).some((byte) => byte !== 0)) return undefined
  return ((word[30] ?? 0) << 8) | (word[31] ?? 0)
}
