/**
 * 1,000 eth_calls at once, at many heights, while blocks are sealed under them, with caches far
 * smaller than the state: every answer must be that of its height. What the answers are is computed
 * here from what was sent, not asked of the node.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { encodeAbiParameters, encodeFunctionData, keccak256, numberToHex, pad } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { WebSocket } from 'ws'
import { type Devnet, rpcCall, runCommand, startDevnet } from '../support/node.ts'
import { readArtifact } from '../support/solc.ts'

type Hex = `0x${string}`
type Question = { readonly method: string; readonly params: readonly unknown[]; readonly want: Hex }

const { abi, bytecode } = readArtifact('Ledger')
const word = (value: bigint): Hex => pad(numberToHex(value), { size: 32 })
const sink: Hex = `0x${'5e'.repeat(20)}`
const cacheBytes = 1_048_576

/** 700 new cells are 15.8 Mgas, just below what one transaction may use (EIP-7825). */
const cellsAtOnce = 700
const growBlocks = 20
/** Blocks after those, each of which changes cells that are there already. */
const changeBlocks = 8
const calls = 1_000

/** What one block did. */
type Written = {
  readonly first: number
  readonly count: number
  readonly value: bigint
  readonly blockHash: Hex
}

/** The chain as the test knows it: by height, what was written and what the sink had got. */
const history = new Map<number, Written>()
let node: Devnet
let contract: Hex = '0x'
let datadir = ''
let nonce = 0
let head = 0

beforeAll(async () => {
  datadir = await mkdtemp(join(tmpdir(), 'tributary-calls-'))
  node = await startDevnet(['--datadir', datadir, '--cache-mb', '1'])
}, 30_000)
afterAll(async () => {
  await node.kill()
  await rm(datadir, { recursive: true, force: true })
})

/** Automine: the receipt is there when the answer is, so a sender alone knows each block's content. */
async function send(to: Hex | null, data: Hex, value: bigint, gas: bigint) {
  const raw = await privateKeyToAccount(node.accounts[0]!.privateKey).signTransaction({
    type: 'eip1559',
    chainId: node.chainId,
    nonce: nonce++,
    ...(to && { to }),
    data,
    value,
    gas,
    maxFeePerGas: 10n ** 12n,
    maxPriorityFeePerGas: 1n,
  })
  const hash = await rpcCall<Hex>(node.httpUrl, 'eth_sendRawTransaction', [raw])
  const receipt = await rpcCall<{
    readonly blockNumber: Hex
    readonly blockHash: Hex
    readonly status: Hex
    readonly contractAddress: Hex
  }>(node.httpUrl, 'eth_getTransactionReceipt', [hash])
  head++
  expect([receipt.status, Number(receipt.blockNumber)]).toEqual(['0x1', head])
  return receipt
}

/** The contract takes no money, so the sink is paid in a block of its own. */
async function fill(first: number, count: number, gas: bigint): Promise<void> {
  const value = BigInt(head + 1) * 1_000_003n
  const args = [BigInt(first), BigInt(count), value]
  const data = encodeFunctionData({ abi, functionName: 'fill', args })
  const { blockHash } = await send(contract, data, 0n, gas)
  history.set(head, { first, count, value, blockHash })
}

async function paySink(): Promise<void> {
  const { blockHash } = await send(sink, '0x', BigInt(head + 1), 21_000n)
  history.set(head, { first: 0, count: 0, value: 0n, blockHash })
}

/** Cells as they stood after block `height`; computed once a height. */
const cellsAt = (() => {
  const kept = new Map<number, readonly bigint[]>()
  return (height: number): readonly bigint[] => {
    const found = kept.get(height)
    if (found) return found
    const cells = Array.from({ length: growBlocks * cellsAtOnce }, () => 0n)
    for (let at = 2; at <= height; at++) {
      const { first, count, value } = history.get(at)!
      cells.fill(value, first, first + count)
    }
    kept.set(height, cells)
    return cells
  }
})()
const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n)
const sinkAt = (height: number): bigint => {
  let paid = 0n
  for (let at = 2; at <= height; at++) if (history.get(at)!.count === 0) paid += BigInt(at)
  return paid
}

const heightsKnown = () => [...history.keys()]
const call = (functionName: string, args: readonly bigint[], block: unknown, want: bigint) => ({
  method: 'eth_call',
  params: [{ to: contract, data: encodeFunctionData({ abi, functionName, args }) }, block],
  want: word(want),
})

/** Spread over heights and cells by two strides, so that a failure comes again in the next run. */
function callAt(i: number, heights: readonly number[]): Question {
  const height = heights[(i * 7_919) % heights.length]!
  const first = (i * 104_729) % (growBlocks * cellsAtOnce - 40)
  const cells = cellsAt(height)
  // Every third names its block by hash.
  const block =
    i % 3 === 0 ? { blockHash: history.get(height)!.blockHash } : numberToHex(BigInt(height))
  if (i % 10 === 0) return call('total', [], block, sum(cells))
  if (i % 5 === 0) return call('cell', [BigInt(first)], block, cells[first]!)
  return call('sum', [BigInt(first), 40n], block, sum(cells.slice(first, first + 40)))
}

