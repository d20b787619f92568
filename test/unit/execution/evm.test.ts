/** The engine over a journal: outcomes, geth's words for a halt, and executions that do not mix. */
import { describe, expect, test } from '@jest/globals'
import {
  authorizationHash,
  fromHex,
  nobleSecp256k1,
  toWord,
  toHex,
} from '../../../primitives/index.ts'
import { createJournal } from '../../../state/index.ts'
import {
  context,
  contract,
  engine,
  ether,
  header,
  key,
  sender,
  signed,
  stateWith,
  transfer,
} from '../../support/engine.ts'
import type { Hex } from '../../../primitives/index.ts'

const call = {
  from: sender,
  to: contract,
  gas: 100_000n,
  gasPrice: 0n,
  value: 0n,
  data: new Uint8Array(0),
}

async function outcomeOf(code: Hex, change: Partial<typeof call> = {}) {
  const verdict = await engine.runCall(stateWith(code), context, { ...call, ...change })
  if (verdict.type !== 'accept') throw new Error(verdict.message)
  return verdict.value
}

test('a transfer moves value, burns the base fee and pays the tip', async () => {
  const journal = stateWith()
  const tx = signed({ ...transfer, value: 5n, gasLimit: 21_000n })
  const verdict = await engine.runTransaction(journal, context, tx, sender, 30_000_000n)
  expect(verdict).toMatchObject({
    type: 'accept',
    value: { status: 'success', gasUsed: 21_000n, logs: [] },
  })
  expect(journal.account(sender)).toMatchObject({
    nonce: 1n,
    balance: 10n * ether - 5n - 21_000n * 8n,
  })
  expect(journal.account(contract)?.balance).toBe(5n)
  expect(journal.account(header.feeRecipient)?.balance).toBe(21_000n)
})

test('a refused transaction leaves the journal as it was', async () => {
  const state = stateWith()
  const journal = createJournal(state)
  const tx = signed({ ...transfer, value: 11n * ether })
  const verdict = await engine.runTransaction(journal, context, tx, sender, 30_000_000n)
  expect(verdict).toMatchObject({ type: 'reject', code: 'INSUFFICIENT_FUNDS' })
  expect(journal.changes()).toEqual({ accounts: new Map(), codes: new Map() })
})

test('a reverted transaction keeps only its fee and nonce', async () => {
  const journal = stateWith('0x600160005560006000fd') // SSTORE 0 = 1; REVERT
  const verdict = await engine.runTransaction(
    journal,
    context,
    signed(transfer),
    sender,
    30_000_000n,
  )
  expect(verdict).toMatchObject({ value: { status: 'revert', error: 'execution reverted' } })
  expect(journal.storage(contract, 0n)).toBe(0n)
  expect(journal.account(sender)?.nonce).toBe(1n)
})

describe('halts, in the words of geth', () => {
  test.each<[Hex, string]>([
    ['0xfe', 'invalid opcode: INVALID'],
    ['0x0c', 'invalid opcode: opcode 0xc not defined'],
    ['0xef', 'invalid opcode: opcode 0xef not defined'],
    ['0x01', 'stack underflow (0 <=> 2)'],
    ['0x600101', 'stack underflow (1 <=> 2)'],
    ['0x60016002600360046005f1', 'stack underflow (5 <=> 7)'],
    ['0x6001a1', 'stack underflow (1 <=> 3)'],
    ['0x600191', 'stack underflow (1 <=> 3)'],
    ['0x600755', 'stack underflow (1 <=> 2)'],
    ['0x600356', 'invalid jump destination'],
    ['0x5b600056', 'out of gas'],
    ['0x6001600060003e', 'return data out of bounds'],
    [`0x5b5f600056`, 'stack limit reached 1024 (1023)'],
  ])('%s: %s', async (code, error) => {
    const outcome = await outcomeOf(code)
    expect(outcome).toMatchObject({ status: 'halt', error, gasUsed: 100_000n })
  })

  test.each<[Hex, string]>([
    ['0x60ef60005360016000f3', 'invalid code: must not begin with 0xef'],
    ['0x6160016000f3', 'max code size exceeded'],
  ])('creating with %s: %s', async (data, error) => {
    const init = error.startsWith('max') ? '0x6160015ff3' : data // returns 24,577 zero bytes
    const change = { to: null, data: fromHex(init), gas: 10_000_000n } as unknown as typeof call
    expect(await outcomeOf('0x00', change)).toMatchObject({ status: 'halt', error })
  })
})

