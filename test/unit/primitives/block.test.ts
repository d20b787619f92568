import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { createMPT } from '@ethereumjs/mpt'
import { Bloom } from '@ethereumjs/vm'
import fc from 'fast-check'
import {
  blockFromRlp,
  bloomOf,
  decodeBlock,
  decodeReceipt,
  decodeRlpStream,
  encodeBlock,
  encodeReceipt,
  encodeRlp,
  encodeWithdrawal,
  fromBigInt,
  fromHex,
  hashHeader,
  mergeBlooms,
  orderedRoot,
  type Receipt,
  RlpError,
  toHex,
} from '../../../primitives/index.ts'
import { sharedFile, testWithShared } from '../../support/shared.ts'

describe('block codec', () => {
  testWithShared(
    '54 blocks of a foreign chain, all forks, keep hash, links, bytes and roots',
    () => {
      const blocks = [...decodeRlpStream(readFileSync(sharedFile('rpc/tests/chain.rlp')))].map(
        blockFromRlp,
      )
      expect(blocks).toHaveLength(54)
      expect(blocks.at(-1)?.hash).toBe(
        '0xd226371d0b1551adb03fb52b71f08e3e11247fe9b1af994768af8cdaa8e7dcd7',
      )
      blocks.forEach((block, i) => {
        expect(block.header.number).toBe(BigInt(i + 1))
        if (i > 0) expect(block.header.parentHash).toBe(blocks[i - 1]?.hash)
        expect(hashHeader(block.header)).toBe(block.hash)
        expect(orderedRoot(block.transactions.map((tx) => tx.raw))).toBe(
          block.header.transactionsRoot,
        )
        if (block.withdrawals)
          expect(orderedRoot(block.withdrawals.map(encodeWithdrawal))).toBe(
            block.header.withdrawalsRoot,
          )
        expect(decodeBlock(encodeBlock(block))).toEqual({ type: 'accept', value: block })
      })
    },
  )

  test('a broken stream and a broken block are refused with a reason', () => {
    expect(() => [...decodeRlpStream(Uint8Array.of(0xf8, 0xff, 1))]).toThrow(RlpError)
    expect(decodeBlock(Uint8Array.of(0xc0))).toMatchObject({
      type: 'reject',
      code: 'BLOCK_MALFORMED',
      message: 'a block of 0 fields',
    })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodeBlock(bytes).type).toBe('reject')
      }),
    )
  })
})

describe('ordered root', () => {
  test('equals the trie of RLP(index) -> item for any list', async () => {
    for (const size of [0, 1, 2, 16, 17, 127, 128, 129, 300]) {
      const items = Array.from({ length: size }, (_, i) =>
        new Uint8Array((i * 7) % 90).fill(i & 0xff).map((b, j) => (b + j) & 0xff),
      ).map((item) => (item.length === 0 ? Uint8Array.of(1) : item))
      const trie = await createMPT()
      for (const [i, item] of items.entries())
        await trie.put(encodeRlp(fromBigInt(BigInt(i))), item)
      expect(orderedRoot(items)).toBe(toHex(trie.root()))
    }
  })
})

describe('receipts', () => {
  const receipt: Receipt = {
    type: 'feeMarket',
    status: 1,
    cumulativeGasUsed: 21_000n,
    logsBloom: bloomOf([]),
    logs: [
      {
        address: '0x2222222222222222222222222222222222222222',
        topics: [`0x${'11'.repeat(32)}`],
        data: Uint8Array.of(1, 2),
      },
    ],
  }

  test.each([
    receipt,
    { ...receipt, type: 'legacy', status: 0, logs: [] },
    { ...receipt, type: 'legacy', status: `0x${'ab'.repeat(32)}` },
    { ...receipt, type: 'setCode' },
  ] as const)('%# survives its bytes', (r) => {
    expect(decodeReceipt(encodeReceipt(r))).toEqual(r)
  })

  test('the bloom has the bits another implementation sets', () => {
    const [log] = receipt.logs
    const theirs = new Bloom()
    theirs.add(fromHex(log!.address))
    for (const topic of log!.topics) theirs.add(fromHex(topic))
    expect(bloomOf(receipt.logs)).toEqual(theirs.bitvector)
    expect(mergeBlooms([bloomOf([]), theirs.bitvector])).toEqual(theirs.bitvector)
  })
})
