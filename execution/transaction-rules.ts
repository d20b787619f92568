/**
 * Whether a transaction may stand in a block, and the gas it owes before its first opcode: pure
 * functions over a fork's rules, in the order and the words of geth's state transition. Runs nothing,
 * recovers no sender, and knows no pool policy; execution/evm.ts and the mempool both ask here.
 */
import {
  accept,
  emptyCodeHash,
  isImpersonated,
  isLowS,
  keccak256,
  maxFeePerGas,
  maxPriorityFeePerGas,
  reject,
  type AccessListEntry,
  type Address,
  type Authorization,
  type Header,
  type Refusal,
  type StateReader,
  type Transaction,
  type Verdict,
} from '../primitives/index.ts'
import { forks, type BlobParams, type ChainSpec, type Fork } from './chain-spec.ts'
import type { InvalidTransactionCode } from './types.ts'

/** What a fork says about transactions. Made by `transactionRules`. */
export interface TransactionRules {
  readonly chainId: bigint
  readonly fork: Fork
  readonly isHomestead: boolean
  /** EIP-155 and EIP-161. */
  readonly isSpuriousDragon: boolean
  /** EIP-2028. */
  readonly isIstanbul: boolean
  /** EIP-2930. */
  readonly isBerlin: boolean
  /** EIP-1559, EIP-3607. */
  readonly isLondon: boolean
  /** EIP-3860. */
  readonly isShanghai: boolean
  /** EIP-4844. */
  readonly isCancun: boolean
  /** EIP-7623, EIP-7702. */
  readonly isPrague: boolean
  /** EIP-7825, EIP-7594. */
  readonly isOsaka: boolean
  readonly blob: BlobParams | undefined
}

/** Gas of any transaction (Yellow Paper, appendix G). */
export const transactionGas = 21_000n
/** EIP-2: more for a transaction that creates a contract. */
const creationGas = 32_000n
/** EIP-2930, per entry of the access list. */
const accessListAddressGas = 2_400n
const accessListSlotGas = 1_900n
/** EIP-7702, PER_EMPTY_ACCOUNT_COST, per authorization. */
const authorizationGas = 25_000n
/** EIP-3860, per 32-byte word of init code. */
const initCodeWordGas = 2n
/** EIP-3860: twice the code size limit of EIP-170. */
export const maxInitCodeBytes = 49_152
/** EIP-7825, from Osaka on. */
export const maxTransactionGas = 16_777_216n
/** EIP-4844, GAS_PER_BLOB. */
export const gasPerBlob = 131_072n
/** EIP-7594: a transaction carries at most so many blobs from Osaka on. */
export const maxBlobsPerTransaction = 6
/** EIP-2681: an account with this nonce can send nothing more. */
export const maxNonce = 2n ** 64n - 1n
/** EIP-4844, MIN_BASE_FEE_PER_BLOB_GAS, in wei. */
const minBlobFee = 1n

export function transactionRules(
  spec: ChainSpec,
  fork: Fork,
  chainId = spec.chainId,
): TransactionRules {
  const reached = forks.indexOf(fork)
  const has = (other: Fork): boolean => forks.indexOf(other) <= reached
  return {
    chainId,
    fork,
    isHomestead: has('homestead'),
    isSpuriousDragon: has('spuriousDragon'),
    isIstanbul: has('istanbul'),
    isBerlin: has('berlin'),
    isLondon: has('london'),
    isShanghai: has('shanghai'),
    isCancun: has('cancun'),
    isPrague: has('prague'),
    isOsaka: has('osaka'),
    blob: spec.blobParams(fork),
  }
}

/** The parts of a transaction or call that its intrinsic gas follows from. */
export interface Payload {
  readonly to: Address | null
  readonly data: Uint8Array
  readonly accessList?: readonly AccessListEntry[]
  readonly authorizationList?: readonly Authorization[]
}

