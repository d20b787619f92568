/**
 * foundry's `forge` (the native binary: the npm wrapper hides exit codes) against the running devnet:
 * `forge create` and `forge script --broadcast`, compiled offline by npm's solc.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createPublicClient, type Hex, http, parseAbi } from 'viem'
import { privateKey, startTarget, type Target } from '../support/target.ts'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const binary = at('../../node_modules/@foundry-rs/forge-linux-amd64/bin/forge')
const compiler = at('../fixtures/solc-cli.mjs')
const run = promisify(execFile)

let target: Target
let folder: string
beforeAll(async () => {
  target = await startTarget()
  folder = await mkdtemp(join(tmpdir(), 'tributary-forge-'))
  await mkdir(join(folder, 'src'))
  await mkdir(join(folder, 'script'))
  await writeFile(
    join(folder, 'foundry.toml'),
    `[profile.default]\nsrc = "src"\nout = "out"\noffline = true\nsolc = "${compiler}"\n`,
  )
  await writeFile(join(folder, 'src', 'Counter.sol'), counter)
  await writeFile(join(folder, 'script', 'Deploy.s.sol'), script)
}, 30_000)
afterAll(async () => {
  await target.stop()
  await rm(folder, { recursive: true, force: true })
})

const counter = `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;
contract Counter {
    uint256 public number;
    event Set(uint256 indexed number);
    constructor(uint256 first) { number = first; }
    function set(uint256 next) external { number = next; emit Set(next); }
}
`
/** The two cheats it needs, without forge-std, which would have to be fetched. */
const script = `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;
import {Counter} from "../src/Counter.sol";
interface Vm { function startBroadcast() external; function stopBroadcast() external; }
contract Deploy {
    Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    function run() external {
        vm.startBroadcast();
        Counter counter = new Counter(5);
        counter.set(6);
        counter.set(7);
        vm.stopBroadcast();
    }
}
`
/** Standard output. Rejects, with \`stderr\`, when the exit code is not 0. */
const forge = async (...args: string[]): Promise<string> => {
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    FOUNDRY_DISABLE_NIGHTLY_WARNING: '1',
    NO_COLOR: '1',
  }
  const options = { cwd: folder, env, timeout: 100_000 }
  return (await run(binary, args, options)).stdout
}
/** What `--json` prints, after what the compiler says. */
const deploymentIn = (out: string) =>
  JSON.parse(out.slice(out.indexOf('{'))) as {
    readonly deployedTo: Hex
    readonly transactionHash: Hex
  }
const client = () => createPublicClient({ transport: http(target.httpUrl) })
const abi = parseAbi(['function number() view returns (uint256)'])
const numberAt = (address: Hex): Promise<bigint> =>
  client().readContract({ address, abi, functionName: 'number' })

test('forge create deploys a contract with constructor arguments', async () => {
  const out = await forge(
    'create',
    'src/Counter.sol:Counter',
    '--broadcast',
    '--json',
    '--rpc-url',
    target.httpUrl,
    '--private-key',
    privateKey(1),
    '--constructor-args',
    '42',
  )
  const { deployedTo, transactionHash } = deploymentIn(out)
  expect(await numberAt(deployedTo)).toBe(42n)
  const receipt = await client().getTransactionReceipt({ hash: transactionHash })
  expect(receipt.status).toBe('success')
}, 120_000)

test('forge create works with an unlocked account, by eth_sendTransaction', async () => {
  const [from] = (await client().request({ method: 'eth_accounts' } as never)) as [Hex]
  const out = await forge(
    'create',
    'src/Counter.sol:Counter',
    '--broadcast',
    '--json',
    '--unlocked',
    '--rpc-url',
    target.httpUrl,
    '--from',
    from,
    '--constructor-args',
    '1',
  )
  const { deployedTo } = deploymentIn(out)
  expect(await numberAt(deployedTo)).toBe(1n)
}, 120_000)

test('forge script --broadcast simulates, sends, waits, and writes its record', async () => {
  await forge(
    'script',
    'script/Deploy.s.sol:Deploy',
    '--broadcast',
    '--rpc-url',
    target.httpUrl,
    '--private-key',
    privateKey(2),
  )
  const path = join(folder, 'broadcast', 'Deploy.s.sol', '2679', 'run-latest.json')
  const { receipts } = JSON.parse(await readFile(path, 'utf8')) as {
    readonly receipts: readonly { readonly status: Hex; readonly contractAddress: Hex | null }[]
  }
  expect(receipts.map(({ status }) => status)).toEqual(['0x1', '0x1', '0x1'])
  const address = receipts[0]?.contractAddress
  expect(address && (await numberAt(address))).toBe(7n)
}, 120_000)

test('a failed deployment ends with an exit code and the reason', async () => {
  const bad = forge(
    'create',
    'src/Counter.sol:Counter',
    '--broadcast',
    '--rpc-url',
    target.httpUrl,
    '--private-key',
    `0x${'11'.repeat(32)}`,
    '--constructor-args',
    '1',
  )
  await expect(bad).rejects.toMatchObject({ stderr: expect.stringContaining('insufficient funds') })
}, 120_000)
