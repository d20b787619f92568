/** Decided blocks by gossip: what is passed on, and what anybody could say again and again. */
import { expect, test } from '@jest/globals'
import { commitCodec, encodePacket, proposerOf } from '../../../../consensus/index.ts'
import { createBlocks } from '../../../../node/validator/blocks.ts'
import { accept, type Address, encodeBlock, ignore } from '../../../../primitives/index.ts'
import { openChain, templateOn } from '../../../support/chain.ts'
import { certified, checkerOf, keysOf, setOfKeys } from '../../../support/consensus-keys.ts'

const keys = keysOf(7)
const set = setOfKeys(keys)
const everybody = keys.map((_, index) => index)
/** Quorums of five, each other bytes. */
const quorums = everybody.flatMap((a) =>
  everybody.slice(a + 1).map((b) => everybody.filter((index) => index !== a && index !== b)),
)

/** A node at height 2 (or at 1, and block 1 comes by gossip) and every way to say block 1. */
async function nodeWithBlock(isHere: boolean, address?: Address) {
  const { chain, store } = await openChain()
  const { executed } = await chain.build(templateOn(chain), [])
  const { block } = executed
  const certificateOf = (signers: readonly number[]) =>
    certified('commit', keys, set, signers, { height: 1n, blockHash: block.hash })
  const commit = () =>
    chain.commit({ ...executed, certificate: commitCodec.encode(certificateOf([0, 1, 2, 3, 4])) })
  if (isHere) await commit()
  const blocks = createBlocks({
    store,
    engine: {
      height: () => chain.head().header.number + 1n,
      async offer({ certificate }) {
        if (certificate.height !== chain.head().header.number + 1n) return ignore('LATE', 'late')
        await commit()
        return accept(undefined)
      },
    },
    validators: set,
    checker: checkerOf(),
    address,
  })
  const say = (signers: readonly number[]) =>
    encodePacket({
      type: 'decision',
      certificate: certificateOf(signers),
      block: encodeBlock(block),
    })
  return { blocks, say, close: () => store.close() }
}

test.each([
  ['is here already', true],
  ['comes by gossip', false],
])('a block that %s is passed on once, whoever’s seals it comes with next', async (_, isHere) => {
  const { blocks, say, close } = await nodeWithBlock(isHere)
  const codes: string[] = []
  for (const signers of quorums) codes.push((await blocks.hear(say(signers)))?.code ?? 'passed on')
  expect(codes).toHaveLength(21)
  expect(codes[0]).toBe('passed on')
  expect(new Set(codes.slice(1))).toEqual(new Set(['DECISION_KNOWN']))
  await close()
})

test('while one is judged, other choices of its seals are no news', async () => {
  const { blocks, say, close } = await nodeWithBlock(false)
  const heard = await Promise.all(quorums.map((signers) => blocks.hear(say(signers))))
  const codes = heard.map((refusal) => refusal?.code ?? 'passed on')
  expect(codes[0]).toBe('passed on')
  expect(new Set(codes.slice(1))).toEqual(new Set(['DECISION_KNOWN']))
  await close()
})

test('a false one before it takes nothing from it', async () => {
  const { blocks, say, close } = await nodeWithBlock(true)
  expect(await blocks.hear(say([0, 1]))).toMatchObject({ type: 'reject', code: 'NO_QUORUM' })
  expect(await blocks.hear(say([0, 1, 2, 3, 4]))).toBeUndefined()
  await close()
})

test('who proposed it and told others passes on no other choice of seals', async () => {
  const { blocks, say, close } = await nodeWithBlock(true, proposerOf(set, 1n, 0))
  expect(blocks.news(1n)).toBeDefined()
  expect(await blocks.hear(say([1, 2, 3, 4, 5]))).toMatchObject({ code: 'DECISION_KNOWN' })
  await close()
})
