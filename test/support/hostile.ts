/** Values that no parameter should get, and for each parameter one that it takes. */

type Hex = `0x${string}`

export const anAddress: Hex = `0x${'11'.repeat(20)}`
export const aHash: Hex = `0x${'22'.repeat(32)}`
export const hostile: readonly unknown[] = [
  -1,
  0,
  1e308,
  5e-324,
  Number.MAX_SAFE_INTEGER,
  '',
  '0x',
  '0X',
  'x',
  '0xg',
  '0x0',
  '0x00',
  '-0x1',
  '1',
  'latest',
  'pending',
  'earliest',
  '\u0000',
  '\ud800',
  '__proto__',
  `0x${'f'.repeat(16)}`,
  `0x7${'f'.repeat(15)}`,
  `0x1${'0'.repeat(16)}`,
  `0x${'f'.repeat(40)}`,
  `0x${'f'.repeat(64)}`,
  `0x1${'0'.repeat(64)}`,
  `0x${'ab'.repeat(20_000)}`,
  '9'.repeat(20_000),
  true,
  null,
  [],
  [[[[]]]],
  [null, null, null, null, null, null],
  ['0x', anAddress, -1],
  {},
  { __proto__: null, constructor: 1, toString: 1, length: -1 },
  { blockHash: aHash, requireCanonical: true },
  { blockNumber: `0x${'f'.repeat(16)}` },
  { fromBlock: '0x0', toBlock: `0x7${'f'.repeat(15)}`, topics: [[], null, [aHash, null]] },
  { fromBlock: `0x7${'f'.repeat(15)}`, toBlock: '0x0' },
]

/** A value that the parameter of this name takes, so that the ones beside it are reached. */
export const plain = (name: string): unknown =>
  ({
    address: anAddress,
    hash: aHash,
    block: 'latest',
    index: '0x0',
    key: '0x0',
    full: true,
    transaction: { to: anAddress },
    filter: {},
    storageKeys: ['0x0'],
    data: '0x',
    count: '0x1',
    newestBlock: 'latest',
  })[name] ?? '0x1'

export const inParts = <item>(items: readonly item[], size: number): item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  )

/** JSON nested so many levels. */
export const deep = (depth: number, open = '[', close = ']'): string =>
  `${open.repeat(depth)}1${close.repeat(depth)}`
