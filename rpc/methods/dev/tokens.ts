/**
 * ERC-20 balances and allowances set by hand (anvil_dealERC20). The slot is found by trying: each one
 * that the token reads for its answer is overridden in turn, until the answer follows. Tokens that
 * compute a balance from several slots are refused.
 */
import { findAccessList, simulateCall, type StateOverride } from '../../../execution/index.ts'
import {
  type Address,
  concat,
  fromHex,
  type Hex,
  toBigInt,
  toFixedBytes,
} from '../../../primitives/index.ts'
import { nobody } from '../../call-args.ts'
import { gasCap, viewOf } from '../../calls.ts'
import { type RpcError, serverError } from '../../errors.ts'
import type { DevApi } from '../../dev-api.ts'
import type { Context, MethodTable } from '../../method.ts'
import { address, required } from '../../params.ts'
import { setter } from './dev-method.ts'
import { anyUint256 } from './params.ts'

/** Selectors of balanceOf(address) and allowance(address,address) (ERC-20). */
const balanceOf = '0x70a08231'
const allowance = '0xdd62ed3e'
/** A view reads few; more is a contract that searches, and each is a call here. */
const maxSlots = 64

interface Place {
  readonly address: Address
  readonly slot: bigint
}

/** What the token answers, with one slot set otherwise; undefined when it answers no number. */
async function answerOf(
  context: Context,
  token: Address,
  data: Uint8Array,
  set?: Place & { readonly value: bigint },
): Promise<bigint | undefined> {
  const stateOverride: StateOverride | undefined =
    set && new Map([[set.address, { stateDiff: [[set.slot, set.value]] }]])
  const view = { ...viewOf(context), ...(stateOverride && { stateOverride }) }
  const verdict = await simulateCall(context.api.chain.engine, view, callOf(token, data))
  if (verdict.type !== 'accept' || verdict.value.status !== 'success') return undefined
  const { returnData } = verdict.value
  return returnData.length < 32 ? undefined : toBigInt(returnData.subarray(0, 32))
}

const callOf = (to: Address, data: Uint8Array) => ({
  from: nobody,
  to,
  data,
  gas: gasCap,
  gasPrice: 0n,
  value: 0n,
})

async function slotsRead(context: Context, token: Address, data: Uint8Array): Promise<Place[]> {
  const { engine, secp256k1, spec } = context.api.chain
  const ports = { engine, secp256k1, chainId: spec.chainId }
  const verdict = await findAccessList(ports, viewOf(context), callOf(token, data), token)
  if (verdict.type !== 'accept') return []
  const places = verdict.value.accessList.flatMap(({ address: at, storageKeys }) =>
    storageKeys.map((key): Place => ({ address: at, slot: toBigInt(fromHex(key)) })),
  )
  // The token's own slots first: where it asks another contract, that one holds the number.
  return [
    ...places.filter((place) => place.address === token),
    ...places.filter((place) => place.address !== token),
  ].slice(0, maxSlots)
}

/** Makes `token` answer `wanted` to `data`. Throws `refusal` when no slot does. */
async function setAnswer(
  dev: DevApi,
  context: Context,
  token: Address,
  data: Uint8Array,
  wanted: bigint,
  refusal: RpcError,
): Promise<void> {
  const now = await answerOf(context, token, data)
  if (now === undefined) throw refusal
  if (now === wanted) return // any slot would seem to be the one
  for (const place of await slotsRead(context, token, data)) {
    if ((await answerOf(context, token, data, { ...place, value: wanted })) !== wanted) continue
    return dev.edit([{ address: place.address, slots: [[place.slot, wanted]] }])
  }
  throw refusal
}

const question = (selector: Hex, ...who: readonly Address[]): Uint8Array =>
  concat(fromHex(selector), ...who.map((one) => toFixedBytes(toBigInt(fromHex(one)), 32)))

const refused = (what: string): RpcError =>
  serverError(`Unable to set ERC20 ${what}, no slot found`)

export const devTokens: MethodTable = {
  ...setter(
    ['anvil_dealERC20', 'anvil_setERC20Balance', 'hardhat_dealERC20'],
    [required('address', address), required('token', address), required('balance', anyUint256)],
    (dev, context, who, token, balance) =>
      setAnswer(dev, context, token, question(balanceOf, who), balance, refused('balance')),
  ),
  ...setter(
    ['anvil_setERC20Allowance'],
    [
      required('owner', address),
      required('spender', address),
      required('token', address),
      required('amount', anyUint256),
    ],
    (dev, context, owner, spender, token, amount) => {
      const data = question(allowance, owner, spender)
      return setAnswer(dev, context, token, data, amount, refused('allowance'))
    },
  ),
}
