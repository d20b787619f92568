/** Parameters in geth's words: every text that a decoder can answer with. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { blockNumber, blockNumberOrHash } from '../../../rpc/block-ref.ts'
import { callArgs, completeCall } from '../../../rpc/call-args.ts'
import { ParamError, RpcError } from '../../../rpc/errors.ts'
import { logCriteria } from '../../../rpc/log-criteria.ts'
import {
  address,
  bytes,
  type Decoder,
  decodeParams,
  flag,
  float,
  hash,
  hexOrDecimal,
  index,
  list,
  optional,
  required,
  text,
  uint256,
  uint64,
} from '../../../rpc/params.ts'

const fault = (decoder: Decoder<unknown>, value: unknown): string => {
  try {
    decoder.decode(value)
  } catch (error) {
    if (error instanceof ParamError || error instanceof RpcError) return error.message
    throw error
  }
  return 'accepted'
}

const into = (what: string, type: string): string =>
  `json: cannot unmarshal ${what} into Go value of type ${type}`

describe('single values', () => {
  const cases: readonly (readonly [string, Decoder<unknown>, unknown, string])[] = [
    ['uint64', uint64, 'a7', into('hex string without 0x prefix', 'hexutil.Uint64')],
    ['uint64', uint64, '0x', into('hex string "0x"', 'hexutil.Uint64')],
    ['uint64', uint64, '0x0a', into('hex number with leading zero digits', 'hexutil.Uint64')],
    ['uint64', uint64, '0xzz', into('invalid hex string', 'hexutil.Uint64')],
    ['uint64', uint64, `0x1${'0'.repeat(16)}`, into('hex number > 64 bits', 'hexutil.Uint64')],
    ['uint64', uint64, 5, into('non-string', 'hexutil.Uint64')],
    ['uint256', uint256, `0x1${'0'.repeat(64)}`, into('hex number > 256 bits', 'hexutil.Big')],
    ['index', index, '1', into('hex string without 0x prefix', 'hexutil.Uint')],
    ['address', address, '0x12', 'hex string has length 2, want 40 for common.Address'],
    ['address', address, '', into('hex string without 0x prefix', 'common.Address')],
    ['address', address, '0x', 'hex string has length 0, want 40 for common.Address'],
    [
      'address',
      address,
      `0x${'1'.repeat(42)}`,
      'hex string has length 42, want 40 for common.Address',
    ],
    ['address', address, '0x123', into('hex string of odd length', 'common.Address')],
    ['address', address, `0x${'zz'.repeat(20)}`, into('invalid hex string', 'common.Address')],
    ['address', address, {}, into('non-string', 'common.Address')],
    ['hash', hash, '0x00', 'hex string has length 2, want 64 for common.Hash'],
    ['bytes', bytes, '00', into('hex string without 0x prefix', 'hexutil.Bytes')],
    ['bytes', bytes, '0x0', into('hex string of odd length', 'hexutil.Bytes')],
    ['bytes', bytes, '0xgg', into('invalid hex string', 'hexutil.Bytes')],
    ['bytes', bytes, true, into('non-string', 'hexutil.Bytes')],
    ['flag', flag, 'true', into('string', 'bool')],
    ['text', text, 1, into('number', 'string')],
    ['float', float, '1', into('string', 'float64')],
    ['list', list(text, '[]string', 2), 'x', into('string', '[]string')],
    ['list', list(text, '[]string', 2), ['1', '2', '3'], 'too many items: 3, want at most 2'],
    ['count', hexOrDecimal, 'many', 'invalid hex or decimal integer "many"'],
    ['count', hexOrDecimal, 1.5, 'invalid hex or decimal integer "1.5"'],
    ['count', hexOrDecimal, { toString: 1 }, 'invalid hex or decimal integer "object"'],
    ['count', hexOrDecimal, -1, 'invalid hex or decimal integer "-1"'],
    ['block', blockNumber, 'newest', 'hex string without 0x prefix'],
    ['block', blockNumber, '', 'empty hex string'],
    ['block', blockNumber, '0x', 'hex string "0x"'],
    ['block', blockNumber, '0x01', 'hex number with leading zero digits'],
    ['block', blockNumber, '0x8000000000000000', 'block number larger than int64'],
    ['block or hash', blockNumberOrHash, 5, into('number', 'string')],
    ['block or hash', blockNumberOrHash, {}, 'invalid arguments; neither block nor hash specified'],
    [
      'block or hash',
      blockNumberOrHash,
      { blockNumber: '0x1', blockHash: `0x${'00'.repeat(32)}` },
      'cannot specify both BlockHash and BlockNumber, choose one or the other',
    ],
  ]
  test.each(cases)('%s refuses in geth’s words: case %#', (_, decoder, value, message) => {
    expect(fault(decoder, value)).toBe(message)
  })

  test('hex is taken in any case and comes out lower', () => {
    expect(address.decode(`0X${'AB'.repeat(20)}`)).toBe(`0x${'ab'.repeat(20)}`)
    expect(uint256.decode(`0x${'F'.repeat(64)}`)).toBe(2n ** 256n - 1n)
    expect([uint64.decode('0x0'), hexOrDecimal.decode(5), hexOrDecimal.decode('0x10')]).toEqual([
      0n,
      5n,
      16n,
    ])
  })

  test('a number survives its way through hex', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), (value) => {
        expect(uint256.decode(`0x${value.toString(16)}`)).toBe(value)
      }),
    )
  })

  test('blocks are named by tag, number, hash, and EIP-1898 object', () => {
    const blockHash = `0x${'ab'.repeat(32)}` as const
    expect(blockNumberOrHash.decode('safe')).toEqual({ type: 'tag', tag: 'safe' })
    expect(blockNumberOrHash.decode('0xff')).toEqual({ type: 'number', number: 255n })
    expect(blockNumberOrHash.decode({ blockNumber: 'pending' })).toEqual({
      type: 'tag',
      tag: 'pending',
    })
    const byHash = { type: 'hash', hash: blockHash, requireCanonical: false }
    expect(blockNumberOrHash.decode(blockHash)).toEqual(byHash)
    expect(blockNumberOrHash.decode({ blockHash })).toEqual(byHash)
    expect(blockNumberOrHash.decode({ blockHash, requireCanonical: true })).toEqual({
      ...byHash,
      requireCanonical: true,
    })
  })
})

describe('parameter lists', () => {
  const params = [required('address', address), optional('block', blockNumber)]
  const who = `0x${'11'.repeat(20)}`
  test.each([
    [undefined, 'missing value for required argument 0'],
    [[null], 'missing value for required argument 0'],
    [{ address: who }, 'non-array args'],
    [[who, 'latest', 1], 'too many arguments, want at most 2'],
    [['0x1'], `invalid argument 0: ${into('hex string of odd length', 'common.Address')}`],
    [[who, 'x'], 'invalid argument 1: hex string without 0x prefix'],
    [
      ['0x1', 'latest', 1],
      `invalid argument 0: ${into('hex string of odd length', 'common.Address')}`,
    ],
  ])('%j is refused with -32602', (raw, message) => {
    expect(() => decodeParams(params, raw)).toThrow(
      expect.objectContaining({ code: -32602, message }),
    )
  })

  test('absent and null optional parameters are undefined', () => {
    expect(decodeParams(params, [who])).toEqual([who, undefined])
    expect(decodeParams(params, [who, null])).toEqual([who, undefined])
    expect(decodeParams([], undefined)).toEqual([])
  })
})

const complete = (object: unknown) => completeCall(callArgs.decode(object), 2679n)

const refusal = (object: unknown): string => {
  try {
    complete(object)
  } catch (error) {
    return (error as Error).message
  }
  return 'accepted'
}

describe('call objects', () => {
  test.each([
    [
      { to: '11' },
      'json: cannot unmarshal hex string without 0x prefix into Go struct field TransactionArgs.to of type common.Address',
    ],
    [
      { gas: 21000 },
      'json: cannot unmarshal non-string into Go struct field TransactionArgs.gas of type hexutil.Uint64',
    ],
    [7, into('number', 'ethapi.TransactionArgs')],
    [
      { data: '0x01', input: '0x02' },
      'both "data" and "input" are set and not equal. Please use "input" to pass transaction call data',
    ],
    [
      { gasPrice: '0x1', maxFeePerGas: '0x1' },
      'both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified',
    ],
    [{ chainId: '0x1' }, "chainId does not match node's (have=1, want=2679)"],
    [{ data: '0x01', input: '0x01', chainId: '0xa77', to: null, unknown: {} }, 'accepted'],
    [{}, 'accepted'],
  ])('%j: %s', (object, message) => {
    expect(refusal(object)).toBe(message)
  })

  test('input or data, whichever is there', () => {
    expect(complete({ input: '0x01' }).data).toEqual(new Uint8Array([1]))
    expect(complete({ data: '0x02' }).data).toEqual(new Uint8Array([2]))
  })
})

describe('log criteria', () => {
  const topic = `0x${'01'.repeat(32)}`
  test.each([
    [
      { blockHash: topic, fromBlock: '0x1' },
      'cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other',
    ],
    [
      { address: '0x12' },
      'invalid address: hex has invalid length 1 after decoding; expected 20 for address',
    ],
    [{ address: [5] }, 'non-string address at index 0'],
    [{ address: ['x'] }, 'invalid address at index 0: hex string without 0x prefix'],
    [{ address: 5 }, 'invalid addresses in query'],
    [{ address: Array(1001).fill(`0x${'11'.repeat(20)}`) }, 'exceed max addresses'],
    [{ topics: [5] }, 'invalid topic(s)'],
    [{ topics: [[5]] }, 'invalid topic(s)'],
    [{ topics: ['0x01'] }, 'hex has invalid length 1 after decoding; expected 32 for topic'],
    [{ topics: [null, null, null, null, null] }, 'exceed max topics'],
    [{ topics: [Array(1001).fill(topic)] }, 'exceed max topics'],
    [[], into('array', 'filters.input')],
  ])('%# is refused: %s', (value, message) => {
    expect(fault(logCriteria, value)).toBe(message)
  })

  test('null, [] and [null] are wildcards', () => {
    expect(logCriteria.decode({ topics: [null, [], [topic, null], [topic]] })).toEqual({
      addresses: [],
      topics: [null, null, null, [topic]],
    })
    expect(logCriteria.decode({ address: null, topics: null })).toEqual({
      addresses: [],
      topics: [],
    })
  })
})
