/**
 * Signed transactions of all five types: plain data, and the strict codec between it and the bytes
 * of EIP-2718. Recovers no sender (sender.ts) and judges no fee (execution/mempool/admit.ts).
 * Legacy and EIP-155, EIP-2930 (1), EIP-1559 (2), EIP-4844 (3, canonical form), EIP-7702 (4).
 */
import { fromHex, toHex, type Address, type Hex } from './bytes.ts'
import { assertNever, invariant } from './errors.ts'
import { keccak256 } from './keccak.ts'
import {
  asBytes,
  asInteger,
  asList,
  decodeRlp,
  encodeRlp,
  RlpError,
  type RlpInput,
  type RlpItem,
} from './rlp.ts'
import type { Signature } from './secp256k1.ts'
import { accept, reject, type Verdict } from './verdict.ts'

export interface AccessListEntry {
  readonly address: Address
  readonly storageKeys: readonly Hex[]
}

/** A signed permission to run another account's code as one's own (EIP-7702). */
export interface Authorization {
  /** 0 is valid on every chain. */
  readonly chainId: bigint
  readonly address: Address
  readonly nonce: bigint
  /** Unchecked: an authorization that recovers nobody is skipped, not refused. */
  readonly yParity: bigint
  readonly r: bigint
  readonly s: bigint
}

interface Common {
  readonly nonce: bigint
  readonly gasLimit: bigint
  /** Null creates a contract. */
  readonly to: Address | null
  /** Wei. */
  readonly value: bigint
  readonly data: Uint8Array
}

interface Typed extends Common {
  readonly chainId: bigint
  readonly accessList: readonly AccessListEntry[]
}

interface FeeMarket extends Typed {
  readonly maxPriorityFeePerGas: bigint
  readonly maxFeePerGas: bigint
}

/** Before it is signed. `chainId` undefined: a legacy transaction valid on any chain. */
export type UnsignedTransaction =
  | (Common & {
      readonly type: 'legacy'
      readonly chainId: bigint | undefined
      readonly gasPrice: bigint
    })
  | (Typed & { readonly type: 'accessList'; readonly gasPrice: bigint })
  | (FeeMarket & { readonly type: 'feeMarket' })
  | (FeeMarket & {
      readonly type: 'blob'
      readonly to: Address
      readonly maxFeePerBlobGas: bigint
      readonly blobVersionedHashes: readonly Hex[]
    })
  | (FeeMarket & {
      readonly type: 'setCode'
      readonly to: Address
      readonly authorizationList: readonly Authorization[]
    })

export type Transaction = UnsignedTransaction & {
  readonly signature: Signature
  readonly hash: Hex
  /** The canonical bytes, as they were signed, gossiped and hashed. */
  readonly raw: Uint8Array
}

export type TransactionType = UnsignedTransaction['type']

/** The EIP-2718 type byte. */
export const typeByte: Readonly<Record<TransactionType, number>> = {
  legacy: 0,
  accessList: 1,
  feeMarket: 2,
  blob: 3,
  setCode: 4,
}

/** The most the transaction can pay for a unit of gas, in wei. */
export const maxFeePerGas = (tx: UnsignedTransaction): bigint =>
  tx.type === 'legacy' || tx.type === 'accessList' ? tx.gasPrice : tx.maxFeePerGas

/** The most of it that goes to the fee recipient, in wei. */
export const maxPriorityFeePerGas = (tx: UnsignedTransaction): bigint =>
  tx.type === 'legacy' || tx.type === 'accessList' ? tx.gasPrice : tx.maxPriorityFeePerGas

/** What a unit of gas costs in a block with this base fee (EIP-1559). */
export function effectiveGasPrice(tx: UnsignedTransaction, baseFee: bigint): bigint {
  const [cap, tip] = [maxFeePerGas(tx), maxPriorityFeePerGas(tx)]
  return baseFee + tip < cap ? baseFee + tip : cap
}

const accessListToRlp = (list: readonly AccessListEntry[]): RlpInput =>
  list.map(({ address, storageKeys }) => [fromHex(address), storageKeys.map(fromHex)])

const toOrEmpty = (to: Address | null): Uint8Array => (to ? fromHex(to) : new Uint8Array(0))

