/** Rows and batches: one spelling only, every limit, hostile bytes; sketches that tell alike from unlike. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  hashRow,
  isBatchFault,
  isRowFault,
  joinRows,
  makeRow,
  maxBatchBytes,
  maxBatchRows,
  maxRowBytes,
  merkleRoot,
  parseRow,
  readBatch,
  readRow,
  rowText,
  similarityBps,
  sketchTexts,
  type Row,
} from '../../../../attribution/methods/index.ts'
import { maxRows, maxRowsBytes } from '../../../../p2p/rows-wire.ts'
import { keccak256 } from '../../../../primitives/index.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (row: Row) => new TextDecoder().decode(row.bytes)
const sound = (row: ReturnType<typeof makeRow>): Row => {
  if (isRowFault(row)) throw new Error(row.fault)
  return row
}
const nested = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`

describe('row', () => {
  test('has one spelling: keys sorted by code unit, no spaces, the text of a line', () => {
    const row = sound(
      parseRow(bytes(' {"b": [1.0, -0, 1e3, "\\u00e9"], "a": null, "B": {"text":"x"} }')),
    )
    expect(text(row)).toBe('{"B":{"text":"x"},"a":null,"b":[1,0,1000,"é"]}')
    expect(rowText(row)).toBe('x\né')
    expect(text(sound(makeRow('a line')))).toBe('{"text":"a line"}')
    expect(hashRow(row.bytes)).toEqual(keccak256(row.bytes))
  })

  test('what was made canonical is read again, byte by byte', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 5 })),
        (value) => {
          const row = sound(makeRow(value))
          expect(sound(readRow(row.bytes)).bytes).toEqual(row.bytes)
          expect(JSON.parse(text(row))).toEqual(JSON.parse(JSON.stringify(value)))
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test.each([
    ['spaces', '{"a": 1}'],
    ['unsorted keys', '{"b":1,"a":1}'],
    ['a key twice', '{"a":1,"a":2}'],
    ['an escape that needs none', '{"a":"\\u0041"}'],
    ['a number written otherwise', '{"a":1.0}'],
    ['a number too great', '{"a":1e999}'],
    ['half a surrogate pair', '{"a":"\\ud800"}'],
    ['a list', '[1]'],
    ['a text', '"a"'],
    ['nothing', ''],
    ['null', 'null'],
    ['a byte order mark', '\ufeff{"a":1}'],
    ['deep nesting', nested(16)],
    ['nesting that would end a stack', nested(30_000)],
    ['a line end inside', '{"a":1}\n'],
    ['too many bytes', `{"a":"${'x'.repeat(maxRowBytes)}"}`],
  ])('is refused: %s', (_, spelled) => {
    expect(readRow(bytes(spelled))).toHaveProperty('fault')
  })

  test('bytes that are no UTF-8 are refused; __proto__ is a key like any other', () => {
    expect(readRow(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d))).toHaveProperty('fault')
    expect(text(sound(readRow(bytes('{"__proto__":"x"}'))))).toBe('{"__proto__":"x"}')
    expect(makeRow({ a: undefined })).toHaveProperty('fault')
    expect(makeRow({ a: 1n })).toHaveProperty('fault')
    expect(makeRow(Number.NaN)).toHaveProperty('fault')
  })
})

describe('batch', () => {
  const rows = ['one', 'two', 'three'].map((line) => sound(makeRow(line)))

  test('its root is that of the row hashes; joined rows are read again', () => {
    const batch = readBatch(joinRows(rows))
    if (isBatchFault(batch)) throw new Error(batch.fault)
    expect(batch.rows.map(text)).toEqual(rows.map(text))
    expect(batch.root).toEqual(merkleRoot(rows.map((row) => hashRow(row.bytes))))
    expect(batch.sketch).toEqual(sketchTexts(['one', 'two', 'three']))
  })

  test.each([
    ['no bytes', bytes(''), 'no rows'],
    ['no line end', bytes('{"a":1}'), 'not ended'],
    ['an empty line', bytes('{"a":1}\n\n'), 'not JSON'],
    ['windows line ends', bytes('{"a":1}\r\n'), 'canonical'],
    ['too many rows', bytes('{}\n'.repeat(maxBatchRows + 1)), 'more than'],
    ['too many bytes', new Uint8Array(maxBatchBytes + 1).fill(10), 'longer than'],
  ])('is refused: %s', (_, input, fault) => {
    const read = readBatch(input)
    expect(isBatchFault(read) && read.fault).toContain(fault)
  })

  test('a fault names its row; random bytes never throw', () => {
    expect(readBatch(bytes('{"a":1}\n{"a":}\n'))).toEqual({ fault: 'not JSON in UTF-8', row: 1 })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (input) => {
        expect(isBatchFault(readBatch(input))).toBe(true)
      }),
    )
  })
})

const words = (from: number, count: number): string =>
  Array.from({ length: count }, (_, i) => `w${from + i}`).join(' ')

describe('sketch', () => {
  test('is the same for the same set, in any order', () => {
    const [a, b] = [words(0, 300), words(900, 300)]
    expect(sketchTexts([a, b])).toEqual(sketchTexts([b, a, a]))
    expect(similarityBps(sketchTexts([a]), sketchTexts([a]))).toBe(10_000)
  })

  test.each([
    [0, 0],
    [1_000, 3_333],
    [1_800, 8_182],
  ])('%i common words of 2,000: about %i bps', (common, expected) => {
    const [a, b] = [words(0, 2_000), words(2_000 - common, 2_000)]
    const found = similarityBps(sketchTexts([a]), sketchTexts([b])) ?? -1
    expect(Math.abs(found - expected)).toBeLessThan(1_500)
  })

  test('nothing in, zeros out; sketches of different length cannot be compared', () => {
    expect(sketchTexts([''])).toEqual(new Uint8Array(32))
    expect(similarityBps(new Uint8Array(32), new Uint8Array(31))).toBeUndefined()
    expect(similarityBps(new Uint8Array(0), new Uint8Array(0))).toBeUndefined()
  })
})

test('a batch has as many rows and bytes at most as the network carries', () => {
  expect(maxRows).toBe(maxBatchRows)
  expect(maxRowsBytes).toBe(maxBatchBytes)
})
