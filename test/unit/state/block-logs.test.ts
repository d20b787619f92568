/** Logs read from stored bytes are those of the decoded block and receipts. */
import { expect, test } from '@jest/globals'
import type { Hex } from '../../../primitives/index.ts'
import { chainId, gwei, openChain, seal, signBy, transfer } from '../../support/chain.ts'

const emitter: Hex = `0x${'ee'.repeat(20)}`
/** LOG1 with 32 bytes and topic 0xaa, then LOG0 with nothing. */
const code: Hex = '0x60aa60205fa15f5fa000'

test('every field, with transactions of several types and some without logs', async () => {
  const { chain, store } = await openChain({ accounts: 3, code: { [emitter]: code } })
  const common = { to: emitter, gasLimit: 100_000n, value: 0n }
  await seal(chain, [
    signBy(0, transfer(0n, { ...common, maxFeePerGas: 100n * gwei })),
    signBy(1, transfer(0n)),
    signBy(2, {
      type: 'legacy',
      chainId,
      nonce: 0n,
      data: new Uint8Array(0),
      gasPrice: 100n * gwei,
      ...common,
    }),
  ])
  const { block } = store.blockByNumber(1n)!
  const receipts = store.receipts(1n)!
  const logs = store.logs(1n)!
  expect(logs).toMatchObject({ number: 1n, hash: block.hash, timestamp: block.header.timestamp })
  const expected = receipts.flatMap((receipt, transactionIndex) =>
    receipt.logs.map((log) => ({ ...log, transactionIndex })),
  )
  expect(expected.length).toBeGreaterThan(1)
  expect(logs.logs).toEqual(expected.map((log, index) => ({ ...log, index })))
  expect(block.transactions.map((_, i) => logs.transactionHash(i))).toEqual(
    block.transactions.map(({ hash }) => hash),
  )
  expect(store.logs(0n)?.logs).toEqual([])
  expect(store.logs(2n)).toBeUndefined()
})