/** Gas owed before the first opcode runs (Yellow Paper g0; EIP-2028, 2930, 3860, 7702). */
export function intrinsicGas(tx: Payload, rules: TransactionRules): bigint {
  const isCreation = tx.to === null
  const zeros = countZeros(tx.data)
  let gas = transactionGas + (isCreation && rules.isHomestead ? creationGas : 0n)
  gas += BigInt(zeros) * 4n + BigInt(tx.data.length - zeros) * (rules.isIstanbul ? 16n : 68n)
  if (isCreation && rules.isShanghai)
    gas += BigInt(Math.ceil(tx.data.length / 32)) * initCodeWordGas
  for (const { storageKeys } of tx.accessList ?? [])
    gas += accessListAddressGas + BigInt(storageKeys.length) * accessListSlotGas
  return gas + BigInt(tx.authorizationList?.length ?? 0) * authorizationGas
}

/** The least gas a transaction pays for its data (EIP-7623); 0 before Prague. */
export function floorDataGas(tx: Pick<Payload, 'data'>, rules: TransactionRules): bigint {
  if (!rules.isPrague) return 0n
  const zeros = countZeros(tx.data)
  return transactionGas + 10n * BigInt(zeros + 4 * (tx.data.length - zeros))
}

function countZeros(data: Uint8Array): number {
  let zeros = 0
  for (const byte of data) if (byte === 0) zeros++
  return zeros
}

/** Wei per unit of blob gas: fake_exponential of EIP-4844. */
export function blobBaseFee(excessBlobGas: bigint, { baseFeeUpdateFraction }: BlobParams): bigint {
  let sum = 0n
  let term = minBlobFee * baseFeeUpdateFraction
  for (let i = 1n; term > 0n; i++) {
    sum += term
    term = (term * excessBlobGas) / (baseFeeUpdateFraction * i)
  }
  return sum / baseFeeUpdateFraction
}

export const blobCount = (tx: Transaction): number =>
  tx.type === 'blob' ? tx.blobVersionedHashes.length : 0

/** The most the transaction can cost its sender, in wei: gas, blobs and value at their caps. */
export const maxCost = (tx: Transaction): bigint =>
  tx.gasLimit * maxFeePerGas(tx) +
  tx.value +
  (tx.type === 'blob' ? BigInt(blobCount(tx)) * gasPerBlob * tx.maxFeePerBlobGas : 0n)

/** What of the block a transaction is held against. */
export interface BlockRoom {
  readonly header: Pick<Header, 'baseFeePerGas' | 'excessBlobGas'>
  readonly gasLeft: bigint
}

type Refused = Refusal<InvalidTransactionCode> | undefined

/**
 * Everything that makes a transaction invalid in a block, in geth's order. Accepts with the gas it
 * owes first. The facts of a refusal carry what the pool's own wording needs.
 */
export function checkTransaction(
  tx: Transaction,
  sender: Address,
  state: StateReader,
  room: BlockRoom,
  rules: TransactionRules,
): Verdict<
  { readonly intrinsicGas: bigint; readonly floorDataGas: bigint },
  InvalidTransactionCode
> {
  const refusal =
    checkForm(tx, rules) ??
    checkNonce(tx, sender, state) ??
    checkGasCap(tx, rules) ??
    (isImpersonated(tx, sender) ? undefined : checkSender(sender, state, rules)) ??
    checkFees(tx, sender, room, rules) ??
    checkBlobs(tx, rules) ??
    checkBlobFee(tx, sender, room, rules) ??
    checkAuthorizations(tx, sender) ??
    checkFunds(tx, sender, state) ??
    checkRoom(tx, room) ??
    checkIntrinsicGas(tx, rules) ??
    checkInitCode(tx, rules)
  return (
    refusal ??
    accept({ intrinsicGas: intrinsicGas(tx, rules), floorDataGas: floorDataGas(tx, rules) })
  )
}

/** The part of `checkTransaction` that asks neither state nor block: the transaction and the fork. */
export const checkStateless = (tx: Transaction, rules: TransactionRules): Refused =>
  checkForm(tx, rules) ??
  (tx.nonce === maxNonce ? reject('NONCE_MAX', 'nonce has max value') : undefined) ??
  checkGasCap(tx, rules) ??
  checkTip(tx) ??
  checkBlobs(tx, rules) ??
  (tx.type === 'setCode' && tx.authorizationList.length === 0
    ? reject('AUTHORIZATION_LIST_EMPTY', 'set code tx must have at least one authorization tuple')
    : undefined) ??
  checkIntrinsicGas(tx, rules) ??
  checkInitCode(tx, rules)

