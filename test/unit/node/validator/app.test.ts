/** What the application says of a block's bytes, on a real chain: above all of another body under its header. */
import { afterAll, expect, test } from '@jest/globals'
import { type BlockVerdict, inputCodec } from '../../../../consensus/index.ts'
import { createMempool, nextBaseFee } from '../../../../execution/index.ts'
import { createConsensusApp } from '../../../../node/validator/app.ts'
import {
  type Block,
  decodeBlock,
  encodeBlock,
  keccakHex,
  nobleSecp256k1,
} from '../../../../primitives/index.ts'
import { feeRecipient, openChain, signBy, transfer } from '../../../support/chain.ts'
import { createHandClock } from '../../../support/clock.ts'
import { setOf } from '../../../support/consensus-net.ts'

const stores: { close(): Promise<void> }[] = []
afterAll(async () => {
  for (const store of stores) await store.close()
})

/** A validator of a chain of its own; all have the same genesis and one transfer in the pool. */
async function createApp(nowMs?: number) {
  const { chain, store } = await openChain()
  stores.push(store)
  const mempool = createMempool({
    chain,
    secp256k1: nobleSecp256k1,
    blockGasLimit: () => chain.head().header.gasLimit,
  })
  mempool.add(signBy(0, transfer(0n)).raw)
  const app = createConsensusApp(
    { validators: setOf(1n, 1n, 1n, 1n), feeRecipient, blockTimeMs: 1_000 },
    {
      chain,
      mempool,
      clock: createHandClock(nowMs),
      baseFeeAfter: (parent) => nextBaseFee(parent, chain.spec) ?? 0n,
    },
  )
  return { app, chain }
}

const withBody = (bytes: Uint8Array, body: Partial<Block>): Uint8Array => {
  const decoded = decodeBlock(bytes)
  if (decoded.type !== 'accept') throw new Error(decoded.message)
  return encodeBlock({ ...decoded.value, ...body })
}
const withdrawal = { index: 0n, validatorIndex: 0n, address: feeRecipient, amount: 1n }
/** What a faulty proposer may put under the header of a good block. */
const bodies: readonly (readonly [string, Partial<Block>])[] = [
  ['a withdrawal', { withdrawals: [withdrawal] }],
  ['no transaction', { transactions: [] }],
  ['another transaction', { transactions: [signBy(1, transfer(0n))] }],
]

test.each(bodies)(
  '%s under the header of a good block says nothing of that block',
  async (_, body) => {
    const proposer = await createApp()
    const { blockHash, block } = await proposer.app.propose(1n, 0)
    const other = withBody(block, body)
    // The proposer has executed the block, the other validator has not.
    for (const { app } of [proposer, await createApp()]) {
      expect(app.identify(other)).toBeUndefined()
      expect(await app.validate(1n, other)).toMatchObject({ valid: false, blockHash: null })
      expect(await app.validate(1n, block)).toMatchObject({ valid: true, blockHash })
      expect(await app.validate(1n, other)).toMatchObject({ valid: false, blockHash: null })
    }
  },
)

test('a block that breaks the rules of this chain in its header is invalid by its own hash', async () => {
  const { app } = await createApp()
  const { block } = await app.propose(1n, 0)
  const decoded = decodeBlock(block)
  if (decoded.type !== 'accept') throw new Error(decoded.message)
  const header = { ...decoded.value.header, gasLimit: decoded.value.header.gasLimit + 1n }
  const changed = encodeBlock({ ...decoded.value, header })
  const blockHash = app.identify(changed)
  expect(blockHash).toBeDefined()
  expect(await app.validate(1n, changed)).toMatchObject({ valid: false, blockHash })
})

test('what is found valid can be committed by a process that has not executed it', async () => {
  const { app } = await createApp()
  const { blockHash, block } = await app.propose(1n, 0)
  const restarted = await createApp()
  const certificate = { type: 'commit', height: 1n, round: 0, blockHash, seals: [] } as const
  await restarted.app.commit({ certificate, block })
  expect(restarted.chain.head().hash).toBe(blockHash)
})

const latestMs = 8.64e15
const loggable = (verdict: BlockVerdict): boolean =>
  inputCodec.decode(
    inputCodec.encode({
      type: 'validated',
      height: 1n,
      partsHash: keccakHex(new Uint8Array(1)),
      verdict,
    }),
  ).type === 'accept'

test.each([
  [latestMs, true],
  [latestMs + 1_000, false],
  [2 ** 53 + 1_000, false],
  [1.8e22, false],
])(
  'a block of the time %d ms: valid %p, a verdict that the log can hold',
  async (timeMs, valid) => {
    const proposer = await createApp(timeMs)
    const { blockHash, block } = await proposer.app.propose(1n, 0)
    const { app } = await createApp()
    const verdict = await app.validate(1n, block)
    expect(verdict).toMatchObject({ valid, blockHash })
    expect(loggable(verdict)).toBe(true)
  },
)
