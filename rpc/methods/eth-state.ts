/** eth_ about accounts: balance, nonce, code, storage, proofs, at any block whose state is kept. */
import { type Address, type Hex, toWord } from '../../primitives/index.ts'
import { type BlockRef, blockNumberOrHash } from '../block-ref.ts'
import { blockForState, isPending, stateFor } from '../blocks.ts'
import { clientLimitExceeded, echo, invalidParams } from '../errors.ts'
import { dataText, formatProof, type Json, quantity } from '../format.ts'
import { type Context, method, type MethodTable } from '../method.ts'
import {
  address,
  type Decoded,
  type Decoder,
  list,
  optional,
  record,
  required,
  text,
} from '../params.ts'

/** geth's limit for the keys of one eth_getProof. */
const maxProofKeys = 1_024

/** geth's limit for all the slots of one eth_getStorageValues. */
const maxSlots = 1_024

/** A slot, as hex of at most 32 bytes; leading zeros are as good as none. */
const storageKey: Decoder<{ readonly slot: bigint; readonly spelling: string }> = {
  schema: { title: 'storage key', type: 'string', pattern: '^0x[0-9a-fA-F]{0,64}$' },
  decode(value, place) {
    const written = text.decode(value, place)
    const digits = /^0[xX]/.test(written) ? written.slice(2) : written
    if (digits.length > 64)
      throw invalidParams(
        `storage key too long (want at most 32 bytes): ${JSON.stringify(echo(written))}`,
      )
    if (!/^[0-9a-fA-F]*$/.test(digits))
      throw invalidParams(`invalid hex in storage key: ${JSON.stringify(echo(written))}`)
    const slot = digits === '' ? 0n : BigInt(`0x${digits}`)
    // A full-length key comes back at full length, a short one as a quantity (geth).
    return { slot, spelling: digits.length === 64 ? toWord(slot) : quantity(slot) }
  },
}

const storageRequests = record(
  address,
  list(storageKey, '[]common.Hash', 100_000),
  'map[common.Address][]common.Hash',
  100_000,
)

function nonceOf({ api }: Context, who: Address, ref: BlockRef | undefined): bigint {
  if (ref && isPending(ref)) return api.mempool.pendingNonce(who)
  return stateFor(api.chain, ref).account(who)?.nonce ?? 0n
}

function codeOf({ api }: Context, who: Address, ref: BlockRef | undefined): Hex {
  const state = stateFor(api.chain, ref)
  const account = state.account(who)
  return account ? dataText(state.code(account.codeHash)) : '0x'
}

const block = optional('block', blockNumberOrHash)

function storageValues(
  { api }: Context,
  requests: Decoded<typeof storageRequests>,
  ref: BlockRef | undefined,
): Json {
  const slots = Array.from(requests.values(), (keys) => keys.length).reduce((a, b) => a + b, 0)
  if (slots === 0) throw invalidParams('empty request')
  if (slots > maxSlots) throw clientLimitExceeded(`too many slots (max ${maxSlots})`)
  const state = stateFor(api.chain, ref)
  return Object.fromEntries(
    Array.from(requests, ([who, keys]) => [
      who,
      keys.map(({ slot }) => toWord(state.storage(who, slot))),
    ]),
  )
}

export const ethState: MethodTable = {
  eth_getBalance: method([required('address', address), block], ({ api }, who, ref) =>
    quantity(stateFor(api.chain, ref).account(who)?.balance ?? 0n),
  ),
  eth_getTransactionCount: method([required('address', address), block], (context, who, ref) =>
    quantity(nonceOf(context, who, ref)),
  ),
  eth_getCode: method([required('address', address), block], codeOf),
  eth_getStorageAt: method(
    [required('address', address), required('key', storageKey), block],
    ({ api }, who, { slot }, ref) => toWord(stateFor(api.chain, ref).storage(who, slot)),
  ),
  eth_getStorageValues: method([required('requests', storageRequests), block], storageValues),
  /** reth's; foundry forks with it. */
  eth_getAccountInfo: method([required('address', address), block], (context, who, ref) => ({
    balance: quantity(stateFor(context.api.chain, ref).account(who)?.balance ?? 0n),
    nonce: quantity(nonceOf(context, who, ref)),
    code: codeOf(context, who, ref),
  })),
  eth_getAccount: method([required('address', address), block], ({ api }, who, ref) => {
    const account = stateFor(api.chain, ref).account(who)
    if (!account) return null
    const { codeHash, nonce, balance, storageRoot } = account
    return { codeHash, storageRoot, balance: quantity(balance), nonce: quantity(nonce) }
  }),
  eth_getProof: method(
    [
      required('address', address),
      required('storageKeys', list(storageKey, '[]string', maxProofKeys)),
      block,
    ],
    ({ api }, who, slots, ref) => {
      const { number } = blockForState(api.chain, ref).header
      const proof = api.chain.store.proof(
        number,
        who,
        slots.map(({ slot }) => slot),
      )
      return formatProof(
        proof,
        who,
        slots.map(({ spelling }) => spelling),
      )
    },
  ),
}
