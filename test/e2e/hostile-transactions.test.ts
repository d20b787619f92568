/**
 * Transactions of every invalid kind against one devnet, each with geth's words. They are put
 * together field by field, because no client library would sign them; viem hashes and signs.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { concat, keccak256, toHex, toRlp } from 'viem'
import { sign } from 'viem/accounts'
import { type Devnet, rpcCall, startDevnet } from '../support/node.ts'

type Hex = `0x${string}`
type Item = Hex | readonly Item[]
type Fields = Readonly<Record<string, Item>>
type Signature = { readonly r: Hex; readonly s: Hex; readonly yParity: number }

const limitMs = 60_000
const curveOrder = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const to: Hex = `0x${'77'.repeat(20)}`
const max64 = 2n ** 64n - 1n
const max256 = 2n ** 256n - 1n
/** The shortest bytes, as RLP writes numbers. */
const n = (value: bigint | number): Hex => {
  const digits = value.toString(16)
  return BigInt(value) === 0n ? '0x' : `0x${digits.length % 2 === 0 ? '' : '0'}${digits}`
}

let node: Devnet
beforeAll(async () => {
  node = await startDevnet(['--ephemeral', '--log-level', 'error', '--gas-limit', '20000000'])
}, limitMs)
afterAll(() => node.kill())

/** Wire order by type byte; the defaults make a good transfer of nonce 0. */
const orders: readonly string[] = [
  'nonce maxFee gas to value data',
  'chainId nonce maxFee gas to value data accessList',
  'chainId nonce tip maxFee gas to value data accessList',
  'chainId nonce tip maxFee gas to value data accessList blobFee blobHashes',
  'chainId nonce tip maxFee gas to value data accessList authorizations',
]
const good: Fields = {
  chainId: n(2679),
  nonce: '0x',
  tip: n(1_000_000_000),
  maxFee: n(10n ** 11n),
  gas: n(100_000),
  to,
  value: n(1),
  data: '0x',
  accessList: [],
  blobFee: n(1),
  blobHashes: [`0x01${'00'.repeat(31)}`],
  authorizations: [[n(2679), to, '0x', '0x', n(1), n(1)]],
}
type Spoil = (signature: Signature) => Partial<Record<'r' | 's' | 'v', Hex>>

/** `spoil` replaces parts of the signature. An `unprotected` legacy transaction names no chain. */
async function build(
  type: number,
  fields: Fields = {},
  { spoil = () => ({}), unprotected = false }: { spoil?: Spoil; unprotected?: boolean } = {},
): Promise<Hex> {
  const all: Fields = { ...good, ...fields }
  const payload: Item[] = orders[type]!.split(' ').map((name) => all[name]!)
  const prefix = type === 0 ? [] : [n(type)]
  const tail = type === 0 && !unprotected ? [all['chainId']!, '0x' as Hex, '0x' as Hex] : []
  const { r, s, yParity } = await sign({
    hash: keccak256(concat([...prefix, toRlp([...payload, ...tail] as Hex[])])),
    privateKey: node.accounts[0]!.privateKey,
  })
  const chainId = BigInt(all['chainId'] === '0x' ? 0 : (all['chainId'] as Hex))
  const parity = yParity ?? 0
  const v =
    type > 0 ? n(parity) : unprotected ? n(27 + parity) : n(35n + 2n * chainId + BigInt(parity))
  const end = { v, r: n(BigInt(r)), s: n(BigInt(s)), ...spoil({ r, s, yParity: parity }) }
  return concat([...prefix, toRlp([...payload, end.v, end.r, end.s] as Hex[])])
}

const submit = (raw: Hex) => rpcCall<Hex>(node.httpUrl, 'eth_sendRawTransaction', [raw])

async function refusal(raw: Hex): Promise<{ readonly code: number; readonly message: string }> {
  try {
    const hash = await submit(raw)
    return { code: 0, message: `taken: ${hash}` }
  } catch (error) {
    const { code, message } = error as { readonly code: number; readonly message: string }
    return { code, message }
  }
}

const badSignature = 'invalid sender: invalid transaction v, r, s values'
/** The second signature that every signature has, which EIP-2 forbids. */
const highS =
  (type: number): Spoil =>
  ({ s, yParity }) => ({
    s: n(curveOrder - BigInt(s)),
    v: n((type === 0 ? 35 + 2 * 2679 : 0) + 1 - yParity),
  })
