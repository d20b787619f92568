/**
 * A block's execution from first to last step on one journal: system calls, transactions with their
 * receipts, rewards, withdrawals, requests. Both building and validating walk through here. Compares
 * nothing with a header and writes nothing but the journal.
 */
import {
  accept,
  bloomOf,
  fromHex,
  mergeBlooms,
  reject,
  type Address,
  type Header,
  type Hex,
  type Receipt,
  type Transaction,
  type Verdict,
  type Withdrawal,
} from '../primitives/index.ts'
import type { Appearance, Journal } from '../state/index.ts'
import { createAddressWatch } from './address-watch.ts'
import type { ChainSpec } from './chain-spec.ts'
import { blobParamsAt } from './header.ts'
import {
  consolidationRequestContract,
  depositsOf,
  mainnetDepositContract,
  withdrawalRequestContract,
  type Request,
} from './requests.ts'
import { historyContract } from './native/history.ts'
import { payBlockRewards, payWithdrawals } from './rewards.ts'
import type { Tracer } from './tracer.ts'
import { blobCount, gasPerBlob } from './transaction-rules.ts'
import type { BlockContext, Engine, InvalidTransactionCode, TransactionOutcome } from './types.ts'

/** EIP-4788, BEACON_ROOTS_ADDRESS. */
export const beaconRootsContract: Address = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02'

export interface ProcessPorts {
  readonly spec: ChainSpec
  readonly engine: Engine
  readonly journal: Journal
  readonly context: BlockContext
  /** State root as of now; asked after each transaction before Byzantium only. */
  readonly rootNow: () => Hex
  /** Told of the transactions, not of system calls. */
  readonly tracer?: Tracer
  /** Collects what the address index stores. */
  readonly tracksAddresses?: boolean
}

type Executing = Pick<ProcessPorts, 'spec' | 'engine' | 'journal' | 'context'>

/** What the transactions so far add up to. */
export interface Progress {
  readonly transactions: readonly Transaction[]
  readonly senders: readonly Address[]
  readonly receipts: readonly Receipt[]
  readonly outcomes: readonly TransactionOutcome[]
  readonly gasUsed: bigint
  readonly blobGasUsed: bigint
  readonly appearances: readonly Appearance[] | undefined
}

export interface Finished {
  readonly requests: readonly Request[]
  readonly logsBloom: Uint8Array
}

/** One block in the making. `begin` first, `finish` last, `apply` in between. */
export interface BlockRun {
  begin(): Promise<void>
  /** A refusal leaves the journal as it was; the block may go on without the transaction. */
  apply(tx: Transaction, sender: Address): Promise<Verdict<Receipt, InvalidTransactionCode>>
  /** Refuses when requests cannot be collected: such a block is invalid (EIP-7002, 7251, 6110). */
  finish(
    uncles: readonly Header[],
    withdrawals: readonly Withdrawal[],
  ): Promise<Verdict<Finished, 'REQUESTS_MISMATCH'>>
  progress(): Progress
  /** Gas of the header's limit that no transaction has used yet. */
  gasLeft(): bigint
}

