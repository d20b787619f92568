/** admin_ over a real node: there on loopback, nowhere else, and honest about a node without peers. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { methodsOf } from '../../../rpc/methods/index.ts'
import { type Devnet, startDevnet } from './devnet.ts'

let devnet: Devnet
beforeAll(async () => {
  devnet = await startDevnet()
})
afterAll(() => devnet.stop())

test('nodeInfo names the client, the chain and its head', async () => {
  const head = await devnet.ask<{ hash: string }>('eth_getBlockByNumber', 'latest', false)
  expect(await devnet.ask('admin_nodeInfo')).toMatchObject({
    name: 'anvil/v0.0.0-test',
    protocols: { tributary: { network: 2679, head: head.hash, height: 0 } },
  })
})

test('a lone producer has no peers, and says so when it is told to find some', async () => {
  expect(await devnet.ask('admin_peers')).toEqual([])
  const peer = '/ip4/127.0.0.1/tcp/1/p2p/12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X'
  expect(await devnet.call('admin_addPeer', peer)).toMatchObject({
    error: { code: -32000, message: expect.stringMatching(/no network/) },
  })
})

test('where others reach the RPC there is no admin_ method', () => {
  const names = Object.keys(methodsOf(false))
  expect(names.filter((name) => name.startsWith('admin_'))).toEqual([])
})
