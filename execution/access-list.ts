/**
 * The access list under which a call costs least to look things up: geth's eth_createAccessList,
 * which runs the call until the list it was given is the list it touches. Changes nothing that lasts.
 */
import {
  accept,
  type AccessListEntry,
  type Address,
  compareText,
  type Hex,
  recoverAuthority,
  reject,
  type Secp256k1,
  toWord,
  type Verdict,
} from '../primitives/index.ts'
import { type CallCode, type CallView, prepareView, simulateCall } from './call.ts'
import { type Step, type Tracer, wordToAddress } from './tracer.ts'
import type { CallRequest, Engine, TransactionOutcome } from './types.ts'

export interface AccessListResult {
  readonly accessList: readonly AccessListEntry[]
  /** Of the call with this list; it may have failed. */
  readonly outcome: TransactionOutcome
}

export interface AccessListPorts {
  readonly engine: Engine
  readonly secp256k1: Secp256k1
  readonly chainId: bigint
}

type Touched = Map<Address, Set<Hex>>

/** Runs until the list stands still. A list that flips between two answers (gas decides) ends here. */
const maxRuns = 64

/** `created` is where a creation puts its contract. */
export async function findAccessList(
  { engine, secp256k1, chainId }: AccessListPorts,
  view: CallView,
  call: CallRequest,
  created: Address,
): Promise<Verdict<AccessListResult, CallCode | 'ACCESS_LIST_UNSTABLE'>> {
  const prepared = prepareView(engine, view)
  if (prepared.type !== 'accept') return prepared
  // Warm in any case: nobody pays to list them.
  const excluded = new Set<Address>([
    ...engine.precompilesOf(prepared.value.context.header),
    ...engine.modules,
    call.from,
    call.to ?? created,
  ])
  for (const authorization of call.authorizationList ?? []) {
    const isHere = authorization.chainId === 0n || authorization.chainId === chainId
    const authority = isHere ? recoverAuthority(authorization, secp256k1) : undefined
    if (authority) excluded.add(authority)
  }
  let known = listOf(call.accessList ?? [], excluded)
  for (let run = 0; run < maxRuns; run++) {
    const accessList = toAccessList(known)
    const touched = listOf(accessList, excluded)
    const verdict = await simulateCall(
      engine,
      { ...view, tracer: accessTracer(touched, excluded) },
      { ...call, accessList },
    )
    if (verdict.type !== 'accept') return verdict
    if (isEqual(known, touched)) return accept({ accessList, outcome: verdict.value })
    known = touched
  }
  return reject('ACCESS_LIST_UNSTABLE', `no access list stands still after ${maxRuns} runs`)
}

function listOf(list: readonly AccessListEntry[], excluded: ReadonlySet<Address>): Touched {
  const touched: Touched = new Map()
  for (const { address, storageKeys } of list) {
    if (!excluded.has(address)) touchAddress(touched, address)
    for (const key of storageKeys) touchAddress(touched, address).add(key)
  }
  return touched
}

function touchAddress(touched: Touched, address: Address): Set<Hex> {
  const known = touched.get(address)
  if (known) return known
  const slots = new Set<Hex>()
  touched.set(address, slots)
  return slots
}

const SLOAD = 0x54
const SSTORE = 0x55
/** BALANCE, EXTCODESIZE, EXTCODECOPY, EXTCODEHASH, SELFDESTRUCT: an address on top of the stack. */
const lookUps = new Set([0x31, 0x3b, 0x3c, 0x3f, 0xff])
/** CALL, CALLCODE, DELEGATECALL, STATICCALL: an address below the gas. */
const calls = new Set([0xf1, 0xf2, 0xf4, 0xfa])

const accessTracer = (touched: Touched, excluded: ReadonlySet<Address>): Tracer => ({
  step(step) {
    const { opcode, stackSize, address } = step
    if ((opcode === SLOAD || opcode === SSTORE) && stackSize >= 1)
      touchAddress(touched, address).add(toWord(step.peek(0)))
    const named = namedAddress(step)
    if (named && !excluded.has(named)) touchAddress(touched, named)
  },
  slot: (address, slot) => void touchAddress(touched, address).add(toWord(slot)),
})

function namedAddress(step: Step): Address | undefined {
  const { opcode, stackSize } = step
  if (lookUps.has(opcode) && stackSize >= 1) return wordToAddress(step.peek(0))
  if (calls.has(opcode) && stackSize >= 5) return wordToAddress(step.peek(1))
  return undefined
}

/** In order of address and slot: the same call has the same list everywhere. */
const toAccessList = (touched: Touched): AccessListEntry[] =>
  [...touched]
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([address, slots]) => ({ address, storageKeys: [...slots].toSorted(compareText) }))

/** `after` grew out of `before`. */
const isEqual = (before: Touched, after: Touched): boolean =>
  before.size === after.size &&
  [...after].every(([address, slots]) => before.get(address)?.size === slots.size)
