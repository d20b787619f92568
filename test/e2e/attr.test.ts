/** attr_ over HTTP and WebSocket: lists in pages, what is not there, and events as they happen. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createWalletClient, http, keccak256, publicActions } from 'viem'
import { WebSocket } from 'ws'
import { attributionActions, tributaryDevnet } from '../../sdk/index.ts'
import { resultSchemas } from '../../rpc/results/index.ts'
import { schemaFaults } from '../support/json-schema.ts'
import { rpcCall, startDevnet, type Devnet } from '../support/node.ts'
import { account } from '../support/target.ts'
import { until } from '../support/until.ts'

let devnet: Devnet
beforeAll(async () => {
  devnet = await startDevnet(['--ephemeral', '--seed-demo'])
}, 90_000)
afterAll(() => devnet.stop())
/** Every answer is held against what rpc.discover says of it. */
async function ask(method: string, ...params: readonly unknown[]): Promise<unknown> {
  const result = await rpcCall(devnet.httpUrl, method, params)
  expect(schemaFaults(resultSchemas[method] ?? {}, result)).toEqual([])
  return result
}

test('objects by id, lists in pages, null for what is not there', async () => {
  expect(await ask('attr_getDatanet', 1)).toMatchObject({
    id: '0x1',
    batches: '0x4',
    policy: { mode: 'owner', licence: 'CC0-1.0' },
  })
  expect(await ask('attr_getVersion', '0x2')).toMatchObject({ state: 'held', rows: '0x3b6' })
  expect(await ask('attr_getAsset', 1)).toMatchObject({
    state: 'active',
    shares: [{ assetId: '0x1', sharePpm: 1_000_000 }],
  })
  expect(await ask('attr_listBatches', { datanetId: 1 }, { from: 1, limit: 2 })).toMatchObject({
    total: 4,
    from: 1,
    items: [
      { id: '0x2', state: 'accepted' },
      { id: '0x3', reason: 'public domain' },
    ],
  })
  const contributor = devnet.demo?.contributors[0]?.address
  expect(await ask('attr_listBatches', { contributor })).toMatchObject({ total: 2 })
  expect(await ask('attr_listReceipts')).toMatchObject({ total: 21 })
  expect(await ask('attr_methods')).toMatchObject([
    { id: 1, name: 'span', class: 'provable' },
    { class: 'attested' },
    { class: 'declared' },
    { name: 'knn-shapley', class: 'provable' },
    { name: 'rag-shapley', class: 'provable' },
    { name: 'linear-influence', class: 'provable' },
    { name: 'ngram-shares', class: 'provable' },
  ])
  for (const method of ['attr_getDatanet', 'attr_getBatch', 'attr_getVersion', 'attr_getAsset'])
    expect(await ask(method, 99)).toBeNull()
  // The rest as rpc.discover says, which ask looks at.
  for (const who of devnet.demo?.contributors ?? []) {
    await ask('attr_getPending', who.address)
    await ask('attr_getEarnings', who.address)
  }
  const { items } = (await ask('attr_listReceipts')) as { items: { receiptId: string }[] }
  for (const { receiptId } of items.slice(0, 2)) {
    await ask('attr_getReceipt', receiptId)
    await ask('attr_getShares', receiptId)
    await ask('attr_explainReward', contributor, receiptId)
  }
  const { root } = (await ask('attr_getBatch', 1)) as { root: string }
  expect(await ask('attr_hasRows', root)).toBe(true)
  await ask('attr_getRows', root, 0, 2)
  await ask('attr_getRow', root, 0)
  await ask('attr_buildVersion', [root])
  await ask('attr_getUsage')
  await ask('attr_listVersions', 1)
  for (const list of ['attr_listDatanets', 'attr_listAssets', 'attr_modules']) await ask(list)
  expect(await ask('attr_getReceipt', `0x${'12'.repeat(32)}`)).toBeNull()
  await expect(ask('attr_getDatanet', 'one')).rejects.toThrow('invalid argument 0')
})

test('attr_subscribe pushes decoded events as attr_subscription', async () => {
  const socket = new WebSocket(devnet.wsUrl)
  const messages: Record<string, unknown>[] = []
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString('utf8'))))
  await new Promise((resolve) => socket.once('open', resolve))
  const send = (id: number, kind: string) =>
    socket.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'attr_subscribe', params: [kind] }))
  send(1, 'payouts')
  send(2, 'weather')
  await until(() => messages.length === 2)
  expect(messages.find(({ id }) => id === 2)).toMatchObject({ error: { code: -32_601 } })
  const client = createWalletClient({
    account: account(5),
    chain: tributaryDevnet,
    transport: http(devnet.httpUrl),
  })
    .extend(publicActions)
    .extend(attributionActions())
  await client.rewards.write.pay([1n, keccak256('0x01'), 0n, 0n], { value: 10n ** 18n })
  await until(() => messages.length === 3)
  expect(messages[2]).toMatchObject({
    method: 'attr_subscription',
    params: {
      result: {
        event: 'Paid',
        module: 'rewards',
        args: { assetId: '0x1', amount: '0xde0b6b3a7640000' },
      },
    },
  })
  socket.close()
})