const typed = [1, 2, 4]
const invalid: readonly (readonly [string, () => Hex | Promise<Hex>, string | RegExp])[] = [
  ['nothing', () => '0x', 'typed transaction too short'],
  ['type 0', () => '0x00', 'typed transaction too short'],
  ['type 5', () => '0x05c0', 'transaction type not supported'],
  ['type 0x7f', () => '0x7fc0', 'transaction type not supported'],
  ['type 0x80', () => '0x80', 'rlp: expected input list for types.LegacyTx'],
  ['a type and nothing', () => '0x02', /^rlp|too short/],
  ['an empty list', () => '0xc0', /^rlp/],
  ['a list that says it is 2^56 long', () => '0xfeffffffffffffffff', /^rlp/],
  ['100,000 nested lists', () => `0x${'c1'.repeat(100_000)}`, /^rlp/],
  ['half of one', async () => (await build(2)).slice(0, 100) as Hex, /^rlp/],
  ['one and a byte', async () => concat([await build(2), '0x00']), /^rlp/],
  ['two of them', async () => concat([await build(0), await build(0)]), /^rlp/],
  ['a leading zero in the nonce', () => build(2, { nonce: '0x0001' }), /^rlp/],
  ['a zero written out', () => build(2, { value: '0x00' }), /^rlp/],
  ['a nonce of 2^64', () => build(2, { nonce: n(max64 + 1n) }), /^rlp/],
  ['gas of 2^64', () => build(2, { gas: n(max64 + 1n) }), /^rlp/],
  ['a value of 2^256', () => build(2, { value: n(max256 + 1n) }), /^rlp/],
  ['a fee of 2^256', () => build(2, { maxFee: n(max256 + 1n) }), /^rlp/],
  ['19 bytes of receiver', () => build(2, { to: `0x${'77'.repeat(19)}` }), /^rlp/],
  ['a list as data', () => build(2, { data: ['0x', ['0x']] }), /^rlp/],
  ['bytes as access list', () => build(2, { accessList: '0x1234' }), /^rlp/],
  ['a key of 31 bytes', () => build(1, { accessList: [[to, [`0x${'00'.repeat(31)}`]]] }), /^rlp/],
  ['an authorization of five', () => build(4, { authorizations: [['0x', to, '0x']] }), /^rlp/],
  ['a 7702 one that creates', () => build(4, { to: '0x' }), /^rlp/],
  ['yParity 2', () => build(2, {}, { spoil: () => ({ v: n(2) }) }), /^rlp|v, r, s/],
  ['v of 30', () => build(0, {}, { spoil: () => ({ v: n(30) }) }), /^rlp|v, r, s/],
  ['v of 2^256 - 1', () => build(0, {}, { spoil: () => ({ v: n(max256) }) }), /chain id|^rlp/],
  ['blobs', () => build(3), 'transaction type not supported'],
  ['no 7702 authorization', () => build(4, { authorizations: [] }), /at least one authorization/],
  [
    'no chain',
    () => build(0, {}, { unprotected: true }),
    'only replay-protected (EIP-155) transactions allowed over RPC',
  ],
  ...[0, ...typed].map(
    (type) =>
      [
        `another chain, type ${type}`,
        () => build(type, { chainId: n(1) }),
        'invalid sender: invalid chain id for signer: have 1 want 2679',
      ] as const,
  ),
  ...[0, ...typed].map(
    (type) =>
      [
        `a high s, type ${type}`,
        () => build(type, {}, { spoil: highS(type) }),
        badSignature,
      ] as const,
  ),
  ['r of 0', () => build(2, {}, { spoil: () => ({ r: '0x' }) }), badSignature],
  ['s of 0', () => build(2, {}, { spoil: () => ({ s: '0x' }) }), badSignature],
  ['r of 2^256 - 1', () => build(2, {}, { spoil: () => ({ r: n(max256) }) }), badSignature],
  [
    'r on no curve point',
    () => build(2, {}, { spoil: () => ({ r: n(5) }) }),
    /^invalid sender|^insuff/,
  ],
  ['more gas than a block', () => build(2, { gas: n(20_000_001) }), 'exceeds block gas limit'],
  ['gas of 2^64 - 1', () => build(2, { gas: n(max64) }), 'exceeds block gas limit'],
  [
    'more gas than EIP-7825 lets',
    () => build(2, { gas: n(16_777_217) }),
    'transaction gas limit too high (cap: 16777216, tx: 16777217)',
  ],
  [
    'gas below 21000',
    () => build(2, { gas: n(20_999) }),
    'intrinsic gas too low: gas 20999, minimum needed 21000',
  ],
  [
    'gas below the floor of its data',
    () => build(2, { gas: n(30_000), data: `0x${'01'.repeat(500)}` }),
    'insufficient gas for floor data gas cost: gas 30000, minimum needed 41000',
  ],
  [
    'too much init code',
    () => build(2, { to: '0x', data: `0x${'00'.repeat(49_153)}`, gas: n(2_000_000) }),
    /^max initcode size exceeded: code size 49153,? limit 49152$/,
  ],
  ['131,073 bytes', () => build(2, { data: `0x${'00'.repeat(131_073)}` }), /^oversized data: /],
  [
    'no tip',
    () => build(2, { tip: '0x' }),
    'transaction underpriced: gas tip cap 0, minimum needed 1',
  ],
  [
    'a tip above its fee',
    () => build(2, { tip: n(2n * 10n ** 11n) }),
    /^max priority fee per gas higher than max fee per gas/,
  ],
  ['the last nonce there is', () => build(2, { nonce: n(max64) }), 'nonce has max value'],
  [
    'all the money in the world',
    () => build(2, { value: n(max256) }),
    /^insufficient funds for gas \* price \+ value: balance \d+, tx cost \d+, overshot \d+$/,
  ],
  [
    'a fee of 2^256 - 1',
    () => build(2, { maxFee: n(max256) }),
    /^insufficient funds for gas \* price/,
  ],
]

