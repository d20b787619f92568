/**
 * The side of who serves answers, from the command line against a real node: epochs to the wei, drawn and asked
 * receipts answered by `tributary provider run`, the novelty gate and a head's certificate; and what attr_ says of each.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { bytesToHex, keccak256, stringToBytes, stringToHex } from 'viem'
import { trainHead, type HeadData } from '../../attribution/methods/linear-head.ts'
import { resultSchemas } from '../../rpc/results/index.ts'
import { answerReceipt, stateAnswer } from '../../sdk/index.ts'
import { keepAnswer } from '../../node/provider/answers.ts'
import { schemaFaults } from '../support/json-schema.ts'
import { createDice } from '../support/dice.ts'
import {
  clientOf,
  createDatanet,
  govern,
  mined,
  pay,
  publish,
  register,
  type Client,
} from '../support/market.ts'
import { commandPath, rpcCall, runCommand, startDevnet, type Devnet } from '../support/node.ts'
import { until } from '../support/until.ts'

type Hex = `0x${string}`
const ether = 10n ** 18n
const [epochBlocks, window] = [60, 40]
const [span, knn, ngrams] = [1, 4, 7]
const dice = createDice(11)
const words = (count: number, of = 400): string =>
  Array.from({ length: count }, () => `w${dice.below(of)}`).join(' ')

let devnet: Devnet
let folder: string
let answers: string
let [owner, bob, carol, payer]: Client[] = []
let datanetId: bigint
let nonce = 0n
let text: Awaited<ReturnType<typeof publish>>
let model: bigint

beforeAll(async () => {
  devnet = await startDevnet(['--ephemeral', '--bare'])
  folder = await mkdtemp(join(tmpdir(), 'tributary-provider-'))
  answers = join(folder, 'answers')
  ;[owner, bob, carol, payer] = [0, 1, 2, 3].map((i) => clientOf(devnet, i))
  // Short enough to be lived through, and an even chance to be drawn.
  await govern(devnet, 'receipts.epochBlocks', BigInt(epochBlocks))
  await govern(devnet, 'receipts.provableWindow', BigInt(window))
  await govern(devnet, 'receipts.auditBps', 5_000n)
  datanetId = await createDatanet(owner!)
  text = await publish(owner!, datanetId, [
    [bob!, [books[0], words(60)]],
    [carol!, [books[1]]],
  ])
  model = await register(owner!, text.versionId)
}, 240_000)
afterAll(async () => {
  await devnet.stop()
  await rm(folder, { recursive: true, force: true })
})

const books = [words(120), words(120)] as const

/** Held against what rpc.discover says of the answer. */
async function ask<result = Record<string, unknown>>(
  method: string,
  ...params: readonly unknown[]
): Promise<result> {
  const result = await rpcCall<result>(devnet.httpUrl, method, params)
  expect(schemaFaults(resultSchemas[method] ?? {}, result)).toEqual([])
  return result
}

const environment = (who: number) => ({
  TRIBUTARY_PRIVATE_KEY: devnet.accounts[who]?.privateKey ?? '',
  TRIBUTARY_RPC_URL: devnet.httpUrl,
})

/** The command as account `who`; its standard output. */
async function tributary(who: number, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args, 200_000, environment(who))
  expect([code, code === 0 ? '' : stderr]).toEqual([0, ''])
  return stdout
}

const mine = (blocks: number) => rpcCall(devnet.httpUrl, 'anvil_mine', [blocks])
const paid = (value = ether / 100n, assetId = model) => pay(payer!, assetId, nonce++, value)
const lookOnce = async (): Promise<number> =>
  (
    JSON.parse(await tributary(0, 'provider', 'run', '--answers', answers, '--once', '--json')) as {
      done: number
    }
  ).done
const stateOf = async (receiptId: Hex) => (await owner!.receipts.read.status([receiptId])).state
const final = 3

/** Points of three classes, spelled as rows are; `at`: the class it lies in. */
const point = (label: number, at = label): string => {
  const vector = Uint8Array.from(
    { length: 4 },
    (_, j) => (dice.below(61) - 30 + (j === at ? 70 : 0)) & 0xff,
  )
  return `class${label} ${bytesToHex(vector).slice(2)}`
}

const points = () => Array.from({ length: 12 }, (_, i) => point(i % 3, i % 5 === 4 ? 0 : i % 3))