/** Type, chain id and shape of the signature. */
function checkForm(tx: Transaction, rules: TransactionRules): Refused {
  const isKnown = {
    legacy: true,
    accessList: rules.isBerlin,
    feeMarket: rules.isLondon,
    blob: rules.isCancun,
    setCode: rules.isPrague,
  }[tx.type]
  if (!isKnown) return reject('TX_TYPE', 'transaction type not supported')
  if (tx.chainId !== undefined && !rules.isSpuriousDragon)
    return reject('INVALID_SENDER', 'invalid transaction v, r, s values')
  if (tx.chainId !== undefined && tx.chainId !== rules.chainId)
    return reject(
      'CHAIN_ID',
      `invalid chain id for signer: have ${tx.chainId} want ${rules.chainId}`,
      { have: tx.chainId, want: rules.chainId },
    )
  if (rules.isHomestead && !isLowS(tx.signature.s))
    return reject('INVALID_SENDER', 'invalid transaction v, r, s values')
  return undefined
}

function checkNonce(tx: Transaction, sender: Address, state: StateReader): Refused {
  const expected = state.account(sender)?.nonce ?? 0n
  const facts = { expected, got: tx.nonce }
  const where = `address ${toChecksum(sender)}, tx: ${tx.nonce} state: ${expected}`
  if (tx.nonce > expected) return reject('NONCE_TOO_HIGH', `nonce too high: ${where}`, facts)
  if (tx.nonce < expected) return reject('NONCE_TOO_LOW', `nonce too low: ${where}`, facts)
  if (expected === maxNonce)
    return reject(
      'NONCE_MAX',
      `nonce has max value: address ${toChecksum(sender)}, nonce: ${expected}`,
    )
  return undefined
}

function checkGasCap(tx: Transaction, rules: TransactionRules): Refused {
  if (!rules.isOsaka || tx.gasLimit <= maxTransactionGas) return undefined
  const message = `transaction gas limit too high (cap: ${maxTransactionGas}, tx: ${tx.gasLimit})`
  return reject('TX_GAS_CAP', message, { cap: maxTransactionGas, got: tx.gasLimit })
}

/** EIP-3607, applied to every fork as geth does; a 7702 delegation is no contract. */
function checkSender(sender: Address, state: StateReader, rules: TransactionRules): Refused {
  const codeHash = state.account(sender)?.codeHash ?? emptyCodeHash
  if (codeHash === emptyCodeHash) return undefined
  const code = state.code(codeHash)
  if (code.length === 0 || (rules.isPrague && isDelegation(code))) return undefined
  return reject(
    'SENDER_NOT_EOA',
    `sender not an eoa: address ${toChecksum(sender)}, len(code): ${code.length}`,
  )
}

/** EIP-7702: code that names the account whose code runs instead. */
export const isDelegation = (code: Uint8Array): boolean =>
  code.length === 23 && code[0] === 0xef && code[1] === 0x01 && code[2] === 0x00

function checkTip(tx: Transaction, sender?: Address): Refused {
  const [cap, tip] = [maxFeePerGas(tx), maxPriorityFeePerGas(tx)]
  if (tip <= cap) return undefined
  const text = 'max priority fee per gas higher than max fee per gas'
  const where = `: address ${toChecksum(sender ?? '0x')}, maxPriorityFeePerGas: ${tip}, maxFeePerGas: ${cap}`
  return reject('TIP_ABOVE_FEE_CAP', sender ? text + where : text, { cap, tip })
}

function checkFees(
  tx: Transaction,
  sender: Address,
  room: BlockRoom,
  rules: TransactionRules,
): Refused {
  if (!rules.isLondon) return undefined
  const [cap, baseFee] = [maxFeePerGas(tx), room.header.baseFeePerGas ?? 0n]
  if (cap >= baseFee) return checkTip(tx, sender)
  const where = `address ${toChecksum(sender)}, maxFeePerGas: ${cap}, baseFee: ${baseFee}`
  return (
    checkTip(tx, sender) ??
    reject('FEE_CAP_TOO_LOW', `max fee per gas less than block base fee: ${where}`, {
      cap,
      baseFee,
    })
  )
}