/** The fields in wire order, without signature. */
function payload(tx: UnsignedTransaction): RlpInput[] {
  const tail = [tx.gasLimit, toOrEmpty(tx.to), tx.value, tx.data]
  if (tx.type === 'legacy') return [tx.nonce, tx.gasPrice, ...tail]
  const head = [tx.chainId, tx.nonce]
  const accessList = accessListToRlp(tx.accessList)
  if (tx.type === 'accessList') return [...head, tx.gasPrice, ...tail, accessList]
  const fees = [tx.maxPriorityFeePerGas, tx.maxFeePerGas]
  const feeMarket = [...head, ...fees, ...tail, accessList]
  switch (tx.type) {
    case 'feeMarket':
      return feeMarket
    case 'blob':
      return [...feeMarket, tx.maxFeePerBlobGas, tx.blobVersionedHashes.map(fromHex)]
    case 'setCode':
      return [...feeMarket, tx.authorizationList.map(authorizationToRlp)]
    default:
      return assertNever(tx)
  }
}

const authorizationToRlp = (a: Authorization): RlpInput => [
  a.chainId,
  fromHex(a.address),
  a.nonce,
  a.yParity,
  a.r,
  a.s,
]

const withType = (type: TransactionType, fields: readonly RlpInput[]): Uint8Array => {
  const rlp = encodeRlp(fields)
  if (type === 'legacy') return rlp
  const bytes = new Uint8Array(rlp.length + 1)
  bytes[0] = typeByte[type]
  bytes.set(rlp, 1)
  return bytes
}

/** The hash that the sender signs. */
export function signingHash(tx: UnsignedTransaction): Uint8Array {
  const fields = payload(tx)
  if (tx.type === 'legacy' && tx.chainId !== undefined)
    fields.push(tx.chainId, new Uint8Array(0), new Uint8Array(0)) // EIP-155
  return keccak256(withType(tx.type, fields))
}

/** Puts a signature on; the result is what `decodeTransaction` gives for its `raw`. */
export function withSignature(tx: UnsignedTransaction, signature: Signature): Transaction {
  const v =
    tx.type !== 'legacy'
      ? BigInt(signature.yParity)
      : tx.chainId === undefined
        ? 27n + BigInt(signature.yParity)
        : 35n + 2n * tx.chainId + BigInt(signature.yParity)
  const raw = withType(tx.type, [...payload(tx), v, signature.r, signature.s])
  return { ...tx, signature, raw, hash: toHex(keccak256(raw)) }
}

/** A transaction that nobody signed, with zeros for v, r and s: geth's form of a simulated call. */
export function withoutSignature(tx: UnsignedTransaction): Transaction {
  const nothing = new Uint8Array(0)
  const raw = withType(tx.type, [...payload(tx), nothing, nothing, nothing])
  const signature: Signature = { yParity: 0, r: 0n, s: 0n }
  return { ...tx, signature, raw, hash: toHex(keccak256(raw)) }
}

/** `TX_MALFORMED` says what in geth's words or names the field; `TX_TYPE`: a byte nobody knows. */
export function decodeTransaction(
  raw: Uint8Array,
): Verdict<Transaction, 'TX_MALFORMED' | 'TX_TYPE'> {
  const first = raw[0]
  if (first === undefined) return reject('TX_MALFORMED', tooShort)
  if (first > 0x7f && first < 0xc0)
    return reject('TX_MALFORMED', 'rlp: expected input list for types.LegacyTx')
  if (first < 0xc0 && (first === 0 || first > 4))
    return reject('TX_TYPE', raw.length === 1 ? tooShort : 'transaction type not supported', {
      type: first,
    })
  if (first < 0xc0 && raw.length === 1) return reject('TX_MALFORMED', tooShort)
  try {
    const item = decodeRlp(first < 0xc0 ? raw.subarray(1) : raw)
    const { tx, signature } = decodeFields(first < 0xc0 ? first : 0, item)
    return accept({ ...tx, signature, raw, hash: toHex(keccak256(raw)) })
  } catch (error) {
    if (error instanceof RlpError) return reject('TX_MALFORMED', `rlp: ${error.message}`)
    throw error
  }
}

interface Fields {
  readonly tx: UnsignedTransaction
  readonly signature: Signature
}

const tooShort = 'typed transaction too short'

/** By type byte: number of fields, the three of the signature included, and geth's name. */
const schemas = [
  { count: 9, name: 'types.LegacyTx' },
  { count: 11, name: 'types.AccessListTx' },
  { count: 12, name: 'types.DynamicFeeTx' },
  { count: 14, name: 'types.BlobTx' },
  { count: 13, name: 'types.SetCodeTx' },
] as const