test('an epoch is entered, looked at, closed and settled; attr_explainReward accounts for every wei of it', async () => {
  const { versionId } = await publish(owner!, datanetId, [
    [bob!, points()],
    [carol!, points()],
  ])
  const assetId = await register(owner!, versionId)
  const fees = [ether / 100n + 7n, ether / 50n + 1n, 10_000_019n]
  const requests: Hex[] = []
  let receiptId: Hex = '0x'
  for (const [i, fee] of fees.entries()) {
    const requestId = await paid(fee, assetId)
    const said = point(i)
    if (i > 0) {
      const args = [requestId, versionId, knn, stringToHex(said)] as const
      await mined(owner!, owner!.receipts.write.enter(args))
    } else {
      const file = join(folder, 'question')
      await writeFile(file, said)
      const flags = ['--file', file, '--version', `${versionId}`, '--method', `${knn}`, '--enter']
      const told = await tributary(0, 'model', 'answer', requestId, ...flags, '--json')
      ;({ receiptId } = JSON.parse(told) as { receiptId: Hex })
    }
    requests.push(requestId)
  }
  expect(await ask('attr_listEpochs', { assetId: Number(assetId), isOpen: true })).toMatchObject({
    total: 1,
    items: [{ receiptId, requests: 3, isDue: false, totalRows: 24 }],
  })
  const epoch = await ask<{ rows: { net: string; batchId: string }[]; pool: Hex }>(
    'attr_getEpoch',
    receiptId,
    {
      from: 2,
      limit: 20,
    },
  )
  expect(epoch.rows).toHaveLength(20)
  expect(epoch.rows.some(({ net }) => net.startsWith('-'))).toBe(true)
  expect(BigInt(epoch.pool)).toBe(fees.reduce((sum, fee) => sum + fee / 2n, 0n))
  expect(await tributary(0, 'receipts', 'epochs', '--model', `${assetId}`)).toContain(
    `epoch ${receiptId}: model ${assetId}`,
  )
  // Open: paid, and explained as far as it is known.
  const before = await ask<{ rewards: { epoch: object; unexplained: Hex }[] }>(
    'attr_explainReward',
    carol!.account.address,
    receiptId,
  )
  expect(before.rewards).toHaveLength(3)
  expect(before.rewards[1]).toMatchObject({
    epoch: { receiptId, requests: 3 },
    payment: { state: 'escrowed' },
  })

  await mine(epochBlocks + 1)
  expect(await ask('attr_getEpoch', receiptId)).toMatchObject({ isDue: true })
  expect(await tributary(1, 'receipts', 'close', receiptId)).toContain('3 requests to settle')
  const pending = await ask<{ provisional: { requestId: Hex }[] }>(
    'attr_getPending',
    carol!.account.address,
  )
  expect(pending.provisional.map(({ requestId }) => requestId)).toEqual(requests)
  expect(await lookOnce()).toBe(3)
  expect(await ask('attr_listEpochs', { isOpen: true })).toMatchObject({ total: 0 })
  expect(await ask('attr_getReceipt', receiptId)).toMatchObject({ state: 'final' })
  const lines = new Map<string, bigint>()
  const { rewards } = await ask<{ rewards: Explained[] }>(
    'attr_explainReward',
    carol!.account.address,
    receiptId,
  )
  expect(rewards.map(({ requestId }) => requestId)).toEqual(requests)
  for (const [i, reward] of rewards.entries()) {
    expect([reward.unexplained, reward.epoch.rows.length]).toEqual(['0x0', 24])
    const sum = reward.lines.reduce((all, { amount }) => all + BigInt(amount), 0n)
    expect(sum).toBe(fees[i])
    for (const { part, account, amount, isCredited } of reward.lines) {
      if (part !== 'data') continue
      expect(isCredited).toBe(true)
      lines.set(account, (lines.get(account) ?? 0n) + BigInt(amount))
    }
  }
  for (const who of [bob!, carol!]) {
    const { address } = who.account
    expect(lines.get(address.toLowerCase())).toBe(await who.rewards.read.balanceOf([address]))
  }
  expect(lines.get('0x0a77000000000000000000000000000000000010')).toBeGreaterThan(0n)
  const told = await tributary(2, 'rewards', 'explain', receiptId)
  expect(told.match(/not accounted for: 0 wei/g)).toHaveLength(3)
  expect(await lookOnce()).toBe(0)
}, 240_000)

