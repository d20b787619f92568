/**
 * testing_: a block built on the head from given transactions and shown, not committed. For suites;
 * served by devnets and imports only.
 */
import {
  type BuiltBlock,
  type Chain,
  nextGasLimit,
  type PooledTransaction,
} from '../../execution/index.ts'
import {
  type Address,
  decodeCarried,
  type Hex,
  NodeError,
  recoverSender,
  toHex,
} from '../../primitives/index.ts'
import { serverError } from '../errors.ts'
import type { Json } from '../format.ts'
import { formatPayload } from '../format-payload.ts'
import { type Context, method, type MethodTable } from '../method.ts'
import {
  address,
  bytes,
  type Decoded,
  hash,
  list,
  optional,
  required,
  struct,
  uint64,
} from '../params.ts'

/** geth's --miner.gaslimit: what a built block's gas limit moves to. */
const gasLimitTarget = 60_000_000n
/** More than any block holds. */
const maxTransactions = 100_000
const maxWithdrawals = 1_000

const zeroHash: Hex = `0x${'00'.repeat(32)}`
const nobody: Address = `0x${'00'.repeat(20)}`

const attributes = struct('engine.PayloadAttributes', {
  timestamp: uint64,
  prevRandao: hash,
  suggestedFeeRecipient: address,
  withdrawals: list(
    struct('types.Withdrawal', { index: uint64, validatorIndex: uint64, address, amount: uint64 }),
    'types.Withdrawals',
    maxWithdrawals,
  ),
  parentBeaconBlockRoot: hash,
})

async function buildBlock(
  { api, fees }: Context,
  parentHash: Hex,
  wanted: Decoded<typeof attributes>,
  raws: readonly Uint8Array[] | undefined,
  extraData: Uint8Array | undefined,
): Promise<Json> {
  const { chain, mempool } = api
  const parent = chain.head()
  if (parent.hash !== parentHash) throw serverError('parentHash is not current head')
  const offered = raws
    ? raws.map((raw, i) => decodeOffered(chain, raw, i))
    : [...mempool.best(fees.nextBaseFee() ?? 0n)]
  const built = await chain
    .build(
      {
        parent,
        timestamp: wanted.timestamp ?? 0n,
        feeRecipient: wanted.suggestedFeeRecipient ?? nobody,
        gasLimit: nextGasLimit(parent.header, chain.spec, gasLimitTarget),
        extraData: toHex(extraData ?? new Uint8Array(0)),
        prevRandao: wanted.prevRandao ?? zeroHash,
        parentBeaconBlockRoot: wanted.parentBeaconBlockRoot ?? zeroHash,
        withdrawals: (wanted.withdrawals ?? []).map((withdrawal) => ({
          index: withdrawal.index ?? 0n,
          validatorIndex: withdrawal.validatorIndex ?? 0n,
          address: withdrawal.address ?? nobody,
          amount: withdrawal.amount ?? 0n,
        })),
      },
      offered,
    )
    .catch((error: unknown) => {
      if (error instanceof NodeError && error.code === 'TEMPLATE_INVALID')
        throw serverError(`invalid timestamp: ${error.message}`)
      throw error
    })
  if (raws) requireAll(built, offered)
  return formatPayload(built, offered)
}

function decodeOffered({ secp256k1, spec }: Chain, raw: Uint8Array, at: number): PooledTransaction {
  const decoded = decodeCarried(raw)
  if (decoded.type !== 'accept') throw serverError(`invalid transaction ${at}: ${decoded.message}`)
  const { tx, sidecar } = decoded.value
  const isForeign = tx.chainId !== undefined && tx.chainId !== spec.chainId
  const from = isForeign ? undefined : recoverSender(tx, secp256k1)
  if (!from) throw serverError(`invalid transaction ${at}: invalid sender`)
  return { ...tx, from, ...(sidecar && { sidecar }) }
}

/** A list that was given is taken whole or not at all. */
function requireAll(
  { executed, refused }: BuiltBlock,
  offered: readonly PooledTransaction[],
): void {
  const [first] = refused
  if (first) throw serverError(first.message)
  if (executed.block.transactions.length < offered.length) throw serverError('gas limit reached')
}

export const testing: MethodTable = {
  testing_buildBlockV1: method(
    [
      required('parentHash', hash),
      required('payloadAttributes', attributes),
      optional('transactions', list(bytes, '[]hexutil.Bytes', maxTransactions)),
      optional('extraData', bytes),
    ],
    buildBlock,
  ),
}
