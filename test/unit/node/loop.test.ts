/**
 * The whole loop by an ordinary wallet on a real node, and the same chain executed again by nodes that
 * have nothing derived: with the rows they come to equal roots, without them they say what is missing.
 */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { decodeEventLog, keccak256, parseEventLogs, stringToHex, type Hex } from 'viem'
import { moduleAbis } from '../../../attribution/abi.ts'
import { zeroWord } from '../../../attribution/words.ts'
import { devnetGenesis, formatGenesis } from '../../../genesis/index.ts'
import { main } from '../../../node/program.ts'
import { batchOf, contributor, openRowsNode, type RowsNode } from '../../support/rows-node.ts'
import { until } from '../../support/until.ts'

const batch = batchOf(
  'the ship sailed at dawn across the grey water and nobody waved',
  'a recipe for bread needs flour water salt and a little patience',
)
const answer = stringToHex('they say the ship sailed at dawn and bread needs flour water salt')

let folder = ''
let node: RowsNode
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-loop-'))
  node = await openRowsNode(folder)
  await node.start()
})
afterEach(async () => {
  await node.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Publishes, registers a model, pays, attributes, settles; the contributor plays every part. */
async function walkTheLoop(): Promise<void> {
  await node.put(batch.bytes)
  await node.publish(batch)
  await until(() => node.isHeld())
  const registration = {
    kind: 0,
    contentHash: keccak256('0x01'),
    manifestHash: zeroWord,
    uri: '',
    parents: [],
    sources: [{ versionId: 1n, edge: 0 }],
    termsFlags: 1,
    price: 1_000n,
    provider: contributor.address,
  }
  await node.send({ module: 'lineage', name: 'register', args: [registration] })
  const question = keccak256('0x02')
  const paid = await node.send({
    module: 'rewards',
    name: 'pay',
    args: [1n, question, 0n, 0n],
    value: 10_000n,
  })
  const [payment] = parseEventLogs({ abi: moduleAbis.rewards, eventName: 'Paid', logs: paid.logs })
  const requestId = payment?.args.requestId ?? zeroWord
  const attributed = await node.send({
    module: 'receipts',
    name: 'attribute',
    args: [requestId, 1n, 1, answer],
  })
  const leaves = attributed.logs.flatMap(({ topics, data }) => {
    const event = decodeEventLog({ abi: moduleAbis.receipts, topics, data })
    return event.eventName === 'ReceiptLeaves' ? event.args.leaves : []
  })
  expect(leaves).toMatchObject([{ contributionId: 1n }])
  await node.send({ module: 'rewards', name: 'settle', args: [requestId, leaves] })
}

/** Executes the node's blocks on a fresh node with no index, and gives its head's state root. */
async function executeAgain(giveRows: boolean, rowsFrom: readonly string[] = []): Promise<Hex> {
  const other = await openRowsNode(undefined, rowsFrom)
  try {
    // Not started: it looks at no version by itself, and has an index only when it misses one.
    if (giveRows) await other.node.rows?.put(batch.bytes)
    const { store } = node.node.chain
    const head = store.head()?.header.number ?? 0n
    for (let number = 1n; number <= head; number++) {
      const verdict = await other.node.chain.validate(store.blockByNumber(number)!.block)
      if (verdict.type !== 'accept') throw new Error(`${number}: ${verdict.message}`)
      await other.node.chain.commit(verdict.value)
    }
    return other.node.chain.head().header.stateRoot
  } finally {
    await other.stop()
  }
}

/** One command in this process: its exit code and all it said. */
const call = async (...args: readonly string[]) => {
  const lines: string[] = []
  const say = (line: string): void => void lines.push(line)
  const exitCode = await main(args, { out: say, err: say, isTerminal: false })
  return [exitCode, lines.join('\n')]
}

describe('the loop', () => {
  test('goes from rows to money in the contributor’s hand', async () => {
    await walkTheLoop()
    const owed = await node.read('rewards', 'balanceOf', [contributor.address])
    // Data, model and provider: one account plays all three.
    expect(owed).toBe(8_500n)
    const to = `0x${'ab'.repeat(20)}` as const
    await node.send({ module: 'rewards', name: 'withdraw', args: [to] })
    expect(await node.client().getBalance({ address: to })).toBe(8_500n)
  })

  test('is executed again to equal roots by a node that had nothing derived', async () => {
    await walkTheLoop()
    const { stateRoot } = node.node.chain.head().header
    expect(await executeAgain(true)).toBe(stateRoot)
  })

  test('is executed again by a node that gets the rows from another', async () => {
    await walkTheLoop()
    const { stateRoot } = node.node.chain.head().header
    const nobody = 'http://127.0.0.1:1'
    expect(await executeAgain(false, [nobody, node.url()])).toBe(stateRoot)
  })

  test('comes through a file: export writes the rows beside, and import finds them', async () => {
    await walkTheLoop()
    const { hash } = node.node.chain.head()
    await node.stop()
    const [file, genesis] = [join(folder, 'chain.rlp'), join(folder, 'genesis.json')]
    await writeFile(genesis, formatGenesis(devnetGenesis()))
    try {
      const exported = await call('export', file, '-d', folder)
      expect(exported).toEqual([0, expect.stringContaining(`${file}.rows: the rows`)])
      const take = ['import', '-g', genesis, '--no-serve', file] as const
      expect(await call(...take)).toEqual([0, expect.stringContaining(hash)])
      await rename(`${file}.rows`, join(folder, 'elsewhere'))
      const without = await call(...take)
      expect(without).toEqual([1, expect.stringMatching(/give --rows FOLDER .*or --rows-from URL/)])
      const given = await call(...take, '--rows', join(folder, 'rows'))
      expect(given).toEqual([0, expect.stringContaining(hash)])
    } finally {
      node = await openRowsNode(folder)
    }
  })

  test('stops, and says which rows are missing, on a node without them', async () => {
    await walkTheLoop()
    await expect(executeAgain(false)).rejects.toMatchObject({ code: 'DATA_MISSING' })
  })

  test('goes on after a start: the index is made again when it is asked for', async () => {
    await walkTheLoop()
    await node.stop()
    node = await openRowsNode(folder)
    await node.start()
    const preview = await node.read('receipts', 'preview', [1n, 1, answer])
    expect(preview).toMatchObject([
      expect.anything(),
      [{ contributionId: 1n }],
      expect.anything(),
      expect.anything(),
    ])
  })
})
