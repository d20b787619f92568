/**
 * The native modules of a devnet over a state in memory, called without blocks: for tests of
 * `attribution/`. Heights move by hand. A refusal throws with the module's error by name.
 */
import {
  type Abi,
  type AbiStateMutability,
  type ContractFunctionArgs,
  type ContractFunctionName,
  type ContractFunctionReturnType,
  decodeErrorResult,
  decodeEventLog,
  decodeFunctionResult,
  encodeFunctionData,
} from 'viem'
import { moduleAbis, moduleAddresses, type ModuleName } from '../../attribution/abi.ts'
import type { Corpora } from '../../attribution/index.ts'
import { createEngine } from '../../execution/evm.ts'
import { historyBlocks, historyContract } from '../../execution/native/history.ts'
import type { BlockContext, Engine, TransactionOutcome } from '../../execution/types.ts'
import { devnetAddresses, devnetGenesis, genesisChanges } from '../../genesis/index.ts'
import { genesisModules, nativesOf, noCorpora } from '../../node/modules.ts'
import {
  emptyCodeHash,
  fromHex,
  invariant,
  keccakHex,
  nobleSecp256k1,
  toFixedBytes,
  toHex,
  type Address,
  type Hex,
  type Secp256k1,
  type StateReader,
} from '../../primitives/index.ts'
import { createJournal, type Journal } from '../../state/index.ts'
import { context as usual, spec } from './engine.ts'

export const [alice, bob] = devnetAddresses as readonly [Address, Address]

type Abis = typeof moduleAbis
type Name<module extends ModuleName> = ContractFunctionName<Abis[module]>
type Args<module extends ModuleName, name extends Name<module>> = ContractFunctionArgs<
  Abis[module],
  AbiStateMutability,
  name
>

export interface Sent<result> {
  readonly result: result
  readonly outcome: TransactionOutcome
  readonly events: readonly { readonly name: string; readonly args: Record<string, unknown> }[]
}

interface SendOptions {
  readonly value?: bigint
  readonly gas?: bigint
}

export interface World {
  readonly journal: Journal
  height(): bigint
  /** Moves the height. */
  mine(blocks: number): void
  /** A transaction's call; throws `Refused` when it fails. */
  send<const module extends ModuleName, name extends Name<module>>(
    from: Address,
    module: module,
    name: name,
    args: Args<module, name>,
    options?: SendOptions,
  ): Promise<Sent<ContractFunctionReturnType<Abis[module], AbiStateMutability, name>>>
  /** A view. */
  read<const module extends ModuleName, name extends Name<module>>(
    module: module,
    name: name,
    args: Args<module, name>,
  ): Promise<ContractFunctionReturnType<Abis[module], AbiStateMutability, name>>
  balance(address: Address): bigint
  /** Of all accounts and slots; nonces of callers, which have no code, do not count. */
  digest(): Hex
  /** Puts code at an address. */
  deploy(address: Address, code: Hex): void
  /** Any call, with what became of it. */
  call(from: Address, to: Address, data: Hex, options?: SendOptions): Promise<TransactionOutcome>
  /** A call that leaves nothing behind; with `twin`, that module is its Solidity twin for it. */
  tried(
    call: { readonly from: Address; readonly to: Address; readonly data: Hex } & SendOptions,
    twin?: { readonly module: ModuleName; readonly code: Hex },
  ): Promise<Tried>
}

/** What a call would do: slots and balances that would change, as lines to compare. */
export interface Tried {
  readonly outcome: TransactionOutcome
  readonly slots: readonly string[]
  readonly balances: readonly string[]
}

/** What a module answered instead. */
export class Refused extends Error {
  readonly errorName: string
  readonly args: readonly unknown[]
  constructor(what: string, errorName: string, args: readonly unknown[]) {
    super(`${what}: ${errorName}(${args.map(String).join(', ')})`)
    this.errorName = errorName
    this.args = args
  }
}

const nothing: StateReader = {
  account: () => undefined,
  storage: () => 0n,
  code: () => {
    throw new Error('no such code')
  },
}

