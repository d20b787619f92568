/** Batches ready to be served: prepared once, kept small, and nobody waits for another's for ever. */
import { expect, test } from '@jest/globals'
import { createRowPieces } from '../../../../node/validator/row-pieces.ts'
import { rowsRequestCodec } from '../../../../p2p/index.ts'
import { equalBytes, type Hex } from '../../../../primitives/index.ts'
import { batchOf } from '../../../support/rows-node.ts'
import { createHandClock, turn } from '../../../support/clock.ts'

const rootOf = (index: number): Hex => `0x${index.toString(16).padStart(64, '0')}`
const small = batchOf('a', 'b', 'c').bytes

type Pieces = ReturnType<typeof createRowPieces>

/** The first piece of row 0; undefined: none. */
async function firstOf(pieces: Pieces, root: Hex): Promise<Uint8Array | undefined> {
  const asked = rowsRequestCodec.encode({ root, from: 0, count: 1 })
  for await (const frame of pieces.serve(asked)) return frame
  return undefined
}

/** `size` bytes, lines of 64 KiB. */
function longBatch(size: number, index: number): Uint8Array {
  const bytes = new Uint8Array(size).fill(0x20 + index)
  for (let end = 2 ** 16 - 1; end < size; end += 2 ** 16) bytes[end] = 0x0a
  bytes[size - 1] = 0x0a
  return bytes
}

test('a batch is hashed once, however many others are asked for in between', async () => {
  const batches = 5
  let isChanged = false
  const pieces = createRowPieces(async (root) => {
    const bytes = longBatch(2 ** 24, Number(root))
    // Hashed anew, the row would stand beside another one, under another root.
    if (isChanged) bytes[2 ** 16] = 0x7e
    return bytes
  }, createHandClock())
  const before: (Uint8Array | undefined)[] = []
  for (let i = 0; i < batches; i++) before.push(await firstOf(pieces, rootOf(i)))
  isChanged = true
  for (let i = 0; i < batches; i++) {
    const [was, is] = [before[i], await firstOf(pieces, rootOf(i))]
    expect(was && is && equalBytes(was, is)).toBe(true)
  }
}, 30_000)

test('two batches of which one must make room for the other both come', async () => {
  let open: (() => void) | undefined
  const gate = new Promise<void>((resolve) => (open = resolve))
  const pieces = createRowPieces(async (root) => {
    if (root === rootOf(1)) await gate
    return longBatch(2 ** 26 + 1, Number(root)) // more than is kept
  }, createHandClock())
  const both = Promise.all([firstOf(pieces, rootOf(1)), firstOf(pieces, rootOf(2))])
  await turn()
  open?.()
  const [one, two] = await both
  expect(one?.length).toBeGreaterThan(2 ** 16)
  expect(two?.length).toBeGreaterThan(2 ** 16)
}, 30_000)

test('rows that could not be read once are read when they are asked for again', async () => {
  let reads = 0
  const pieces = createRowPieces(async () => {
    if (reads++ === 0) throw new Error('EMFILE')
    return small
  }, createHandClock())
  await expect(firstOf(pieces, rootOf(1))).rejects.toThrow('EMFILE')
  expect(await firstOf(pieces, rootOf(1))).toBeDefined()
})

test('rows that came later are served; two that ask at once have them read once', async () => {
  let reads = 0
  let bytes: Uint8Array | undefined
  const pieces = createRowPieces(async () => {
    reads++
    return bytes
  }, createHandClock())
  expect(await firstOf(pieces, rootOf(1))).toBeUndefined()
  bytes = small
  const [one, two] = await Promise.all([firstOf(pieces, rootOf(1)), firstOf(pieces, rootOf(1))])
  expect(one).toEqual(two)
  expect(one).toBeDefined()
  expect(reads).toBe(2)
})

test('after a batch was made ready the next one waits as long as that took', async () => {
  const clock = createHandClock()
  const read: Hex[] = []
  const pieces = createRowPieces(async (root) => {
    read.push(root)
    await clock.advance(300)
    return small
  }, clock)
  await firstOf(pieces, rootOf(1))
  const second = firstOf(pieces, rootOf(2))
  expect(await firstOf(pieces, rootOf(1))).toBeDefined() // what is ready waits for nothing
  await clock.advance(299)
  expect(read).toEqual([rootOf(1)])
  await clock.advance(1)
  expect(read).toEqual([rootOf(1), rootOf(2)])
  expect(await second).toBeDefined()
})
