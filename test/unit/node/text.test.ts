/** Amounts, addresses, revert reasons and log levels in words. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { encodeErrorResult, parseAbi } from 'viem'
import { fromHex, type Hex } from '../../../primitives/index.ts'
import { addressValue, bigNumber, openAmount, seconds, wholeNumber } from '../../../node/flags.ts'
import { parseLogLevels, sameLevel } from '../../../node/log-levels.ts'
import { explainRevert } from '../../../node/revert.ts'
import {
  count,
  groupDigits,
  toAmountText,
  toGweiText,
  toOpenText,
  toSizeText,
} from '../../../node/text.ts'

test.each([
  [0n, '0'],
  [1n, '0.000000000000000001'],
  [10n ** 18n, '1'],
  [10_000n * 10n ** 18n, '10,000'],
  [1_234_567_500_000_000_000_000_000n, '1,234,567.5'],
  [-5n * 10n ** 17n, '-0.5'],
])('%s wei is %s OPEN', (wei, text) => {
  expect(toOpenText(wei)).toBe(text)
})

test('what is written as OPEN is read as the same wei', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 35n), (wei) => {
      expect(openAmount(toOpenText(wei).replaceAll(',', ''))).toBe(wei)
    }),
  )
})

test('gwei, groups and counts', () => {
  expect(toGweiText(875_000_000n)).toBe('0.875')
  expect([0n, 999n, 1000n, 1_000_000n].map(groupDigits)).toEqual(['0', '999', '1,000', '1,000,000'])
  expect([count(1, 'block'), count(2, 'block')]).toEqual(['1 block', '2 blocks'])
})

test('small amounts are told in wei, small sizes in KiB', () => {
  expect([1n, 10n ** 9n - 1n, 10n ** 9n].map(toAmountText)).toEqual([
    '1 wei',
    '999,999,999 wei',
    '0.000000001 OPEN',
  ])
  expect([0, 512, 2 ** 20, 12.5 * 2 ** 20].map(toSizeText)).toEqual([
    '0.0 KiB',
    '0.5 KiB',
    '1.0 MiB',
    '12.5 MiB',
  ])
})

describe('values of options', () => {
  test.each<[string, (text: string) => unknown, string, unknown]>([
    ['seconds', seconds, '0.25', 250],
    ['seconds', seconds, '12', 12_000],
    ['whole number', wholeNumber(0, 65_535), '8545', 8545],
    ['big number', bigNumber(1n, 1000n), '0x10', 16n],
    ['address', addressValue, `0x${'AB'.repeat(20)}`, `0x${'ab'.repeat(20)}`],
  ])('%s %#', (_, parse, text, value) => {
    expect(parse(text)).toBe(value)
  })

  test.each<[string, (text: string) => unknown, string]>([
    ['no seconds', seconds, '0'],
    ['words', seconds, 'often'],
    ['too large', wholeNumber(0, 65_535), '65536'],
    ['negative', wholeNumber(0, 65_535), '-1'],
    ['a fraction', wholeNumber(0, 65_535), '1.5'],
    ['hex', wholeNumber(0, 65_535), '0x10'],
    ['too small', bigNumber(1n, 9n), '0'],
    ['no number', bigNumber(1n, 9n), ''],
    ['19 decimals', openAmount, '0.1234567890123456789'],
    ['short address', addressValue, '0x12'],
  ])('refused: %s', (_, parse, text) => {
    expect(() => parse(text)).toThrow(/It must be/)
  })
})

describe('log levels', () => {
  test('one for all, one for a module, later ones win', () => {
    expect(parseLogLevels('warn,rpc=debug', 'info')).toEqual({
      type: 'accept',
      value: { ...sameLevel('warn'), rpc: 'debug' },
    })
    expect(parseLogLevels('rpc=debug', 'info')).toMatchObject({
      value: { node: 'info', rpc: 'debug' },
    })
  })
  test.each(['loud', 'rpc=loud', 'evm=debug', ''])('"%s" is refused with what there is', (text) => {
    expect(parseLogLevels(text, 'info')).toMatchObject({ code: 'LOG_LEVEL' })
  })
})

describe('revert reasons', () => {
  const errors = parseAbi(['error Error(string)', 'error Panic(uint256)', 'error Poor(uint256)'])
  const reason = (text: string): Hex =>
    encodeErrorResult({ abi: errors, errorName: 'Error', args: [text] })
  test.each<[Hex, string]>([
    ['0x', 'no reason given'],
    [reason('not yours'), '"not yours"'],
    [reason('\u001b[31mred\nline'), '"[31mred line"'],
    [
      encodeErrorResult({ abi: errors, errorName: 'Panic', args: [0x11n] }),
      'panic: arithmetic underflow or overflow',
    ],
    [encodeErrorResult({ abi: errors, errorName: 'Poor', args: [1n] }), 'custom error 0x0a94c468'],
    ['0x08c379a0', 'custom error 0x08c379a0'],
    ['0x12', 'data 0x12'],
  ])('%s', (data, text) => {
    expect(explainRevert(fromHex(data))).toBe(text)
  })

  test('whatever a contract returns, the answer is one short line', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, isError) => {
        const data = isError ? Uint8Array.of(0x08, 0xc3, 0x79, 0xa0, ...bytes) : bytes
        expect(explainRevert(data)).toMatch(/^[^\n]{1,210}$/)
      }),
    )
  })
})
