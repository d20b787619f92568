/**
 * Rows from a contributor's file to a held version, on a real node with its real door: given over HTTP,
 * served by root, indexed, attested by the node itself, and found again after a start.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createPublicClient, createWalletClient, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { datanetAbi, moduleAddresses } from '../../../attribution/abi.ts'
import {
  buildSpanIndex,
  commitIndex,
  encodeCorpus,
  hashRow,
  isBatchFault,
  isRowFault,
  joinRows,
  makeRow,
  maxBatchBytes,
  merkleRoot,
  readBatch,
  rowText,
  verifyLeaf,
} from '../../../attribution/methods/index.ts'
import { devnetGenesis } from '../../../genesis/index.ts'
import { devnetKeys } from '../../../node/devnet-keys.ts'
import { createNode, type TributaryNode } from '../../../node/node.ts'
import { fromHex, silentLogger, toHex, type Hex } from '../../../primitives/index.ts'
import { createHandClock } from '../../support/clock.ts'
import { until } from '../../support/until.ts'

const [, [, privateKey]] = devnetKeys as unknown as readonly [unknown, readonly [Hex, Hex]]
const zero: Hex = `0x${'0'.repeat(64)}`
const account = privateKeyToAccount(privateKey)
/** The devnet's authority: its first account. */
const attester = devnetKeys[0]?.[0] ?? zero
const datanet = { address: moduleAddresses.datanet, abi: datanetAbi } as const

let folder = ''
let node: TributaryNode
let url = ''
let faults: unknown[] = []

async function start(): Promise<void> {
  const log = { ...silentLogger, error: (facts: object) => void faults.push(facts) }
  node = await createNode(
    {
      genesis: devnetGenesis(),
      datadir: folder,
      cacheBytes: 2 ** 24,
      keepStates: 'archive',
      sealing: { type: 'automine' },
      feeRecipient: `0x${'fe'.repeat(20)}`,
      host: '127.0.0.1',
      port: 0,
      allowedHosts: [],
      clientVersion: 'test',
      dev: { privateKeys: devnetKeys.slice(0, 2).map(([, key]) => key) },
    },
    {
      clock: createHandClock(),
      logs: { of: () => log },
      onFault: (error) => void faults.push(error),
    },
  )
  url = (await node.start()).httpUrl
}

beforeEach(async () => {
  faults = []
  folder = await mkdtemp(join(tmpdir(), 'tributary-rows-'))
  await start()
})
afterEach(async () => {
  await node.stop()
  await rm(folder, { recursive: true, force: true })
  if (faults.length > 0) throw new AggregateError(faults, 'the node logged errors')
})

const batchOf = (...texts: readonly string[]) => {
  const rows = texts.map((text) => makeRow(text))
  const bytes = joinRows(rows.map((row) => (isRowFault(row) ? fail(row.fault) : row)))
  const batch = readBatch(bytes)
  return isBatchFault(batch) ? fail(batch.fault) : batch
}
const fail = (text: string): never => {
  throw new Error(text)
}
const put = (body: Uint8Array | string, type = 'application/x-ndjson') =>
  fetch(`${url}/rows`, { method: 'POST', body, headers: { 'content-type': type } })
const client = () => createPublicClient({ transport: http(url) })
const ask = (method: string, ...params: unknown[]): Promise<unknown> =>
  client().request({ method, params } as never)

async function send(data: {
  readonly functionName: string
  readonly args: readonly unknown[]
  readonly value?: bigint
}): Promise<void> {
  const wallet = createWalletClient({ account, transport: http(url) })
  const hash = await wallet.writeContract({ ...datanet, ...data, chain: null } as never)
  const receipt = await client().getTransactionReceipt({ hash })
  if (receipt.status !== 'success') throw new Error(`${data.functionName} reverted`)
}

const policy = {
  mode: 0,
  quorumBps: 0,
  reviewBlocks: 10,
  revealBlocks: 0,
  depositPerBatch: 0n,
  depositPerKiB: 0n,
  penaltyBps: 0,
  maxBatchRows: 100,
  licence: zero,
  termsHash: zero,
  termsFlags: 0,
  pricePerQuery: 0n,
}

