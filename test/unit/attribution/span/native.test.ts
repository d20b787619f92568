/** Spans as a method of receipts: computed from the index or read from a proof, one result; who is paid. */
import { beforeEach, describe, expect, test } from '@jest/globals'
import { parseAbi } from 'viem'

import {
  buildSpanIndex,
  commitIndex,
  encodeCorpus,
  proveSpans,
} from '../../../../attribution/methods/index.ts'
import {
  attributeHeld,
  type SpanResult,
  verifySpanReceipt,
} from '../../../../attribution/span/native.ts'
import { defineModule, type Context } from '../../../../execution/native/index.ts'
import { fromHex, toHex, type Address, type Hex } from '../../../../primitives/index.ts'
import { authority } from '../../../support/modules.ts'
import { createDatanetChain, dave, module as datanetModule, word } from '../datanet/setup.ts'

const address: Address = `0x0a77${'0'.repeat(33)}0fc`
const span =
  'struct Span { uint32 start; uint32 length; uint32 occurrences; uint64 row; uint64 weight; uint256 contributionId; }'
const leaf = 'struct Leaf { uint256 clusterId; uint256 contributionId; uint64 weight; }'
const abi = parseAbi([
  span,
  leaf,
  'error NotHeld(uint256 versionId)',
  'error BadProof()',
  'error NotFound(bytes32 id)',
  'error LimitExceeded(bytes32 what, uint256 max)',
  'function held(uint256 versionId, bytes answer) view returns (Span[] spans, Leaf[] leaves)',
  'function proven(uint256 versionId, bytes answer, bytes witness) view returns (Span[] spans, Leaf[] leaves)',
])

const bytes = (text: string) => new TextEncoder().encode(text)
const rows = [
  'the end of a story',
  'the quick brown fox jumps over the lazy dog',
  'the quick brown fox jumps over the lazy dog',
  'a lazy dog sleeps in the sun all day',
].map(bytes)
const index = buildSpanIndex(encodeCorpus(rows))
const commitment = commitIndex(index)
const answer = bytes('They say a quick brown fox jumps over a lazy dog sleeps in the end')

const asTuple = ({ spans, leaves }: SpanResult) => [spans, leaves] as const
const method = defineModule({
  address,
  name: 'method',
  abi,
  handlers: {
    held: (context: Context<typeof abi>, [versionId, text]) =>
      asTuple(
        attributeHeld(context as never, { indexOf: () => index }, versionId, fromHex(text)),
      ) as never,
    proven: (context: Context<typeof abi>, [versionId, text, witness]) =>
      asTuple(
        verifySpanReceipt(context as never, versionId, fromHex(text), fromHex(witness)),
      ) as never,
  },
})

let chain: ReturnType<typeof createDatanetChain>
let versionId: bigint
beforeEach(async () => {
  chain = createDatanetChain([method])
  const datanetId = await chain.create()
  // Rows 0 and 1 are the first batch's, row 2 a copy's, row 3 a third's with the first one's sketch.
  const batchIds = [
    await chain.accepted(datanetId, word(1), { rows: 2, sketch: word(9) }),
    await chain.accepted(datanetId, word(2), { rows: 1 }),
    await chain.accepted(datanetId, word(3), { rows: 1, sketch: word(9) }),
  ]
  versionId = await chain.publish(datanetId, batchIds, { indexRoot: toHex(commitment.root) })
})

const hold = () =>
  chain.call(datanetModule, 'attest', [versionId, toHex(commitment.root)], { from: authority })
const ask = async (text: Uint8Array, gas = 16_000_000n) =>
  chain.call({ address, abi }, 'held', [versionId, toHex(text)], { from: dave, gas })
const prove = async (text: Uint8Array, witness: Hex) =>
  chain.call({ address, abi }, 'proven', [versionId, toHex(text), witness], { from: dave })
const witnessOf = (text: Uint8Array): Hex =>
  toHex(proveSpans(index, commitment, { answer: text, minLength: 2 })!)

describe('spans', () => {
  test('of a held version: every span, its first row and batch, and leaves in order', async () => {
    await hold()
    const { result } = await ask(answer)
    const [spans, leaves] = result
    const found = spans.map(({ start, length, row, contributionId, occurrences }) => ({
      start,
      length,
      occurrences,
      row,
      contributionId,
    }))
    expect(found).toEqual([
      { start: 3, length: 5, occurrences: 2, row: 1n, contributionId: 1n },
      { start: 8, length: 6, occurrences: 1, row: 3n, contributionId: 3n },
      { start: 13, length: 2, occurrences: 1, row: 0n, contributionId: 1n },
    ])
    expect(leaves.map(({ clusterId, contributionId }) => [clusterId, contributionId])).toEqual([
      [1n, 1n],
      [1n, 3n],
    ])
    const total = leaves.reduce((sum, { weight }) => sum + weight, 0n)
    expect(total).toBe(spans.reduce((sum, { weight }) => sum + weight, 0n))
  })

  test('of an external version come from a proof alone, and are the same', async () => {
    await expect(ask(answer)).rejects.toThrow('NotHeld')
    const { result: proven } = await prove(answer, witnessOf(answer))
    await hold()
    const { result: computed } = await ask(answer)
    expect(proven[1]).toEqual(computed[1])
    expect(proven[0]).toEqual(computed[0].map((one) => ({ ...one, occurrences: 0 })))
  })

  test('a copy registered later earns exactly 0', async () => {
    await hold()
    const { result } = await ask(rows[2]!)
    expect(result[1].map(({ contributionId }) => contributionId)).toEqual([1n])
  })

  test('an answer too long to be one is refused before it is split into tokens', async () => {
    const long = bytes(' '.repeat(65_537))
    await expect(prove(long, '0x')).rejects.toThrow('LimitExceeded')
  })

  test('another answer, a changed proof and an unknown version are refused', async () => {
    const witness = witnessOf(answer)
    await expect(prove(bytes('the end'), witness)).rejects.toThrow('BadProof')
    await expect(prove(answer, `${witness.slice(0, -2)}00` as Hex)).rejects.toThrow('BadProof')
    await expect(prove(answer, '0x')).rejects.toThrow('BadProof')
    versionId = 99n
    await expect(ask(answer)).rejects.toThrow('NotFound')
  })

  test('too long an answer is refused, too little gas halts, and whatever the gas nothing else', async () => {
    await hold()
    await expect(ask(bytes('a '.repeat(2_049)))).rejects.toThrow('LimitExceeded')
    const { gasUsed } = await ask(answer)
    for (let gas = 30_000n; gas < gasUsed; gas += (gasUsed - 30_000n) / 7n + 1n)
      await expect(ask(answer, gas)).rejects.toThrow('halt')
    expect((await ask(answer, gasUsed)).gasUsed).toBe(gasUsed)
  })

  test('words that stand nowhere owe nobody', async () => {
    await hold()
    expect((await ask(bytes('xyzzy plugh'))).result).toEqual([[], []])
    expect((await ask(new Uint8Array(0))).result).toEqual([[], []])
  })
})
