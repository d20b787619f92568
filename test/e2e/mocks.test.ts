/** The mocks where there is no Tributary node: foundry's anvil runs the example contract against them. */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  createTestClient,
  getContract,
  http,
  keccak256,
  parseEther,
  publicActions,
  stringToHex,
  walletActions,
  zeroHash,
  type Abi,
} from 'viem'
import { moduleAddresses } from '../../sdk/index.ts'
import { readArtifact } from '../support/solc.ts'
import { account, anvilBinary, chainOf, startAnvil, type Target } from '../support/target.ts'

const hasAnvil = existsSync(anvilBinary)
const suite = hasAnvil ? describe : describe.skip
const open = parseEther('1')

suite('on anvil', () => {
  let anvil: Target
  beforeAll(async () => {
    anvil = await startAnvil([])
  }, 30_000)
  afterAll(() => anvil.stop())

  const clientOf = (index: number) =>
    createTestClient({
      mode: 'anvil',
      account: account(index),
      chain: chainOf(anvil),
      transport: http(anvil.httpUrl),
      pollingInterval: 50,
    })
      .extend(publicActions)
      .extend(walletActions)

  test('AskModel pays, reads its attribution, and takes an unanswered fee back', async () => {
    const client = clientOf(0)
    for (const [module, name] of [
      ['rewards', 'MockRewards'],
      ['receipts', 'MockReceipts'],
    ] as const)
      await client.setCode({
        address: moduleAddresses[module],
        bytecode: readArtifact(name).deployedBytecode,
      })
    const { abi, bytecode } = readArtifact('AskModel') as { abi: Abi; bytecode: `0x${string}` }
    const created = await client.deployContract({ abi, bytecode })
    const { contractAddress } = await client.waitForTransactionReceipt({ hash: created })
    const ask = getContract({ address: contractAddress!, abi, client })
    const question = stringToHex('Who made the Lamb?')
    const mine = async (sent: Promise<`0x${string}`>) =>
      client.waitForTransactionReceipt({ hash: await sent })

    const first = await ask.simulate['ask']!([7n, question], { value: open })
    await mine(ask.write['ask']!([7n, question], { value: open }))
    const requestId = first.result as `0x${string}`
    expect(await ask.read['answerOf']!([requestId])).toMatchObject({ receiptId: zeroHash })

    const leaves = [
      { clusterId: 1n, contributionId: 1n, weight: 30n },
      { clusterId: 2n, contributionId: 2n, weight: 10n },
    ]
    const receipts = getContract({
      address: moduleAddresses.receipts,
      abi: readArtifact('MockReceipts').abi as Abi,
      client,
    })
    await mine(receipts.write['record']!([requestId, 1n, 1, leaves]))
    expect(await ask.read['answerOf']!([requestId])).toMatchObject({
      isFinal: true,
      methodId: 1,
      total: 40n,
      contributions: 2,
    })
    expect(await ask.read['shareOf']!([requestId, leaves[0], 0n, '0x'])).toBe(7_500n)
    expect(await ask.read['shareOf']!([requestId, leaves[1], 0n, '0x'])).toBe(0n)
    await expect(ask.simulate['takeBack']!([requestId])).rejects.toThrow('AlreadyExists')

    const second = await ask.simulate['ask']!([7n, question], { value: open })
    await mine(ask.write['ask']!([7n, question], { value: open }))
    await expect(ask.simulate['takeBack']!([second.result])).rejects.toThrow('TooEarly')
    await client.mine({ blocks: 101 })
    await expect(
      ask.simulate['takeBack']!([second.result], { account: account(1).address }),
    ).rejects.toThrow('NotYours')
    const before = await client.getBalance({ address: client.account.address })
    const { gasUsed, effectiveGasPrice } = await mine(ask.write['takeBack']!([second.result]))
    expect(await client.getBalance({ address: client.account.address })).toBe(
      before + open - gasUsed * effectiveGasPrice,
    )
    expect(await client.getBalance({ address: moduleAddresses.rewards })).toBe(open)
  }, 60_000)

  test('what is not mocked says so', async () => {
    const client = clientOf(1)
    const data = keccak256(stringToHex('settle(bytes32,(uint256,uint256,uint64)[])')).slice(0, 10)
    await expect(
      client.call({ to: moduleAddresses.rewards, data: data as `0x${string}` }),
    ).rejects.toThrow(/revert/)
  })
})
