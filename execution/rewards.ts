/**
 * What a block pays besides fees: withdrawals, and before the merge the miner's and the uncles'
 * reward. Writes balances to a journal and nothing else.
 */
import { emptyCodeHash, type Address, type Header, type Withdrawal } from '../primitives/index.ts'
import type { Journal } from '../state/index.ts'
import type { ChainSpec } from './chain-spec.ts'

const wei = 10n ** 18n
/** Withdrawal amounts are in gwei (EIP-4895). */
const weiPerGwei = 10n ** 9n

/** Adds to a balance; a new account appears only with something in it (EIP-161). */
export function credit(journal: Journal, address: Address, amount: bigint): void {
  if (amount === 0n) return
  const { nonce, balance, codeHash } = journal.account(address) ?? {
    nonce: 0n,
    balance: 0n,
    codeHash: emptyCodeHash,
  }
  journal.setAccount(address, { nonce, balance: balance + amount, codeHash })
}

export function payWithdrawals(journal: Journal, withdrawals: readonly Withdrawal[]): void {
  for (const { address, amount } of withdrawals) credit(journal, address, amount * weiPerGwei)
}

/** Reward of a block's miner in wei, without uncles: 5, 3 (EIP-649), 2 (EIP-1234), 0 (EIP-3675). */
export function blockReward(spec: ChainSpec, number: bigint, timestamp: bigint): bigint {
  if (spec.isActive('paris', number, timestamp)) return 0n
  if (spec.isActive('constantinople', number, timestamp)) return 2n * wei
  if (spec.isActive('byzantium', number, timestamp)) return 3n * wei
  return 5n * wei
}

/** Pays miner and uncles (Yellow Paper, 11.3); nothing after the merge. */
export function payBlockRewards(
  journal: Journal,
  spec: ChainSpec,
  header: Header,
  uncles: readonly Header[],
): void {
  const reward = blockReward(spec, header.number, header.timestamp)
  if (reward === 0n) return
  for (const uncle of uncles)
    credit(journal, uncle.feeRecipient, (reward * (8n + uncle.number - header.number)) / 8n)
  credit(journal, header.feeRecipient, reward + (reward * BigInt(uncles.length)) / 32n)
}
