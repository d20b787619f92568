/** contracts/puppet.sol from TypeScript: scripts of nested calls, and its code ready to be placed. */
import { encodeFunctionData, parseAbi } from 'viem'
import type { Address, Hex } from '../../primitives/index.ts'
import { readArtifact } from './solc.ts'

const abi = parseAbi([
  'struct Step { uint8 kind; address target; uint256 value; uint256 gas; bytes data; bool mustSucceed; }',
  'function run(Step[] steps) payable returns (bytes32)',
  'function arm(address target, uint256 times, bytes data)',
])
export const callKinds = { call: 0, callcode: 1, delegatecall: 2, staticcall: 3 } as const

export interface Step {
  readonly kind: number
  readonly target: Address
  readonly value: bigint
  /** 0: all there is. */
  readonly gas: bigint
  readonly data: Hex
  readonly mustSucceed: boolean
}

export const puppetCode = (): Hex => readArtifact('Puppet').deployedBytecode

export const runSteps = (...steps: readonly Step[]): Hex =>
  encodeFunctionData({ abi, functionName: 'run', args: [steps] })

export const armPuppet = (target: Address, times: bigint, data: Hex): Hex =>
  encodeFunctionData({ abi, functionName: 'arm', args: [target, times, data] })

/** One call that must succeed. */
export const step = (target: Address, data: Hex, more: Partial<Step> = {}): Step => ({
  kind: callKinds.call,
  target,
  value: 0n,
  gas: 0n,
  data,
  mustSucceed: true,
  ...more,
})
