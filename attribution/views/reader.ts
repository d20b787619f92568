/**
 * How views read a chain: calls, logs and transactions as of one block, typed by the modules' ABIs.
 * The node reads its own store so (rpc/), a client any node (sdk/). Clients' codec; consensus uses its
 * own (execution/native).
 */
import type {
  Abi,
  ContractEventArgs,
  ContractEventName,
  ContractFunctionArgs,
  ContractFunctionName,
  ContractFunctionReturnType,
  DecodeEventLogReturnType,
} from 'viem'
import {
  decodeEventLog,
  decodeFunctionResult,
  encodeEventTopics,
  encodeFunctionData,
} from 'viem/utils'
import type { Address, Hex } from '../../primitives/index.ts'
import { moduleAbis, moduleAddresses, type ModuleName } from '../abi.ts'

export interface ChainLog {
  readonly address: Address
  readonly topics: readonly Hex[]
  readonly data: Hex
  readonly blockNumber: bigint
  readonly transactionHash: Hex
  readonly logIndex: number
}

export interface LogRequest {
  readonly address: Address
  /** By position; null: any. */
  readonly topics: readonly (Hex | readonly Hex[] | null)[]
  readonly from: bigint
  readonly to: bigint
}

export interface ChainReader {
  /** Every answer is of the state after this block, and no log is younger. */
  readonly blockNumber: bigint
  /** Throws what the reader throws for a revert. */
  call(to: Address, data: Hex): Promise<Hex>
  /** In order of the chain. */
  logs(request: LogRequest): Promise<readonly ChainLog[]>
  transaction(hash: Hex): Promise<{ readonly to: Address | null; readonly input: Hex } | undefined>
}

type Abis = typeof moduleAbis
type ViewName<name extends ModuleName> = ContractFunctionName<Abis[name], 'view' | 'pure'>

/** One view function of a module. */
export async function read<
  const name extends ModuleName,
  fn extends ViewName<name>,
  const args extends ContractFunctionArgs<Abis[name], 'view' | 'pure', fn>,
>(
  reader: ChainReader,
  module: name,
  functionName: fn,
  args: args,
): Promise<ContractFunctionReturnType<Abis[name], 'view' | 'pure', fn, args>> {
  const abi = moduleAbis[module] as Abi
  // The signature above checked name and arguments; viem's own types lose them for a generic ABI.
  const call = { abi, functionName: functionName as string, args: args as readonly unknown[] }
  const data = await reader.call(moduleAddresses[module], encodeFunctionData(call))
  return decodeFunctionResult({ ...call, data }) as ContractFunctionReturnType<
    Abis[name],
    'view' | 'pure',
    fn,
    args
  >
}

export interface ModuleEvent<args> {
  readonly args: args
  readonly blockNumber: bigint
  readonly transactionHash: Hex
  readonly logIndex: number
}

/** Blocks whose events are wanted; all when absent. */
export interface BlockRange {
  readonly from?: bigint
  readonly to?: bigint
}

/** Events of a module, by the values of indexed arguments. */
export async function events<
  const name extends ModuleName,
  event extends ContractEventName<Abis[name]>,
>(
  reader: ChainReader,
  module: name,
  eventName: event,
  args: ContractEventArgs<Abis[name], event>,
  { from = 0n, to = reader.blockNumber }: BlockRange = {},
): Promise<readonly ModuleEvent<DecodeEventLogReturnType<Abis[name], event>['args']>[]> {
  const abi = moduleAbis[module] as Abi
  const topics = encodeEventTopics({ abi, eventName, args: args as never })
  const logs = await reader.logs({ address: moduleAddresses[module], topics, from, to })
  return logs.map(({ topics: [first = '0x', ...rest], data, ...place }) => {
    const decoded = decodeEventLog({ abi, data, topics: [first, ...rest] })
    return { args: decoded.args as never, ...place }
  })
}
