/** Strict JSON: what JSON.parse reads it reads alike; what a person got wrong it points at. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseJson } from '../../../genesis/json.ts'

/** Our exact integers as the doubles JSON.parse makes of them. */
const rounded = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? Number(part) : part)),
  )

test('reads what JSON.stringify writes', () => {
  const texts = fc.json().filter((text) => !text.includes('__proto__'))
  fc.assert(
    fc.property(texts, (text) => {
      expect(rounded(parseJson(text))).toEqual(rounded(JSON.parse(text)))
    }),
  )
})

test('never reads a text that JSON.parse refuses', () => {
  const scrap = fc.string({ unit: fc.constantFrom(...Array.from('{}[],:"\\ \n0123e-+.truefalsn')) })
  fc.assert(
    fc.property(scrap, (text) => {
      let isGood = true
      try {
        parseJson(text)
      } catch {
        isGood = false
      }
      expect(() => isGood && JSON.parse(text)).not.toThrow()
    }),
    { numRuns: 2_000 },
  )
})

test('keeps integers beyond 2^53 exact', () => {
  expect(parseJson('[58750000000000000000000, 9007199254740991, -9007199254740993]')).toEqual([
    58_750_000_000_000_000_000_000n,
    9_007_199_254_740_991,
    -9_007_199_254_740_993n,
  ])
})

test.each([
  ['', 'line 1, column 1: the text ends where a value should stand'],
  ['{"a": 1,\n "b": }', 'line 2, column 7: not a JSON value'],
  ['{"a": 1,}', 'line 1, column 9: a comma too many'],
  ['{"a": 1\n"b": 2}', 'line 2, column 1: a comma or } is missing'],
  ['{"a": 1, "a": 2}', 'line 1, column 10: the key "a" stands twice'],
  ['{"__proto__": {}}', 'line 1, column 2: no key may be "__proto__"'],
  ['{a: 1}', 'line 1, column 2: a key in double quotes is missing'],
  ['{"a" 1}', 'line 1, column 6: a colon is missing after the key'],
  ['[1, 012]', 'line 1, column 6: not a JSON number'],
  ['["\n"]', 'line 1, column 3: a control character or line break inside a string'],
  ['"abc', 'line 1, column 5: the text ends inside a string'],
  ['"\\x"', 'line 1, column 2: an unknown escape'],
  ['{} {}', 'line 1, column 4: something follows the end of the JSON value'],
  ['['.repeat(100), 'line 1, column 66: more than 64 levels deep'],
])('says where %j goes wrong', (text, message) => {
  expect(() => parseJson(text)).toThrow(message)
})