function fieldsOf(type: number, item: RlpItem): readonly RlpItem[] {
  const schema = schemas[type]
  invariant(schema !== undefined, `no transaction type ${type}`)
  const { count, name } = schema
  if (item instanceof Uint8Array) throw new RlpError(`expected input list for ${name}`)
  if (item.length < count) throw new RlpError(`too few elements for ${name}`)
  if (item.length > count) throw new RlpError(`input list has too many elements for ${name}`)
  return item
}

function decodeFields(type: number, item: RlpItem): Fields {
  const f = fieldsOf(type, item)
  if (type === 0) return decodeLegacy(f)
  const head = { chainId: asInteger(f[0], 'chainId'), nonce: asInteger(f[1], 'nonce', 8) }
  const signature = decodeSignature(f.slice(-3))
  if (type === 1) {
    const common = { ...head, ...decodeTail(f, 3), accessList: decodeAccessList(f[7]) }
    return {
      tx: { type: 'accessList', ...common, gasPrice: asInteger(f[2], 'gasPrice') },
      signature,
    }
  }
  const common = {
    ...head,
    ...decodeTail(f, 4),
    maxPriorityFeePerGas: asInteger(f[2], 'maxPriorityFeePerGas'),
    maxFeePerGas: asInteger(f[3], 'maxFeePerGas'),
    accessList: decodeAccessList(f[8]),
  }
  if (type === 2) return { tx: { type: 'feeMarket', ...common }, signature }
  const { to } = common
  if (to === null) throw new RlpError('a transaction of this type cannot create a contract')
  return type === 3
    ? {
        tx: {
          type: 'blob',
          ...common,
          to,
          maxFeePerBlobGas: asInteger(f[9], 'maxFeePerBlobGas'),
          blobVersionedHashes: asList(f[10], 'blobVersionedHashes').map((hash) =>
            toHex(asBytes(hash, 'blob versioned hash', 32)),
          ),
        },
        signature,
      }
    : {
        tx: {
          type: 'setCode',
          ...common,
          to,
          authorizationList: asList(f[9], 'authorizationList').map(decodeAuthorization),
        },
        signature,
      }
}

function decodeLegacy(f: readonly RlpItem[]): Fields {
  const v = asInteger(f[6], 'v')
  const [r, s] = [asInteger(f[7], 'r'), asInteger(f[8], 's')]
  const isUnprotected = v === 27n || v === 28n
  if (!isUnprotected && v < 35n) throw new RlpError('v is neither 27, 28 nor of EIP-155')
  return {
    tx: {
      type: 'legacy',
      nonce: asInteger(f[0], 'nonce', 8),
      gasPrice: asInteger(f[1], 'gasPrice'),
      ...decodeTail(f, 2),
      chainId: isUnprotected ? undefined : (v - 35n) / 2n,
    },
    signature: { r, s, yParity: (v - (isUnprotected ? 27n : 35n)) % 2n === 1n ? 1 : 0 },
  }
}

/** gasLimit, to, value and data, which stand together in every type. */
function decodeTail(f: readonly RlpItem[], at: number) {
  const to = asBytes(f[at + 1], 'to')
  if (to.length !== 0 && to.length !== 20) throw new RlpError('to has neither 0 nor 20 bytes')
  return {
    gasLimit: asInteger(f[at], 'gasLimit', 8),
    to: to.length === 0 ? null : toHex(to),
    value: asInteger(f[at + 2], 'value'),
    data: asBytes(f[at + 3], 'data'),
  }
}

function decodeSignature([v, r, s]: readonly RlpItem[]): Signature {
  const yParity = asInteger(v, 'yParity', 1)
  if (yParity > 1n) throw new RlpError('yParity is neither 0 nor 1')
  return { yParity: yParity === 1n ? 1 : 0, r: asInteger(r, 'r'), s: asInteger(s, 's') }
}

const decodeAccessList = (item: RlpItem | undefined): AccessListEntry[] =>
  asList(item, 'accessList').map((entry) => {
    const [address, keys] = asList(entry, 'accessList entry', 2)
    return {
      address: toHex(asBytes(address, 'accessList address', 20)),
      storageKeys: asList(keys, 'storageKeys').map((key) => toHex(asBytes(key, 'storage key', 32))),
    }
  })

function decodeAuthorization(item: RlpItem): Authorization {
  const f = asList(item, 'authorization', 6)
  return {
    chainId: asInteger(f[0], 'authorization chainId'),
    address: toHex(asBytes(f[1], 'authorization address', 20)),
    nonce: asInteger(f[2], 'authorization nonce', 8),
    yParity: asInteger(f[3], 'authorization yParity', 1),
    r: asInteger(f[4], 'authorization r'),
    s: asInteger(f[5], 'authorization s'),
  }
}
