/**
 * Native modules inside a real engine over a state made by hand, called by name: what tests of the
 * modules' rules need when they need no blocks. Block numbers are what the test says.
 */
import {
  type Abi,
  type ContractFunctionArgs,
  type ContractFunctionName,
  type ContractFunctionReturnType,
  decodeErrorResult,
  decodeEventLog,
  decodeFunctionResult,
  encodeFunctionData,
} from 'viem'
import { createEngine } from '../../execution/evm.ts'
import type { NativeModule } from '../../execution/native/index.ts'
import { params, paramsStorage } from '../../attribution/index.ts'
import {
  fromHex,
  invariant,
  nobleSecp256k1,
  toHex,
  type Address,
  type Hex,
} from '../../primitives/index.ts'
import type { Journal } from '../../state/index.ts'
import { context, ether, spec, stateWith } from './engine.ts'

export const addressOf = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`
export const authority = addressOf(0xa0)
export const treasury = addressOf(0xa1)

export interface Call {
  readonly from: Address
  readonly value?: bigint
  readonly gas?: bigint
}

/** A refusal by its name and arguments, or how else the call ended. */
export class Refused extends Error {
  readonly args: readonly unknown[]
  constructor(name: string, args: readonly unknown[] = []) {
    super(name)
    this.args = args
  }
}

/** The parameters' module is there without being named, with `authority` and `treasury` set. */
export function createModules(others: readonly NativeModule[], funded: readonly Address[]) {
  const modules = [params, ...others]
  const natives = { modules, isReserved: (address: string) => address.startsWith('0x0a77') }
  const engine = createEngine({ spec, secp256k1: nobleSecp256k1, natives })
  const journal: Journal = stateWith('0x')
  const codeHash = journal.putCode(Uint8Array.of(0xfe))
  for (const { address } of modules)
    journal.setAccount(address, { nonce: 1n, balance: 0n, codeHash })
  const values = { authority: BigInt(authority), treasury: BigInt(treasury) }
  for (const [slot, value] of paramsStorage(values)) journal.setStorage(params.address, slot, value)
  const empty = journal.putCode(new Uint8Array(0))
  for (const address of funded)
    journal.setAccount(address, { nonce: 0n, balance: 1_000n * ether, codeHash: empty })
  let number = 10n

  async function call<
    const abi extends Abi,
    name extends ContractFunctionName<abi>,
    const args extends ContractFunctionArgs<abi, 'pure' | 'view' | 'nonpayable' | 'payable', name>,
  >(module: { readonly address: Address; readonly abi: abi }, name: name, args: args, how: Call) {
    const header = { ...context.header, number }
    const data = encodeFunctionData({ abi: module.abi, functionName: name, args } as never)
    const { from, value = 0n, gas = 16_000_000n } = how
    const verdict = await engine.runCall(
      journal,
      { ...context, header },
      { from, to: module.address, value, gas, gasPrice: 0n, data: fromHex(data) },
    )
    invariant(verdict.type === 'accept', 'the engine takes the call')
    const outcome = verdict.value
    if (outcome.status !== 'success') throw refusalOf(module.abi, outcome)
    const result: ContractFunctionReturnType<
      abi,
      'pure' | 'view' | 'nonpayable' | 'payable',
      name,
      args
    > = decodeFunctionResult({
      abi: module.abi,
      functionName: name,
      data: toHex(outcome.returnData),
    } as never)
    return {
      result,
      gasUsed: outcome.gasUsed,
      events: outcome.logs.map(({ topics, data: bytes }) =>
        decodeEventLog({ abi: module.abi, topics: topics as [Hex], data: toHex(bytes) }),
      ),
    }
  }

  return {
    call,
    journal,
    balance: (address: Address): bigint => journal.account(address)?.balance ?? 0n,
    block: () => number,
    mine(blocks = 1) {
      number += BigInt(blocks)
    },
  }
}

function refusalOf(
  abi: Abi,
  outcome: { readonly status: string; readonly returnData: Uint8Array },
) {
  if (outcome.returnData.length === 0) return new Refused(outcome.status)
  const { errorName, args } = decodeErrorResult({ abi, data: toHex(outcome.returnData) })
  return new Refused(errorName, args ?? [])
}
