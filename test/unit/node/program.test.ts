/** The command line without a process: help, mistakes, exit codes; and how a process ends. */
import { EventEmitter } from 'node:events'
import { describe, expect, test } from '@jest/globals'
import { mnemonicToAccount } from 'viem/accounts'
import { devnetAddresses } from '../../../genesis/index.ts'
import { NodeError, silentLogger, toHex } from '../../../primitives/index.ts'
import { devnetKeys, devnetMnemonic } from '../../../node/devnet-keys.ts'
import { explainFailure } from '../../../node/failure.ts'
import { createLifecycle } from '../../../node/lifecycle.ts'
import { createLoggers } from '../../../node/logger.ts'
import { sameLevel } from '../../../node/log-levels.ts'
import { main } from '../../../node/program.ts'
import { devClientVersion, packageVersion } from '../../../node/system.ts'

async function call(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []]
  const exitCode = await main(args, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    isTerminal: false,
  })
  return { exitCode, out: out.join('\n'), err: err.join('\n') }
}

describe('help', () => {
  test('names every command, examples and exit codes', async () => {
    const { exitCode, out } = await call('--help')
    expect(exitCode).toBe(0)
    for (const word of ['dev', 'run', 'genesis', 'db', 'Examples:', 'Exit codes:'])
      expect(out).toContain(word)
  })
  test('of a command with an amount as default is printed, not a fault', async () => {
    const { exitCode, out } = await call('model', 'register', '--help')
    expect([exitCode, out.includes('--price <open>')]).toEqual([0, true])
  })
  test("a command's own --version is no question for ours", async () => {
    const { exitCode, err } = await call(
      'model',
      'answer',
      `0x${'00'.repeat(32)}`,
      '--file',
      'no such file',
      '--version',
      '2',
    )
    expect([exitCode, err]).toEqual([1, expect.stringMatching(/no such file/)])
  })
  test('of a command of a group, in both ways of asking', async () => {
    const { exitCode, out } = await call('help', 'data', 'push')
    expect([exitCode, out]).toEqual([0, (await call('data', 'push', '--help')).out])
    expect(out).toContain('Usage: tributary data push')
    expect((await call('help')).out).toContain('Usage: tributary [options] [command]')
    expect((await call('help', 'help')).out).toBe((await call('help')).out)
  })
  test('of dev: options in groups, with their defaults', async () => {
    const { out } = await call('dev', '--help')
    for (const group of ['Server:', 'Accounts:', 'Blocks:', 'Data:', 'Output:'])
      expect(out).toContain(`\n${group}\n`)
    expect(out).toMatch(/--port <number>.*\(default: 8545\)/)
    expect(out).toMatch(/--balance <open>.*\(default: 10000\)/)
    expect(out).toMatch(/--chain-id <number>.*\(default: 2679\)/)
  })
  test('of run: says who decides blocks', async () => {
    expect((await call('run', '--help')).out.replaceAll(/\s+/g, ' ')).toContain(
      'Where the genesis names validators they decide its blocks',
    )
  })
  test('version', async () => {
    expect((await call('--version')).out).toBe(packageVersion())
  })
})

describe('mistakes end with code 2 and a hint', () => {
  test.each<[string[], RegExp]>([
    [['dve'], /unknown command 'dve'[\s\S]*Did you mean dev/],
    [['dev', '--prot', '1'], /unknown option '--prot'[\s\S]*Did you mean --port/],
    [['dev', '--port', '70000'], /--port <number>.*whole number from 0 to 65535/],
    [['dev', '--block-time', 'often'], /--block-time <seconds>.*number of seconds/],
    [['dev', '--balance', 'much'], /--balance <open>.*amount of OPEN/],
    [['dev', '--datadir', ''], /--datadir <folder>.*must not be empty/],
    [['run', '--datadir', ' '], /--datadir <folder>.*must not be empty/],
    [['dev', '--config-out', ''], /--config-out <file>.*must not be empty/],
    [['nonsense', '--help'], /unknown command 'nonsense'/],
    [['data', 'nonsense', '-h'], /unknown command 'nonsense'/],
    [['help', 'nonsense'], /unknown command 'nonsense'/],
    [['dev', '--mnemonic', 'foo', '--ephemeral'], /mnemonic is not valid/],
    [['dev', '--log-level', 'loud', '--ephemeral'], /"loud" is no level/],
    [['rewards', 'claim'], /give --key-file/],
    [['genesis', 'validate'], /missing required argument 'file'/],
  ])('%j', async (args, text) => {
    const { exitCode, err } = await call(...args)
    expect([exitCode, err]).toEqual([2, expect.stringMatching(text)])
  })
})

