/**
 * The living devnet: seeded the same every time, every wei of every fee explained by the node and by the
 * library alike, and its rewards taken with the command.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createPublicClient, http, type Hex } from 'viem'
import { attributionActions, makeStatement, verifyStatement } from '../../sdk/index.ts'
import { runCommand, startDevnet, type DemoReady, type Devnet } from '../support/node.ts'
import { privateKey } from '../support/target.ts'

interface RewardJson {
  readonly amount: Hex
  readonly rewards: readonly {
    readonly unexplained: Hex
    readonly payment: { readonly amount: Hex }
    readonly receipt: { readonly state: string; readonly method: { readonly name: string } }
    readonly lines: readonly { readonly amount: Hex; readonly account: Hex }[]
    readonly evidence: { readonly spans: readonly unknown[] }
  }[]
}

let devnet: Devnet
let demo: DemoReady
beforeAll(async () => {
  devnet = await startDevnet(['--ephemeral', '--seed-demo'])
  if (!devnet.demo) throw new Error('no demo')
  demo = devnet.demo
}, 90_000)
afterAll(() => devnet.stop())

const clientOf = (node: Devnet) =>
  createPublicClient({ transport: http(node.httpUrl) }).extend(attributionActions())

const rootAt50 = async (node: Devnet): Promise<Hex> =>
  (await clientOf(node).getBlock({ blockNumber: 50n })).stateRoot

async function ask<value>(method: string, ...params: readonly unknown[]): Promise<value> {
  return clientOf(devnet).request({ method, params } as never)
}

test('twenty paid answers, and every wei of each fee has an account, from the node and from the library', async () => {
  expect(demo.requestIds).toHaveLength(20)
  const client = clientOf(devnet)
  let fees = 0n
  for (const requestId of demo.requestIds) {
    const { rewards } = await ask<RewardJson>(
      'attr_explainReward',
      demo.contributors[0]?.address,
      requestId,
    )
    const [reward] = rewards
    if (!reward) throw new Error('no reward')
    const sum = reward.lines.reduce((total, { amount }) => total + BigInt(amount), 0n)
    expect(sum).toBe(BigInt(reward.payment.amount))
    expect(reward).toMatchObject({
      unexplained: '0x0',
      receipt: { state: 'final', method: { name: 'span' } },
    })
    expect(reward.evidence.spans.length).toBeGreaterThan(0)
    const own = await client.attribution.explain(requestId)
    expect(own?.lines.map(({ amount }) => amount)).toEqual(
      reward.lines.map(({ amount }) => BigInt(amount)),
    )
    fees += sum
  }
  expect(fees.toString()).toBe(demo.fees)
  const usage = await client.attribution.usage(1n)
  expect(usage).toMatchObject({ requests: 20, settled: 20, payers: 2, fees })
})

test('what a block credited to an account is what the explanation says', async () => {
  const client = clientOf(devnet)
  const [anna] = demo.contributors
  const credits = await client.rewards.getEvents.Credited(
    { account: anna!.address },
    { fromBlock: 0n },
  )
  const last = credits.at(-1)!
  const explained = await ask<RewardJson>(
    'attr_explainReward',
    anna!.address,
    `0x${last.blockNumber.toString(16)}`,
  )
  const inBlock = credits.filter(({ blockNumber }) => blockNumber === last.blockNumber)
  const credited = inBlock.reduce((sum, { args }) => sum + (args.amount ?? 0n), 0n)
  expect(BigInt(explained.amount)).toBe(credited)
  expect(await ask('attr_explainReward', anna!.address, `0x${'77'.repeat(32)}`)).toBeNull()
})

test('one challenge was lost by the doubter, one by a forger', async () => {
  const client = clientOf(devnet)
  const resolved = await client.receipts.getEvents.ReceiptResolved({}, { fromBlock: 0n })
  expect(resolved.map(({ args }) => args.upheld)).toEqual([true, false])
})

test('the money the modules owe is the money they have', async () => {
  const client = clientOf(devnet)
  const totals = await client.rewards.read.totals()
  const balance = await client.getBalance({ address: client.rewards.address })
  expect(totals.reduce((sum, part) => sum + part, 0n)).toBe(balance)
})

test('the command explains, lists, claims and withdraws', async () => {
  const url = ['--rpc-url', devnet.httpUrl]
  const cleo = demo.contributors[2]!
  const listed = await runCommand(['rewards', 'list', ...url, '--account', cleo.address])
  expect(listed.stdout).toMatch(/to claim: \S+ OPEN, batch 3/)
  const explained = await runCommand(['rewards', 'explain', demo.requestIds[16]!, ...url])
  expect(explained.stdout).toContain('span (provable), final, version 2')
  expect(explained.stdout).toContain('not claimed yet')
  expect(explained.stdout).toContain('not accounted for: 0 wei')
  const claimed = await runCommand(['rewards', 'claim', ...url], 30_000, {
    TRIBUTARY_PRIVATE_KEY: privateKey(14),
  })
  expect(claimed.stderr).toBe('')
  expect(claimed.stdout).toMatch(/shares? claimed, \S+ OPEN withdrawn to/)
  const client = clientOf(devnet)
  expect(await client.rewards.read.balanceOf([cleo.address])).toBe(0n)
  expect((await client.attribution.pending(cleo.address)).claimable).toEqual([])
  const shown = await runCommand(['model', 'show', '1', ...url])
  expect(shown.stdout).toContain('20 paid requests')
})

test('a contributor’s statement is proven without the node', async () => {
  const client = clientOf(devnet)
  const [logged] = await client.receipts.getEvents.ReceiptLeaves({}, { fromBlock: 0n })
  const { receiptId, leaves } = logged!.args
  const statement = await makeStatement(client, {
    receiptId: receiptId!,
    batchId: leaves![0]!.contributionId,
  })
  const text = JSON.stringify(statement)
  const trusted = new Set([statement.submitted.blockHash, statement.recorded.blockHash])
  expect(verifyStatement(JSON.parse(text), (hash) => trusted.has(hash))).toMatchObject({
    type: 'accept',
    value: { weight: leaves![0]!.weight, methodId: 1 },
  })
})

test('it is the same every time, on a beat as at once, and a kept chain has it once', async () => {
  const again = await startDevnet(['--ephemeral', '--seed-demo', '--no-mining'])
  expect(again.demo).toEqual(demo)
  expect(await rootAt50(again)).toBe(await rootAt50(devnet))
  await again.stop()
  const bare = await startDevnet(['--ephemeral', '--seed-demo', '--bare'])
  expect(bare.head).toBe(0)
  await bare.stop()
}, 90_000)
