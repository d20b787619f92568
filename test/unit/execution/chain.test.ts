/** Blocks built, validated and committed on a small chain: what fits, what is refused and why, what adds up. */
import { afterEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  encodeBlock,
  decodeBlock,
  makeBlock,
  nobleSecp256k1,
  orderedRoot,
  withSignature,
  type Address,
  type Block,
  type Header,
  type Hex,
} from '../../../primitives/index.ts'
import type { ExecutedBlock, PooledTransaction } from '../../../execution/index.ts'
import { validateBlock } from '../../../execution/validate.ts'
import {
  addressOf,
  ether,
  feeRecipient,
  gwei,
  openChain,
  seal,
  signBy,
  templateOn,
  transfer,
  type ChainOptions,
  type ChainParts,
} from '../../support/chain.ts'

const open: ChainParts[] = []
const start = async (options?: ChainOptions): Promise<ChainParts> => {
  const parts = await openChain(options)
  open.push(parts)
  return parts
}
afterEach(async () => {
  for (const { store } of open.splice(0)) await store.close()
})

/** LOG0 of nothing, with as much gas as it likes. */
const logger: Address = `0x${'10'.repeat(20)}`
/** Stores the hash of the block given as call data at slot 0. */
const hasher: Address = `0x${'20'.repeat(20)}`
/** Reverts. */
const failing: Address = `0x${'30'.repeat(20)}`
const code: Record<Address, Hex> = {
  [logger]: '0x60006000a0',
  [hasher]: '0x60003540600055',
  [failing]: '0x60006000fd',
}
const hashes = (txs: readonly { readonly hash: Hex }[]): Hex[] => txs.map(({ hash }) => hash)