function checkBlobs(tx: Transaction, rules: TransactionRules): Refused {
  if (tx.type !== 'blob') return undefined
  const count = blobCount(tx)
  if (count === 0) return reject('BLOB', 'blob transaction missing blob hashes')
  const most = Math.min(
    rules.isOsaka ? maxBlobsPerTransaction : Number.POSITIVE_INFINITY,
    rules.blob?.max ?? 0,
  )
  if (count > most)
    return reject('BLOB', `blob transaction has too many blobs: ${count} > ${most}`, { most })
  const bad = tx.blobVersionedHashes.findIndex((hash) => !hash.startsWith('0x01'))
  return bad < 0 ? undefined : reject('BLOB', `blob ${bad} has invalid hash version`)
}

function checkBlobFee(
  tx: Transaction,
  sender: Address,
  { header }: BlockRoom,
  { blob }: TransactionRules,
): Refused {
  if (tx.type !== 'blob' || !blob) return undefined
  const fee = blobBaseFee(header.excessBlobGas ?? 0n, blob)
  if (tx.maxFeePerBlobGas >= fee) return undefined
  const where = `address ${toChecksum(sender)} blobGasFeeCap: ${tx.maxFeePerBlobGas}, blobBaseFee: ${fee}`
  return reject('BLOB', `max fee per blob gas less than block blob gas fee: ${where}`)
}

function checkAuthorizations(tx: Transaction, sender: Address): Refused {
  if (tx.type !== 'setCode' || tx.authorizationList.length > 0) return undefined
  return reject(
    'AUTHORIZATION_LIST_EMPTY',
    `EIP-7702 transaction with empty auth list (sender ${toChecksum(sender)})`,
  )
}

function checkFunds(tx: Transaction, sender: Address, state: StateReader): Refused {
  const [have, want] = [state.account(sender)?.balance ?? 0n, maxCost(tx)]
  if (have >= want) return undefined
  const where = `address ${toChecksum(sender)} have ${have} want ${want}`
  return reject('INSUFFICIENT_FUNDS', `insufficient funds for gas * price + value: ${where}`, {
    have,
    want,
  })
}

function checkRoom(tx: Transaction, room: BlockRoom): Refused {
  if (tx.gasLimit <= room.gasLeft) return undefined
  const facts = { left: room.gasLeft, got: tx.gasLimit }
  return reject('GAS_LIMIT_EXCEEDED', 'gas limit reached', facts)
}

function checkIntrinsicGas(tx: Transaction, rules: TransactionRules): Refused {
  const have = tx.gasLimit
  const want = intrinsicGas(tx, rules)
  if (have < want)
    return reject('INTRINSIC_GAS', `intrinsic gas too low: have ${have}, want ${want}`, {
      have,
      want,
    })
  const floor = floorDataGas(tx, rules)
  if (have >= floor) return undefined
  return reject(
    'FLOOR_DATA_GAS',
    `insufficient gas for floor data gas cost: have ${have}, want ${floor}`,
    { have, want: floor },
  )
}

/** EIP-3860. */
function checkInitCode(tx: Transaction, rules: TransactionRules): Refused {
  if (tx.to !== null || !rules.isShanghai || tx.data.length <= maxInitCodeBytes) return undefined
  const where = `code size ${tx.data.length} limit ${maxInitCodeBytes}`
  return reject('INITCODE_TOO_LARGE', `max initcode size exceeded: ${where}`, {
    size: tx.data.length,
    limit: maxInitCodeBytes,
  })
}

/** EIP-55, as geth prints addresses in its errors. */
export function toChecksum(address: Address): string {
  const digits = address.slice(2)
  const hash = keccak256(new TextEncoder().encode(digits))
  const isUpper = (i: number): boolean => (((hash[i >> 1] ?? 0) >> (i % 2 === 0 ? 4 : 0)) & 8) !== 0
  return `0x${Array.from(digits, (digit, i) => (isUpper(i) ? digit.toUpperCase() : digit)).join('')}`
}
