/**
 * A native module and its Solidity twin over one state: the same call to each, and what each did. For
 * the tests that hold them to each other and the benchmark that compares their gas.
 */
import { moduleAddresses } from '../../attribution/abi.ts'
import { toHex, type Address, type Hex } from '../../primitives/index.ts'
import { readArtifact } from './solc.ts'
import type { Tried, World } from './world.ts'

type TwinName = 'proofs' | 'rewards'
const contracts = { proofs: 'ProofsTwin', rewards: 'RewardsTwin' } as const

export interface TwinCall {
  readonly from: Address
  readonly data: Hex
  readonly value?: bigint
  readonly gas?: bigint
  /** Where the call goes, when not to the module itself. */
  readonly to?: Address
}

/** The call to the native module and to its twin; neither leaves anything behind. */
export async function callBoth(world: World, module: TwinName, call: TwinCall) {
  const code = readArtifact(contracts[module]).deployedBytecode
  const request = { to: moduleAddresses[module], ...call }
  return { native: await world.tried(request), twin: await world.tried(request, { module, code }) }
}

/** All of it that must be equal: everything but the gas. */
export const effectsOf = ({ outcome, slots, balances }: Tried) => ({
  status: outcome.status,
  returned: toHex(outcome.returnData),
  logs: outcome.logs.map(({ address, topics, data }) => [address, topics, toHex(data)]),
  slots,
  balances,
})

/** Code that sends the data it carries to `target`: calldata costs by the byte would hide the work. */
export function carrier(target: Address, data: Hex): Hex {
  const size = ((data.length - 2) / 2).toString(16).padStart(4, '0')
  // codecopy(0, 0x3c, size); call(gas, target, value, 0, size, 0, 0); return or revert the answer
  const call = `61${size}61003c6000396000600061${size}60003473${target.slice(2)}5af1`
  return `0x${call}3d600060003e6037573d6000fd5b3d6000f3${data.slice(2)}`
}
