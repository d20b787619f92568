/** Unlocked accounts: what a devnet signs for tools, and that no other node does. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { recoverMessageAddress, recoverTypedDataAddress, toHex as textToHex } from 'viem'
import { decodeTransaction, fromHex, type Hex, silentLogger } from '../../../../primitives/index.ts'
import { devnetGenesis } from '../../../../genesis/index.ts'
import { createNode } from '../../../../node/node.ts'
import { methodsOf } from '../../../../rpc/methods/index.ts'
import { createHandClock } from '../../../support/clock.ts'
import {
  alice,
  aliceAddress,
  bob,
  type Devnet,
  post,
  reverter,
  deployer,
  startDevnet,
} from '../devnet.ts'

let net: Devnet
beforeAll(async () => {
  net = await startDevnet()
})
afterAll(() => net.stop())

const bobAddress = bob.address.toLowerCase() as Hex
const receiptOf = (hash: Hex) =>
  net.ask<{ status: Hex; from: Hex; contractAddress: Hex | null }>(
    'eth_getTransactionReceipt',
    hash,
  )

test('eth_sendTransaction fills nonce, fees and gas, signs, and answers when the receipt is there', async () => {
  const before = await net.ask<Hex>('eth_getBalance', bobAddress)
  const hash = await net.ask<Hex>('eth_sendTransaction', {
    from: aliceAddress,
    to: bobAddress,
    value: '0x64',
  })
  expect(await receiptOf(hash)).toMatchObject({ status: '0x1', from: aliceAddress })
  expect(BigInt(await net.ask<Hex>('eth_getBalance', bobAddress)) - BigInt(before)).toBe(100n)
  const tx = await net.ask<{ type: Hex; gas: Hex; input: Hex }>('eth_getTransactionByHash', hash)
  expect(tx).toMatchObject({ type: '0x2', gas: '0x5208', input: '0x' })
})

test.each([
  ['gasPrice', { gasPrice: '0x77359400' }, '0x0'],
  ['gasPrice and an access list', { gasPrice: '0x77359400', accessList: [] }, '0x1'],
  ['an access list', { accessList: [] }, '0x2'],
] as const)('with %s the type follows', async (_, fields, type) => {
  const hash = await net.ask<Hex>('eth_sendTransaction', { to: bobAddress, ...fields })
  expect(await net.ask('eth_getTransactionByHash', hash)).toMatchObject({
    type,
    from: aliceAddress,
  })
})

test('a transaction that would revert is refused with the revert, unless gas is given', async () => {
  const deployed = await net.ask<Hex>('eth_sendTransaction', { data: deployer(reverter) })
  const to = (await receiptOf(deployed)).contractAddress
  const { error } = await net.call('eth_sendTransaction', { to, data: '0x1234' })
  expect(error).toEqual({ code: 3, message: 'execution reverted', data: '0x1234' })
  const hash = await net.ask<Hex>('eth_sendTransaction', { to, data: '0x1234', gas: '0x186a0' })
  expect((await receiptOf(hash)).status).toBe('0x0')
})

test('an account without a key is refused in geth’s words', async () => {
  const { error } = await net.call('eth_sendTransaction', { from: bobAddress, to: bobAddress })
  expect(error).toEqual({ code: -32000, message: 'unknown account' })
  expect((await net.call('eth_sign', bobAddress, '0x00')).error?.message).toBe('unknown account')
})

test('eth_signTransaction answers bytes that are from the account and send as they are', async () => {
  const raw = await net.ask<Hex>('eth_signTransaction', { to: bobAddress, value: '0x1' })
  expect(decodeTransaction(fromHex(raw)).type).toBe('accept')
  expect((await receiptOf(await net.ask<Hex>('eth_sendRawTransaction', raw))).from).toBe(
    aliceAddress,
  )
})

describe('messages', () => {
  const message = 'hello, grüezi'
  const hex = textToHex(message)
  test('eth_sign and personal_sign give what viem’s account gives', async () => {
    const wanted = await alice.signMessage({ message })
    expect(await net.ask('eth_sign', aliceAddress, hex)).toBe(wanted)
    expect(await net.ask('personal_sign', hex, aliceAddress, 'any password')).toBe(wanted)
    expect(await recoverMessageAddress({ message, signature: wanted })).toBe(alice.address)
  })

  const data = {
    domain: { name: 'Ether Mail', version: '1', chainId: 2679 },
    types: {
      EIP712Domain: [
        { name: 'name', type: 'string' },
        { name: 'version', type: 'string' },
        { name: 'chainId', type: 'uint256' },
      ],
      Mail: [
        { name: 'to', type: 'address' },
        { name: 'contents', type: 'string' },
      ],
    },
    primaryType: 'Mail',
    message: { to: bobAddress, contents: 'Hello' },
  } as const
  test('eth_signTypedData_v4 takes an object or its text', async () => {
    const signature = await net.ask<Hex>('eth_signTypedData_v4', aliceAddress, data)
    expect(
      await recoverTypedDataAddress({
        ...data,
        domain: { ...data.domain, chainId: 2679n },
        signature,
      }),
    ).toBe(alice.address)
    expect(await net.ask('eth_signTypedData_v4', aliceAddress, JSON.stringify(data))).toBe(
      signature,
    )
  })

  test.each([
    ['no object', 7],
    ['no JSON', '{'],
    ['a type that is nowhere', { ...data, primaryType: 'Letter' }],
    ['a message that is not of its type', { ...data, message: { to: '0x12', contents: 'x' } }],
  ])('%s is -32602', async (_, wrong) => {
    const { error } = await net.call('eth_signTypedData_v4', aliceAddress, wrong)
    expect(error?.code).toBe(-32602)
  })
})

test('accounts', async () => {
  for (const method of ['eth_accounts', 'eth_requestAccounts', 'personal_listAccounts'])
    expect(await net.ask(method)).toEqual([aliceAddress])
})

test('a node of a network has no method of a devnet, whatever is asked of it', async () => {
  const node = await createNode(
    {
      genesis: devnetGenesis(),
      datadir: undefined,
      cacheBytes: 2 ** 20,
      keepStates: 'archive',
      sealing: { type: 'manual' },
      feeRecipient: aliceAddress,
      host: '127.0.0.1',
      port: 0,
      allowedHosts: [],
      clientVersion: 'x',
    },
    { clock: createHandClock(), logs: { of: () => silentLogger }, onFault: () => undefined },
  )
  const { httpUrl } = await node.start()
  const known = new Set(Object.keys(methodsOf(false, false, true)))
  const devOnly = Object.keys(methodsOf(true)).filter((name) => !known.has(name))
  expect(devOnly).toContain('eth_sendTransaction')
  for (const method of devOnly)
    expect(await post(httpUrl, { jsonrpc: '2.0', id: 1, method, params: [1] })).toMatchObject({
      error: { code: -32601, message: `the method ${method} does not exist/is not available` },
    })
  expect(await post(httpUrl, { jsonrpc: '2.0', id: 1, method: 'eth_accounts' })).toMatchObject({
    result: [],
  })
  await node.stop()
})