describe('build', () => {
  test('executes in the order offered and adds receipts up', async () => {
    const { chain } = await start({ code })
    const offered = [
      signBy(0, transfer(0n)),
      signBy(1, transfer(0n, { to: logger, gasLimit: 50_000n })),
      signBy(0, transfer(1n, { to: failing, gasLimit: 50_000n, value: 0n })),
    ]
    const { executed, refused } = await chain.build(templateOn(chain), offered)
    expect(refused).toEqual([])
    expect(hashes(executed.block.transactions)).toEqual(hashes(offered))
    expect(executed.senders).toEqual(offered.map(({ from }) => from))
    expect(executed.receipts.map(({ status }) => status)).toEqual([1, 1, 0])
    expect(executed.outcomes.map(({ status }) => status)).toEqual(['success', 'success', 'revert'])
    const used = executed.outcomes.map(({ gasUsed }) => gasUsed)
    expect(executed.receipts.map(({ cumulativeGasUsed }) => cumulativeGasUsed)).toEqual([
      used[0],
      used[0]! + used[1]!,
      used[0]! + used[1]! + used[2]!,
    ])
    expect(executed.block.header.gasUsed).toBe(executed.receipts[2]!.cumulativeGasUsed)
    expect(executed.block.header.logsBloom).not.toMatch(/^0x0*$/)
    expect(chain.head().header.number).toBe(0n) // nothing is committed yet
  })

  test('leaves what does not fit, and the later ones of that sender', async () => {
    const { chain } = await start({ gasLimit: 100_000n })
    const big = { gasLimit: 70_000n }
    const offered = [
      signBy(0, transfer(0n)),
      signBy(0, transfer(1n, { gasLimit: 90_000n })), // 79,000 left: waits
      signBy(0, transfer(2n)), // would fit, but stands behind it
      signBy(1, transfer(0n, big)),
    ]
    const { executed, refused } = await chain.build(templateOn(chain), offered)
    expect(hashes(executed.block.transactions)).toEqual(hashes([offered[0]!, offered[3]!]))
    expect(refused).toEqual([])
  })

  test('names what cannot stand in the block, and goes on', async () => {
    const { chain } = await start({ gasLimit: 100_000n })
    const poor = signBy(3, transfer(0n, { value: 1_000n * ether }))
    const offered = [
      signBy(0, transfer(5n)),
      poor,
      signBy(1, transfer(0n, { gasLimit: 100_001n })),
      signBy(2, transfer(0n, { maxFeePerGas: 1n, maxPriorityFeePerGas: 1n })),
      signBy(1, transfer(0n)), // behind a refused one of the same sender
      signBy(3, transfer(0n)),
    ]
    const { executed, refused } = await chain.build(templateOn(chain), offered)
    expect(refused.map(({ code: why }) => why)).toEqual([
      'NONCE_TOO_HIGH',
      'INSUFFICIENT_FUNDS',
      'GAS_LIMIT_EXCEEDED',
      'FEE_CAP_TOO_LOW',
    ])
    expect(refused[1]!.tx).toBe(poor)
    expect(refused[2]!.message).toBe('exceeds block gas limit')
    expect(executed.block.transactions).toEqual([])
  })

  test('takes no more from the offer once nothing can fit', async () => {
    const { chain } = await start({ gasLimit: 42_000n })
    let taken = 0
    function* offer(): Generator<PooledTransaction> {
      for (let i = 0; ; i++) {
        taken++
        yield signBy(0, transfer(BigInt(i)))
      }
    }
    const { executed } = await chain.build(templateOn(chain), offer())
    expect(executed.block.transactions).toHaveLength(2)
    expect(taken).toBe(3)
  })

  test('pays withdrawals in gwei and counts on EIP-1559 unless told otherwise', async () => {
    const { chain } = await start()
    const address: Address = `0x${'77'.repeat(20)}`
    const withdrawals = [{ index: 0n, validatorIndex: 1n, address, amount: 3n }]
    const { block } = await seal(chain, [], { withdrawals })
    expect(chain.stateAt(1n).account(address)?.balance).toBe(3n * gwei)
    expect(block.header.baseFeePerGas).toBe(875_000_000n)
    expect((await seal(chain, [], { baseFeePerGas: 5n })).block.header.baseFeePerGas).toBe(5n)
  })

  test('refuses a parent that is not the head, and a time that is not later', async () => {
    const { chain } = await start()
    const old = templateOn(chain)
    await seal(chain, [])
    await expect(chain.build(old, [])).rejects.toThrow(/on the head/)
    const { timestamp } = chain.head().header
    await expect(chain.build(templateOn(chain, { timestamp }), [])).rejects.toThrow(/younger/)
  })
})

describe('commit', () => {
  test('tells listeners in order, once the head has moved', async () => {
    const { chain } = await start()
    const seen: string[] = []
    const note = (name: string) => (executed: ExecutedBlock) =>
      seen.push(`${name} ${executed.block.header.number} ${chain.head().header.number}`)
    chain.onCommit((executed) => void note('first')(executed))
    const stop = chain.onCommit((executed) => void note('second')(executed))
    await seal(chain, [])
    stop()
    await seal(chain, [])
    expect(seen).toEqual(['first 1 1', 'second 1 1', 'first 2 2'])
  })

  test('BLOCKHASH sees the parent and ancestors, before and after a rollback', async () => {
    const { chain, store } = await start({ code })
    await seal(chain, [])
    await seal(chain, [])
    const first = chain.contextOf({ ...chain.head().header, number: 3n })
    expect(first.blockHash(1n)).toBe(store.blockByNumber(1n)?.block.hash)
    expect(first.blockHash(3n)).toBeUndefined()
    await store.rollback(1n)
    await seal(chain, [], { extraData: '0x01' })
    const call = { to: hasher, value: 0n, gasLimit: 60_000n }
    const { block } = await seal(chain, [
      signBy(0, transfer(0n, { ...call, data: new Uint8Array(32).fill(2, 31) })),
    ])
    const stored = chain.stateAt(3n).storage(hasher, 0n)
    expect(`0x${stored.toString(16).padStart(64, '0')}`).toBe(block.header.parentHash)
    const far = chain.contextOf({ ...block.header, number: 300n })
    expect(far.blockHash(43n)).toBeUndefined() // older than 256 blocks, or not there
    expect(far.blockHash(4n)).toBeUndefined()
  })
})

