/** notes/rpc.md, section 6, History: archive state, and what a node says that pruned it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { devnetGenesis } from '../../../genesis/index.ts'
import { createNode, type TributaryNode } from '../../../node/node.ts'
import { silentLogger } from '../../../primitives/index.ts'
import { createHandClock } from '../../support/clock.ts'
import { aliceAddress, post } from '../../unit/rpc/devnet.ts'

async function startNode(keepStates: number | 'archive') {
  const node = await createNode(
    {
      genesis: devnetGenesis(),
      datadir: undefined,
      cacheBytes: 2 ** 24,
      keepStates,
      sealing: { type: 'manual' },
      feeRecipient: aliceAddress,
      host: '127.0.0.1',
      port: 0,
      allowedHosts: [],
      clientVersion: 'test',
    },
    { clock: createHandClock(), logs: { of: () => silentLogger }, onFault: () => undefined },
  )
  for (let i = 0; i < 6; i++) await node.sealer.seal()
  const { httpUrl } = await node.start()
  const balanceAt = (block: string) =>
    post(httpUrl, {
      jsonrpc: '2.0',
      id: 1,
      method: 'eth_getBalance',
      params: [aliceAddress, block],
    })
  return { node, balanceAt }
}

let nodes: TributaryNode[] = []
let archive: Awaited<ReturnType<typeof startNode>>
let pruned: Awaited<ReturnType<typeof startNode>>
beforeAll(async () => {
  archive = await startNode('archive')
  pruned = await startNode(2)
  nodes = [archive.node, pruned.node]
})
afterAll(async () => {
  for (const node of nodes) await node.stop()
})

test('an archive answers about every block', async () => {
  for (const block of ['0x0', '0x1', '0x6', 'earliest'])
    expect(await archive.balanceAt(block)).toMatchObject({ result: expect.stringMatching(/^0x/) })
})

test('a pruned state is -32000 in words that tools know', async () => {
  expect(await pruned.balanceAt('0x6')).toHaveProperty('result')
  expect(await pruned.balanceAt('0x1')).toMatchObject({
    error: {
      code: -32000,
      message: expect.stringMatching(/^missing trie node.*required historical state unavailable/),
    },
  })
})
