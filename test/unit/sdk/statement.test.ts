/** A contributor's statement: proven from bytes alone, and false as soon as any of them is another. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { encodeAbiParameters, encodeEventTopics, getAbiItem, getAddress, type Abi } from 'viem'
import { moduleAbis, moduleAddresses, type ModuleName } from '../../../attribution/abi.ts'
import { buildSumTree, proveSumLeaf } from '../../../attribution/methods/index.ts'
import {
  bloomOf,
  encodeReceipt,
  encodeRlp,
  fromHex,
  headerToRlp,
  keccakHex,
  orderedRoot,
  toHex,
  type Hex,
  type Log,
} from '../../../primitives/index.ts'
import { verifyStatement, type Statement } from '../../../sdk/index.ts'
import { header as sample } from '../../support/engine.ts'

const zeroWord: Hex = `0x${'00'.repeat(32)}`
/** With every field of Prague, as our chain's headers. */
const complete = {
  ...sample,
  withdrawalsRoot: zeroWord,
  parentBeaconBlockRoot: zeroWord,
  requestsHash: zeroWord,
}
const word = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`
const contributor: Hex = `0x${'ab'.repeat(20)}`

function logOf(module: ModuleName, eventName: string, args: Record<string, unknown>): Log {
  const abi = moduleAbis[module] as Abi
  const event = getAbiItem({ abi, name: eventName })
  if (event?.type !== 'event') throw new Error(eventName)
  const plain = event.inputs.filter((input) => !input.indexed)
  const topics = encodeEventTopics({ abi, eventName, args }) as Hex[]
  const data = encodeAbiParameters(
    plain,
    plain.map(({ name = '' }) => args[name]),
  )
  return { address: moduleAddresses[module], topics, data: fromHex(data) }
}

function blockOf(logs: readonly Log[]) {
  const receipt = { type: 'feeMarket', status: 1, cumulativeGasUsed: 21_000n } as const
  const receipts = [
    encodeReceipt({ ...receipt, logsBloom: bloomOf([]), logs: [] }),
    encodeReceipt({ ...receipt, logsBloom: bloomOf(logs), logs }),
  ]
  const header = encodeRlp(headerToRlp({ ...complete, receiptsRoot: orderedRoot(receipts) }))
  return { blockHash: keccakHex(header), header: toHex(header), receipts: receipts.map(toHex) }
}

const tree = buildSumTree([
  { clusterId: 1n, contributionId: 1n, weight: 30n },
  { clusterId: 2n, contributionId: 7n, weight: 12n },
  { clusterId: 3n, contributionId: 9n, weight: 5n },
])

const statement: Statement = {
  type: 'tributary-statement-1',
  receiptId: word(77),
  batchId: '7',
  contributor,
  leaf: { clusterId: '2', weight: '12', index: 1, proof: toHex(proveSumLeaf(tree, 1)) },
  submitted: blockOf([
    logOf('datanet', 'BatchSubmitted', {
      datanetId: 1n,
      batchId: 7n,
      contributor,
      root: word(5),
      rows: 3,
      sizeBytes: 100n,
      sketch: word(0),
      licence: word(0),
      uri: '',
    }),
  ]),
  recorded: blockOf([
    logOf('receipts', 'ReceiptCommitted', {
      receiptId: word(77),
      assetId: 1n,
      requestId: word(6),
      receipt: {
        requestId: word(6),
        assetId: 1n,
        versionId: 1n,
        methodId: 1,
        outputHash: word(8),
        sumRoot: toHex(tree.root),
        total: tree.total,
        leaves: 3,
        evidenceHash: word(0),
      },
      committer: contributor,
      finalBlock: 0n,
    }),
  ]),
}
const trusted = new Set([statement.submitted.blockHash, statement.recorded.blockHash])
const check = (value: unknown) => verifyStatement(value, (hash) => trusted.has(hash))

test('proves weight, batch and answer from two trusted block hashes', () => {
  expect(check(statement)).toEqual({
    type: 'accept',
    value: {
      contributor: getAddress(contributor),
      batchRoot: word(5),
      outputHash: word(8),
      methodId: 1,
      weight: 12n,
      total: 47n,
    },
  })
  expect(check(JSON.parse(JSON.stringify(statement)))).toMatchObject({ type: 'accept' })
})

test('a block nobody vouches for proves nothing', () => {
  expect(verifyStatement(statement, () => false)).toMatchObject({ code: 'UNKNOWN_BLOCK' })
})

test.each<[string, unknown]>([
  ['a greater weight', { ...statement, leaf: { ...statement.leaf, weight: '13' } }],
  ['another place', { ...statement, leaf: { ...statement.leaf, index: 0 } }],
  ['another batch', { ...statement, batchId: '9' }],
  ['another contributor', { ...statement, contributor: `0x${'cd'.repeat(20)}` }],
  ['another receipt', { ...statement, receiptId: word(78) }],
  ['blocks exchanged', { ...statement, submitted: statement.recorded }],
])('%s is false', (_, value) => {
  expect(check(value)).toMatchObject({ type: 'reject', code: 'STATEMENT_FALSE' })
})

test('one flipped bit in any proven byte is refused, and nothing foreign makes it throw', () => {
  const texts: readonly ((s: Statement, flip: (hex: Hex) => Hex) => Statement)[] = [
    (s, flip) => ({ ...s, leaf: { ...s.leaf, proof: flip(s.leaf.proof) } }),
    (s, flip) => ({ ...s, recorded: { ...s.recorded, header: flip(s.recorded.header) } }),
    (s, flip) => ({
      ...s,
      recorded: { ...s.recorded, receipts: s.recorded.receipts.map((r, i) => (i ? flip(r) : r)) },
    }),
    (s, flip) => ({
      ...s,
      submitted: {
        ...s.submitted,
        receipts: s.submitted.receipts.map((r, i) => (i ? r : flip(r))),
      },
    }),
  ]
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.nat(), (change, at) => {
      const flip = (hex: Hex): Hex => {
        const bytes = fromHex(hex)
        const bit = at % (bytes.length * 8)
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        return toHex(bytes)
      }
      expect(check(change(statement, flip)).type).toBe('reject')
    }),
    { numRuns: 500 },
  )
  fc.assert(
    fc.property(fc.anything(), fc.constantFrom(...Object.keys(statement)), (junk, field) => {
      expect(check(junk).type).toBe('reject')
      expect(check({ ...statement, [field]: junk }).type).toBe('reject')
    }),
  )
})
