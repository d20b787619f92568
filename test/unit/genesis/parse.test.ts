/** Genesis files: good ones become a Genesis, bad ones a list of everything that is wrong. */
import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  devnetGenesis,
  formatGenesis,
  formatGenesisFaults,
  maxGenesisLength,
  networks,
  parseGenesis,
} from '../../../genesis/index.ts'
import { sharedFile, testWithShared } from '../../support/shared.ts'

const a = '0x1111111111111111111111111111111111111111'
const minimal = { config: { chainId: 7 }, gasLimit: '0x5000', alloc: {} }

/** The parts of a file that differ from the minimal one, and every fault they have. */
const faultsOf = (parts: Record<string, unknown>): string[] => {
  const verdict = parseGenesis({ ...minimal, ...parts })
  return verdict.type === 'accept' ? [] : formatGenesisFaults(verdict.faults).split('\n')
}
const accepted = (parts: Record<string, unknown> = {}) => {
  const verdict = parseGenesis({ ...minimal, ...parts })
  if (verdict.type !== 'accept') throw new Error(verdict.message)
  return verdict.value
}

test('a minimal file gets the defaults of geth and of our section', () => {
  const { alloc, config, tributary, ...head } = accepted()
  expect(config).toEqual({ chainId: 7n })
  expect(alloc.size).toBe(0)
  expect(tributary).toEqual({
    version: 1,
    blockTimeMs: 1_000,
    params: {},
    validators: [],
    modules: [],
  })
  expect(head).toMatchObject({ gasLimit: 0x5000n, nonce: 0n, timestamp: 0n, extraData: '0x' })
})

test('numbers may be JSON, decimal or hex; addresses with or without 0x; null is absent', () => {
  const genesis = accepted({
    timestamp: 5,
    difficulty: '131072',
    nonce: '0x42',
    baseFeePerGas: null,
    alloc: {
      '22222222222222222222222222222222222222Aa': { balance: '10', code: null },
      [a]: { balance: '0xa', nonce: 3, code: '0x6001', storage: { '0x1': '0x02', '03': '4' } },
    },
  })
  expect(genesis).toMatchObject({ timestamp: 5n, difficulty: 131_072n, nonce: 0x42n })
  expect(genesis.baseFeePerGas).toBeUndefined()
  expect([...genesis.alloc]).toEqual([
    [
      '0x22222222222222222222222222222222222222aa',
      { balance: 10n, nonce: 0n, code: '0x', storage: new Map() },
    ],
    [
      a,
      {
        balance: 10n,
        nonce: 3n,
        code: '0x6001',
        storage: new Map([
          [1n, 2n],
          [3n, 4n],
        ]),
      },
    ],
  ])
})

test('our section: seconds become milliseconds, names stay', () => {
  const tributary = {
    blockTime: 2,
    params: { 'fees.floor': '0x10' },
    validators: [{ address: a, power: 5, name: 'first' }],
    modules: ['datanet', '0x0A77000000000000000000000000000000000001'],
  }
  expect(accepted({ tributary }).tributary).toEqual({
    version: 1,
    blockTimeMs: 2_000,
    params: { 'fees.floor': 16n },
    validators: [{ address: a, power: 5n, name: 'first' }],
    modules: ['datanet', '0x0a77000000000000000000000000000000000001'],
  })
})

