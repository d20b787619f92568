/** Rows from another node's real door: kept while there is room, and given to who needs them in any case. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createBringer } from '../../../../node/rows/bring-rows.ts'
import { checkBatch } from '../../../../node/rows/check-batch.ts'
import { openRowStore } from '../../../../node/rows/row-store.ts'
import { NodeError, silentLogger, toHex } from '../../../../primitives/index.ts'
import { createHandClock } from '../../../support/clock.ts'
import { batchOf } from '../../../support/rows-node.ts'

const batch = batchOf('one', 'two', 'three')
const root = toHex(batch.root)
const other = toHex(batchOf('four').root)

let server: Server
let url = ''
beforeEach(async () => {
  server = createServer((_, response) => response.end(batch.bytes))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const diskFull = () => Promise.reject(new NodeError('BLOBS_FAILED', 'no space left on device'))

async function openParts(quotaBytes: number) {
  const store = await openRowStore({
    quotaBytes,
    check: (bytes) => Promise.resolve(checkBatch(bytes)),
    clock: createHandClock(),
    onPut: () => undefined,
  })
  const ports = { store, rowsFrom: [url], log: silentLogger, fromPeers: () => undefined }
  return { store, ports, bring: createBringer(ports).now }
}

test('rows that come are kept', async () => {
  const { store, bring } = await openParts(1_000)
  expect(await bring({ root })).toEqual(batch.bytes)
  expect(store.has(root)).toBe(true)
  expect(await bring({ root: other })).toBeUndefined()
})

test('a full store gives the rows that came, and keeps nothing', async () => {
  const { store, ports, bring } = await openParts(10)
  const wanted = { root, rows: 3, sizeBytes: batch.bytes.length }
  expect(await bring(wanted)).toEqual(batch.bytes)
  expect(await createBringer(ports).whenRoom(wanted)).toBeUndefined()
  expect(store.has(root)).toBe(false)
  expect(await bring({ root: other })).toBeUndefined()
})

test('a disk that fails is told in the log, and the rows are given', async () => {
  const { ports } = await openParts(1_000)
  const { now } = createBringer({ ...ports, store: { ...ports.store, put: diskFull } })
  expect(await now({ root })).toEqual(batch.bytes)
})

test('a peer that gives rows of another root gives nothing', async () => {
  const { ports } = await openParts(10)
  const { now } = createBringer({ ...ports, fromPeers: () => () => Promise.resolve(batch.bytes) })
  const wanted = { root: other, rows: 3, sizeBytes: batch.bytes.length }
  expect(await now(wanted)).toBeUndefined()
})