export function createBlockRun(ports: ProcessPorts): BlockRun {
  const { engine, journal, context } = ports
  const transactions: Transaction[] = []
  const senders: Address[] = []
  const receipts: Receipt[] = []
  const outcomes: TransactionOutcome[] = []
  const appearances: Appearance[] = []
  const watch = ports.tracksAddresses === true ? createAddressWatch(ports.tracer) : undefined
  const tracer = watch?.tracer ?? ports.tracer
  const options = tracer ? { tracer } : {}
  let [gasUsed, blobGasUsed] = [0n, 0n]
  const gasLeft = (): bigint => context.header.gasLimit - gasUsed

  return {
    gasLeft,
    begin: () => callAtStart(ports),
    async apply(tx, sender) {
      const blobGas = BigInt(blobCount(tx)) * gasPerBlob
      if (blobGas > 0n && blobGasUsed + blobGas > maxBlobGas(ports))
        return reject('BLOB', 'blob gas limit reached')
      const verdict = await engine.runTransaction(journal, context, tx, sender, gasLeft(), options)
      if (verdict.type !== 'accept') return verdict
      const outcome = verdict.value
      gasUsed += outcome.gasUsed
      blobGasUsed += blobGas
      const receipt: Receipt = {
        type: tx.type,
        status: statusOf(outcome, ports),
        cumulativeGasUsed: gasUsed,
        logsBloom: bloomOf(outcome.logs),
        logs: outcome.logs,
      }
      transactions.push(tx)
      senders.push(sender)
      receipts.push(receipt)
      outcomes.push(outcome)
      if (watch) appearances.push(watch.take(sender, journal))
      return accept(receipt)
    },
    async finish(uncles, withdrawals) {
      // Withdrawals come before the system calls of the requests (EIP-7685, execution-specs).
      payBlockRewards(journal, ports.spec, context.header, uncles)
      payWithdrawals(journal, withdrawals)
      const requests = await collectRequests(ports, receipts)
      if (requests.type !== 'accept') return requests
      const logsBloom = mergeBlooms(receipts.map((receipt) => receipt.logsBloom))
      return accept({ requests: requests.value, logsBloom })
    },
    progress: () => ({
      transactions,
      senders,
      receipts,
      outcomes,
      gasUsed,
      blobGasUsed,
      appearances: watch && appearances,
    }),
  }
}

function maxBlobGas({ spec, context: { header } }: ProcessPorts): bigint {
  const params = blobParamsAt(spec, header.number, header.timestamp)
  return BigInt(params?.max ?? 0) * gasPerBlob
}

/** EIP-658; before Byzantium the state root after the transaction. */
function statusOf(outcome: TransactionOutcome, ports: ProcessPorts): Receipt['status'] {
  const { number, timestamp } = ports.context.header
  if (!ports.spec.isActive('byzantium', number, timestamp)) return ports.rootNow()
  return outcome.status === 'success' ? 1 : 0
}

/** The parent's beacon root and hash go where contracts can read them (EIP-4788, EIP-2935). */
export async function callAtStart(ports: Executing): Promise<void> {
  const { number, timestamp, parentBeaconBlockRoot, parentHash } = ports.context.header
  if (number === 0n) return
  if (ports.spec.isActive('cancun', number, timestamp) && parentBeaconBlockRoot)
    await callIfDeployed(ports, beaconRootsContract, fromHex(parentBeaconBlockRoot))
  if (ports.spec.isActive('prague', number, timestamp))
    await callIfDeployed(ports, historyContract, fromHex(parentHash))
}

export async function collectRequests(
  ports: Executing,
  receipts: readonly Receipt[],
): Promise<Verdict<readonly Request[], 'REQUESTS_MISMATCH'>> {
  const { number, timestamp } = ports.context.header
  if (!ports.spec.isActive('prague', number, timestamp)) return accept([])
  const deposits = depositsOf(receipts, ports.spec.depositContract ?? mainnetDepositContract)
  if (deposits.type !== 'accept') return deposits
  const requests: Request[] = [{ type: 0, data: deposits.value }]
  for (const [type, contract] of [
    [1, withdrawalRequestContract],
    [2, consolidationRequestContract],
  ] as const) {
    const outcome = await callIfDeployed(ports, contract, new Uint8Array(0))
    if (!outcome) continue
    if (outcome.status !== 'success')
      return reject('REQUESTS_MISMATCH', `system call to ${contract} failed: ${outcome.status}`)
    requests.push({ type, data: outcome.returnData })
  }
  return accept(requests)
}

/** Undefined where nothing is deployed: our chains need not have these contracts. */
async function callIfDeployed(
  { engine, journal, context }: Executing,
  contract: Address,
  data: Uint8Array,
): Promise<TransactionOutcome | undefined> {
  const account = journal.account(contract)
  if (!account || journal.code(account.codeHash).length === 0) return undefined
  return engine.runSystemCall(journal, context, contract, data)
}
