/**
 * Runs a blockchain test of execution-spec-tests (`blockchain_test` fixtures): pre-state, genesis and
 * blocks as RLP, some of which must be refused. Answers a fault as a sentence, undefined when all is
 * well.
 */
import {
  type ChainConfig,
  createChain,
  createChainSpec,
  createEngine,
  type Fork,
} from '../../execution/index.ts'
import {
  type Address,
  decodeBlock,
  fromHex,
  type Hex,
  type Secp256k1,
} from '../../primitives/index.ts'
import { openStore } from '../../state/index.ts'
import {
  allocToChanges,
  configOf,
  type FixtureAccount,
  forkNames,
  type StateFixture,
} from './state-test.ts'

export type BlockchainFixture = {
  readonly network: string
  readonly genesisRLP: Hex
  readonly pre: Readonly<Record<Address, FixtureAccount>>
  readonly blocks: readonly { readonly rlp: Hex; readonly expectException?: string }[]
  readonly lastblockhash: Hex
  readonly config: StateFixture['config']
}

export async function runBlockchainTest(
  fixture: BlockchainFixture,
  secp256k1: Secp256k1,
): Promise<string | undefined> {
  const config = configFor(fixture)
  if (!config) return `network ${fixture.network} is unknown`
  const store = await openStore({ cacheBytes: 1_000_000, keepStates: 'archive' })
  try {
    const decoded = decodeBlock(fromHex(fixture.genesisRLP))
    if (decoded.type !== 'accept') return `genesis: ${decoded.message}`
    const genesis = decoded.value
    const update = store.computeUpdate(allocToChanges(fixture.pre))
    if (update.root !== genesis.header.stateRoot)
      return `genesis root ${update.root}, expected ${genesis.header.stateRoot}`
    await store.commit({ block: genesis, receipts: [], senders: [], update })
    const spec = createChainSpec(config)
    const chain = createChain({ spec, store, engine: createEngine({ spec, secp256k1 }), secp256k1 })
    for (const [i, { rlp, expectException }] of fixture.blocks.entries()) {
      const fault = await runBlock(chain, rlp, expectException)
      if (fault !== undefined) return `block ${i + 1}: ${fault}`
    }
    const { hash } = chain.head()
    return hash === fixture.lastblockhash
      ? undefined
      : `last block ${hash}, expected ${fixture.lastblockhash}`
  } finally {
    await store.close()
  }
}

async function runBlock(
  chain: ReturnType<typeof createChain>,
  rlp: Hex,
  expected: string | undefined,
): Promise<string | undefined> {
  const decoded = decodeBlock(fromHex(rlp))
  const verdict = decoded.type === 'accept' ? await chain.validate(decoded.value) : decoded
  if (expected !== undefined)
    return verdict.type === 'accept' ? `accepted, though ${expected} was expected` : undefined
  if (verdict.type !== 'accept') return `refused: ${verdict.message}`
  await chain.commit(verdict.value)
  return undefined
}

/** `Prague`, or `PragueToOsakaAtTime15k` and `BerlinToLondonAt5`: where one fork follows another. */
function configFor({ network, config }: BlockchainFixture): ChainConfig | undefined {
  const [, from = network, to, at, unit] = /^(.+?)To(.+?)At(?:Time)?(\d+)(k?)$/.exec(network) ?? []
  const [first, second] = [forkNames[from], to === undefined ? undefined : forkNames[to]]
  if (!first || (to !== undefined && !second)) return undefined
  if (!second) return configOf(config, first)
  const when = BigInt(at ?? 0) * (unit === 'k' ? 1000n : 1n)
  return startAt(configOf(config, first), configOf(config, second), when, second)
}

/** What the later configuration has and the earlier one has not begins at `when`. */
function startAt(before: ChainConfig, after: ChainConfig, when: bigint, fork: Fork): ChainConfig {
  const names = Object.keys(after) as (keyof ChainConfig)[]
  const later = names
    .filter((name) => !(name in before) && name !== 'terminalTotalDifficulty')
    .map((name) => [name, when])
  // Without proof of work the merge is a height here; no fixture crosses it by difficulty.
  return { ...(fork === 'paris' ? before : after), ...Object.fromEntries(later) }
}