/** A published version of one batch; `lie` replaces roots of its own. */
async function publish(batch: ReturnType<typeof batchOf>, lie: object = {}): Promise<void> {
  const { root, rows, bytes, sketch } = batch
  await send({ functionName: 'create', args: [zero, '', policy] })
  const size = BigInt(bytes.length)
  const offer = [1n, toHex(root), rows.length, size, toHex(sketch), zero, '']
  await send({ functionName: 'submit', args: offer })
  await send({ functionName: 'review', args: [1n, true, 10_000, zero] })
  const texts = rows.map((row) => new TextEncoder().encode(rowText(row)))
  const index = buildSpanIndex(encodeCorpus(texts))
  const commitment = commitIndex(index)
  const publication = {
    datanetId: 1n,
    parentId: 0n,
    root: toHex(merkleRoot(rows.map((row) => hashRow(row.bytes)))),
    corpusRoot: toHex(commitment.corpusRoot),
    indexRoot: toHex(commitment.root),
    tokens: BigInt(index.order.length),
    batchIds: [1n],
    uri: '',
    ...lie,
  }
  await send({ functionName: 'publish', args: [publication], value: 10n ** 15n })
}
const isHeld = (): Promise<boolean> =>
  client().readContract({ ...datanet, functionName: 'isHeld', args: [1n] })

describe('the door for rows', () => {
  test('takes a batch, tells its root, and serves it to anybody who knows it', async () => {
    const batch = batchOf('one', 'two', 'three')
    const response = await put(batch.bytes)
    expect(response.status).toBe(201)
    expect(await response.json()).toEqual({
      root: toHex(batch.root),
      rows: 3,
      sizeBytes: batch.bytes.length,
      sketch: toHex(batch.sketch),
    })
    expect(response.headers.get('location')).toBe(`/rows/${toHex(batch.root)}`)
    const served = await fetch(`${url}/rows/${toHex(batch.root)}`)
    expect(new Uint8Array(await served.arrayBuffer())).toEqual(batch.bytes)
    expect((await fetch(`${url}/rows/${zero}`)).status).toBe(404)
  })

  test('refuses what is no batch, with the row and the reason', async () => {
    const refusal = await put('{"text":"a"}\n{"b": 1}\n')
    expect([refusal.status, await refusal.text()]).toEqual([
      422,
      'row 1: not in canonical spelling (RFC 8785): sorted keys, no spaces\n',
    ])
    expect((await put('{"a":1}\n', 'text/plain')).status).toBe(415)
    expect((await put('')).status).toBe(422)
    expect((await put(new Uint8Array(maxBatchBytes + 1))).status).toBe(413)
    expect((await fetch(`${url}/rows`, { method: 'DELETE' })).status).toBe(405)
    expect((await fetch(`${url}/rows`)).status).toBe(405)
  })

  test('JSON-RPC takes and gives the same, with proofs that need no trust', async () => {
    const batch = batchOf('one', 'two', 'three')
    const root = toHex(batch.root)
    expect(await ask('attr_hasRows', root)).toBe(false)
    expect(await ask('attr_putRows', toHex(batch.bytes))).toMatchObject({ root, rows: 3 })
    expect(await ask('attr_hasRows', root)).toBe(true)
    expect(await ask('attr_getRows', root, '0x1', '0x1')).toMatchObject({
      total: 3,
      from: 1,
      items: [{ row: '{"text":"two"}' }],
    })
    const row = (await ask('attr_getRow', root, '0x2')) as { hash: Hex; row: string; proof: Hex[] }
    expect(toHex(hashRow(new TextEncoder().encode(row.row)))).toBe(row.hash)
    expect(verifyLeaf(batch.root, fromHex(row.hash), 2, row.proof.map(fromHex))).toBe(true)
    expect(await ask('attr_getRow', root, '0x3')).toBeNull()
    expect(await ask('attr_getRows', zero)).toBeNull()
    await expect(ask('attr_putRows', '0x00')).rejects.toThrow('not ended')
  })
})

describe('a published version', () => {
  const batch = batchOf('the quick brown fox', 'jumps over the lazy dog')

  test('is held once the node has its rows, whichever comes first', async () => {
    await publish(batch)
    expect(await isHeld()).toBe(false)
    await put(batch.bytes)
    await until(() => isHeld())
    expect(await client().getTransactionCount({ address: attester })).toBe(1)
  })

  test('is held soon after it was published when the rows are there', async () => {
    await put(batch.bytes)
    await publish(batch)
    await until(() => isHeld())
    const tally = await client().readContract({ ...datanet, functionName: 'version', args: [1n] })
    expect(tally).toMatchObject({ state: 2, attestedPower: 1n })
  })

  test('whose index root is not that of its rows is never attested', async () => {
    await put(batch.bytes)
    await publish(batch, { indexRoot: `0x${'11'.repeat(32)}` })
    await node.stop()
    await start()
    expect(await isHeld()).toBe(false)
  })

  test('is attested after a start when the node was stopped before', async () => {
    await publish(batch)
    await node.stop()
    await start()
    expect(await isHeld()).toBe(false)
    await put(batch.bytes)
    await until(() => isHeld())
    await node.stop()
    await start()
    expect(await isHeld()).toBe(true)
  })
})
