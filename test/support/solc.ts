/**
 * Compiles `contracts/*.sol` with npm `solc`: nothing is downloaded. Tests and benchmarks read the
 * result from `test/fixtures/contracts.json`, because loading the compiler costs a second or more;
 * run this file (`node_modules/.bin/tsx test/support/solc.ts`) after changing a source.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Abi } from 'viem'

/** One contract as clients take it: viem and ethers both accept `abi` and `bytecode` so. */
export type Artifact = {
  readonly abi: readonly unknown[]
  readonly bytecode: `0x${string}`
  readonly deployedBytecode: `0x${string}`
}

type SolcError = { readonly severity: string; readonly formattedMessage: string }
/** Where solc puts a variable: the type is a key of `types`. */
type StorageVariable = {
  readonly label: string
  readonly slot: string
  readonly offset: number
  readonly type: string
}
type StorageType = {
  readonly encoding: 'inplace' | 'mapping' | 'dynamic_array' | 'bytes'
  readonly numberOfBytes: string
  readonly label: string
  readonly key?: string
  readonly value?: string
  readonly base?: string
  readonly members?: readonly StorageVariable[]
}
/** What `solc --storage-layout` says of a contract. */
export type StorageLayout = {
  readonly storage: readonly StorageVariable[]
  readonly types: Readonly<Record<string, StorageType>>
}
type SolcContract = {
  readonly abi: readonly unknown[]
  readonly storageLayout: StorageLayout
  readonly evm: {
    readonly bytecode: { readonly object: string }
    readonly deployedBytecode: { readonly object: string }
  }
}
type SolcOutput = {
  readonly errors?: readonly SolcError[]
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, SolcContract>>>>
}

/** ganache knows nothing after shanghai, and the benchmark must send the same code to every node. */
const evmVersion = 'shanghai'
const folder = new URL('../../contracts/', import.meta.url)
const fixture = new URL('../fixtures/contracts.json', import.meta.url)

/** Every contract of `contracts/`, by name. Throws with the compiler's words on any error or warning. */
export function compileContracts(): Record<string, Artifact> {
  const artifacts: Record<string, Artifact> = {}
  const contracts = {
    ...compile(sourcesIn('.', 'interfaces', 'examples', 'mocks')),
    ...compile(sourcesIn('interfaces', 'twins'), twinSettings),
  }
  for (const [name, { abi, evm }] of Object.entries(contracts))
    if (evm.bytecode.object !== '' && name !== 'SumTree')
      artifacts[name] = {
        abi,
        bytecode: `0x${evm.bytecode.object}`,
        deployedBytecode: `0x${evm.deployedBytecode.object}`,
      }
  return artifacts
}

/** The ABIs of `contracts/interfaces`, by name. Throws as compileContracts. */
export const compileInterfaces = (): Record<string, Abi> =>
  Object.fromEntries(
    Object.entries(compile(sourcesIn('interfaces'))).map(([name, { abi }]) => [name, abi as Abi]),
  )

/** Storage layouts of the modules as Solidity declares them in `contracts/twins`, by contract. */
export const compileLayouts = (): Record<string, StorageLayout> =>
  Object.fromEntries(
    Object.entries(
      compile(sourcesIn('interfaces', 'twins'), {
        ...twinSettings,
        outputSelection: { '*': { '*': ['storageLayout'] } },
      }),
    ).map(([name, { storageLayout }]) => [name, storageLayout]),
  )

/** Paths below `contracts/`. */
const sourcesIn = (...below: string[]): string[] =>
  below.flatMap((at) =>
    readdirSync(new URL(`${at}/`, folder))
      .filter((name) => name.endsWith('.sol'))
      .map((name) => (at === '.' ? name : `${at}/${name}`)),
  )

/** The best the compiler does: a module must be cheaper than that. */
const twinSettings = { evmVersion: 'cancun' }

function compile(files: readonly string[], more: object = {}): Record<string, SolcContract> {
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string }
  const sources = Object.fromEntries(
    files.map((name) => [name, { content: readFileSync(new URL(name, folder), 'utf8') }]),
  )
  const settings = {
    evmVersion,
    optimizer: { enabled: true, runs: 200 },
    metadata: { bytecodeHash: 'none' },
    outputSelection: {
      '*': {
        '*': ['abi', 'storageLayout', 'evm.bytecode.object', 'evm.deployedBytecode.object'],
      },
    },
    ...more,
  }
  const output = JSON.parse(
    solc.compile(JSON.stringify({ language: 'Solidity', sources, settings })),
  ) as SolcOutput
  if (output.errors?.length)
    throw new Error(output.errors.map((error) => error.formattedMessage).join('\n'))
  return Object.assign({}, ...Object.values(output.contracts ?? {}))
}

/** The artifacts as they lie in the repo. Throws where the contract is unknown. */
export function readArtifact(name: string): Artifact {
  const all = JSON.parse(readFileSync(fixture, 'utf8')) as Record<string, Artifact>
  const found = all[name]
  if (found === undefined) throw new Error(`no contract ${name} in test/fixtures/contracts.json`)
  return found
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(fixture, `${JSON.stringify(compileContracts(), null, 1)}\n`)
