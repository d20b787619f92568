/**
 * The yardstick for the EVM side: @ethereumjs/vm as it comes, default state manager, one runTx per
 * transaction in this process. No JSON-RPC, no pool, no disk: everything ours does besides is extra.
 */
import { createBlock } from '@ethereumjs/block'
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createTxFromRLP } from '@ethereumjs/tx'
import { Account, createAddressFromString, hexToBytes } from '@ethereumjs/util'
import { createVM, runTx } from '@ethereumjs/vm'
import { deriveAccounts } from '../node/accounts.ts'
import type { Hex } from '../primitives/index.ts'
import { accountCount, chainId, mnemonic } from './nodes.ts'

/** Transactions per CPU second. */
export async function plainRate(raws: readonly Hex[]): Promise<number> {
  const common = new Common({ chain: { ...Mainnet, chainId }, hardfork: Hardfork.Prague })
  const vm = await createVM({ common })
  for (const { address } of deriveAccounts(mnemonic, accountCount))
    await vm.stateManager.putAccount(createAddressFromString(address), new Account(0n, 10n ** 22n))
  const header = { number: 1n, timestamp: 1_000n, gasLimit: 10n ** 9n, baseFeePerGas: 10n ** 9n }
  const block = createBlock({ header: { ...header, excessBlobGas: 0n } }, { common })
  const before = process.cpuUsage()
  for (const raw of raws) {
    const tx = createTxFromRLP(hexToBytes(raw), { common })
    await runTx(vm, { tx, block, skipHardForkValidation: true })
  }
  const { user, system } = process.cpuUsage(before)
  return raws.length / ((user + system) / 1_000_000)
}
