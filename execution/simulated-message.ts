/**
 * A call of eth_simulateV1 as a message: geth's checks of a transaction with those left out that a
 * simulation leaves out (core/state_transition.go, preCheck and buyGas). Runs nothing, pays nothing.
 */
import {
  accept,
  type AccessListEntry,
  type Address,
  type Authorization,
  type Hex,
  type Refusal,
  reject,
  type StateReader,
  type Verdict,
} from '../primitives/index.ts'
import {
  blobBaseFee,
  floorDataGas,
  gasPerBlob,
  intrinsicGas,
  maxBlobsPerTransaction,
  maxInitCodeBytes,
  maxNonce,
  toChecksum,
  type TransactionRules,
} from './transaction-rules.ts'
import type { Message } from './transition.ts'
import type { BlockContext, InvalidTransactionCode } from './types.ts'

/** A call with everything a transaction has but a signature. */
export interface SimulatedCall {
  readonly from: Address
  readonly to: Address | null
  readonly nonce: bigint
  readonly gas: bigint
  readonly value: bigint
  readonly data: Uint8Array
  /** Of the legacy kind; undefined: the two below count. */
  readonly gasPrice: bigint | undefined
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  readonly accessList: readonly AccessListEntry[] | undefined
  readonly authorizationList: readonly Authorization[] | undefined
  readonly blobVersionedHashes: readonly Hex[] | undefined
  readonly maxFeePerBlobGas: bigint
}

type Refused = Refusal<InvalidTransactionCode> | undefined

/** With `isValidating` nonce and fees count as in a block; the sender may be a contract in any case. */
export function simulatedMessage(
  call: SimulatedCall,
  context: BlockContext,
  rules: TransactionRules,
  state: StateReader,
  isValidating: boolean,
): Verdict<Message, InvalidTransactionCode> {
  const cap = call.gasPrice ?? call.maxFeePerGas
  const tip = call.gasPrice ?? call.maxPriorityFeePerGas
  const baseFee = context.header.baseFeePerGas ?? 0n
  const isFree = !isValidating && cap === 0n && tip === 0n
  const price = blobPrice(context, rules)
  const refusal =
    (isValidating ? nonceFault(call, state) : undefined) ??
    (isFree || !rules.isLondon ? undefined : feeFault(call, cap, tip, baseFee)) ??
    blobFault(call, rules) ??
    blobFeeFault(call, price, isValidating) ??
    authorizationFault(call) ??
    fundsFault(call, cap, state) ??
    gasFault(call, rules)
  if (refusal) return refusal
  const isZero = cap === 0n && tip === 0n
  const gasPrice = isZero ? 0n : baseFee + tip < cap ? baseFee + tip : cap
  const hashes = call.blobVersionedHashes ?? []
  return accept({
    from: call.from,
    to: call.to,
    value: call.value,
    data: call.data,
    gasLimit: call.gas,
    gasPrice,
    tip: isFree ? 0n : gasPrice - baseFee,
    blobFee: BigInt(hashes.length) * gasPerBlob * price,
    accessList: call.accessList ?? [],
    authorizationList: call.authorizationList ?? [],
    blobVersionedHashes: hashes,
    feeRecipient: context.header.feeRecipient,
    rules,
  })
}

function blobPrice({ header, blobBaseFee: overridden }: BlockContext, { blob }: TransactionRules) {
  return overridden ?? (blob ? blobBaseFee(header.excessBlobGas ?? 0n, blob) : 0n)
}

function nonceFault({ from, nonce }: SimulatedCall, state: StateReader): Refused {
  const expected = state.account(from)?.nonce ?? 0n
  const where = `address ${toChecksum(from)}, tx: ${nonce} state: ${expected}`
  if (nonce > expected) return reject('NONCE_TOO_HIGH', `nonce too high: ${where}`)
  if (nonce < expected) return reject('NONCE_TOO_LOW', `nonce too low: ${where}`)
  return expected === maxNonce
    ? reject('NONCE_MAX', `nonce has max value: address ${toChecksum(from)}, nonce: ${expected}`)
    : undefined
}

