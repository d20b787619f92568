/** Deposits read from logs (EIP-6110): the one layout that is taken, and every other refused. */
import { expect, test } from '@jest/globals'
import { depositsOf, mainnetDepositContract } from '../../../execution/requests.ts'
import { bloomOf, concat, toFixedBytes, type Log, type Receipt } from '../../../primitives/index.ts'

const topic = '0x649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5'
const word = (value: number): Uint8Array => toFixedBytes(BigInt(value), 32)
const field = (sizeBytes: number, fill: number): Uint8Array => {
  const padded = new Uint8Array(Math.ceil(sizeBytes / 32) * 32)
  padded.fill(fill, 0, sizeBytes)
  return concat(word(sizeBytes), padded)
}
const data = concat(
  ...[160, 256, 320, 384, 512].map(word),
  field(48, 1),
  field(32, 2),
  field(8, 3),
  field(96, 4),
  field(8, 5),
)
const receiptWith = (...logs: Log[]): Receipt => ({
  type: 'legacy',
  status: 1,
  cumulativeGasUsed: 0n,
  logsBloom: bloomOf(logs),
  logs,
})
const logWith = (changes: Partial<Log> = {}): Log => ({
  address: mainnetDepositContract,
  topics: [topic],
  data,
  ...changes,
})

test('deposits stand one after the other, in order of logs', () => {
  const one = concat(...[48, 32, 8, 96, 8].map((size, i) => new Uint8Array(size).fill(i + 1)))
  const receipts = [receiptWith(logWith()), receiptWith(logWith(), logWith())]
  expect(depositsOf(receipts, mainnetDepositContract)).toEqual({
    type: 'accept',
    value: concat(one, one, one),
  })
})

test('other contracts and other events are no deposits', () => {
  const logs = [logWith({ address: `0x${'01'.repeat(20)}` }), logWith({ topics: [] })]
  expect(depositsOf([receiptWith(...logs)], mainnetDepositContract)).toEqual({
    type: 'accept',
    value: new Uint8Array(0),
  })
})

test('a changed offset, length or size makes the block invalid', () => {
  const words = [0, 1, 2, 3, 4, 5, 8, 10, 12, 16].map((at) => at * 32)
  const changed = words.flatMap((at) => [at, at + 31].map((byte) => data.with(byte, 99)))
  for (const bad of [...changed, data.subarray(32), concat(data, word(0))])
    expect(depositsOf([receiptWith(logWith({ data: bad }))], mainnetDepositContract)).toMatchObject(
      { type: 'reject', code: 'REQUESTS_MISMATCH' },
    )
})