/** A chain, and a good foreign block on its head with one of everything. */
const withBlock = async () => {
  const { chain, store } = await start({ code })
  const withdrawals = [{ index: 0n, validatorIndex: 0n, address: logger, amount: 1n }]
  const { executed } = await chain.build(templateOn(chain, { withdrawals }), [
    signBy(0, transfer(0n)),
    signBy(1, transfer(0n, { to: logger, gasLimit: 50_000n })),
  ])
  return { chain, store, executed, block: executed.block }
}
const withHeader = (block: Block, changes: Partial<Header>): Block =>
  makeBlock({ ...block, header: { ...block.header, ...changes } })

const withTransactions = (block: Block, transactions: Block['transactions']): Block =>
  makeBlock({
    ...block,
    transactions,
    header: { ...block.header, transactionsRoot: orderedRoot(transactions.map((tx) => tx.raw)) },
  })
const highS = (tx: PooledTransaction) => {
  const { r, s, yParity } = tx.signature
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
  return withSignature(tx, { r, s: order - s, yParity: yParity === 0 ? 1 : 0 })
}

describe('validate', () => {
  test('accepts what build made, over the wire, with the same result', async () => {
    const { chain, block, executed } = await withBlock()
    const decoded = decodeBlock(encodeBlock(block))
    if (decoded.type !== 'accept') throw new Error(decoded.message)
    const verdict = await chain.validate(decoded.value)
    if (verdict.type !== 'accept') throw new Error(verdict.message)
    expect(verdict.value.receipts).toEqual(executed.receipts)
    expect(verdict.value.senders).toEqual(executed.senders)
    await chain.commit(verdict.value)
    expect(chain.head().hash).toBe(block.hash)
  })

  const other: Hex = `0x${'ab'.repeat(32)}`
  test.each<[string, Partial<Header>]>([
    ['PARENT_UNKNOWN', { parentHash: other }],
    ['HEADER_INVALID', { number: 2n }],
    ['HEADER_INVALID', { timestamp: 1_000n }],
    ['HEADER_INVALID', { baseFeePerGas: 1n }],
    ['HEADER_INVALID', { difficulty: 1n }],
    ['HEADER_INVALID', { excessBlobGas: 1n }],
    ['BODY_MISMATCH', { transactionsRoot: other }],
    ['BODY_MISMATCH', { withdrawalsRoot: other }],
    ['GAS_USED_MISMATCH', { gasUsed: 1n }],
    ['GAS_USED_MISMATCH', { blobGasUsed: 131_072n }],
    ['BLOOM_MISMATCH', { logsBloom: `0x${'00'.repeat(256)}` }],
    ['RECEIPTS_ROOT_MISMATCH', { receiptsRoot: other }],
    ['REQUESTS_MISMATCH', { requestsHash: other }],
    ['STATE_ROOT_MISMATCH', { stateRoot: other }],
    ['STATE_ROOT_MISMATCH', { feeRecipient: `0x${'fd'.repeat(20)}` }],
  ])('%s for a header with %p', async (expected, changes) => {
    const { chain, block } = await withBlock()
    const verdict = await chain.validate(withHeader(block, changes))
    expect(verdict).toMatchObject({ code: expected })
    expect((await chain.validate(block)).type).toBe('accept') // and nothing of it stays
  })

  test('an unknown parent is no fault, everything else is', async () => {
    const { chain, block } = await withBlock()
    expect((await chain.validate(withHeader(block, { parentHash: other }))).type).toBe('ignore')
    expect((await chain.validate(withHeader(block, { gasUsed: 1n }))).type).toBe('reject')
  })

  test('a head that moved during the execution is no fault of the block', async () => {
    const { chain, executed, block } = await withBlock()
    const parent = chain.head()
    await chain.commit(executed)
    const parts = { ...chain, secp256k1: nobleSecp256k1 }
    expect(await validateBlock(parts, parent, block)).toMatchObject({
      type: 'ignore',
      code: 'PARENT_UNKNOWN',
    })
  })

  test.each<[string, PooledTransaction | ReturnType<typeof highS>, RegExp]>([
    ['a nonce gap', signBy(2, transfer(1n)), /nonce too high/],
    ['no funds', signBy(2, transfer(0n, { value: 101n * ether })), /insufficient funds/],
    ['another chain', signBy(2, transfer(0n, { chainId: 1n })), /v, r, s|chain id/],
    ['a high s', highS(signBy(2, transfer(0n))), /v, r, s/],
    ['a signature of nobody', withSignature(transfer(0n), { r: 0n, s: 0n, yParity: 0 }), /v, r, s/],
    ['too little gas', signBy(2, transfer(0n, { gasLimit: 20_999n })), /intrinsic gas/],
    [
      'a fee cap below the base fee',
      signBy(2, transfer(0n, { maxFeePerGas: 2n, maxPriorityFeePerGas: 0n })),
      /max fee per gas/,
    ],
    ['more gas than is left', signBy(2, transfer(0n, { gasLimit: 16_777_217n })), /gas limit/],
  ])('TRANSACTION_INVALID for %s', async (_name, tx, message) => {
    const { chain, block } = await withBlock()
    const forged = withTransactions(block, [...block.transactions, tx])
    expect(await chain.validate(forged)).toMatchObject({
      type: 'reject',
      code: 'TRANSACTION_INVALID',
      message: expect.stringMatching(message),
      facts: { hash: tx.hash },
    })
  })

  test('BODY_MISMATCH for a body that lost or gained something', async () => {
    const { chain, block } = await withBlock()
    const { withdrawals: _, ...bare } = block
    for (const forged of [
      { ...block, transactions: block.transactions.slice(1) },
      { ...block, uncles: [block.header] },
      { ...block, withdrawals: [] },
      bare,
    ])
      expect(await chain.validate(forged)).toMatchObject({ code: 'BODY_MISMATCH' })
  })
})

