/**
 * Rows from a contributor's file to a held version, on a real node with its real door: given over HTTP,
 * served by root, indexed, attested by the node itself, and found again after a start.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { hashRow, maxBatchBytes, verifyLeaf } from '../../../attribution/methods/index.ts'
import { zeroWord } from '../../../attribution/words.ts'
import { fromHex, toHex, type Hex } from '../../../primitives/index.ts'
import { attester, batchOf, openRowsNode, type RowsNode } from '../../support/rows-node.ts'
import { until } from '../../support/until.ts'

let folder = ''
let node: RowsNode

async function start(): Promise<void> {
  node = await openRowsNode(folder)
  await node.start()
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-rows-'))
  await start()
})
afterEach(async () => {
  await node.stop()
  await rm(folder, { recursive: true, force: true })
})

describe('the door for rows', () => {
  test('takes a batch, tells its root, and serves it to anybody who knows it', async () => {
    const batch = batchOf('one', 'two', 'three')
    const root = toHex(batch.root)
    const response = await node.put(batch.bytes)
    expect(response.status).toBe(201)
    expect(response.headers.get('location')).toBe(`/rows/${root}`)
    expect(await response.json()).toEqual({
      root,
      rows: 3,
      sizeBytes: batch.bytes.length,
      sketch: toHex(batch.sketch),
    })
    const served = await fetch(`${node.url()}/rows/${root}`)
    expect(new Uint8Array(await served.arrayBuffer())).toEqual(batch.bytes)
    expect((await fetch(`${node.url()}/rows/${zeroWord}`)).status).toBe(404)
  })

  test('refuses what is no batch, with the row and the reason', async () => {
    const refusal = await node.put('{"text":"a"}\n{"b": 1}\n')
    expect([refusal.status, await refusal.text()]).toEqual([
      422,
      'row 1: not in canonical spelling (RFC 8785): sorted keys, no spaces\n',
    ])
    expect((await node.put('{"a":1}\n', 'text/plain')).status).toBe(415)
    expect((await node.put('')).status).toBe(422)
    expect((await node.put(new Uint8Array(maxBatchBytes + 1))).status).toBe(413)
    expect((await fetch(`${node.url()}/rows`, { method: 'DELETE' })).status).toBe(405)
    expect((await fetch(`${node.url()}/rows`)).status).toBe(405)
  })

  test('JSON-RPC takes and gives the same, with proofs that need no trust', async () => {
    const batch = batchOf('one', 'two', 'three')
    const root = toHex(batch.root)
    expect(await node.ask('attr_hasRows', root)).toBe(false)
    expect(await node.ask('attr_putRows', toHex(batch.bytes))).toMatchObject({ root, rows: 3 })
    expect(await node.ask('attr_hasRows', root)).toBe(true)
    expect(await node.ask('attr_getRows', root, '0x1', '0x1')).toMatchObject({
      total: 3,
      from: 1,
      items: [{ row: '{"text":"two"}' }],
    })
    const row = await node.ask('attr_getRow', root, '0x2')
    const { hash, row: text, proof } = row as { hash: Hex; row: string; proof: Hex[] }
    expect(toHex(hashRow(new TextEncoder().encode(text)))).toBe(hash)
    expect(verifyLeaf(batch.root, fromHex(hash), 2, proof.map(fromHex))).toBe(true)
    expect(await node.ask('attr_getRow', root, '0x3')).toBeNull()
    expect(await node.ask('attr_getRows', zeroWord)).toBeNull()
    await expect(node.ask('attr_putRows', '0x00')).rejects.toThrow('not ended')
  })
})

test('attr_buildVersion takes batches that are here, each once', async () => {
  const [batch, other] = [batchOf('one', 'two'), batchOf('three')]
  const roots = [toHex(batch.root), toHex(other.root)]
  await node.put(batch.bytes)
  await expect(node.ask('attr_buildVersion', roots)).rejects.toThrow('attr_putRows')
  await expect(node.ask('attr_buildVersion', [roots[0], roots[0]])).rejects.toThrow('a batch once')
  await node.put(other.bytes)
  expect(await node.ask('attr_buildVersion', roots)).toMatchObject({ rows: 3 })
})

describe('a published version', () => {
  const batch = batchOf('the quick brown fox', 'jumps over the lazy dog')

  test('is held once the node has its rows', async () => {
    await node.publish(batch)
    expect(await node.isHeld()).toBe(false)
    await node.put(batch.bytes)
    await until(() => node.isHeld())
    expect(await node.client().getTransactionCount({ address: attester })).toBe(1)
  })

  test('is held soon after it was published when the rows are there', async () => {
    await node.put(batch.bytes)
    await node.publish(batch)
    await until(() => node.isHeld())
    expect(await node.read('datanet', 'version', [1n])).toMatchObject({
      state: 2,
      attestedPower: 1n,
    })
  })

  test('whose index root is not that of its rows is never attested', async () => {
    await node.put(batch.bytes)
    await node.publish(batch, { indexRoot: `0x${'11'.repeat(32)}` })
    await node.stop()
    await start()
    expect(await node.isHeld()).toBe(false)
  })

  test('is attested after a start when the node was stopped before', async () => {
    await node.publish(batch)
    await node.stop()
    await start()
    expect(await node.isHeld()).toBe(false)
    await node.put(batch.bytes)
    await until(() => node.isHeld())
    await node.stop()
    await start()
    expect(await node.isHeld()).toBe(true)
  })
})
