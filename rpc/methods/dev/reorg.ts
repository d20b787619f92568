/** Blocks taken back, and others put in their place: anvil_rollback, anvil_reorg. */
import type { PooledTransaction } from '../../../execution/index.ts'
import { type Address, decodeTransaction, recoverSender } from '../../../primitives/index.ts'
import { stateFor } from '../../blocks.ts'
import { type CallArgs, callArgs } from '../../call-args.ts'
import { invalidParams, serverError } from '../../errors.ts'
import type { DevApi } from '../../dev-api.ts'
import type { Context, MethodTable } from '../../method.ts'
import { bytes, cannotUnmarshal, type Decoder, list, optional, required } from '../../params.ts'
import { authorize } from './authorize.ts'
import { setter } from './dev-method.ts'
import { anyUint64 } from './params.ts'

/** Each is executed before the answer: minutes. */
const maxReorg = 1_024n
const maxPairs = 10_000

/** A transaction, signed or as eth_sendTransaction takes it, and the new block it goes into, from 0. */
interface Pair {
  readonly tx: CallArgs | Uint8Array
  readonly at: bigint
}

const pair: Decoder<Pair> = {
  schema: {
    type: 'array',
    prefixItems: [{ oneOf: [bytes.schema, callArgs.schema] }, anyUint64.schema],
    minItems: 2,
    maxItems: 2,
  },
  decode(value, place) {
    if (!Array.isArray(value) || value.length !== 2)
      throw cannotUnmarshal('anything but [transaction, block]', 'ReorgPair', place)
    const [tx, at] = value as unknown[]
    return {
      tx: typeof tx === 'string' ? bytes.decode(tx, place) : callArgs.decode(tx, place),
      at: anyUint64.decode(at, place),
    }
  },
}

/** Throws RpcError in anvil's words: more than there is cannot be taken back. */
function heightBelow({ api }: Context, depth: bigint, what: 'Rollback' | 'Reorg'): bigint {
  const { number } = api.chain.head().header
  if (depth > number)
    throw invalidParams(
      `${what} depth must not exceed current chain height: current height ${number}, depth ${depth}`,
    )
  return number - depth
}

/** Signed by the wallet where that is left to it; nonces go on from block `height`. */
async function offersOf(
  dev: DevApi,
  context: Context,
  height: bigint,
  pairs: readonly Pair[],
): Promise<Map<bigint, PooledTransaction[]>> {
  const state = stateFor(context.api.chain, { type: 'number', number: height })
  const nonces = new Map<Address, bigint>()
  const offers = new Map<bigint, PooledTransaction[]>()
  for (const { tx, at } of pairs.toSorted((a, b) => Number(a.at - b.at))) {
    const offer = await offerOf(dev, context, tx, (from) => {
      const nonce = nonces.get(from) ?? state.account(from)?.nonce ?? 0n
      nonces.set(from, nonce + 1n)
      return nonce
    })
    offers.set(at, [...(offers.get(at) ?? []), offer])
  }
  return offers
}

async function offerOf(
  dev: DevApi,
  context: Context,
  tx: CallArgs | Uint8Array,
  nextNonce: (from: Address) => bigint,
): Promise<PooledTransaction> {
  if (!(tx instanceof Uint8Array)) {
    const from = tx.from ?? dev.wallet.accounts()[0]
    const nonce = tx.nonce ?? (from && nextNonce(from))
    const signed = await authorize(dev, context, { ...tx, ...(nonce !== undefined && { nonce }) })
    return { ...signed.tx, from: signed.from }
  }
  const decoded = decodeTransaction(tx)
  if (decoded.type !== 'accept') throw invalidParams('Failed to decode transaction')
  const from = recoverSender(decoded.value, context.api.chain.secp256k1)
  if (!from) throw invalidParams('Failed to decode transaction')
  return { ...decoded.value, from }
}

export const devReorg: MethodTable = {
  ...setter(['anvil_rollback'], [optional('depth', anyUint64)], ({ blocks }, context, depth) =>
    blocks.rollback(heightBelow(context, depth ?? 1n, 'Rollback')),
  ),
  ...setter(
    ['anvil_reorg'],
    [required('depth', anyUint64), required('txBlockPairs', list(pair, '[]ReorgPair', maxPairs))],
    async (dev, context, depth, pairs) => {
      const height = heightBelow(context, depth, 'Reorg')
      if (depth > maxReorg) throw invalidParams(`at most ${maxReorg} blocks at once`)
      const beyond = pairs.find(({ at }) => at >= depth)
      if (beyond)
        throw invalidParams(
          `Block number for reorg tx will exceed the reorged chain height. Block number ${beyond.at} must not exceed (depth-1) ${depth - 1n}`,
        )
      const left = await dev.blocks.reorg(depth, await offersOf(dev, context, height, pairs))
      if (left.length > 0)
        throw serverError(`reorganised, but without ${left.slice(0, maxTold).join('; ')}`)
    },
  ),
}
/** Refusals told in one error. */
const maxTold = 5