describe('money', () => {
  test('balances and burnt base fees add up over random blocks; building and validating agree', async () => {
    const accounts = 5
    const { chain } = await start({ accounts, code })
    const actors = [...Array.from({ length: accounts }, (_, i) => addressOf(i)), feeRecipient]
    const sinks: readonly Address[] = [logger, failing, hasher, `0x${'aa'.repeat(20)}`]
    const total = (): bigint =>
      [...actors, ...sinks].reduce(
        (sum, address) =>
          sum + (chain.stateAt(chain.head().header.number).account(address)?.balance ?? 0n),
        0n,
      )
    const step = fc.record({
      from: fc.nat(accounts - 1),
      to: fc.constantFrom(...sinks, ...actors),
      value: fc.bigInt(0n, ether),
      tip: fc.bigInt(0n, 3n * gwei),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const before = total()
        const nonces = new Map<number, bigint>()
        const state = chain.stateAt(chain.head().header.number)
        const offered = steps.map(({ from, to, value, tip }) => {
          const nonce = nonces.get(from) ?? state.account(addressOf(from))?.nonce ?? 0n
          nonces.set(from, nonce + 1n)
          return signBy(
            from,
            transfer(nonce, { to, value, maxPriorityFeePerGas: tip, gasLimit: 60_000n }),
          )
        })
        const { executed } = await chain.build(templateOn(chain), offered)
        expect((await chain.validate(executed.block)).type).toBe('accept')
        await chain.commit(executed)
        const { gasUsed, baseFeePerGas } = executed.block.header
        expect(total() + gasUsed * baseFeePerGas!).toBe(before)
      }),
      { numRuns: 15 },
    )
  }, 30_000)
})