test('only faults of our own show their stack', () => {
  expect(explainFailure(new NodeError('PORT_BUSY', 'port 1 is taken'))).toEqual({
    exitCode: 1,
    text: 'error: port 1 is taken',
  })
  const bug = explainFailure(new Error('broken'))
  expect([bug.exitCode, bug.text]).toEqual([
    70,
    expect.stringMatching(/report[\s\S]*broken[\s\S]*at /),
  ])
})

function setUpLifecycle() {
  const exits: number[] = []
  const host = Object.assign(new EventEmitter(), {
    exit: (code: number) => void exits.push(code),
  })
  return { host, exits, lifecycle: createLifecycle(silentLogger, host) }
}

describe('the end of a process', () => {
  test.each(['SIGINT', 'SIGTERM'])('%s stops in order, with code 0', async (signal) => {
    const { host, exits, lifecycle } = setUpLifecycle()
    let stops = 0
    const end = lifecycle.run(async () => void stops++)
    host.emit(signal, signal)
    expect([await end, stops, exits]).toEqual([0, 1, []])
    expect(host.listenerCount(signal)).toBe(0)
  })
  test('a second signal does not wait', async () => {
    const { host, exits, lifecycle } = setUpLifecycle()
    const finish: (() => void)[] = []
    const end = lifecycle.run(() => new Promise((resolve) => finish.push(resolve)))
    host.emit('SIGINT', 'SIGINT')
    host.emit('SIGINT', 'SIGINT')
    expect(exits).toEqual([130])
    await new Promise((resolve) => setImmediate(resolve))
    finish.forEach((resolve) => resolve())
    await end
  })
  test('a broken rule ends with code 70', async () => {
    const { lifecycle } = setUpLifecycle()
    const end = lifecycle.run(() => Promise.resolve())
    lifecycle.fail(new Error('broken'))
    expect(await end).toBe(70)
  })
})

describe('the log', () => {
  test('one JSON object per line with module and level, and no secret', async () => {
    const lines: string[] = []
    const logs = await createLoggers(
      { levels: { ...sameLevel('info'), rpc: 'debug' }, isPretty: false },
      { write: (line) => void lines.push(line) },
    )
    logs.of('node').debug({}, 'not wanted')
    logs.of('rpc').debug({ mnemonic: 'a b c', account: { privateKey: '0x1' }, n: 1 }, 'wanted')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: 'debug', module: 'rpc', n: 1, msg: 'wanted', mnemonic: '[secret]' },
    ])
    expect(lines.join('')).not.toMatch(/a b c|0x1"/)
  })
})

test('the keys written out are those of the mnemonic and of the devnet', () => {
  const derived = devnetKeys.map((_, addressIndex) => {
    const account = mnemonicToAccount(devnetMnemonic, { addressIndex })
    return [account.address.toLowerCase(), toHex(account.getHdKey().privateKey!)]
  })
  expect(devnetKeys).toEqual(derived)
  expect(devnetKeys.map(([address]) => address)).toEqual(devnetAddresses)
})

test("a devnet's version begins with anvil, or Hardhat's helpers refuse it", () => {
  expect(devClientVersion('1.2.3')).toBe('anvil/v1.2.3-tributary')
})