interface Explained {
  readonly requestId: Hex
  readonly unexplained: Hex
  readonly epoch: { readonly rows: readonly object[] }
  readonly lines: readonly { part: string; account: Hex; amount: Hex; isCredited: boolean }[]
}

/** States answers until one is drawn or spared as wanted; its receipt. */
async function stated(wanted: 'drawn' | 'spared', methodId = span): Promise<Hex> {
  const said = `${books[0].split(' ').slice(3, 30).join(' ')} ${books[1].split(' ').slice(8, 40).join(' ')}`
  for (let i = 0; i < 150; i++) {
    const answer = `${said} ${i}`
    await keepAnswer(answers, stringToBytes(answer))
    const requestId = await paid()
    const receiptId = await stateAnswer(owner!, {
      requestId,
      versionId: text.versionId,
      methodId,
      answer: stringToHex(answer),
    })
    await mine(9)
    const audit = await owner!.attribution.audit(receiptId)
    if (audit?.audit === wanted) return receiptId
  }
  throw new Error('none was')
}

test('provider run answers what is drawn, has what is spared paid, and takes bonds back', async () => {
  const [drawn, spared] = [await stated('drawn'), await stated('spared')]
  const audits = await ask<{ audits: { receiptId: Hex; due: string; dueBlock: Hex }[] }>(
    'attr_listAudits',
    {
      committer: owner!.account.address,
    },
  )
  const found = audits.audits.find(({ receiptId }) => receiptId === drawn)
  const { committedBlock } = await owner!.receipts.read.status([drawn])
  expect(found).toMatchObject({ due: 'answer', audit: 'drawn' })
  expect(BigInt(found?.dueBlock ?? '0x0')).toBe(committedBlock + 308n) // answerWindow
  expect(audits.audits.find(({ receiptId }) => receiptId === spared)?.due).toBe('window')
  expect(await tributary(1, 'receipts', 'audits', '--model', `${model}`)).toContain(
    'must be answered, block',
  )

  // Asked for by a bond: the answer is shown by the command, and the bond is lost.
  await tributary(1, 'receipts', 'reveal', spared, '--json')
  expect((await owner!.attribution.audit(spared))?.due).toBe('answer')
  expect(await lookOnce()).toBeGreaterThanOrEqual(4)
  expect([await stateOf(drawn), await stateOf(spared)]).toEqual([final, final])

  const other = await stated('spared')
  await mine(window)
  expect((await owner!.attribution.audit(other))?.due).toBe('settle')
  const { requestId } = await owner!.receipts.read.status([other])
  await lookOnce()
  expect(await stateOf(other)).toBe(final)
  expect((await owner!.rewards.read.payment([requestId])).state).toBe(2)
  // Leaves that nobody had shown were: contributors are credited.
  expect((await owner!.rewards.read.settlement([requestId])).creditedLeaves).toBe(2)
  expect((await ask<{ audits: object[] }>('attr_listAudits')).audits).toEqual([])
}, 240_000)

