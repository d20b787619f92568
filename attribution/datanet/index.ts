/**
 * The datanet module, 0x0A77...01: datanets, batches, versions (contracts/interfaces/IDatanet.sol is
 * its contract). What contributors give is here by root and count; the rows themselves lie with the
 * nodes (state/blobs.ts).
 */
import { createMemorySlots, defineModule, paying } from '../../execution/native/index.ts'
import type { NativeModule } from '../../execution/native/index.ts'
import { datanetAbi, moduleAddresses } from '../abi.ts'
import { batchHandlers } from './batches.ts'
import { createGateHandlers, type GatePorts } from './gate.ts'
import { datanetHandlers } from './datanets.ts'
import { datanetLayout } from './state.ts'
import type { Address } from '../../primitives/index.ts'
import { versionHandlers } from './versions.ts'

/** With what the novelty gate needs: indexes of held versions. */
export const createDatanet = (ports: GatePorts): NativeModule =>
  defineModule({
    address: moduleAddresses.datanet,
    name: 'datanet',
    abi: datanetAbi,
    exits: ['reclaim', 'withdraw'],
    enums: { create: { 'policy.mode': 2 } },
    handlers: {
      ...datanetHandlers,
      ...batchHandlers,
      ...versionHandlers,
      ...createGateHandlers(ports),
      withdraw({ storage, message, log }, [to]) {
        const balance = datanetLayout(storage).balances.at(message.caller)
        const amount = balance.get()
        balance.set(0n)
        log('Withdrawn', { account: message.caller, to, amount })
        return paying(amount, amount === 0n ? [] : [{ to, value: amount }])
      },
      balanceOf: ({ storage }, [account]) => datanetLayout(storage).balances.at(account).get(),
    },
  })

/** Storage of block 0: who may attest, with which power. None: the parameters' authority may. */
export function datanetGenesis(
  validators: readonly { readonly address: Address; readonly power: bigint }[],
): ReadonlyMap<bigint, bigint> {
  const slots = new Map<bigint, bigint>()
  const state = datanetLayout(createMemorySlots(slots))
  for (const { address, power } of validators) {
    state.powers.at(address).set(power)
    state.totalPower.set(state.totalPower.get() + power)
  }
  return slots
}
