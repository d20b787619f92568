/**
 * What surrounds the frames of a transaction or call: buying gas, the nonce, authorizations
 * (EIP-7702), refunds, the data floor (EIP-7623), the fee recipient, deletions. Runs no opcode; the
 * `Frames` port does, so that any engine stands under the same rules. Order: geth's state transition.
 */
import {
  accept,
  type AccessListEntry,
  type Address,
  type Authorization,
  effectiveGasPrice,
  emptyCodeHash,
  type Hex,
  invariant,
  type Log,
  reject,
  type Secp256k1,
  type Transaction,
  type Verdict,
} from '../primitives/index.ts'
import type { Journal } from '../state/index.ts'
import { applyAuthorizations } from './authorizations.ts'
import {
  blobBaseFee,
  floorDataGas,
  gasPerBlob,
  intrinsicGas,
  maxInitCodeBytes,
  maxNonce,
  toChecksum,
  type TransactionRules,
} from './transaction-rules.ts'
import type {
  BlockContext,
  CallRequest,
  InvalidTransactionCode,
  TransactionOutcome,
} from './types.ts'

/** A transaction or call that may run: checked, with everything it costs worked out. */
export interface Message {
  readonly from: Address
  readonly to: Address | null
  readonly value: bigint
  readonly data: Uint8Array
  readonly gasLimit: bigint
  /** Wei a unit of gas; `tip` of it goes to the fee recipient. */
  readonly gasPrice: bigint
  readonly tip: bigint
  /** Wei burnt for blobs. */
  readonly blobFee: bigint
  readonly accessList: readonly AccessListEntry[]
  readonly authorizationList: readonly Authorization[]
  readonly blobVersionedHashes: readonly Hex[]
  readonly feeRecipient: Address
  readonly rules: TransactionRules
}

/** The outermost frame. */
export type FrameCall = Pick<
  Message,
  'from' | 'to' | 'value' | 'data' | 'gasPrice' | 'blobVersionedHashes'
> & { readonly gas: bigint }

export interface FrameResult {
  readonly status: TransactionOutcome['status']
  readonly error?: string
  readonly returnData: Uint8Array
  /** All of the frame's gas when it halted. */
  readonly gasUsed: bigint
  readonly refund: bigint
  readonly logs: readonly Log[]
  readonly contractAddress?: Address
  /** To be deleted now, with their storage. */
  readonly destroyed: readonly Address[]
}

/** Message frames over one journal in one block. */
export interface Frames {
  /** Forgets the last transaction's warm addresses, and warms these (EIP-2929, 2930, 3651). */
  begin(warm: readonly Address[], accessList: readonly AccessListEntry[]): void
  warm(address: Address): void
  run(call: FrameCall): Promise<FrameResult>
  /** Marks an account for deletion at the end if it is empty then (EIP-161). */
  touch(address: Address): void
  /** Where only native modules may have code. */
  isReserved(address: Address): boolean
  /** Deletes what is touched and empty; ends the transaction. */
  end(): Promise<void>
}

export function transactionMessage(
  tx: Transaction,
  from: Address,
  { header }: BlockContext,
  rules: TransactionRules,
): Message {
  const baseFee = header.baseFeePerGas ?? 0n
  const gasPrice = effectiveGasPrice(tx, baseFee)
  const blobVersionedHashes = tx.type === 'blob' ? tx.blobVersionedHashes : []
  const blobGas = BigInt(blobVersionedHashes.length) * gasPerBlob
  const blobPrice = rules.blob ? blobBaseFee(header.excessBlobGas ?? 0n, rules.blob) : 0n
  return {
    from,
    to: tx.to,
    value: tx.value,
    data: tx.data,
    gasLimit: tx.gasLimit,
    gasPrice,
    tip: gasPrice - baseFee,
    blobFee: blobGas * blobPrice,
    accessList: tx.type === 'legacy' ? [] : tx.accessList,
    authorizationList: tx.type === 'setCode' ? tx.authorizationList : [],
    blobVersionedHashes,
    feeRecipient: header.feeRecipient,
    rules,
  }
}

/** A call without signature: its message, and the context with base fee 0 when it pays nothing. */
export function callMessage(
  call: CallRequest,
  context: BlockContext,
  rules: TransactionRules,
  journal: Journal,
): Verdict<{ readonly message: Message; readonly context: BlockContext }, InvalidTransactionCode> {
  const refusal = checkCall(call, context, rules, journal)
  if (refusal) return refusal
  const isFree = call.gasPrice === 0n
  const header = isFree ? { ...context.header, baseFeePerGas: 0n } : context.header
  const baseFee = header.baseFeePerGas ?? 0n
  const priority = call.maxPriorityFeePerGas ?? call.gasPrice
  const gasPrice = baseFee + priority < call.gasPrice ? baseFee + priority : call.gasPrice
  const message: Message = {
    from: call.from,
    to: call.to,
    value: call.value,
    data: call.data,
    gasLimit: call.gas,
    gasPrice,
    tip: gasPrice - baseFee,
    blobFee: 0n,
    accessList: call.accessList ?? [],
    authorizationList: call.authorizationList ?? [],
    blobVersionedHashes: call.blobVersionedHashes ?? [],
    feeRecipient: header.feeRecipient,
    rules,
  }
  return accept({ message, context: isFree ? { ...context, header } : context })
}