test('a free call sees a base fee of 0, a paid one that of the block', async () => {
  const baseFee = '0x4860005260206000f3' // BASEFEE
  expect(toHex((await outcomeOf(baseFee)).returnData)).toBe(toWord(0n))
  expect(toHex((await outcomeOf(baseFee, { gasPrice: 9n })).returnData)).toBe(toWord(7n))
})

const hashOf = (number: string) => `0x60${number}4060005260206000f3` as const

test('BLOCKHASH knows ancestors and answers 0 for others', async () => {
  expect(toHex((await outcomeOf(hashOf('04'))).returnData)).toBe(header.parentHash)
  expect(toHex((await outcomeOf(hashOf('03'))).returnData)).toBe(toWord(0n))
  expect(toHex((await outcomeOf(hashOf('05'))).returnData)).toBe(toWord(0n))
})

test('a call with value and no funds is refused in the words of geth', async () => {
  const verdict = await engine.runCall(stateWith('0x00'), context, { ...call, value: 11n * ether })
  expect(verdict).toMatchObject({
    code: 'INSUFFICIENT_FUNDS',
    message: expect.stringContaining('insufficient funds for gas * price + value: address 0x'),
  })
})

test('an authorization delegates, raises the nonce, and gives back what the account had paid for', async () => {
  const journal = stateWith('0x303314600052602060005260206000f3')
  const unsigned = { chainId: 0n, address: contract, nonce: 1n }
  const digest = authorizationHash({ ...unsigned, yParity: 0n, r: 0n, s: 0n })
  const { r, s, yParity } = nobleSecp256k1.sign(digest, key)
  const tx = signed({
    ...transfer,
    type: 'setCode',
    to: sender,
    authorizationList: [{ ...unsigned, yParity: BigInt(yParity), r, s }],
  })
  const verdict = await engine.runTransaction(journal, context, tx, sender, 30_000_000n)
  expect(verdict).toMatchObject({ type: 'accept', value: { status: 'success' } })
  const account = journal.account(sender)
  expect(account?.nonce).toBe(2n)
  expect(toHex(journal.code(account!.codeHash))).toBe(`0xef0100${contract.slice(2)}`)
})

test('a system call costs nobody anything and changes no nonce', async () => {
  const journal = stateWith('0x600160005500') // SSTORE 0 = 1
  const outcome = await engine.runSystemCall(journal, context, contract, new Uint8Array(0))
  expect(outcome).toMatchObject({ status: 'success' })
  expect(journal.storage(contract, 0n)).toBe(1n)
  expect(journal.account('0xfffffffffffffffffffffffffffffffffffffffe')).toBeUndefined()
})

test('a thousand calls at once, each over its own state, do not mix', async () => {
  // Stores the number it is given, has the identity precompile repeat it, answers their sum.
  const code = '0x5f355f555f355f526020604060205f5f6004612710f1505f54604051015f5260205ff3'
  const base = stateWith(code)
  const answers = await Promise.all(
    Array.from({ length: 1000 }, async (_, i) => {
      const journal = createJournal(base)
      const data = fromHex(toWord(BigInt(i)))
      const verdict = await engine.runCall(journal, context, { ...call, data })
      return verdict.type === 'accept' && BigInt(toHex(verdict.value.returnData))
    }),
  )
  expect(answers).toEqual(Array.from({ length: 1000 }, (_, i) => 2n * BigInt(i)))
})
