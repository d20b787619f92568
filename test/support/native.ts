/**
 * A native module with one function of every sort, hosted by a real engine over a state made by hand:
 * what the tests of the host call. No mission here; modules of the mission have tests of their own.
 */
import {
  type AbiStateMutability,
  type ContractFunctionArgs,
  type ContractFunctionName,
  encodeFunctionData,
  parseAbi,
} from 'viem'
import { createEngine } from '../../execution/evm.ts'
import {
  array,
  defineModule,
  layout,
  mapping,
  type NativeModule,
  type Natives,
  paying,
  struct,
} from '../../execution/native/index.ts'
import type { TransactionOutcome } from '../../execution/types.ts'
import {
  fromHex,
  invariant,
  nobleSecp256k1,
  type Address,
  type Hex,
} from '../../primitives/index.ts'
import type { Journal } from '../../state/index.ts'
import { context, sender, spec, stateWith } from './engine.ts'

export const vaultAddress: Address = `0x0a77${'0'.repeat(33)}0ff`
export const guardAddress: Address = `0x0a77${'0'.repeat(33)}0fe`

export const vaultAbi = parseAbi([
  'error NotDirectCall()',
  'error ModulePaused()',
  'error TransferFailed(address to, uint256 amount)',
  'error TooMuch(uint256 have, uint256 want)',
  'event Deposited(address indexed who, uint256 amount, string note)',
  'function deposit(string note) payable returns (uint256 balance)',
  'function withdraw(address to, uint256 amount) returns (uint256 left)',
  'function split(address[] to, uint256 each) returns (uint256 left)',
  'function count(uint64 by) returns (uint64)',
  'function later() returns (uint8)',
  'function balanceOf(address who) view returns (uint256)',
  'function sneaky() view returns (uint256)',
  'function record(uint256 id) view returns (address who, uint64 times, bool open)',
  'function isGuarded() view returns (bool)',
])

export const guardAbi = parseAbi([
  'function isPaused(address module) view returns (bool)',
  'function set(address module, bool paused)',
])

/** As `mapping balances; uint64 times; bool open; address last; uint256[] history; string note`. */
const vaultState = layout({
  balances: mapping('address', 'uint256'),
  times: 'uint64',
  open: 'bool',
  last: 'address',
  history: array('uint256'),
  note: 'string',
  records: mapping('uint256', struct({ who: 'address', times: 'uint64', open: 'bool' })),
})
const guardState = layout({ paused: mapping('address', 'bool') })

export const guard: NativeModule = defineModule({
  address: guardAddress,
  name: 'guard',
  abi: guardAbi,
  exits: ['set'],
  handlers: {
    isPaused: ({ storage }, [module]) => guardState(storage).paused.at(module).get(),
    set: ({ storage }, [module, paused]) => guardState(storage).paused.at(module).set(paused),
  },
})

const guardView = { address: guardAddress, abi: guardAbi }

export const vault: NativeModule = defineModule({
  address: vaultAddress,
  name: 'vault',
  abi: vaultAbi,
  exits: ['withdraw'],
  since: { later: 'second' },
  handlers: {
    deposit({ message, storage, log }, [note]) {
      const state = vaultState(storage)
      const mine = state.balances.at(message.caller)
      const balance = mine.get() + message.value
      mine.set(balance)
      state.last.set(message.caller)
      state.history.push().set(message.value)
      state.note.set(note)
      log('Deposited', { who: message.caller, amount: message.value, note })
      return balance
    },
    withdraw({ message, storage, revert }, [to, amount]) {
      const mine = vaultState(storage).balances.at(message.caller)
      const have = mine.get()
      if (have < amount) throw revert('TooMuch', [have, amount])
      mine.set(have - amount)
      return paying(have - amount, [{ to, value: amount }])
    },
    split({ message, storage, revert }, [to, each]) {
      const mine = vaultState(storage).balances.at(message.caller)
      const [have, want] = [mine.get(), each * BigInt(to.length)]
      if (have < want) throw revert('TooMuch', [have, want])
      mine.set(have - want)
      return paying(
        have - want,
        to.map((one) => ({ to: one, value: each })),
      )
    },
    count({ storage, message }, [by]) {
      const { records } = vaultState(storage)
      const record = records.at(1n)
      const times = record.times.get() + by
      record.store({ who: message.caller, times, open: true })
      return times
    },
    later: () => 2,
    balanceOf: ({ storage }, [who]) => vaultState(storage).balances.at(who).get(),
    sneaky({ storage }) {
      vaultState(storage).times.set(1n)
      return 1n
    },
    record({ storage }, [id]) {
      const { who, times, open } = vaultState(storage).records.at(id).load()
      return [who, times, open]
    },
    isGuarded: ({ view, self }) => view(guardView, 'isPaused', [self]),
  },
})

export const natives: Natives = {
  modules: [guard, vault],
  pausedBy: guardAddress,
  forks: { second: 2_000_000_000n },
  isReserved: (address) => address.startsWith('0x0a77'),
}
export const nativeEngine = createEngine({ spec, secp256k1: nobleSecp256k1, natives })

/** `stateWith(code)` and the accounts of both modules. */
export function nativeState(code: Hex = '0x'): Journal {
  const journal = stateWith(code)
  const codeHash = journal.putCode(Uint8Array.of(0xfe))
  for (const { address } of natives.modules)
    journal.setAccount(address, { nonce: 1n, balance: 0n, codeHash })
  return journal
}

export interface NativeCallOptions {
  readonly from?: Address
  readonly to?: Address
  readonly value?: bigint
  readonly gas?: bigint
  readonly engine?: typeof nativeEngine
}

/** One call from outside; what it changed stays in the journal. */
export async function callNative(
  journal: Journal,
  data: Hex,
  {
    from = sender,
    to = vaultAddress,
    value = 0n,
    gas = 1_000_000n,
    engine = nativeEngine,
  }: NativeCallOptions = {},
): Promise<TransactionOutcome> {
  const verdict = await engine.runCall(journal, context, {
    from,
    to,
    value,
    gas,
    gasPrice: 0n,
    data: fromHex(data),
  })
  invariant(verdict.type === 'accept', 'message' in verdict ? verdict.message : 'refused')
  return verdict.value
}

export const vaultCall = <name extends ContractFunctionName<typeof vaultAbi>>(
  functionName: name,
  ...[args]: ContractFunctionArgs<typeof vaultAbi, AbiStateMutability, name> extends readonly []
    ? []
    : [ContractFunctionArgs<typeof vaultAbi, AbiStateMutability, name>]
): Hex =>
  encodeFunctionData({ abi: vaultAbi, functionName, args } as Parameters<
    typeof encodeFunctionData
  >[0])

/** Code that sends its call data on by `opcode` and returns or reverts with the answer. */
export function forwarder(
  opcode: 'call' | 'callcode' | 'delegatecall' | 'staticcall',
  target: Address = vaultAddress,
): Hex {
  const value = opcode === 'call' || opcode === 'callcode' ? '34' : ''
  const op = { call: 'f1', callcode: 'f2', delegatecall: 'f4', staticcall: 'fa' }[opcode]
  // calldatacopy(0, 0, size); op(gas, vault, [value,] 0, size, 0, 0); return or revert the answer
  const call = `36600060003760006000366000${value}73${target.slice(2)}5a${op}`
  const copied = '3d600060003e'
  const at = (call.length + copied.length) / 2
  const success = (at + 7).toString(16).padStart(2, '0')
  return `0x${call}${copied}60${success}573d6000fd5b3d6000f3`
}