/** A text matches whole, a pattern somewhere. */
const saying = (message: string | RegExp): unknown =>
  typeof message === 'string' ? message : expect.stringMatching(message)

describe('a transaction is refused for', () => {
  test.each(invalid)(
    '%s',
    async (_, raw, message) => {
      expect(await refusal(await raw())).toEqual({
        code: -32000,
        message: saying(message),
      })
    },
    limitMs,
  )

  test(
    'what its pool and its sender hold already',
    async () => {
      // Behind a gap, so that it waits.
      const waiting = await build(2, { nonce: n(5) })
      await submit(waiting)
      const dearer = { tip: n(1_050_000_000), maxFee: n(105n * 10n ** 9n) }
      const refused = [
        [waiting, 'already known'],
        [await build(2, { nonce: n(5), ...dearer }), 'replacement transaction underpriced'],
        [
          await build(2, { nonce: n(6), value: n(10_000n * 10n ** 18n - 10n ** 16n) }),
          /^insufficient funds for gas \* price \+ value: balance \d+, queued cost \d+, tx cost/,
        ],
      ] as const
      for (const [raw, message] of refused)
        expect(await refusal(raw)).toEqual({
          code: -32000,
          message: saying(message),
        })
      const status = await rpcCall(node.httpUrl, 'txpool_status')
      expect(status).toEqual({ pending: '0x0', queued: '0x1' })
    },
    limitMs,
  )
})

test(
  'any bytes, and any good transaction with one byte changed, get -32000 or are taken',
  async () => {
    const base = Buffer.from((await build(4, { nonce: n(9) })).slice(2), 'hex')
    const changed = fc
      .tuple(fc.nat(base.length - 1), fc.integer({ min: 1, max: 255 }))
      .map(([at, by]) => base.map((byte, i) => (i === at ? byte ^ by : byte)))
    const bytes = fc.uint8Array({ maxLength: 300 })
    const typedBytes = fc
      .tuple(fc.integer({ min: 0, max: 4 }), fc.array(fc.uint8Array({ maxLength: 33 })))
      .map(([type, items]) =>
        Buffer.from(`0${type}${toRlp(items.map((item) => toHex(item))).slice(2)}`, 'hex'),
      )
    await fc.assert(
      fc.asyncProperty(fc.oneof(changed, bytes, typedBytes), async (raw) => {
        expect([0, -32000]).toContain((await refusal(toHex(raw))).code)
      }),
      { numRuns: 300 },
    )
  },
  limitMs,
)

test(
  'afterwards a good transaction is mined, and no fault was logged',
  async () => {
    const hash = await submit(await build(0))
    expect(await rpcCall(node.httpUrl, 'eth_getTransactionReceipt', [hash])).toMatchObject({
      status: '0x1',
    })
    const used = await refusal(await build(2))
    expect(used).toEqual({ code: -32000, message: 'nonce too low: next nonce 1, tx nonce 0' })
    expect(node.stderr()).toBe('')
    expect(await node.stop()).toEqual({ code: 0, signal: null })
  },
  limitMs,
)