function feeFault({ from }: SimulatedCall, cap: bigint, tip: bigint, baseFee: bigint): Refused {
  const who = `address ${toChecksum(from)}`
  if (cap < tip)
    return reject(
      'TIP_ABOVE_FEE_CAP',
      `max priority fee per gas higher than max fee per gas: ${who}, maxPriorityFeePerGas: ${tip}, maxFeePerGas: ${cap}`,
    )
  return cap < baseFee
    ? reject(
        'FEE_CAP_TOO_LOW',
        `max fee per gas less than block base fee: ${who}, maxFeePerGas: ${cap}, baseFee: ${baseFee}`,
      )
    : undefined
}

function blobFault(call: SimulatedCall, rules: TransactionRules): Refused {
  const hashes = call.blobVersionedHashes
  if (!hashes) return undefined
  if (call.to === null) return reject('BLOB', 'blob transaction of type create')
  if (hashes.length === 0) return reject('BLOB', 'blob transaction missing blob hashes')
  if (rules.isOsaka && hashes.length > maxBlobsPerTransaction)
    return reject('BLOB', 'blob transaction has too many blobs')
  const bad = hashes.findIndex((hash) => !hash.startsWith('0x01'))
  return bad < 0 ? undefined : reject('BLOB', `blob ${bad} has invalid hash version`)
}

function blobFeeFault(call: SimulatedCall, price: bigint, isValidating: boolean): Refused {
  const isExempt = !isValidating && call.maxFeePerBlobGas === 0n
  if (!call.blobVersionedHashes || isExempt || call.maxFeePerBlobGas >= price) return undefined
  const where = `address ${toChecksum(call.from)} blobGasFeeCap: ${call.maxFeePerBlobGas}, blobBaseFee: ${price}`
  return reject('BLOB', `max fee per blob gas less than block blob gas fee: ${where}`)
}

function authorizationFault({ from, to, authorizationList }: SimulatedCall): Refused {
  if (!authorizationList) return undefined
  const who = `(sender ${toChecksum(from)})`
  if (to === null)
    return reject('TX_TYPE', `EIP-7702 transaction cannot be used to create contract ${who}`)
  return authorizationList.length === 0
    ? reject('AUTHORIZATION_LIST_EMPTY', `EIP-7702 transaction with empty auth list ${who}`)
    : undefined
}

function fundsFault(call: SimulatedCall, cap: bigint, state: StateReader): Refused {
  const have = state.account(call.from)?.balance ?? 0n
  const blobGas = BigInt(call.blobVersionedHashes?.length ?? 0) * gasPerBlob
  const want = call.gas * cap + call.value + blobGas * call.maxFeePerBlobGas
  const who = `address ${toChecksum(call.from)}`
  if (want >= 1n << 256n)
    return reject(
      'INSUFFICIENT_FUNDS',
      `insufficient funds for gas * price + value: ${who} required balance exceeds 256 bits`,
    )
  return have < want
    ? reject(
        'INSUFFICIENT_FUNDS',
        `insufficient funds for gas * price + value: ${who} have ${have} want ${want}`,
      )
    : undefined
}

function gasFault(call: SimulatedCall, rules: TransactionRules): Refused {
  const payload = {
    to: call.to,
    data: call.data,
    ...(call.accessList && { accessList: call.accessList }),
    ...(call.authorizationList && { authorizationList: call.authorizationList }),
  }
  const owed = intrinsicGas(payload, rules)
  if (call.gas < owed)
    return reject('INTRINSIC_GAS', `intrinsic gas too low: have ${call.gas}, want ${owed}`)
  const floor = floorDataGas(payload, rules)
  if (call.gas < floor)
    return reject(
      'FLOOR_DATA_GAS',
      `insufficient gas for floor data gas cost: have ${call.gas}, want ${floor}`,
    )
  return call.to === null && rules.isShanghai && call.data.length > maxInitCodeBytes
    ? reject(
        'INITCODE_TOO_LARGE',
        `max initcode size exceeded: code size ${call.data.length} limit ${maxInitCodeBytes}`,
      )
    : undefined
}
