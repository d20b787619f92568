/** The address index of a node that kept none at first: filled in beside its work, the same as one kept from the start. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { devnetGenesis } from '../../../genesis/index.ts'
import { devnetKeys } from '../../../node/devnet-keys.ts'
import { createNode, type TributaryNode } from '../../../node/node.ts'
import { type Hex, silentLogger } from '../../../primitives/index.ts'
import { createHandClock } from '../../support/clock.ts'
import { until } from '../../support/until.ts'

const [alice, bob] = devnetKeys.map(([address]) => address)

async function startNode(
  datadir: string | undefined,
  addressIndex: boolean,
): Promise<TributaryNode> {
  const node = await createNode(
    {
      genesis: devnetGenesis(),
      datadir,
      cacheBytes: 2 ** 24,
      keepStates: 'archive',
      addressIndex,
      sealing: { type: 'automine' },
      feeRecipient: `0x${'fe'.repeat(20)}`,
      host: '127.0.0.1',
      port: 0,
      allowedHosts: [],
      clientVersion: 'anvil/v0.0.0-test',
      dev: { privateKeys: devnetKeys.map(([, privateKey]) => privateKey) },
    },
    { clock: createHandClock(), logs: { of: () => silentLogger }, onFault: () => undefined },
  )
  await node.run()
  return node
}

const ask = <result>(node: TributaryNode, method: string, params: readonly unknown[] = []) =>
  node.provider.request({ method, params }) as Promise<result>

/** Creates a contract that creates an empty one, sends it a wei each time it is called, and is called. */
const factory: Hex = '0x600d600c600039600d6000f35f5f5ff05f5f5f5f6001855af1'

async function live(node: TributaryNode): Promise<Hex> {
  await ask(node, 'eth_sendTransaction', [{ from: alice, to: bob, value: '0x5' }])
  const made = await ask<Hex>(node, 'eth_sendTransaction', [{ from: alice, data: factory }])
  await ask(node, 'hardhat_mine', ['0x5dc'])
  const { contractAddress } = await ask<{ contractAddress: Hex }>(
    node,
    'eth_getTransactionReceipt',
    [made],
  )
  for (const from of [alice, bob])
    await ask(node, 'eth_sendTransaction', [{ from, to: contractAddress, value: '0x9' }])
  return contractAddress
}

/** What an explorer asks, of everybody. */
async function searches(node: TributaryNode, contract: Hex): Promise<unknown> {
  const created = { to: contract, at: await ask(node, 'ots_getContractCreator', [contract]) }
  const found = await Promise.all(
    [alice, bob, contract].map((who) => ask(node, 'ots_searchTransactionsBefore', [who, 0, 25])),
  )
  return [created, found, await ask(node, 'ots_getTransactionBySenderAndNonce', [alice, 1])]
}

test('a node started without the index has all of it soon after it is started with it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-backfill-'))
  const kept = await startNode(undefined, true)
  const contract = await live(kept)
  const expected = await searches(kept, contract)
  expect(expected).toMatchObject([{ at: { creator: alice } }, {}, expect.stringMatching(/^0x/)])
  await kept.stop()

  const without = await startNode(folder, false)
  expect(await live(without)).toBe(contract)
  await expect(searches(without, contract)).rejects.toThrow(/without --no-address-index/)
  await without.stop()

  const filling = await startNode(folder, true)
  await until(() => filling.chain.store.addresses.nextUnfilled() === undefined)
  expect(await searches(filling, contract)).toEqual(expected)
  await filling.stop()
  await rm(folder, { recursive: true })
})
