/**
 * State and block overrides as callers write them, for every method where geth takes them. Decodes;
 * execution/overrides.ts applies.
 */
import type { BlockOverride, StateOverride } from '../execution/index.ts'
import { type Hex, type SlotValue, toBigInt, fromHex } from '../primitives/index.ts'
import { serverError } from './errors.ts'
import {
  address,
  bytes,
  type Decoded,
  hash,
  list,
  record,
  struct,
  uint256,
  uint64,
} from './params.ts'

/** Bounds what one call can make the node copy. */
const maxOverrides = 10_000
const maxSlots = 100_000
const maxWithdrawals = 1_000

const slots = record(hash, hash, 'map[common.Hash]common.Hash', maxSlots)

export const stateOverride = record(
  address,
  struct('override.OverrideAccount', {
    nonce: uint64,
    code: bytes,
    balance: uint256,
    state: slots,
    stateDiff: slots,
    movePrecompileToAddress: address,
  }),
  'override.StateOverride',
  maxOverrides,
)

const withdrawal = struct('types.Withdrawal', {
  index: uint64,
  validatorIndex: uint64,
  address,
  amount: uint64,
})

/** `beaconRoot` and `withdrawals` belong to eth_simulateV1, which makes whole blocks. */
export const blockOverride = struct('override.BlockOverrides', {
  number: uint256,
  difficulty: uint256,
  time: uint64,
  gasLimit: uint64,
  feeRecipient: address,
  prevRandao: hash,
  baseFeePerGas: uint256,
  blobBaseFee: uint256,
  beaconRoot: hash,
  withdrawals: list(withdrawal, 'types.Withdrawals', maxWithdrawals),
})

export const toStateOverride = (decoded: Decoded<typeof stateOverride>): StateOverride =>
  new Map(
    Array.from(decoded, ([who, account]) => {
      const { state, stateDiff, nonce, code, balance, movePrecompileToAddress } = account
      return [
        who,
        {
          ...(nonce !== undefined && { nonce }),
          ...(code && { code }),
          ...(balance !== undefined && { balance }),
          ...(state && { state: toSlots(state) }),
          ...(stateDiff && { stateDiff: toSlots(stateDiff) }),
          ...(movePrecompileToAddress && { movePrecompileTo: movePrecompileToAddress }),
        },
      ]
    }),
  )

const toSlots = (words: ReadonlyMap<Hex, Hex>): SlotValue[] =>
  Array.from(words, ([slot, value]) => [toBigInt(fromHex(slot)), toBigInt(fromHex(value))])

/** For methods that run one call. Throws RpcError -32000 for what only a whole block can have. */
export function toBlockOverride(decoded: Decoded<typeof blockOverride>): BlockOverride {
  const { beaconRoot, withdrawals, ...override } = decoded
  if (beaconRoot !== undefined) throw unsupported('beaconRoot')
  if (withdrawals !== undefined) throw unsupported('withdrawals')
  return override
}

const unsupported = (name: string) =>
  serverError(`block override "${name}" is not supported for this RPC method`)
