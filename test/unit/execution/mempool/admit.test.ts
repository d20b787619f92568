/** Every refusal of the pool, word for word as geth's. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  fromHex,
  withSignature,
  type Hex,
  type UnsignedTransaction,
} from '../../../../primitives/index.ts'
import {
  addressOf,
  chainId,
  ether,
  gwei,
  openChain,
  seal,
  signBy,
  transfer,
  type ChainParts,
} from '../../../support/chain.ts'
import { add, poolOver, tips } from '../../../support/pool.ts'

let shared: ChainParts
beforeAll(async () => {
  shared = await openChain({ code: { [addressOf(9)]: '0x60006000fd' } })
})
afterAll(() => shared.store.close())

const legacy = (changes: object): UnsignedTransaction => ({
  type: 'legacy',
  chainId,
  nonce: 0n,
  gasPrice: gwei,
  gasLimit: 21_000n,
  to: addressOf(1),
  value: 1n,
  data: new Uint8Array(0),
  ...changes,
})
const { type: _type, ...common } = transfer(0n)
const blob: UnsignedTransaction = {
  ...common,
  type: 'blob',
  to: addressOf(1),
  maxFeePerBlobGas: 1n,
  blobVersionedHashes: [`0x01${'00'.repeat(31)}`],
}
const setCode: UnsignedTransaction = {
  ...common,
  type: 'setCode',
  to: addressOf(1),
  authorizationList: [],
}
/** Nick's transaction that makes 0x4e59b448…: made up, not signed. */
const deployer: Hex =
  '0xf8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf31ba02222222222222222222222222222222222222222222222222222222222222222a02222222222222222222222222222222222222222222222222222222222222222'

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const highS = (): Uint8Array => {
  const tx = signBy(0, transfer(0n))
  const { r, s, yParity } = tx.signature
  return withSignature(tx, { r, s: order - s, yParity: yParity === 0 ? 1 : 0 }).raw
}
const of = (changes: Parameters<typeof transfer>[1], i = 0) => signBy(i, transfer(0n, changes)).raw
describe('refusals, word for word as geth', () => {
  test.each<[string, Uint8Array, string]>([
    ['TX_MALFORMED', new Uint8Array(0), 'typed transaction too short'],
    ['TX_TYPE', Uint8Array.of(5, 1), 'transaction type not supported'],
    ['TX_TYPE', signBy(0, blob).raw, 'transaction type not supported'],
    ['OVERSIZED', new Uint8Array(131_073), 'oversized data: transaction size 131073, limit 131072'],
    [
      'UNPROTECTED',
      signBy(0, legacy({ chainId: undefined })).raw,
      'only replay-protected (EIP-155) transactions allowed over RPC',
    ],
    [
      'CHAIN_ID',
      of({ chainId: 1n }),
      'invalid sender: invalid chain id for signer: have 1 want 2679',
    ],
    ['INVALID_SENDER', highS(), 'invalid sender: invalid transaction v, r, s values'],
    [
      'INVALID_SENDER',
      withSignature(transfer(0n), { r: 0n, s: 1n, yParity: 0 }).raw,
      'invalid sender: invalid transaction v, r, s values',
    ],
    [
      'TX_GAS_CAP',
      of({ gasLimit: 16_777_217n }),
      'transaction gas limit too high (cap: 16777216, tx: 16777217)',
    ],
    ['GAS_LIMIT_EXCEEDED', of({ gasLimit: 30_000_001n }), 'exceeds block gas limit'],
    [
      'TIP_ABOVE_FEE_CAP',
      of({ maxFeePerGas: 1n, maxPriorityFeePerGas: 2n }),
      'max priority fee per gas higher than max fee per gas',
    ],
    [
      'UNDERPRICED',
      of({ maxPriorityFeePerGas: 0n }),
      'transaction underpriced: gas tip cap 0, minimum needed 1',
    ],
    [
      'INTRINSIC_GAS',
      of({ gasLimit: 20_999n }),
      'intrinsic gas too low: gas 20999, minimum needed 21000',
    ],
    [
      'FLOOR_DATA_GAS',
      of({ gasLimit: 21_999n, data: new Uint8Array(25).fill(1) }),
      'insufficient gas for floor data gas cost: gas 21999, minimum needed 22000',
    ],
    [
      'INITCODE_TOO_LARGE',
      of({ to: null, gasLimit: 16_000_000n, data: new Uint8Array(49_153) }),
      'max initcode size exceeded: code size 49153 limit 49152',
    ],
    [
      'AUTHORIZATION_LIST_EMPTY',
      signBy(0, setCode).raw,
      'set code tx must have at least one authorization tuple',
    ],
    ['NONCE_MAX', signBy(0, transfer(2n ** 64n - 1n)).raw, 'nonce has max value'],
    [
      'INSUFFICIENT_FUNDS',
      of({ value: 100n * ether }),
      `insufficient funds for gas * price + value: balance ${100n * ether}, tx cost ${100n * ether + 210_000n * gwei}, overshot ${210_000n * gwei}`,
    ],
    [
      'INSUFFICIENT_FUNDS',
      of({ value: 1n }, 8),
      `insufficient funds for gas * price + value: balance 0, tx cost ${210_000n * gwei + 1n}, overshot ${210_000n * gwei + 1n}`,
    ],
  ])('%s', (code, raw, message) => {
    const pool = poolOver(shared)
    expect(pool.add(raw)).toMatchObject({ code, message })
    expect(pool.counts()).toEqual({ pending: 0, queued: 0 })
  })

  test('SENDER_NOT_EOA for an account with code (EIP-3607)', () => {
    expect(poolOver(shared).add(signBy(9, transfer(1n)).raw)).toMatchObject({
      code: 'SENDER_NOT_EOA',
      message: expect.stringMatching(
        /^sender not an eoa: address 0x[0-9a-fA-F]{40}, len\(code\): 5$/,
      ),
    })
  })

  test('ALREADY_KNOWN costs nothing', () => {
    const pool = poolOver(shared)
    expect(add(pool, 0, 0n).type).toBe('accept')
    expect(add(pool, 0, 0n)).toMatchObject({ type: 'ignore', message: 'already known' })
  })

  test('NONCE_TOO_LOW once a block used it', async () => {
    const parts = await openChain()
    const { chain, store } = parts
    const pool = poolOver(parts)
    await seal(chain, [signBy(0, transfer(0n)), signBy(0, transfer(1n))])
    expect(add(pool, 0, 1n, tips(2n * gwei))).toMatchObject({
      code: 'NONCE_TOO_LOW',
      message: 'nonce too low: next nonce 2, tx nonce 1',
    })
    await store.close()
  })

  test("all of a sender's transactions together must be affordable", () => {
    const pool = poolOver(shared)
    expect(add(pool, 0, 0n, { value: 60n * ether }).type).toBe('accept')
    const gas = 210_000n * gwei
    expect(add(pool, 0, 1n, { value: 60n * ether })).toMatchObject({
      code: 'INSUFFICIENT_FUNDS',
      message: `insufficient funds for gas * price + value: balance ${100n * ether}, queued cost ${60n * ether + gas}, tx cost ${60n * ether + gas}, overshot ${20n * ether + 2n * gas}`,
    })
    // A replacement counts instead of what it replaces, not on top.
    const richer = { value: 99n * ether, maxFeePerGas: 20n * gwei, ...tips(2n * gwei) }
    expect(add(pool, 0, 0n, richer).type).toBe('accept')
  })

  test('a keyless deployment needs no replay protection; an option takes the others', () => {
    const unprotected = signBy(0, legacy({ chainId: undefined })).raw
    // Refused for its sender's empty purse only.
    expect(poolOver(shared).add(fromHex(deployer))).toMatchObject({ code: 'INSUFFICIENT_FUNDS' })
    expect(poolOver(shared, { allowUnprotected: true }).add(unprotected).type).toBe('accept')
  })
})