test('provider run goes on where it was killed: a long n-gram answer in pieces', async () => {
  const long = Array.from({ length: 12 }, () => books[0]).join(' ')
  await keepAnswer(answers, stringToBytes(long))
  const requestId = await paid()
  const { versionId } = text
  const receiptId = await stateAnswer(owner!, {
    requestId,
    versionId,
    methodId: ngrams,
    answer: stringToHex(long),
  })
  await mined(
    bob!,
    bob!.receipts.write.challenge([receiptId, 7, '0x'], {
      value: await bob!.receipts.read.challengeBond(),
    }),
  )
  // A first piece, as a run that was killed after it left it.
  const args = [receiptId, stringToHex(long), 100, '0x'] as const
  await mined(owner!, owner!.receipts.write.answerInPieces(args))
  const child = spawn(
    process.execPath,
    [commandPath, 'provider', 'run', '--answers', answers, '--poll-ms', '50'],
    {
      env: { ...process.env, ...environment(0), NODE_OPTIONS: '' },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  try {
    await until(
      async () => (await stateOf(receiptId)) === final || said.includes('could not'),
      100_000,
    )
    expect(said).not.toContain('could not')
    await until(async () => (await owner!.rewards.read.payment([requestId])).state === 2, 100_000)
  } finally {
    child.kill('SIGINT')
  }
  expect(await ended).toBe(0)
  expect(said).toContain('receipt answered')
  expect(said).not.toContain(devnet.accounts[0]?.privateKey.slice(2))
}, 240_000)

test('data gate measures a copy to its end and says what it is', async () => {
  const next = await publish(owner!, datanetId, [[carol!, [`${books[0]} and more`]]], text)
  const [batchId = 0n] = next.batchIds
  expect(await ask('attr_getGate', Number(batchId))).toMatchObject({
    state: 'accepted',
    gateBps: 5_000,
    versions: [{ versionId: `0x${next.versionId.toString(16)}`, verdict: 'open', rowsMeasured: 0 }],
  })
  expect(await tributary(3, 'data', 'gate', `${batchId}`, '--measure')).toContain(
    'a copy, turned away',
  )
  expect(await ask('attr_getGate', Number(batchId))).toMatchObject({
    state: 'rejected',
    reason: 'novelty',
    deposit: '0x0',
    versions: [{ verdict: 'copy', rowsMeasured: 1, covered: '0x78', coveredBps: 9_836 }],
  })
  expect(await ask('attr_getGate', 999)).toBeNull()
}, 240_000)

test('model certify shows a head to the chain, and only that of the model', async () => {
  const [classes, dimensions, lambdaShift, featureShift] = [3, 4, 5, 6]
  const labels = Uint8Array.from({ length: 40 }, (_, i) => i % classes)
  const vectors = Array.from(labels, (label) =>
    Int8Array.from({ length: dimensions }, (_, j) => dice.below(101) - 50 + (j === label ? 40 : 0)),
  )
  const rows = vectors.map(
    (v, i) => `${labels[i] ?? 0} ${bytesToHex(new Uint8Array(v.buffer)).slice(2)}`,
  )
  const data: HeadData = {
    count: 40,
    dimensions: dimensions + 1,
    classes,
    features: Float64Array.from(
      vectors.flatMap((v) => [...Array.from(v, (x) => x / 2 ** featureShift), 1]),
    ),
    labels,
    lambda: 2 ** -lambdaShift,
  }
  const { weights } = trainHead(data, { tolerance: 1e-12 })
  const view = new DataView(new ArrayBuffer(8 * weights.length))
  for (const [i, weight] of weights.entries()) view.setFloat64(8 * i, weight)
  const head = Uint8Array.of(
    classes,
    0,
    dimensions,
    lambdaShift,
    featureShift,
    ...new Uint8Array(view.buffer),
  )
  const { versionId } = await publish(owner!, datanetId, [[bob!, rows]])
  const assetId = await register(owner!, versionId, keccak256(head))
  const file = join(folder, 'head.bin')
  await writeFile(file, head.slice(1))
  const wrong = await runCommand(
    ['model', 'certify', `${assetId}`, file, '--version', `${versionId}`],
    30_000,
    environment(2),
  )
  expect([wrong.code, wrong.stderr]).toEqual([
    1,
    expect.stringContaining('is not the content of model'),
  ])
  expect(await ask('attr_getCertificates', Number(assetId))).toMatchObject({
    versions: [{ isCertified: false }],
  })
  await writeFile(file, head)
  expect(
    await tributary(2, 'model', 'certify', `${assetId}`, file, '--version', `${versionId}`),
  ).toContain('is certified')
  expect(await ask('attr_getCertificates', Number(assetId))).toMatchObject({
    versions: [{ isCertified: true }],
  })
  expect(await tributary(2, 'model', 'show', `${assetId}`)).toContain('its head certified in block')
}, 240_000)

test('who is no provider is told so, and help has examples', async () => {
  const { code, stdout } = await runCommand(['provider', 'run', '--help'])
  expect([code, stdout]).toEqual([0, expect.stringContaining('--once')])
  const none = `0x${'12'.repeat(32)}` as const
  const args = ['receipts', 'answer', none, '--file', commandPath]
  const missing = await runCommand(args, 200_000, environment(0))
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('no receipt')])
  await expect(answerReceipt(owner!, none, '0x')).rejects.toThrow('reverted')
}, 240_000)
