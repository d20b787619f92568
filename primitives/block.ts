/** A block: header, transactions, uncles (foreign chains only), withdrawals; its RLP, no rules. */
import { fromHex, toHex, type Address, type Hex } from './bytes.ts'
import { hashHeader, headerFromRlp, headerToRlp, type Header } from './header.ts'
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
import { decodeTransaction, type Transaction } from './transaction.ts'
import { accept, reject, type Verdict } from './verdict.ts'

/** EIP-4895. `amount` is in gwei, as on the beacon chain. */
export interface Withdrawal {
  readonly index: bigint
  readonly validatorIndex: bigint
  readonly address: Address
  readonly amount: bigint
}

export interface Block {
  readonly hash: Hex
  readonly header: Header
  readonly transactions: readonly Transaction[]
  readonly uncles: readonly Header[]
  /** From Shanghai on. */
  readonly withdrawals?: readonly Withdrawal[]
}

export const makeBlock = (parts: Omit<Block, 'hash'>): Block => ({
  ...parts,
  hash: hashHeader(parts.header),
})

export const encodeWithdrawal = (w: Withdrawal): Uint8Array => encodeRlp(withdrawalToRlp(w))

const withdrawalToRlp = (w: Withdrawal): RlpInput => [
  w.index,
  w.validatorIndex,
  fromHex(w.address),
  w.amount,
]

/** Typed transactions stand in the list as byte strings, legacy ones as lists (EIP-2718). */
const transactionToRlp = (tx: Transaction): RlpItem =>
  tx.type === 'legacy' ? decodeRlp(tx.raw) : tx.raw

export const encodeBlock = (block: Block): Uint8Array =>
  encodeRlp([
    headerToRlp(block.header),
    block.transactions.map(transactionToRlp),
    block.uncles.map(headerToRlp),
    ...(block.withdrawals ? [block.withdrawals.map(withdrawalToRlp)] : []),
  ])

export function decodeBlock(bytes: Uint8Array): Verdict<Block, 'BLOCK_MALFORMED'> {
  try {
    return accept(blockFromRlp(decodeRlp(bytes)))
  } catch (error) {
    if (error instanceof RlpError) return reject('BLOCK_MALFORMED', error.message)
    throw error
  }
}

/** Throws RlpError. */
export function blockFromRlp(item: RlpItem): Block {
  const fields = asList(item, 'block')
  if (fields.length !== 3 && fields.length !== 4)
    throw new RlpError(`a block of ${fields.length} fields`)
  return makeBlock({
    header: headerFromRlp(fields[0]),
    transactions: asList(fields[1], 'transactions').map(transactionFromRlp),
    uncles: asList(fields[2], 'uncles').map(headerFromRlp),
    ...(fields.length === 4 && {
      withdrawals: asList(fields[3], 'withdrawals').map(withdrawalFromRlp),
    }),
  })
}

function transactionFromRlp(item: RlpItem): Transaction {
  const isTyped = item instanceof Uint8Array
  if (isTyped && (item[0] ?? 0xff) >= 0xc0) throw new RlpError('a legacy transaction as a string')
  const verdict = decodeTransaction(isTyped ? item : encodeRlp(item))
  if (verdict.type !== 'accept') throw new RlpError(`transaction: ${verdict.message}`)
  return verdict.value
}

function withdrawalFromRlp(item: RlpItem): Withdrawal {
  const f = asList(item, 'withdrawal', 4)
  return {
    index: asInteger(f[0], 'withdrawal index', 8),
    validatorIndex: asInteger(f[1], 'validatorIndex', 8),
    address: toHex(asBytes(f[2], 'withdrawal address', 20)),
    amount: asInteger(f[3], 'withdrawal amount', 8),
  }
}