test.each<[Record<string, unknown>, string[]]>([
  [{ gasLimt: 1 }, ['gasLimt: unknown key; did you mean gasLimit?']],
  [{ zebra: 1 }, ['zebra: unknown key']],
  [{ gasLimit: undefined }, ['gasLimit: is missing']],
  [{ gasLimit: 0 }, ['gasLimit: must be at least 5000']],
  [{ gasLimit: 4999 }, ['gasLimit: must be at least 5000']],
  [{ gasLimit: '0x8000000000000000' }, ['gasLimit: "0x8000000000000000" does not fit in 63 bits']],
  [{ timestamp: -1 }, ['timestamp: -1 is negative']],
  [{ timestamp: 1.5 }, ['timestamp: 1.5 is not a number; write decimal or 0x-hex']],
  [{ timestamp: true }, ['timestamp: true is not a number; write decimal or 0x-hex']],
  [{ number: 1 }, ['number: must be 0: this is block 0']],
  [{ extraData: `0x${'00'.repeat(33)}` }, ['extraData: has 33 bytes, more than 32']],
  [{ mixHash: '0x00' }, ['mixHash: has 1 bytes instead of 32']],
  [{ coinbase: '0x12' }, ['coinbase: "0x12" is not an address; write 0x and 40 hex digits']],
  [{ gasUsed: 0x5001 }, ['gasUsed: 20481 is above gasLimit']],
  [{ baseFeePerGas: 1 }, ['baseFeePerGas: stands here, but london is not active in block 0']],
  [{ excessBlobGas: 1 }, ['excessBlobGas: stands here, but cancun is not active in block 0']],
  [{ config: null }, ['config: null is not an object; it must be one']],
  [{ config: {} }, ['config.chainId: is missing']],
  [
    { config: { chainId: 1, londonBlok: 0 } },
    ['config.londonBlok: unknown key; did you mean londonBlock?'],
  ],
  [
    { config: { chainId: 1, verkleTime: 1 } },
    ['config.verkleTime: this node does not know the rules of this fork; remove the key'],
  ],
  [{ alloc: [] }, ['alloc: a list is not an object']],
  [{ alloc: { zz: { balance: 1 } } }, ['alloc.zz: is not an address; write 0x and 40 hex digits']],
  [
    { alloc: { [a]: { balance: '12x' } } },
    [`alloc.${a}.balance: "12x" is not a number; write decimal or 0x-hex`],
  ],
  [{ alloc: { [a]: {} } }, [`alloc.${a}.balance: is missing`]],
  [
    { alloc: { [a]: { balance: 1, code: '0x123' } } },
    [`alloc.${a}.code: "0x123" is not bytes; write 0x and two hex digits a byte`],
  ],
  [
    { alloc: { [a]: { balance: 1, storage: { '0x1': 'z', '0x01': '1' } } } },
    [`alloc.${a}.storage.0x1: "z" is not a word; write 0x and up to 64 hex digits`],
  ],
  [
    { alloc: { [a]: { balance: 1, storage: { '0x1': '1', '0x01': '1' } } } },
    [`alloc.${a}.storage.0x01: the same slot stands twice`],
  ],
  [
    { alloc: { [a]: { balance: 1 }, [a.slice(2)]: { balance: 1 } } },
    [`alloc.${a.slice(2)}: the same address stands twice`],
  ],
  [
    { alloc: { '0x0a77000000000000000000000000000000000003': { balance: 1 } } },
    [
      'alloc.0x0a77000000000000000000000000000000000003: is reserved for native modules; name them in tributary.modules',
    ],
  ],
  [
    { tributary: { blockTime: 1, blockTimeMs: 1_000 } },
    ['tributary.blockTime: stands beside blockTimeMs; write one of them'],
  ],
  [{ tributary: { params: 5 } }, ['tributary.params: 5 is not an object; it must be one']],
  [{ tributary: { blockTime: 0 } }, ['tributary.blockTime: 0 is not between 1 and 3600']],
  [{ tributary: { blockTime: -1 } }, ['tributary.blockTime: -1 is not between 1 and 3600']],
  [{ tributary: { blockTimeMs: 0 } }, ['tributary.blockTimeMs: 0 is not between 1000 and 3600000']],
  [
    { tributary: { blockTimeMs: -1 } },
    ['tributary.blockTimeMs: -1 is not between 1000 and 3600000'],
  ],
  [
    { tributary: { blockTimeMs: 999 } },
    ['tributary.blockTimeMs: 999 is not between 1000 and 3600000'],
  ],
  [
    {
      tributary: {
        validators: [
          { address: a, power: 1 },
          { address: a, power: 0 },
        ],
      },
    },
    ['tributary.validators[1].power: must be above 0'],
  ],
  [
    {
      tributary: {
        validators: [
          { address: a, power: 1 },
          { address: a, power: 1 },
        ],
      },
    },
    [`tributary.validators[1].address: ${a} stands twice`],
  ],
  [
    { tributary: { modules: ['0x01'] } },
    [
      'tributary.modules[0]: "0x01" is neither a module name nor an address 0x0a77…0000 to 0x0a77…ffff',
    ],
  ],
  [
    { tributary: { params: { 'a b': 1 } } },
    ['tributary.params.a b: is not a name: a letter, then letters, digits, _ and .'],
  ],
  [
    { tributary: { version: 2 } },
    ['tributary.version: 2 is not a version this node knows; write 1'],
  ],
])('%j: %j', (parts, faults) => {
  expect(faultsOf(parts)).toEqual(faults)
})