function checkCall(
  call: CallRequest,
  { header }: BlockContext,
  rules: TransactionRules,
  journal: Journal,
) {
  const baseFee = header.baseFeePerGas ?? 0n
  // Said in refusals only: a checksum costs a hash.
  const who = (): string => `address ${toChecksum(call.from)}`
  if (call.gasPrice > 0n && call.gasPrice < baseFee)
    return reject(
      'FEE_CAP_TOO_LOW',
      `max fee per gas less than block base fee: ${who()}, maxFeePerGas: ${call.gasPrice}, baseFee: ${baseFee}`,
    )
  const have = journal.account(call.from)?.balance ?? 0n
  const want = call.gas * call.gasPrice + call.value
  if (have < want)
    return reject(
      'INSUFFICIENT_FUNDS',
      `insufficient funds for gas * price + value: ${who()} have ${have} want ${want}`,
      { have, want },
    )
  const owed = intrinsicGas(call, rules)
  if (call.gas < owed)
    return reject('INTRINSIC_GAS', `intrinsic gas too low: have ${call.gas}, want ${owed}`)
  const floor = floorDataGas(call, rules)
  if (call.gas < floor)
    return reject(
      'FLOOR_DATA_GAS',
      `insufficient gas for floor data gas cost: have ${call.gas}, want ${floor}`,
    )
  if (call.to === null && rules.isShanghai && call.data.length > maxInitCodeBytes)
    return reject(
      'INITCODE_TOO_LARGE',
      `max initcode size exceeded: code size ${call.data.length} limit ${maxInitCodeBytes}`,
    )
  return undefined
}

/** Runs a checked message to its end. Nothing can refuse it any more; it succeeds, reverts or halts. */
export async function runMessage(
  frames: Frames,
  journal: Journal,
  message: Message,
  secp256k1: Secp256k1,
): Promise<TransactionOutcome> {
  const { rules, gasLimit, gasPrice } = message
  frames.begin(warmAtStart(message), message.accessList)
  changeBalance(journal, message.from, -(gasLimit * gasPrice + message.blobFee))
  const isNonceSpent = message.to === null && journal.account(message.from)?.nonce === maxNonce
  if (!isNonceSpent) raiseNonce(journal, message.from)
  frames.touch(message.from)
  const authorized = applyAuthorizations(
    journal,
    message.authorizationList,
    rules.chainId,
    secp256k1,
    (address) => frames.isReserved(address),
  )
  for (const authority of authorized.authorities) {
    frames.warm(authority)
    frames.touch(authority)
  }

  const owed = intrinsicGas(message, rules)
  const result = isNonceSpent
    ? nonceOverflow
    : await frames.run({ ...message, gas: gasLimit - owed })

  const spent = owed + result.gasUsed
  const mostRefunded = spent / (rules.isLondon ? 5n : 2n) // EIP-3529
  const refund = smaller(result.refund + authorized.refund, mostRefunded)
  const floor = floorDataGas(message, rules)
  const gasUsed = larger(spent - refund, floor)

  changeBalance(journal, message.from, (gasLimit - gasUsed) * gasPrice)
  changeBalance(journal, message.feeRecipient, gasUsed * message.tip)
  frames.touch(message.feeRecipient)
  for (const address of result.destroyed) journal.deleteAccount(address)
  await frames.end()
  return {
    status: result.status,
    ...(result.error !== undefined && { error: result.error }),
    returnData: result.returnData,
    gasUsed,
    gasBeforeRefund: larger(spent, floor),
    logs: result.logs,
    ...(result.contractAddress && { contractAddress: result.contractAddress }),
  }
}

/** Only a call with its nonce overridden comes here; geth's ErrNonceUintOverflow gives the gas back. */
const nonceOverflow: FrameResult = {
  status: 'halt',
  error: 'nonce uint64 overflow',
  returnData: new Uint8Array(),
  gasUsed: 0n,
  refund: 0n,
  logs: [],
  destroyed: [],
}

function warmAtStart({ from, to, feeRecipient, rules }: Message): Address[] {
  const warm = to === null ? [from] : [from, to]
  return rules.isShanghai ? [...warm, feeRecipient] : warm
}

function changeBalance(journal: Journal, address: Address, by: bigint): void {
  const { nonce, balance, codeHash } = journal.account(address) ?? nobody
  invariant(balance + by >= 0n, `the balance of ${address} would go below zero`)
  journal.setAccount(address, { nonce, balance: balance + by, codeHash })
}

function raiseNonce(journal: Journal, address: Address): void {
  const { nonce, balance, codeHash } = journal.account(address) ?? nobody
  journal.setAccount(address, { nonce: BigInt.asUintN(64, nonce + 1n), balance, codeHash })
}

const nobody = { nonce: 0n, balance: 0n, codeHash: emptyCodeHash }

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b)