/** Indexes of the versions a test publishes, by index root. */
export function createWorld(
  corpora: Corpora = noCorpora,
  secp256k1: Secp256k1 = nobleSecp256k1,
): World {
  const genesis = devnetGenesis()
  const natives = nativesOf(genesis, { corpora, secp256k1 })
  invariant(natives !== undefined, 'a devnet has modules')
  const engine = createEngine({ spec, secp256k1, natives })
  const journal = createJournal(nothing)
  const { accounts, codes } = genesisChanges(genesis, genesisModules(genesis))
  for (const code of codes.values()) journal.putCode(code)
  for (const [address, change] of accounts) {
    if (!change) continue
    journal.setAccount(address, change)
    for (const [slot, value] of change.slots) journal.setStorage(address, slot, value)
  }
  let context: BlockContext = usual

  const callIn =
    (runner: Engine, state: Journal): World['call'] =>
    async (from, to, data, { value = 0n, gas = 10_000_000n } = {}) => {
      const request = { from, to, value, gas, gasPrice: 0n, data: fromHex(data) }
      const verdict = await runner.runCall(state, context, request)
      invariant(verdict.type === 'accept', 'message' in verdict ? verdict.message : 'refused')
      return verdict.value
    }
  const call = callIn(engine, journal)
  /** Engines that leave one module to its account's code. */
  const without = new Map<ModuleName, Engine>()
  const engineWithout = (module: ModuleName): Engine => {
    const known = without.get(module)
    if (known) return known
    const modules = natives.modules.filter(({ name }) => name !== module)
    const made = createEngine({ spec, secp256k1: nobleSecp256k1, natives: { ...natives, modules } })
    without.set(module, made)
    return made
  }
  const ask = async (
    from: Address,
    module: ModuleName,
    functionName: string,
    args: readonly unknown[],
    options?: SendOptions,
  ) => {
    const abi: Abi = moduleAbis[module]
    const data = encodeFunctionData({ abi, functionName, args })
    const outcome = await call(from, moduleAddresses[module], data, options)
    if (outcome.status !== 'success') throw refusal(`${module}.${functionName}`, abi, outcome)
    const result = decodeFunctionResult({ abi, functionName, data: toHex(outcome.returnData) })
    return { outcome, result }
  }
  return {
    journal,
    height: () => context.header.number,
    mine(blocks) {
      const { number, timestamp } = context.header
      // As blocks write their parents' hashes (EIP-2935); hashes of a chain without blocks.
      for (let past = number; past < number + BigInt(blocks); past++)
        journal.setStorage(
          historyContract,
          past % historyBlocks,
          BigInt(keccakHex(toFixedBytes(past, 8))),
        )
      const header = {
        ...context.header,
        number: number + BigInt(blocks),
        timestamp: timestamp + 2n * BigInt(blocks),
      }
      context = { ...context, header }
    },
    async send(from, module, name, args, options) {
      const { outcome, result } = await ask(from, module, name, args as readonly unknown[], options)
      return { outcome, result: result as never, events: eventsOf(outcome) }
    },
    async read(module, name, args) {
      return (await ask(alice, module, name, args as readonly unknown[])).result as never
    },
    digest: () => digestOf(journal),
    balance: (address) => journal.account(address)?.balance ?? 0n,
    deploy(address, code) {
      const codeHash = code === '0x' ? emptyCodeHash : journal.putCode(fromHex(code))
      journal.setAccount(address, { nonce: 1n, balance: 0n, codeHash })
    },
    call,
    async tried({ from, to, data, ...options }, twin) {
      const above = createJournal(journal)
      if (twin) {
        const address = moduleAddresses[twin.module]
        const { nonce = 1n, balance = 0n } = journal.account(address) ?? {}
        above.setAccount(address, { nonce, balance, codeHash: above.putCode(fromHex(twin.code)) })
      }
      const runner = twin ? engineWithout(twin.module) : engine
      const outcome = await callIn(runner, above)(from, to, data, options)
      return { outcome, slots: slotsWritten(above), balances: balancesMoved(journal, above) }
    },
  }
}

/** Slots of modules that differ from below, as lines to compare. */
const slotsWritten = (above: Journal): string[] =>
  [...above.changes().accounts]
    .flatMap(([address, change]) =>
      [...(change?.slots ?? [])].map(([slot, value]) => `${address} ${slot} ${value}`),
    )
    .toSorted()

const balancesMoved = (below: Journal, above: Journal): string[] =>
  [...above.changes().accounts]
    .filter(([address, change]) => change?.balance !== below.account(address)?.balance)
    .map(([address, change]) => `${address} ${change?.balance ?? 'none'}`)
    .toSorted()

function digestOf(journal: Journal): Hex {
  const lines: string[] = []
  for (const [address, change] of journal.changes().accounts) {
    if (!change) continue
    const { nonce, balance, codeHash, slots } = change
    const sorted = [...slots].toSorted(([a], [b]) => (a < b ? -1 : 1)).join(' ')
    lines.push(
      `${address} ${codeHash === emptyCodeHash ? '' : nonce} ${balance} ${codeHash} ${sorted}`,
    )
  }
  return keccakHex(new TextEncoder().encode(lines.toSorted().join('\n')))
}

function refusal(what: string, abi: Abi, { status, error, returnData }: TransactionOutcome): Error {
  if (status === 'halt') return new Refused(what, `halt: ${error ?? ''}`, [])
  if (returnData.length === 0) return new Refused(what, 'nothing', [])
  const { errorName, args = [] } = decodeErrorResult({ abi, data: toHex(returnData) })
  return new Refused(what, errorName, args)
}

/** Events of modules, decoded; whatever else is in the logs is left out. */
function eventsOf({ logs }: TransactionOutcome): Sent<unknown>['events'] {
  return logs.flatMap(({ address, topics, data }) => {
    const module = (Object.keys(moduleAddresses) as ModuleName[]).find(
      (name) => moduleAddresses[name] === address,
    )
    if (!module) return []
    const event = decodeEventLog({
      abi: moduleAbis[module],
      topics: topics as [Hex, ...Hex[]],
      data: toHex(data),
    })
    return [{ name: event.eventName ?? '', args: { ...event.args } }]
  })
}
