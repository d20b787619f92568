/** The devnet in process: the same answers as over a port, events, and nothing left when it closes. */
import { afterEach, expect, test } from '@jest/globals'
import { BrowserProvider } from 'ethers'
import { createTestClient, createWalletClient, custom, http, parseEther, publicActions } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { createDevnet, type InProcessDevnet } from '../../../../node/devnet.ts'
import { consoleText } from '../../../../node/dev/console-log.ts'
import { fromHex, type Hex } from '../../../../primitives/index.ts'

const open: InProcessDevnet[] = []
const start = async (...options: Parameters<typeof createDevnet>): Promise<InProcessDevnet> => {
  const devnet = await createDevnet(...options)
  open.push(devnet)
  return devnet
}
afterEach(async () => {
  for (const devnet of open.splice(0)) await devnet.close()
})

const accountAt = ({ accounts }: InProcessDevnet, index: number) => {
  const account = accounts[index]
  if (!account) throw new Error(`no account ${index}`)
  return account
}

test('viem and ethers work over the provider, without a port', async () => {
  const devnet = await start({ chainId: 1234n, accounts: 3, balance: parseEther('5') })
  expect(devnet.accounts.length).toBe(3)
  const transport = custom(devnet.provider)
  const client = createTestClient({ mode: 'anvil', transport }).extend(publicActions)
  const wallet = createWalletClient({
    account: privateKeyToAccount(accountAt(devnet, 0).privateKey),
    transport,
  })
  const to = accountAt(devnet, 1).address
  const hash = await wallet.sendTransaction({ to, value: parseEther('1'), chain: null })
  expect((await client.getTransactionReceipt({ hash })).status).toBe('success')
  expect(await client.getBalance({ address: to })).toBe(parseEther('6'))
  const ethers = new BrowserProvider(devnet.provider)
  expect((await ethers.getNetwork()).chainId).toBe(1234n)
  const signer = await ethers.getSigner(accountAt(devnet, 2).address)
  const sent = await signer.sendTransaction({ to, value: 1n })
  expect((await sent.wait())?.status).toBe(1)
  expect(await signer.signMessage('hello')).toMatch(/^0x[0-9a-f]{130}$/)
})

test('errors reject with code, message and data, as EIP-1193 wants', async () => {
  const { provider } = await start()
  await expect(provider.request({ method: 'eth_nothing' })).rejects.toMatchObject({
    code: -32601,
    message: 'the method eth_nothing does not exist/is not available',
  })
})

test('subscriptions arrive as messages until they are ended', async () => {
  const { provider } = await start()
  const heard: unknown[] = []
  const listener = (message: unknown) => void heard.push(message)
  provider.on('message', listener)
  const id = await provider.request({ method: 'eth_subscribe', params: ['newHeads'] })
  await provider.request({ method: 'evm_mine' })
  expect(heard).toMatchObject([
    { type: 'eth_subscription', data: { subscription: id, result: { number: '0x1' } } },
  ])
  await provider.request({ method: 'eth_unsubscribe', params: [id] })
  provider.removeListener('message', listener)
  await provider.request({ method: 'evm_mine' })
  expect(heard.length).toBe(1)
})

test('two devnets are strangers; one may open a port beside its provider', async () => {
  const [one, two] = [await start(), await start()]
  await one.provider.request({ method: 'anvil_mine', params: [3n] })
  expect(await two.provider.request({ method: 'eth_blockNumber' })).toBe('0x0')
  const { httpUrl } = await one.listen()
  const client = createTestClient({ mode: 'anvil', transport: http(httpUrl) }).extend(publicActions)
  expect(await client.getBlockNumber()).toBe(3n)
})

test('blocks on a beat stop with the devnet', async () => {
  const devnet = await createDevnet({ mining: { blockTimeMs: 20 } })
  const { provider } = devnet
  await provider.request({ method: 'eth_subscribe', params: ['newHeads'] })
  await new Promise<void>((resolve) => provider.on('message', () => resolve()))
  await devnet.close()
  expect(await provider.request({ method: 'eth_chainId' })).toBe('0xa77')
})

/** console.log(string,uint256) with "n is %d" and 7, from code that calls the console. */
const logged =
  '0xb60e72cc' +
  '0000000000000000000000000000000000000000000000000000000000000040' +
  '0000000000000000000000000000000000000000000000000000000000000007' +
  '0000000000000000000000000000000000000000000000000000000000000007' +
  '6e20697320256400000000000000000000000000000000000000000000000000'

test('what contracts print is heard once a transaction, and in eth_call', async () => {
  const lines: string[] = []
  const { provider, accounts } = await start({ onConsole: (text) => void lines.push(text) })
  /** Copies its input into memory and calls the console with it. */
  const code = '0x365f5f375f5f365f5f6a636f6e736f6c652e6c6f675af1'
  const to = `0x${'cc'.repeat(20)}`
  await provider.request({ method: 'anvil_setCode', params: [to, code] })
  await provider.request({ method: 'eth_call', params: [{ to, data: logged }] })
  expect(lines).toEqual(['n is 7'])
  const from = accounts[0]?.address
  await provider.request({ method: 'eth_sendTransaction', params: [{ from, to, data: logged }] })
  expect(lines).toEqual(['n is 7', 'n is 7'])
})

test.each([
  ['uint', '0xf5b1bba9' + '2a'.padStart(64, '0'), '42'],
  ['no arguments', '0x51973ec9', ''],
  ['bool', '0x32458eed' + '1'.padStart(64, '0'), 'true'],
  ['int', '0x2d5b6cb9' + 'f'.repeat(64), '-1'],
  ['a lying length', '0x41304fac' + '20'.padStart(64, '0') + 'f'.repeat(64) + '6869', 'hi'],
  [
    'an escape sequence',
    `0x41304fac${'20'.padStart(64, '0')}${'4'.padStart(64, '0')}1b5b324a`,
    ' [2J',
  ],
  ['an unknown selector', '0xdeadbeef01', '(console.log of an unknown kind: 0xdeadbeef01)'],
])('console.log of %s', (_, input, text) => {
  expect(consoleText(fromHex(input as Hex))).toBe(text)
})
