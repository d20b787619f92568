/**
 * Contracts compiled by solc that decode one argument and return it: the judge of our ABI codec.
 * Each runs in @ethereumjs/evm on its own; nothing of ours is under them.
 */
import { createRequire } from 'node:module'
import { createEVM, type EVM } from '@ethereumjs/evm'
import { createAddressFromString, hexToBytes } from '@ethereumjs/util'

export interface EchoCase {
  /** Solidity type as a parameter, e.g. `P[] memory`. */
  readonly solidity: string
  /** The same type in the JSON ABI. */
  readonly abi: {
    readonly type: string
    readonly name: string
    readonly components?: readonly unknown[]
  }
}

const pair = [
  { name: 'a', type: 'uint64' },
  { name: 'b', type: 'bytes' },
]
const flat = [
  { name: 'who', type: 'address' },
  { name: 'ok', type: 'bool' },
  { name: 'n', type: 'int24' },
]

export const echoCases: readonly EchoCase[] = [
  { solidity: 'uint8', abi: { name: 'v', type: 'uint8' } },
  { solidity: 'int64', abi: { name: 'v', type: 'int64' } },
  { solidity: 'address', abi: { name: 'v', type: 'address' } },
  { solidity: 'bytes4', abi: { name: 'v', type: 'bytes4' } },
  { solidity: 'bytes memory', abi: { name: 'v', type: 'bytes' } },
  { solidity: 'string memory', abi: { name: 'v', type: 'string' } },
  { solidity: 'uint16[] memory', abi: { name: 'v', type: 'uint16[]' } },
  { solidity: 'bytes[] memory', abi: { name: 'v', type: 'bytes[]' } },
  { solidity: 'address[3] memory', abi: { name: 'v', type: 'address[3]' } },
  { solidity: 'string[2] memory', abi: { name: 'v', type: 'string[2]' } },
  { solidity: 'uint8[2][] memory', abi: { name: 'v', type: 'uint8[2][]' } },
  { solidity: 'uint256[][] memory', abi: { name: 'v', type: 'uint256[][]' } },
  { solidity: 'Pair memory', abi: { name: 'v', type: 'tuple', components: pair } },
  { solidity: 'Pair[] memory', abi: { name: 'v', type: 'tuple[]', components: pair } },
  { solidity: 'Flat memory', abi: { name: 'v', type: 'tuple', components: flat } },
  { solidity: 'Flat[] memory', abi: { name: 'v', type: 'tuple[]', components: flat } },
]

/** The bytes after the selector, in; what the contract returns or reverts with, out. */
export type Echo = (data: Uint8Array) => Promise<{ reverted: boolean; data: Uint8Array }>

/** Compiles one contract per case: `f(T v, uint256 w) returns (T, uint256)`. */
export async function createEchoes(): Promise<readonly Echo[]> {
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string }
  const contracts = echoCases.map(
    ({ solidity }, i) =>
      `contract C${i.toString()} { fallback(bytes calldata) external returns (bytes memory) {
        (${solidity} v, uint256 w) = abi.decode(msg.data, (${solidity.replace(' memory', '')}, uint256));
        return abi.encode(v, w); } }`,
  )
  const source = `pragma solidity ^0.8.30; struct Pair { uint64 a; bytes b; } struct Flat { address who; bool ok; int24 n; } ${contracts.join('\n')}`
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: 'Solidity',
        sources: { 'echo.sol': { content: source } },
        settings: {
          outputSelection: { '*': { '*': ['evm.deployedBytecode.object'] } },
          optimizer: { enabled: true, runs: 200 },
        },
      }),
    ),
  ) as {
    contracts?: Record<string, Record<string, { evm: { deployedBytecode: { object: string } } }>>
    errors?: { severity: string; formattedMessage: string }[]
  }
  const fault = output.errors?.find((error) => error.severity === 'error')
  if (fault) throw new Error(fault.formattedMessage)
  const evm = await createEVM()
  return echoCases.map((_, i) => {
    const code = output.contracts?.['echo.sol']?.[`C${i.toString()}`]?.evm.deployedBytecode.object
    return (data) => runEcho(evm, hexToBytes(`0x${code ?? ''}`), data)
  })
}

async function runEcho(evm: EVM, code: Uint8Array, data: Uint8Array) {
  const { exceptionError, returnValue } = await evm.runCode({
    code,
    data,
    gasLimit: 10_000_000n,
    to: createAddressFromString(`0x${'00'.repeat(19)}aa`),
  })
  return { reverted: exceptionError !== undefined, data: returnValue }
}
