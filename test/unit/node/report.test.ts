/** What the terminal shows: the banner, and a line per block and transaction. */
import { describe, expect, test } from '@jest/globals'
import { encodeErrorResult, toFunctionSelector } from 'viem'
import { moduleAbis, moduleAddresses } from '../../../attribution/abi.ts'
import type { ExecutedBlock, TransactionOutcome } from '../../../execution/index.ts'
import { fromHex, type Hex } from '../../../primitives/index.ts'
import { devBanner, type DevFacts, devJson, stopLine } from '../../../node/banner.ts'
import { devnetKeys, devnetMnemonic } from '../../../node/devnet-keys.ts'
import { blockJsonLines, blockLines } from '../../../node/report.ts'

const [alice, bob]: [Hex, Hex] = [devnetKeys[0]![0], devnetKeys[1]![0]]
const hash: Hex = `0x${'ab'.repeat(32)}`

type Outcome = Omit<TransactionOutcome, 'gasBeforeRefund'>

const outcome = <more extends Partial<Outcome>>(more: more) => ({
  status: 'success' as const,
  returnData: new Uint8Array(0),
  gasUsed: 21_000n,
  logs: [],
  ...more,
})

/** Only what the report reads. */
function executed(
  txs: readonly { to: Hex | null; value?: bigint; data?: Hex; outcome: Outcome }[],
): ExecutedBlock {
  return {
    block: {
      hash,
      header: {
        number: 1234n,
        gasUsed: 84_000n,
        baseFeePerGas: 875_000_000n,
        timestamp: 1_767_225_661n,
      },
      transactions: txs.map(({ to, value = 0n, data = '0x' }) => ({
        type: 'feeMarket',
        maxFeePerGas: 2n * 10n ** 9n,
        maxPriorityFeePerGas: 1n,
        hash,
        to,
        value,
        data: fromHex(data),
      })),
    },
    senders: txs.map(() => alice),
    outcomes: txs.map((tx) => tx.outcome),
  } as unknown as ExecutedBlock
}

const block = executed([
  { to: bob, value: 15n * 10n ** 17n, outcome: outcome({}) },
  { to: null, outcome: outcome({ contractAddress: bob, gasUsed: 479_051n }) },
  {
    to: bob,
    data: '0xa9059cbb',
    outcome: outcome({
      status: 'revert',
      returnData: fromHex(
        `0x08c379a0${'20'.padStart(64, '0')}${'2'.padStart(64, '0')}${'6e6f'.padEnd(64, '0')}`,
      ),
    }),
  },
  { to: bob, outcome: outcome({ status: 'halt', error: 'out of gas' }) },
])

test('a block and its transactions, for people', () => {
  expect(blockLines(block)).toEqual([
    'block 1,234 0xabab…abab  4 transactions  84,000 gas  base fee 0.875 gwei  00:01:01',
    `  ${hash}  0xf39f…2266 -> 0x7099…79c8  1.5 OPEN  21,000 gas`,
    `  ${hash}  0xf39f…2266 creates 0x70997970C51812dc3A010C7d01b50e0d17dc79C8  479,051 gas`,
    `  ${hash}  0xf39f…2266 -> 0x7099…79c8  calls 0xa9059cbb  21,000 gas  REVERTED: "no"`,
    `  ${hash}  0xf39f…2266 -> 0x7099…79c8  21,000 gas  FAILED: out of gas`,
  ])
})

test('calls and refusals of native modules are named', () => {
  const data: Hex = `0x${toFunctionSelector('decide(uint256)').slice(2)}${'63'.padStart(64, '0')}`
  const returnData = fromHex(
    encodeErrorResult({
      abi: moduleAbis.datanet,
      errorName: 'NotFound',
      args: [`0x${'63'.padStart(64, '0')}`],
    }),
  )
  const failed = outcome({ status: 'revert', returnData })
  const lines = blockLines(
    executed([
      { to: moduleAddresses.datanet, data, outcome: failed },
      { to: bob, data, outcome: failed },
    ]),
  )
  expect(lines[1]).toContain('calls datanet.decide  21,000 gas  REVERTED: NotFound(99)')
  expect(lines[2]).toContain(`calls ${data.slice(0, 10)}  21,000 gas  REVERTED: custom error 0x`)
})

test('one wei is one wei', () => {
  const lines = blockLines(executed([{ to: bob, value: 1n, outcome: outcome({}) }]))
  expect(lines[1]).toBe(`  ${hash}  0xf39f…2266 -> 0x7099…79c8  1 wei  21,000 gas`)
})

test('the last line says what became of the chain', () => {
  expect([stopLine(1500n, './.devnet'), stopLine(0n, undefined)]).toEqual([
    'Stopped at block 1,500; the chain is kept in ./.devnet',
    'Stopped at block 0; the chain is gone, as --ephemeral wants',
  ])
})

test('a full block does not scroll the story away', () => {
  const many = executed(Array.from({ length: 60 }, () => ({ to: bob, outcome: outcome({}) })))
  expect([blockLines(many).length, blockLines(many).at(-1)]).toEqual([52, '  … and 10 more'])
})

test('the same for programs, one object per line', () => {
  const lines = blockJsonLines(block).map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines.map((line) => line['type'])).toEqual(['block', ...Array(4).fill('transaction')])
  expect(lines[3]).toMatchObject({
    from: alice,
    to: bob,
    selector: '0xa9059cbb',
    status: 'revert',
    reason: '"no"',
    gasPrice: '875000001',
  })
})

describe('the banner', () => {
  const facts: DevFacts = {
    version: '0.1.0',
    accounts: devnetKeys
      .slice(0, 2)
      .map(([address, privateKey]) => ({ address, privateKey, balance: 10n ** 22n })),
    mnemonic: devnetMnemonic,
    chainId: 2679n,
    httpUrl: 'http://127.0.0.1:8545',
    wsUrl: 'ws://127.0.0.1:8545',
    genesisHash: hash,
    head: 0n,
    gasLimit: 30_000_000n,
    baseFee: 10n ** 9n,
    sealing: { type: 'mixed', blockTimeMs: 2000 },
    datadir: './.devnet',
  }
  test('has what a newcomer needs', () => {
    const text = devBanner(facts)
    for (const part of [
      '(0) 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266  10,000 OPEN',
      devnetKeys[1]![1],
      devnetMnemonic,
      'known to everybody',
      'Chain id   2679 (0xa77)',
      'ws://127.0.0.1:8545',
      'Base fee   1 gwei',
      'one at once for what arrives, and one every 2 s',
      'MetaMask',
      'Clear activity tab data',
      './.devnet (kept; --reset starts anew)',
    ])
      expect(text).toContain(part)
  })
  test('as JSON it is one line', () => {
    const text = devJson(facts)
    expect(text).not.toContain('\n')
    expect(JSON.parse(text)).toMatchObject({
      type: 'ready',
      chainId: 2679,
      accounts: [{ address: alice, balance: '10000000000000000000000' }, {}],
    })
  })
})
