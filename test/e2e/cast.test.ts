/**
 * foundry's `cast` against the running devnet.
 * `TRIBUTARY_E2E=anvil` asks anvil the same questions.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parseEther, type Hex } from 'viem'
import { castBinary, castEnvironment, runCast } from '../support/cast.ts'
import { readArtifact } from '../support/solc.ts'
import { account, isAnvil, privateKey, startTarget, type Target } from '../support/target.ts'
import { until } from '../support/until.ts'

let target: Target
beforeAll(async () => {
  target = await startTarget()
}, 60_000)
afterAll(async () => {
  await target.stop()
})

const cast = (...args: string[]): Promise<string> => runCast(target.httpUrl, args)
const castJson = async <shape>(...args: string[]): Promise<shape> =>
  JSON.parse(await cast(...args, '--json')) as shape
const failure = async (...args: string[]): Promise<string> => {
  const error: unknown = await cast(...args).catch((e: unknown) => e)
  // Errors of node:child_process are of another realm than jest's Error.
  if (typeof error === 'object' && error !== null && 'stderr' in error) return String(error.stderr)
  throw new Error(`cast ${args.join(' ')} did not fail`)
}

type Receipt = {
  readonly status: Hex
  readonly contractAddress: Hex | null
  readonly transactionHash: Hex
  readonly blockNumber: Hex
  readonly gasUsed: Hex
  readonly type: Hex
  readonly logs: readonly { readonly address: Hex; readonly topics: readonly Hex[] }[]
}
const key = (index: number): string[] => ['--private-key', privateKey(index)]
const deploy = async (name: string, ...args: string[]): Promise<Hex> => {
  const { bytecode } = readArtifact(name)
  const receipt = await castJson<Receipt>('send', ...key(0), '--create', bytecode, ...args)
  expect(receipt.status).toBe('0x1')
  return receipt.contractAddress!
}

test('the chain and its accounts', async () => {
  expect(await cast('chain-id')).toBe('2679')
  expect(await cast('balance', account(19).address)).toBe(parseEther('10000').toString())
  expect(await cast('nonce', account(19).address)).toBe('0')
  expect(BigInt(await cast('gas-price'))).toBeGreaterThan(0n)
  expect(BigInt(await cast('base-fee'))).toBeGreaterThan(0n)
  expect(await cast('rpc', 'eth_chainId')).toBe('"0xa77"')
  expect(await cast('client')).toMatch(/^anvil\//)
  const block = await castJson<{ hash: Hex; number: Hex }>('block', 'latest')
  expect(await cast('block', block.number, '--field', 'hash')).toBe(block.hash)
})

test('a transfer, its transaction and its receipt', async () => {
  const to = '0x00000000000000000000000000000000000a77aa'
  const sent = await castJson<Receipt>('send', ...key(1), to, '--value', '1.25ether')
  expect(sent).toMatchObject({ status: '0x1', gasUsed: '0x5208', type: '0x2' })
  expect(await cast('balance', to, '--ether')).toBe('1.250000000000000000')
  expect(await cast('tx', sent.transactionHash, 'value')).toBe(parseEther('1.25').toString())
  expect(await castJson<Receipt>('receipt', sent.transactionHash)).toMatchObject({ status: '0x1' })
  const legacy = await castJson<Receipt>('send', ...key(1), to, '--value', '1', '--legacy')
  expect(legacy).toMatchObject({ status: '0x1', type: '0x0' })
  expect(await cast('nonce', account(1).address)).toBe('2')
})

test('a contract is created, written, called, estimated, searched and read', async () => {
  const token = await deploy('Token', 'constructor(string,string)', 'Data', 'DAT')
  expect(await cast('code', token)).toBe(readArtifact('Token').deployedBytecode)
  expect(await cast('call', token, 'symbol()(string)')).toBe('"DAT"')
  const [from, to] = [account(0).address, account(2).address]
  await cast('send', ...key(0), token, 'mint(address,uint256)', from, '1000')
  const gas = BigInt(
    await cast('estimate', '--from', from, token, 'transfer(address,uint256)', to, '300'),
  )
  const receipt = await castJson<Receipt>(
    'send',
    ...key(0),
    '--gas-limit',
    gas.toString(),
    token,
    'transfer(address,uint256)',
    to,
    '300',
  )
  expect(receipt.status).toBe('0x1')
  expect(await cast('call', token, 'balanceOf(address)(uint256)', to)).toBe('300')
  const past = (BigInt(receipt.blockNumber) - 1n).toString()
  expect(await cast('call', '--block', past, token, 'balanceOf(address)(uint256)', to)).toBe('0')
  const event = 'Transfer(address indexed,address indexed,uint256)'
  const logs = await castJson<Receipt['logs']>(
    'logs',
    '--from-block',
    '0',
    '--address',
    token,
    event,
  )
  expect(logs).toHaveLength(2)
  expect(BigInt(await cast('storage', token, '2'))).toBe(1000n)
  const slot = await cast('index', 'address', to, '3')
  expect(BigInt(await cast('storage', token, slot))).toBe(300n)
  const proof = await castJson<{
    storageProof: { value: Hex; proof: Hex[] }[]
    accountProof: Hex[]
  }>('proof', token, slot)
  expect(BigInt(proof.storageProof[0]!.value)).toBe(300n)
  expect(proof.accountProof.length).toBeGreaterThan(0)
})

test('failures are explained and cast exits with an error', async () => {
  const reverter = await deploy('Reverter')
  expect(await failure('call', reverter, 'reason(string)', 'no luck')).toMatch(/no luck/)
  expect(await failure('estimate', reverter, 'panicAssert()')).toMatch(/assert|0x01|0x4e487b71/)
  expect(await failure('send', ...key(0), reverter, 'custom(uint256)', '7')).toMatch(/revert/)
  const sent = await castJson<Receipt>(
    'send',
    ...key(0),
    '--gas-limit',
    '100000',
    reverter,
    'touchAndRevert()',
  ).catch((error: unknown) => JSON.parse((error as { stdout: string }).stdout) as Receipt)
  expect(sent.status).toBe('0x0')
  expect(await cast('call', reverter, 'touched()(uint256)')).toBe('0')
})

test('an account delegates by EIP-7702 with --auth', async () => {
  const delegate = await deploy('Delegate')
  const eoa = account(3)
  const auth = await cast(
    'wallet',
    'sign-auth',
    ...key(3),
    '--nonce',
    '0',
    '--chain',
    '2679',
    delegate,
  )
  const receipt = await castJson<Receipt>('send', ...key(0), '--auth', auth, eoa.address, 'ping()')
  expect(receipt).toMatchObject({ status: '0x1', type: '0x4' })
  expect(receipt.logs[0]?.address).toBe(eoa.address.toLowerCase())
  expect(await cast('code', eoa.address)).toBe(`0xef0100${delegate.slice(2).toLowerCase()}`)
})

const price = (gwei: string) => ['--gas-price', `${gwei}gwei`, '--priority-gas-price', '1gwei']

test('a transaction ahead of its nonce waits and is replaced', async () => {
  const to = account(5).address
  const later = ['send', ...key(4), '--async', '--gas-limit', '21000', '--nonce', '1', to]
  const first = await cast(...later, '--value', '1', ...price('10'))
  const cheap = async () => failure(...later, '--value', '2', ...price('10.5'))
  // anvil takes any higher price; geth and we ask for 10 % on both fees.
  expect(isAnvil ? 'underpriced' : await cheap()).toMatch(/underpriced/)
  const higher = ['--gas-price', '12gwei', '--priority-gas-price', '1.2gwei']
  const second = await cast(...later, '--value', '2', ...higher)
  expect(first).not.toBe(second)
  await cast('send', ...key(4), '--nonce', '0', to, '--value', '1')
  expect(await castJson<Receipt>('receipt', second)).toMatchObject({ status: '0x1' })
  expect(await cast('rpc', 'eth_getTransactionReceipt', first)).toBe('null')
})

test('cast subscribes to logs over WebSocket', async () => {
  const emitter = await deploy('Emitter')
  const url = target.wsUrl
  const child = spawn(
    castBinary,
    ['logs', '--subscribe', '--rpc-url', url, '--address', emitter, '--json'],
    {
      env: castEnvironment(url),
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const ended = once(child, 'exit')
  try {
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    let sent = 0
    await until(async () => {
      await cast('send', ...key(0), emitter, 'set(uint256,string)', String(++sent), 'cast')
      return text.includes(emitter.toLowerCase())
    })
    expect(text).toContain(account(0).address.slice(2).toLowerCase())
  } finally {
    child.kill('SIGKILL')
    await ended
  }
}, 60_000)
