/** Header rules: vectors for both fee markets, and one wrong field at a time. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createChainSpec } from '../../../execution/chain-spec.ts'
import {
  nextBaseFee,
  nextExcessBlobGas,
  nextGasLimit,
  validateHeader,
} from '../../../execution/header.ts'
import { requestsHashOf } from '../../../execution/requests.ts'
import { emptyTrieRoot, emptyUnclesHash, type Header } from '../../../primitives/index.ts'
import { osakaConfig } from '../../support/chain.ts'

const spec = createChainSpec(osakaConfig)
const blob = 131_072n
const parent: Header = {
  parentHash: `0x${'11'.repeat(32)}`,
  unclesHash: emptyUnclesHash,
  feeRecipient: `0x${'fe'.repeat(20)}`,
  stateRoot: emptyTrieRoot,
  transactionsRoot: emptyTrieRoot,
  receiptsRoot: emptyTrieRoot,
  logsBloom: `0x${'00'.repeat(256)}`,
  difficulty: 0n,
  number: 7n,
  gasLimit: 30_000_000n,
  gasUsed: 15_000_000n,
  timestamp: 1_000n,
  extraData: '0x',
  prevRandao: `0x${'22'.repeat(32)}`,
  nonce: '0x0000000000000000',
  baseFeePerGas: 1_000_000_000n,
  withdrawalsRoot: emptyTrieRoot,
  blobGasUsed: 0n,
  excessBlobGas: 0n,
  parentBeaconBlockRoot: `0x${'00'.repeat(32)}`,
  requestsHash: requestsHashOf([]),
}
const child: Header = { ...parent, number: 8n, timestamp: 1_001n, gasUsed: 0n }

describe('base fee (EIP-1559)', () => {
  // The first three are the vectors of geth's TestCalcBaseFee.
  test.each([
    { limit: 20_000_000n, used: 10_000_000n, fee: 1_000_000_000n, next: 1_000_000_000n },
    { limit: 20_000_000n, used: 9_000_000n, fee: 1_000_000_000n, next: 987_500_000n },
    { limit: 20_000_000n, used: 11_000_000n, fee: 1_000_000_000n, next: 1_012_500_000n },
    { limit: 20_000_000n, used: 0n, fee: 1_000_000_000n, next: 875_000_000n },
    { limit: 20_000_000n, used: 20_000_000n, fee: 1_000_000_000n, next: 1_125_000_000n },
    { limit: 20_000_000n, used: 0n, fee: 7n, next: 7n }, // 7 / 8 rounds to no change
    { limit: 20_000_000n, used: 20_000_000n, fee: 7n, next: 8n }, // but up at least 1 wei
    { limit: 20_000_000n, used: 0n, fee: 0n, next: 0n },
  ])('$used of $limit gas at $fee wei gives $next', ({ limit, used, fee, next }) => {
    expect(
      nextBaseFee({ ...parent, gasLimit: limit, gasUsed: used, baseFeePerGas: fee }, spec),
    ).toBe(next)
  })

  test("London's first block starts at 1 gwei with twice the gas limit; before it there is none", () => {
    const young = createChainSpec({
      chainId: 1n,
      homesteadBlock: 0n,
      eip150Block: 0n,
      eip155Block: 0n,
      eip158Block: 0n,
      byzantiumBlock: 0n,
      constantinopleBlock: 0n,
      petersburgBlock: 0n,
      istanbulBlock: 0n,
      berlinBlock: 0n,
      londonBlock: 8n,
    })
    const { baseFeePerGas: _, ...old } = parent
    expect(nextBaseFee(old, young)).toBe(1_000_000_000n)
    expect(nextBaseFee({ ...old, number: 6n }, young)).toBeUndefined()
    expect(nextGasLimit(old, young, 60_000_000n)).toBe(60_000_000n)
    expect(nextGasLimit({ ...old, number: 6n }, young, 60_000_000n)).toBe(30_029_295n)
  })
})

describe('excess blob gas', () => {
  // Osaka's target is 6 blobs of 9.
  test.each([
    { name: 'below target: nothing', excess: 0n, used: 5n, fee: 7n, next: 0n },
    { name: 'at target: nothing', excess: 0n, used: 6n, fee: 7n, next: 0n },
    { name: 'above target', excess: 0n, used: 9n, fee: 7n, next: 3n * blob },
    { name: 'falls by the target', excess: 10n * blob, used: 0n, fee: 7n, next: 4n * blob },
    {
      name: 'a high base fee holds it up by a third of what was used (EIP-7918)',
      excess: 10n * blob,
      used: 6n,
      fee: 1_000_000_000n,
      next: 12n * blob,
    },
  ])('$name', ({ excess, used, fee, next }) => {
    const header = {
      ...parent,
      excessBlobGas: excess,
      blobGasUsed: used * blob,
      baseFeePerGas: fee,
    }
    expect(nextExcessBlobGas(header, spec, 1_001n)).toBe(next)
  })

  test('there is none before Cancun', () => {
    const { cancunTime: _, pragueTime: _p, osakaTime: _o, ...shanghai } = osakaConfig
    expect(nextExcessBlobGas(parent, createChainSpec(shanghai), 1_001n)).toBeUndefined()
  })
})

describe('validateHeader', () => {
  test('accepts a right child', () => {
    expect(validateHeader(parent, child, spec)).toEqual({ type: 'accept', value: child })
  })

  const without = (field: keyof Header): Header => {
    const { [field]: _, ...rest } = child
    return rest as Header
  }
  test.each<[string, Header, RegExp]>([
    ['number', { ...child, number: 9n }, /number 9 does not follow 7/],
    ['timestamp equal', { ...child, timestamp: 1_000n }, /timestamp 1000 is not above/],
    ['extraData of 33 bytes', { ...child, extraData: `0x${'00'.repeat(33)}` }, /33 bytes/],
    ['gasUsed above limit', { ...child, gasUsed: 30_000_001n }, /above the gas limit/],
    ['gas limit up by 1/1024', { ...child, gasLimit: 30_029_296n }, /too far from 30000000/],
    ['gas limit down by 1/1024', { ...child, gasLimit: 29_970_704n }, /too far from 30000000/],
    ['gas limit tiny', { ...child, gasLimit: 4_999n }, /below 5000/],
    ['gas limit huge', { ...child, gasLimit: 1n << 63n }, /above 2\^63/],
    ['difficulty', { ...child, difficulty: 1n }, /difficulty 1 after the merge/],
    ['nonce', { ...child, nonce: '0x0000000000000001' }, /nonce 0x0000000000000001 after/],
    ['uncles', { ...child, unclesHash: emptyTrieRoot }, /uncles after the merge/],
    [
      'base fee',
      { ...child, baseFeePerGas: 999_999_999n },
      /base fee 999999999, expected 1000000000/,
    ],
    ['base fee missing', without('baseFeePerGas'), /baseFeePerGas is missing/],
    ['withdrawals root missing', without('withdrawalsRoot'), /withdrawalsRoot is missing/],
    ['beacon root missing', without('parentBeaconBlockRoot'), /parentBeaconBlockRoot is missing/],
    ['requests hash missing', without('requestsHash'), /requestsHash is missing/],
    ['part of a blob', { ...child, blobGasUsed: 1n }, /not a multiple/],
    ['too many blobs', { ...child, blobGasUsed: 10n * blob }, /more than 9 blobs/],
    ['excess blob gas', { ...child, excessBlobGas: 1n }, /excessBlobGas 1, expected 0/],
  ])('refuses a wrong %s', (_name, header, message) => {
    expect(validateHeader(parent, header, spec)).toMatchObject({
      type: 'reject',
      code: 'HEADER_INVALID',
      message: expect.stringMatching(message),
    })
  })

  test('refuses a field before its fork', () => {
    const { pragueTime: _p, osakaTime: _o, ...cancun } = osakaConfig
    expect(validateHeader(parent, child, createChainSpec(cancun))).toMatchObject({
      message: 'requestsHash before prague',
    })
  })

  test('takes every limit that nextGasLimit gives, and the nearest one', () => {
    fc.assert(
      fc.property(fc.bigInt(5_000n, 1n << 40n), fc.bigInt(0n, 1n << 41n), (limit, wanted) => {
        const above = { ...parent, gasLimit: limit, gasUsed: limit / 2n }
        const gasLimit = nextGasLimit(above, spec, wanted)
        const header = { ...child, gasLimit, baseFeePerGas: nextBaseFee(above, spec)! }
        expect(validateHeader(above, header, spec).type).toBe('accept')
        if (gasLimit === wanted || wanted < 5_000n) return
        const nearer = { ...header, gasLimit: gasLimit + (wanted > gasLimit ? 1n : -1n) }
        expect(validateHeader(above, nearer, spec).type).toBe('reject')
      }),
    )
  })
})

describe('requests hash (EIP-7685)', () => {
  test('of no requests is the hash of nothing, empty ones left out', () => {
    const nothing = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    expect(requestsHashOf([])).toBe(nothing)
    expect(requestsHashOf([{ type: 0, data: new Uint8Array(0) }])).toBe(nothing)
    expect(requestsHashOf([{ type: 0, data: Uint8Array.of(1) }])).not.toBe(nothing)
  })
})
