/** The built command as a person meets it: help, refusals, start, stop, and what stays on disk. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { WebSocket } from 'ws'
import { counterCreation, createSigner } from '../support/load.ts'
import {
  commandPath,
  type Devnet,
  repoRoot,
  rpcCall,
  runCommand,
  startCommand,
  startDevnet,
} from '../support/node.ts'
import { until } from '../support/until.ts'

type Hex = `0x${string}`

const limitMs = 30_000
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-cli-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const balanceOf = (url: string, address: Hex) =>
  rpcCall<Hex>(url, 'eth_getBalance', [address, 'latest'])

describe('genesis', () => {
  test(
    'what print writes is valid',
    async () => {
      const printed = await runCommand(['genesis', 'print', 'devnet'])
      expect(printed.code).toBe(0)
      const file = join(folder, 'genesis.json')
      await writeFile(file, printed.stdout)
      const checked = await runCommand(['genesis', 'validate', file])
      expect([checked.code, checked.stdout]).toEqual([0, expect.stringContaining('chain id 2679')])
    },
    limitMs,
  )

  test(
    'validate names every fault with its path, and exits with 1',
    async () => {
      const file = join(folder, 'faulty.json')
      const alloc = { [`0x${'12'.repeat(20)}`]: { balance: '12x' } }
      await writeFile(
        file,
        JSON.stringify({ config: { chainId: 1 }, gasLimit: 'much', alloc, surprise: 1 }),
      )
      const { code, stderr } = await runCommand(['genesis', 'validate', file])
      expect(code).toBe(1)
      for (const part of ['gasLimit', `alloc.0x${'12'.repeat(20)}.balance`, 'surprise', 'faults'])
        expect(stderr).toContain(part)
    },
    limitMs,
  )

  test(
    'a file that is not there is one sentence',
    async () => {
      const { code, stderr } = await runCommand(['genesis', 'validate', join(folder, 'none.json')])
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/^error: cannot read the genesis file: [^\n]*\n$/),
      ])
    },
    limitMs,
  )
})

describe('dev', () => {
  test(
    'the first line has all a script needs; HTTP and WebSocket share the port',
    async () => {
      const node = await startDevnet(['--ephemeral', '--accounts', '3', '--balance', '7.5'])
      expect(node).toMatchObject({ type: 'ready', chainId: 2679, head: 0, datadir: null })
      expect(node.accounts.map(({ balance }) => balance)).toEqual(
        Array(3).fill('7500000000000000000'),
      )
      expect(await rpcCall(node.httpUrl, 'eth_chainId')).toBe('0xa77')
      expect(await rpcCall(node.httpUrl, 'web3_clientVersion')).toMatch(/^anvil\/v.*-tributary$/)
      expect(new URL(node.wsUrl).port).toBe(new URL(node.httpUrl).port)
      const socket = new WebSocket(node.wsUrl)
      await new Promise((resolve) => socket.once('open', resolve))
      socket.send('{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}')
      const answer = await new Promise<string>((resolve) =>
        socket.once('message', (data: Buffer) => resolve(data.toString())),
      )
      expect(JSON.parse(answer)).toEqual({ jsonrpc: '2.0', id: 1, result: '0x0' })

      const signer = createSigner(node.accounts[0]!.privateKey, node.chainId, 0)
      const hash = await rpcCall<Hex>(node.httpUrl, 'eth_sendRawTransaction', [
        await signer.next(null, 0n, counterCreation),
      ])
      // Synchronous automine: the receipt is there at once.
      expect(await rpcCall(node.httpUrl, 'eth_getTransactionReceipt', [hash])).toMatchObject({
        status: '0x1',
      })
      const beforeMs = performance.now()
      expect(await node.stop()).toEqual({ code: 0, signal: null })
      expect(performance.now() - beforeMs).toBeLessThan(1000)
      expect(node.lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
        { type: 'block', number: 1, transactions: 1 },
        { type: 'transaction', hash, status: 'success' },
      ])
    },
    limitMs,
  )

  test('state is kept over a restart, a foreign genesis is refused, --reset begins anew', async () => {
    const datadir = join(folder, 'kept')
    const to: Hex = `0x${'77'.repeat(20)}`
    const first = await startDevnet(['--datadir', datadir])
    const signer = createSigner(first.accounts[0]!.privateKey, first.chainId, 0)
    await rpcCall(first.httpUrl, 'eth_sendRawTransaction', [await signer.next(to, 5n)])
    expect((await first.stop()).code).toBe(0)

    const other = await runCommand(['dev', '--port', '0', '--datadir', datadir, '--chain-id', '99'])
    expect(other.code).toBe(1)
    expect(other.stderr).toMatch(/began with another genesis.*another --datadir/)

    const second = await startDevnet(['--datadir', datadir])
    expect([second.head, await balanceOf(second.httpUrl, to)]).toEqual([1, '0x5'])
    const locked = await runCommand(['dev', '--port', '0', '--datadir', datadir, '--reset'])
    expect([locked.code, locked.stderr]).toEqual([1, expect.stringContaining(datadir)])
    await second.stop()

    const info = await runCommand(['db', 'info', '--datadir', datadir, '--json'])
    expect(JSON.parse(info.stdout)).toMatchObject({
      head: { number: 1 },
      genesisHash: first.genesisHash,
    })
    expect((await runCommand(['db', 'check', '--datadir', datadir])).code).toBe(0)

    const third = await startDevnet(['--datadir', datadir, '--reset'])
    expect([third.head, await balanceOf(third.httpUrl, to)]).toEqual([0, '0x0'])
    await third.stop()
  }, 60_000)

  test.each([
    ['--config-out', '/nope/x', /^error: cannot write \/nope\/x \([^\n]*\)\n$/],
    ['--datadir', 'README.md', /^error: [^\n]*README\.md is a file; choose a folder\n$/],
    ['--datadir', '/proc/x', /^error: cannot make the folder \/proc\/x [^\n]*\n$/],
  ])(
    '%s %s is refused in a sentence, before anything starts',
    async (option, path, text) => {
      const isData = option === '--datadir'
      const args = ['dev', '--port', '0', option, path, ...(isData ? [] : ['--ephemeral'])]
      const { code, stdout, stderr } = await runCommand(args, 10_000)
      expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(text)])
    },
    limitMs,
  )

  test(
    'after Ctrl-C the last line says what became of the chain',
    async () => {
      const child = spawn(process.execPath, [commandPath, 'dev', '--ephemeral', '--port', '0'])
      let text = ''
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        if (!text.includes('Ctrl-C stops.') && (text + chunk).includes('Ctrl-C stops.'))
          child.kill('SIGINT')
        text += chunk
      })
      const code = await new Promise((resolve) => child.once('close', resolve))
      expect([code, text]).toEqual([
        0,
        expect.stringMatching(/\nStopped at block 0; the chain is gone, as --ephemeral wants\n$/),
      ])
    },
    limitMs,
  )

  test(
    'a busy port is a sentence',
    async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port.toString() : ''
      const { code, stderr } = await runCommand(['dev', '--ephemeral', '--port', port])
      server.close()
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(new RegExp(`^error: .*${port}.*\\n$`)),
      ])
    },
    limitMs,
  )

  test(
    'public keys are not shown to a network by accident',
    async () => {
      const { code, stderr } = await runCommand([
        'dev',
        '--ephemeral',
        '--host',
        '0.0.0.0',
        '--port',
        '0',
      ])
      expect([code, stderr]).toEqual([2, expect.stringContaining('--i-know-this-is-public')])
    },
    limitMs,
  )

  test(
    'a block time makes blocks, and --config-out keeps the keys from other users',
    async () => {
      const file = join(folder, 'config.json')
      const node = await startDevnet(['--ephemeral', '--block-time', '0.05', '--config-out', file])
      let height = 0
      while (height < 3) height = Number(await rpcCall(node.httpUrl, 'eth_blockNumber'))
      expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ chainId: 2679 })
      expect((await node.stop()).code).toBe(0)
    },
    limitMs,
  )
})

test(
  'paths are meant from where the person stands, though npm runs the command in its folder',
  async () => {
    const printed = await runCommand(['genesis', 'print', 'devnet'])
    await writeFile(join(folder, 'mine.json'), printed.stdout)
    const script = join(repoRoot, 'scripts', 'tributary.mjs')
    const { status, stdout } = spawnSync(
      process.execPath,
      [script, 'genesis', 'validate', 'mine.json'],
      { cwd: repoRoot, env: { ...process.env, INIT_CWD: folder }, encoding: 'utf8' },
    )
    expect([status, stdout]).toEqual([0, expect.stringContaining('chain id 2679')])
  },
  2 * limitMs,
)

type NetworkReady = Devnet & {
  readonly genesisFile: string
  readonly validators: readonly { readonly httpUrl: string; readonly p2pAddress: string }[]
}
const networkOptions = (): string[] => ['--datadir', join(folder, 'network'), '--validators', '1']

describe('dev --validators in a folder that is there', () => {
  let address: string | undefined

  test(
    'refuses another number of validators and other values of what its genesis has',
    async () => {
      const network = (await startDevnet(networkOptions())) as NetworkReady
      address = network.validators[0]?.p2pAddress
      expect((await network.stop()).code).toBe(0)
      const dev = ['dev', '--port', '0', '--datadir', join(folder, 'network')]
      const more = await runCommand([...dev, '--validators', '2'])
      expect([more.code, more.stderr]).toEqual([
        2,
        expect.stringMatching(/holds a network of 1 validators; --reset makes one of 2/),
      ])
      const changed = ['--validators', '1', '--balance', '5', '--gas-limit', '40000000']
      const { code, stderr } = await runCommand([...dev, ...changed])
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(/began with other values of --balance, --gas-limit;.*--reset/),
      ])
    },
    3 * limitMs,
  )

  test(
    'goes on with the same options at the same addresses, where others join',
    async () => {
      const network = (await startDevnet(networkOptions())) as NetworkReady
      const { genesisFile, validators } = network
      expect(address).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3KooW/)
      expect(validators[0]?.p2pAddress).toBe(address)
      const own = ['--datadir', join(folder, 'follower'), '--port', '0', '--p2p-port', '0']
      const run = ['run', '--genesis', genesisFile, ...own]
      const follower = startCommand([...run, '--peer', address ?? ''])
      try {
        const committed = () => /"height":"2","hash":"(0x\w+)"/.exec(follower.stderr())?.[1]
        await until(() => committed() !== undefined, 60_000)
        expect(follower.stderr()).toMatch(
          /"addresses":\["\/ip4[^\]]+"\],"msg":"others join with --peer and one of these"/,
        )
        expect(
          await rpcCall(validators[0]?.httpUrl ?? '', 'eth_getBlockByNumber', ['0x2', false]),
        ).toMatchObject({
          hash: committed(),
        })
      } finally {
        expect((await follower.stop()).code).toBe(0)
      }
      const { code, stderr } = await runCommand([...run, '--peer', 'somewhere'])
      expect([code, stderr]).toEqual([2, expect.stringContaining('admin_nodeInfo (enode)')])
      expect((await network.stop()).code).toBe(0)
    },
    5 * limitMs,
  )
})

/** Milliseconds of both kinds, told on standard error when the process ends. */
const tellCpu =
  'data:text/javascript,process.on("exit",()=>{' +
  'const{user,system}=process.cpuUsage();process.stderr.write(`cpu ${(user+system)/1000}`)})'

test(
  'help takes under 300 ms of processor time, whatever else the machine does',
  () => {
    const cpuMs = Array.from({ length: 5 }, () => {
      const args = ['--import', tellCpu, commandPath, '--help']
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
      expect([status, stdout]).toEqual([0, expect.stringContaining('Usage: tributary')])
      return Number(/cpu ([\d.]+)$/.exec(stderr)?.[1])
    })
    expect(cpuMs.toSorted((a, b) => a - b)[2]).toBeLessThan(300)
  },
  limitMs,
)
