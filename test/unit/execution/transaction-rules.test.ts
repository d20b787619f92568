/** What a transaction owes before it runs, and every reason it cannot stand in a block. */
import { describe, expect, test } from '@jest/globals'
import { createChainSpec } from '../../../execution/chain-spec.ts'
import {
  blobBaseFee,
  checkStateless,
  checkTransaction,
  floorDataGas,
  intrinsicGas,
  toChecksum,
  transactionRules,
} from '../../../execution/transaction-rules.ts'
import { fromHex, type Hex, type UnsignedTransaction } from '../../../primitives/index.ts'
import {
  chainId,
  contract,
  ether,
  header,
  osaka,
  sender,
  signed,
  spec,
  stateWith,
  transfer,
} from '../../support/engine.ts'

const rules = transactionRules(spec, 'osaka')
const frontier = transactionRules(createChainSpec({ chainId }), 'chainstart')
const call = { to: contract, data: fromHex('0x00010200') }

describe('intrinsic gas', () => {
  test.each([
    ['zeros 4, others 16', call, rules, 21_000n + 8n + 32n],
    ['others 68 before Istanbul', call, frontier, 21_000n + 8n + 136n],
    ['a creation and its words', { ...call, to: null }, rules, 53_000n + 40n + 2n],
    ['a creation before Homestead', { ...call, to: null }, frontier, 21_000n + 144n],
    [
      'an access list',
      { ...call, accessList: [{ address: contract, storageKeys: ['0x', '0x'] as Hex[] }] },
      rules,
      21_040n + 2_400n + 3_800n,
    ],
    [
      'authorizations',
      {
        ...call,
        authorizationList: [{ chainId, address: contract, nonce: 0n, yParity: 0n, r: 1n, s: 1n }],
      },
      rules,
      46_040n,
    ],
  ])('%s', (_, tx, at, gas) => {
    expect(intrinsicGas(tx, at)).toBe(gas)
  })

  test('the floor counts tokens from Prague on', () => {
    expect(floorDataGas(call, rules)).toBe(21_000n + 10n * (2n + 8n))
    expect(floorDataGas(call, frontier)).toBe(0n)
  })
})

test('the blob fee is 1 wei without excess and follows e^x', () => {
  const params = { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477n }
  expect(blobBaseFee(0n, params)).toBe(1n)
  expect(blobBaseFee(2_314_057n, params)).toBe(1n)
  expect(blobBaseFee(2_314_058n, params)).toBe(2n)
  expect(blobBaseFee(10n * 1024n * 1024n, params)).toBe(23n)
})

test('addresses in messages have the checksum of EIP-55', () => {
  expect(toChecksum('0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed')).toBe(
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
  )
})

const who = toChecksum(sender)
const authorization = { chainId, address: contract, nonce: 0n, yParity: 0n, r: 1n, s: 1n }
const blob = {
  ...transfer,
  type: 'blob',
  to: contract,
  maxFeePerBlobGas: 1n,
  blobVersionedHashes: [`0x01${'00'.repeat(31)}`],
} as const