test('the least gas limit of a block is accepted', () => {
  expect(accepted({ gasLimit: 5000 }).gasLimit).toBe(5000n)
})

test('forks stand in order, and none is left out below a later one', () => {
  const { config } = devnetGenesis()
  expect(faultsOf({ config: { ...config, cancunTime: 5, pragueTime: 4, osakaTime: 9 } })).toEqual([
    'config.pragueTime: 4 is before cancunTime (5); forks activate in order',
  ])
  const { shanghaiTime: _left, ...rest } = config
  expect(faultsOf({ config: rest })).toEqual([
    'config.shanghaiTime: is missing, but cancunTime is set',
  ])
  const entry = { target: 9, max: 6, baseFeeUpdateFraction: 1 }
  const more = { ...config, bpo1Time: 1, blobSchedule: { osaka: entry } }
  expect(faultsOf({ config: more })).toEqual([
    'config.blobSchedule.osaka: target is above max',
    'config.blobSchedule.bpo1: is missing, but bpo1Time is set',
  ])
})

test('all faults are told at once, and the message counts them', () => {
  const verdict = parseGenesis({ config: { chainId: 0 }, alloc: { x: 1 }, extra: 1 })
  expect(verdict).toMatchObject({ type: 'reject', code: 'GENESIS_INVALID' })
  if (verdict.type === 'accept') return
  expect(verdict.faults.map(({ path }) => path)).toEqual([
    'extra',
    'gasLimit',
    'config.chainId',
    'alloc.x',
    'alloc.x',
  ])
  expect(verdict.message).toBe('extra: unknown key (and 4 more)')
  expect(formatGenesisFaults(verdict.faults, 1)).toBe('extra: unknown key\nand 4 more')
})

test('a file that is no JSON, or too large, is refused before it is looked at', () => {
  expect(parseGenesis('{"a": 1,\n "b": }')).toMatchObject({
    code: 'GENESIS_NOT_JSON',
    message: 'line 2, column 7: not a JSON value',
  })
  const large = ' '.repeat(maxGenesisLength + 1)
  expect(parseGenesis(large)).toMatchObject({ code: 'GENESIS_TOO_LARGE' })
})

test('whatever comes, there is a verdict and no throw', () => {
  const keys = fc.constantFrom('config', 'alloc', 'tributary', 'gasLimit', 'nonce', a, 'balance')
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('0x0', '', '0x', null, Number.POSITIVE_INFINITY, -1),
      fc.anything(),
      fc.dictionary(keys, tie('value'), { maxKeys: 5 }),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
  }))
  fc.assert(
    fc.property(value, (input) => {
      expect(['accept', 'reject']).toContain(parseGenesis(input).type)
    }),
    { numRuns: 500 },
  )
})

test.each(Object.keys(networks))('the file printed for %s is read back as the same', (name) => {
  const genesis = networks[name]!()
  expect(parseGenesis(formatGenesis(genesis))).toEqual({ type: 'accept', value: genesis })
})

testWithShared('the genesis of the public RPC suite survives printing and reading', () => {
  const text = readFileSync(sharedFile('rpc/tests/genesis.json'), 'utf8')
  const verdict = parseGenesis(text)
  if (verdict.type !== 'accept') throw new Error(verdict.message)
  expect(parseGenesis(formatGenesis(verdict.value))).toEqual(verdict)
})