/** Balances and slots at a height, without the EVM. `cell` is mapping 0, `total` slot 1. */
function readsAt(i: number, heights: readonly number[]): Question[] {
  const height = heights[(i * 7_919) % heights.length]!
  const at = (i * 104_729) % (growBlocks * cellsAtOnce)
  const block = numberToHex(height)
  const types = [{ type: 'uint256' }, { type: 'uint256' }] as const
  const slot = keccak256(encodeAbiParameters(types, [BigInt(at), 0n]))
  const [cells, method] = [cellsAt(height), 'eth_getStorageAt']
  return [
    { method: 'eth_getBalance', params: [sink, block], want: numberToHex(sinkAt(height)) },
    { method, params: [contract, slot, block], want: word(cells[at]!) },
    { method, params: [contract, '0x1', block], want: word(sum(cells)) },
  ]
}

const asRequests = (questions: readonly Question[]) =>
  questions.map(({ method, params }, id) => ({ jsonrpc: '2.0', id, method, params }))
const asAnswers = (questions: readonly Question[]) =>
  questions.map(({ want }, id) => ({ jsonrpc: '2.0', id, result: want }))

/** One HTTP batch; fetch opens a connection for each that is under way. */
async function askHttp(questions: readonly Question[]): Promise<void> {
  const response = await fetch(node.httpUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(asRequests(questions)),
  })
  expect(await response.json()).toEqual(asAnswers(questions))
}

/** One message each, all sent before the first answer. */
async function askSocket(questions: readonly Question[]): Promise<void> {
  const socket = new WebSocket(node.wsUrl)
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const answers: { readonly id: number }[] = []
  const all = new Promise<void>((resolve, reject) => {
    socket.once('close', () => reject(new Error('the socket closed before the last answer')))
    socket.on('message', (data: Buffer) => {
      answers.push(JSON.parse(data.toString()) as { readonly id: number })
      if (answers.length === questions.length) resolve()
    })
  })
  for (const request of asRequests(questions)) socket.send(JSON.stringify(request))
  await all
  socket.terminate()
  expect(answers.toSorted((a, b) => a.id - b.id)).toEqual(asAnswers(questions))
}

const inParts = <item>(items: readonly item[], size: number): item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  )
const range = (count: number) => Array.from({ length: count }, (_, i) => i)

describe('calls at past heights, with a state larger than the cache', () => {
  test('the state grows, and every height has another answer', async () => {
    contract = (await send(null, bytecode, 0n, 2_000_000n)).contractAddress
    for (const i of range(growBlocks)) await fill(i * cellsAtOnce, cellsAtOnce, 16_777_216n)
    for (const i of range(changeBlocks)) {
      await fill(((i * 37) % growBlocks) * cellsAtOnce + 350, 300, 5_000_000n)
      await paySink()
    }
    const totals = new Set(heightsKnown().map((height) => sum(cellsAt(height)) + sinkAt(height)))
    expect(totals.size).toBe(growBlocks + 2 * changeBlocks)
  }, 120_000)

  test('1,000 concurrent eth_calls while blocks are sealed', async () => {
    const heights = heightsKnown()
    const questions = range(calls).map((i) => callAt(i, heights))
    const reads = range(60).flatMap((i) => readsAt(i, heights))
    const before = head
    const asking = { isOver: false }
    const sealing = (async () => {
      while (!asking.isOver) {
        await fill((head * 131) % 13_000, 20, 1_000_000n)
        await paySink()
      }
    })()
    const asked = Promise.all([
      ...inParts(questions.slice(0, 800), 25).map(askHttp),
      ...inParts(questions.slice(800), 50).map(askSocket),
      ...inParts(reads, 30).map(askHttp),
    ])
    try {
      await asked
    } finally {
      asking.isOver = true
      await sealing
    }
    // Blocks were sealed in between; where they were not, this test proved nothing.
    expect(head - before).toBeGreaterThan(5)

    const fresh = heightsKnown().filter((height) => height > before)
    await askHttp(range(100).map((i) => callAt(i, fresh)))
    await askHttp(range(20).flatMap((i) => readsAt(i, fresh)))
  }, 120_000)

  test('what is on disk is larger than the cache, and agrees with itself', async () => {
    expect(await node.stop()).toEqual({ code: 0, signal: null })
    const check = await runCommand(['db', 'check', '--datadir', datadir])
    expect([check.code, check.stderr]).toEqual([0, ''])
    const info = await runCommand(['db', 'info', '--datadir', datadir, '--json'])
    const { tables } = JSON.parse(info.stdout) as {
      readonly tables: readonly { readonly prefix: string; readonly approximateBytes: number }[]
    }
    const sizeBytes = (prefixes: string): number =>
      tables
        .filter(({ prefix }) => prefixes.includes(prefix))
        .reduce((all, { approximateBytes }) => all + approximateBytes, 0)
    // Compressed: the newest slots and trie nodes, and with them what their past takes.
    expect(sizeBytes('so')).toBeGreaterThan(1.5 * cacheBytes)
    expect(sizeBytes('sohud')).toBeGreaterThan(4 * cacheBytes)
  }, 60_000)
})
