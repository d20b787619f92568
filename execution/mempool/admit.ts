/**
 * Whether a raw transaction may enter the pool: every check that needs only the transaction, the
 * rules and its sender's account, cheapest first; the refusals in geth's words. What depends on the
 * pool's other transactions is pool.ts.
 */
import {
  accept,
  type Account,
  type Address,
  decodeCarried,
  decodeTransaction,
  emptyCodeHash,
  type Hex,
  ignore,
  isImpersonated,
  maxFeePerGas,
  maxPriorityFeePerGas,
  type Refusal,
  recoverSender,
  reject,
  type Secp256k1,
  type StateReader,
  type Transaction,
  typeByte,
  type Verdict,
} from '../../primitives/index.ts'
import {
  checkStateless,
  floorDataGas,
  intrinsicGas,
  isDelegation,
  toChecksum,
  type TransactionRules,
} from '../transaction-rules.ts'
import type { AdmitCode, PooledTransaction } from '../types.ts'
import { maxSidecarBytes, type MempoolLimits } from './limits.ts'

export interface AdmitPorts {
  readonly secp256k1: Secp256k1
  readonly limits: MempoolLimits
  readonly rules: TransactionRules
  readonly blockGasLimit: bigint
  readonly minGasPrice?: bigint
  readonly isKnown: (hash: Hex) => boolean
  readonly state: StateReader
  /** Who sends it, whatever the signature says (a devnet's impersonation). */
  readonly sender?: Address | undefined
}

export interface Admitted {
  readonly tx: PooledTransaction
  readonly account: Pick<Account, 'nonce' | 'balance'>
}

export function admit(raw: Uint8Array, ports: AdmitPorts): Verdict<Admitted, AdmitCode> {
  const { limits } = ports
  const most = limits.transactionBytes + (mayCarryBlobs(raw, limits) ? maxSidecarBytes : 0)
  if (raw.length > most)
    return reject(
      'OVERSIZED',
      `oversized data: transaction size ${raw.length}, limit ${limits.transactionBytes}`,
      { size: raw.length, limit: limits.transactionBytes },
    )
  const decoded = mayCarryBlobs(raw, limits) ? decodeCarried(raw) : decodeAlone(raw)
  if (decoded.type !== 'accept') return decoded
  const { tx, sidecar } = decoded.value
  if (ports.isKnown(tx.hash)) return ignore('ALREADY_KNOWN', 'already known')
  const refusal = checkPolicy(tx, ports) ?? inPoolWords(tx, ports.rules)
  if (refusal) return refusal
  const from = ports.sender ?? recoverSender(tx, ports.secp256k1)
  if (!from) return reject('INVALID_SENDER', `invalid sender: ${badSignature}`)
  return checkSender({ ...tx, from, ...(sidecar && { sidecar }) }, ports.state)
}

const mayCarryBlobs = (raw: Uint8Array, { allowBlobs }: MempoolLimits): boolean =>
  allowBlobs && raw[0] === typeByte.blob

function decodeAlone(raw: Uint8Array): ReturnType<typeof decodeCarried> {
  const decoded = decodeTransaction(raw)
  return decoded.type === 'accept' ? accept({ tx: decoded.value }) : decoded
}

/** What this pool does not take though a block may hold it. */
function checkPolicy(
  tx: Transaction,
  { limits, blockGasLimit, minGasPrice = 0n }: AdmitPorts,
): Refused {
  // No data-availability layer stands behind this chain, so nobody could serve the blobs.
  if (tx.type === 'blob' && !limits.allowBlobs)
    return reject('TX_TYPE', 'transaction type not supported')
  if (tx.chainId === undefined && !limits.allowUnprotected && !isKeyless(tx))
    return reject('UNPROTECTED', 'only replay-protected (EIP-155) transactions allowed over RPC')
  if (tx.gasLimit > blockGasLimit)
    return reject('GAS_LIMIT_EXCEEDED', 'exceeds block gas limit', { limit: blockGasLimit })
  const tip = maxPriorityFeePerGas(tx)
  if (tip < limits.minTip)
    return reject(
      'UNDERPRICED',
      `transaction underpriced: gas tip cap ${tip}, minimum needed ${limits.minTip}`,
      { tip, minimum: limits.minTip },
    )
  if (maxFeePerGas(tx) < minGasPrice)
    return reject(
      'UNDERPRICED',
      `transaction underpriced: gas fee cap ${maxFeePerGas(tx)}, minimum needed ${minGasPrice}`,
    )
  return undefined
}

/**
 * A signature made up, not signed (r = s, as in the deployments of 0x4e59b448… and ERC-1820): no key
 * stands behind it that a replay could rob, and the deployment is meant to be sent to every chain.
 */
const isKeyless = ({ to, signature }: Transaction): boolean =>
  to === null && signature.r === signature.s

type Refused = Refusal<AdmitCode> | undefined
const badSignature = 'invalid transaction v, r, s values'

/** The pool says some refusals in other words than a block's execution. */
function inPoolWords(tx: Transaction, rules: TransactionRules): Refused {
  const refusal = checkStateless(tx, rules)
  if (refusal?.code === 'INTRINSIC_GAS') {
    const needed = intrinsicGas(tx, rules)
    return {
      ...refusal,
      message: `intrinsic gas too low: gas ${tx.gasLimit}, minimum needed ${needed}`,
    }
  }
  if (refusal?.code === 'FLOOR_DATA_GAS') {
    const needed = floorDataGas(tx, rules)
    return {
      ...refusal,
      message: `insufficient gas for floor data gas cost: gas ${tx.gasLimit}, minimum needed ${needed}`,
    }
  }
  if (refusal?.code === 'CHAIN_ID' || refusal?.code === 'INVALID_SENDER')
    return { ...refusal, message: `invalid sender: ${refusal.message}` }
  return refusal
}

function checkSender(tx: PooledTransaction, state: StateReader): Verdict<Admitted, AdmitCode> {
  const account = state.account(tx.from)
  const { nonce, balance, codeHash } = account ?? nobody
  if (tx.nonce < nonce)
    return ignore('NONCE_TOO_LOW', `nonce too low: next nonce ${nonce}, tx nonce ${tx.nonce}`, {
      expected: nonce,
      got: tx.nonce,
    })
  const code = codeHash === emptyCodeHash ? new Uint8Array(0) : state.code(codeHash)
  if (code.length > 0 && !isDelegation(code) && !isImpersonated(tx, tx.from))
    return notEoa(tx.from, code)
  return accept({ tx, account: { nonce, balance } })
}

const nobody = { nonce: 0n, balance: 0n, codeHash: emptyCodeHash }

const notEoa = (from: Address, code: Uint8Array): Refusal<'SENDER_NOT_EOA'> =>
  reject(
    'SENDER_NOT_EOA',
    `sender not an eoa: address ${toChecksum(from)}, len(code): ${code.length}`,
  )
