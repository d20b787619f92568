/** Fork schedules: which fork a block falls under, and which schedules are impossible. */
import { expect, test } from '@jest/globals'
import { createChainSpec, forks, type ChainConfig } from '../../../execution/chain-spec.ts'

/** The chain of the execution-apis suite: every fork, each some blocks or seconds after the last. */
const historic: ChainConfig = {
  chainId: 3503995874084926n,
  homesteadBlock: 0n,
  eip150Block: 3n,
  eip155Block: 6n,
  eip158Block: 6n,
  byzantiumBlock: 9n,
  constantinopleBlock: 12n,
  petersburgBlock: 15n,
  istanbulBlock: 18n,
  muirGlacierBlock: 21n,
  berlinBlock: 24n,
  londonBlock: 27n,
  arrowGlacierBlock: 30n,
  grayGlacierBlock: 33n,
  mergeNetsplitBlock: 36n,
  terminalTotalDifficulty: 4732352n,
  shanghaiTime: 390n,
  cancunTime: 420n,
  pragueTime: 450n,
  osakaTime: 480n,
  bpo1Time: 510n,
  bpo2Time: 540n,
}

test.each([
  [0n, 0n, 'homestead'],
  [2n, 20n, 'homestead'],
  [3n, 30n, 'tangerineWhistle'],
  [6n, 60n, 'spuriousDragon'],
  [14n, 140n, 'constantinople'],
  [15n, 150n, 'petersburg'],
  [27n, 270n, 'london'],
  [35n, 350n, 'grayGlacier'],
  [36n, 389n, 'paris'],
  [37n, 390n, 'shanghai'],
  [40n, 479n, 'prague'],
  [41n, 480n, 'osaka'],
  [99n, 540n, 'bpo2'],
  [10n, 540n, 'byzantium'],
])('block %s at %s s is %s', (number, timestamp, fork) => {
  expect(createChainSpec(historic).forkAt(number, timestamp)).toBe(fork)
})

const modern: ChainConfig = {
  chainId: 2679n,
  ...Object.fromEntries(
    'homestead eip150 eip155 eip158 byzantium constantinople istanbul berlin london'
      .split(' ')
      .map((name) => [`${name}Block`, 0n]),
  ),
  terminalTotalDifficulty: 0n,
  shanghaiTime: 0n,
  cancunTime: 0n,
  pragueTime: 0n,
  osakaTime: 0n,
}

test('a chain that was never mined has its last fork from block 0, the optional ones included', () => {
  const spec = createChainSpec(modern)
  expect(spec.forkAt(0n, 0n)).toBe('osaka')
  expect(forks.filter((fork) => spec.isActive(fork, 0n, 0n))).toEqual(
    forks.slice(0, forks.indexOf('osaka') + 1),
  )
  expect(spec.activations.map(({ fork }) => fork)).not.toContain('muirGlacier')
})

test('blob counts come from the schedule, else from mainnet, else from the fork before', () => {
  const own = { target: 1, max: 2, baseFeeUpdateFraction: 7n }
  const spec = createChainSpec({ ...modern, blobSchedule: { osaka: own } })
  expect(spec.blobParams('shanghai')).toBeUndefined()
  expect(spec.blobParams('cancun')).toMatchObject({ target: 3, max: 6 })
  expect(spec.blobParams('osaka')).toEqual(own)
  expect(spec.blobParams('bpo5')).toMatchObject({ target: 14, max: 21 })
})

test.each<[string, Partial<ChainConfig>]>([
  ['both are the Spurious Dragon fork', { eip155Block: 1n }],
  ['london enabled at block 0, but paris', { mergeNetsplitBlock: -1n }],
  ['berlin enabled at block 5, but london enabled at block 0', { berlinBlock: 5n }],
  ['shanghai enabled at timestamp 9, but cancun enabled at timestamp 0', { shanghaiTime: 9n }],
])('refuses: %s', (words, change) => {
  expect(() => createChainSpec({ ...modern, ...change })).toThrow(words)
})

test('refuses a fork without the one it builds on', () => {
  const { cancunTime: _, ...rest } = modern
  expect(() => createChainSpec(rest)).toThrow('cancun not enabled, but prague')
})