test.each<[string, UnsignedTransaction, string]>([
  ['NONCE_TOO_HIGH', { ...transfer, nonce: 1n }, `nonce too high: address ${who}, tx: 1 state: 0`],
  ['CHAIN_ID', { ...transfer, chainId: 1n }, 'invalid chain id for signer: have 1 want 2679'],
  [
    'TX_GAS_CAP',
    { ...transfer, gasLimit: 16_777_217n },
    'transaction gas limit too high (cap: 16777216, tx: 16777217)',
  ],
  [
    'TIP_ABOVE_FEE_CAP',
    { ...transfer, maxPriorityFeePerGas: 11n },
    `max priority fee per gas higher than max fee per gas: address ${who}, maxPriorityFeePerGas: 11, maxFeePerGas: 10`,
  ],
  [
    'FEE_CAP_TOO_LOW',
    { ...transfer, maxFeePerGas: 6n },
    `max fee per gas less than block base fee: address ${who}, maxFeePerGas: 6, baseFee: 7`,
  ],
  [
    'INSUFFICIENT_FUNDS',
    { ...transfer, value: 10n * ether },
    `insufficient funds for gas * price + value: address ${who} have ${10n * ether} want ${10n * ether + 1_000_000n}`,
  ],
  ['GAS_LIMIT_EXCEEDED', { ...transfer, gasLimit: 600_001n }, 'gas limit reached'],
  [
    'INTRINSIC_GAS',
    { ...transfer, gasLimit: 20_999n },
    'intrinsic gas too low: have 20999, want 21000',
  ],
  [
    'FLOOR_DATA_GAS',
    { ...transfer, gasLimit: 24_999n, data: new Uint8Array(100).fill(1) },
    'insufficient gas for floor data gas cost: have 24999, want 25000',
  ],
  [
    'INITCODE_TOO_LARGE',
    { ...transfer, to: null, gasLimit: 600_000n, data: new Uint8Array(49_153) },
    'max initcode size exceeded: code size 49153 limit 49152',
  ],
  [
    'AUTHORIZATION_LIST_EMPTY',
    { ...transfer, type: 'setCode', to: contract, authorizationList: [] },
    `EIP-7702 transaction with empty auth list (sender ${who})`,
  ],
  ['BLOB', { ...blob, blobVersionedHashes: [] }, 'blob transaction missing blob hashes'],
  [
    'BLOB',
    { ...blob, blobVersionedHashes: Array.from({ length: 7 }, () => blob.blobVersionedHashes[0]) },
    'blob transaction has too many blobs: 7 > 6',
  ],
  [
    'BLOB',
    { ...blob, blobVersionedHashes: [`0x02${'00'.repeat(31)}`] },
    'blob 0 has invalid hash version',
  ],
  [
    'BLOB',
    { ...blob, maxFeePerBlobGas: 0n },
    `max fee per blob gas less than block blob gas fee: address ${who} blobGasFeeCap: 0, blobBaseFee: 1`,
  ],
])('refuses %s', (code, unsigned, message) => {
  const room = { header, gasLeft: 600_000n }
  expect(checkTransaction(signed(unsigned), sender, stateWith(), room, rules)).toMatchObject({
    code,
    message,
  })
})

test('refuses a used nonce, the last nonce, and a sender with code that is no delegation', () => {
  const journal = stateWith('0x5b00')
  const room = { header, gasLeft: 200_000n }
  const check = (nonce: bigint) =>
    checkTransaction(signed({ ...transfer, nonce }), sender, journal, room, rules)
  const set = (nonce: bigint, code: Hex) =>
    journal.setAccount(sender, {
      nonce,
      balance: 10n * ether,
      codeHash: journal.putCode(fromHex(code)),
    })
  set(3n, '0x')
  expect(check(2n)).toMatchObject({
    code: 'NONCE_TOO_LOW',
    message: `nonce too low: address ${who}, tx: 2 state: 3`,
  })
  set(2n ** 64n - 1n, '0x')
  expect(check(2n ** 64n - 1n)).toMatchObject({ code: 'NONCE_MAX' })
  set(0n, '0x5b00')
  expect(check(0n)).toMatchObject({
    code: 'SENDER_NOT_EOA',
    message: `sender not an eoa: address ${who}, len(code): 2`,
  })
  set(0n, `0xef0100${contract.slice(2)}`)
  expect(check(0n)).toMatchObject({ type: 'accept' })
})

const at = (fork: 'berlin' | 'shanghai' | 'cancun') =>
  transactionRules(createChainSpec(osaka), fork)

test('a fork refuses the types that come after it, and replay protection before EIP-155', () => {
  const setCode = {
    ...transfer,
    type: 'setCode',
    to: contract,
    authorizationList: [authorization],
  } as const
  expect(checkStateless(signed(transfer), at('berlin'))).toMatchObject({ code: 'TX_TYPE' })
  expect(checkStateless(signed(blob), at('shanghai'))).toMatchObject({ code: 'TX_TYPE' })
  expect(checkStateless(signed(setCode), at('cancun'))).toMatchObject({ code: 'TX_TYPE' })
  expect(checkStateless(signed(setCode), rules)).toBeUndefined()
  const legacy = { ...transfer, type: 'legacy', gasPrice: 10n } as const
  expect(checkStateless(signed(legacy), frontier)).toMatchObject({ code: 'INVALID_SENDER' })
  expect(checkStateless(signed({ ...legacy, chainId: undefined }), frontier)).toBeUndefined()
})
