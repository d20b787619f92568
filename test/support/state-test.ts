/**
 * Runs a state test of execution-spec-tests (`state_test` fixtures): pre-state, one transaction, and
 * the root and logs hash it must lead to. Answers faults as sentences, none when all is well.
 */
import {
  createChainSpec,
  createEngine,
  type ChainConfig,
  type Fork,
  forks,
} from '../../execution/index.ts'
import {
  type AccountChange,
  type Address,
  decodeTransaction,
  emptyTrieRoot,
  emptyUnclesHash,
  encodeRlp,
  fromHex,
  type Header,
  type Hex,
  keccakHex,
  type Log,
  recoverSender,
  type Secp256k1,
  type StateChanges,
} from '../../primitives/index.ts'
import { createJournal, type StateSource } from '../../state/index.ts'

export type FixtureAccount = {
  readonly nonce: Hex
  readonly balance: Hex
  readonly code: Hex
  readonly storage: Readonly<Record<Hex, Hex>>
}

export type StateFixture = {
  readonly env: Readonly<Record<string, Hex>>
  readonly pre: Readonly<Record<Address, FixtureAccount>>
  readonly post: Readonly<
    Record<
      string,
      readonly {
        readonly hash: Hex
        readonly logs: Hex
        readonly txbytes: Hex
        readonly expectException?: string
      }[]
    >
  >
  readonly config: {
    readonly chainid: Hex
    readonly blobSchedule?: Readonly<Record<string, Readonly<Record<string, Hex>>>>
  }
}

/** The fixtures' names of forks. */
export const forkNames: Readonly<Record<string, Fork>> = {
  Frontier: 'chainstart',
  Homestead: 'homestead',
  EIP150: 'tangerineWhistle',
  EIP158: 'spuriousDragon',
  Byzantium: 'byzantium',
  ConstantinopleFix: 'petersburg',
  Istanbul: 'istanbul',
  Berlin: 'berlin',
  London: 'london',
  Paris: 'paris',
  Shanghai: 'shanghai',
  Cancun: 'cancun',
  Prague: 'prague',
  Osaka: 'osaka',
  BPO1: 'bpo1',
  BPO2: 'bpo2',
  BPO3: 'bpo3',
  BPO4: 'bpo4',
  BPO5: 'bpo5',
}

/** A store that holds `alloc` as its block 0, ready for one execution. */
export type OpenState = (alloc: StateChanges) => Promise<StateSource & { close(): Promise<void> }>

export async function runStateTest(
  fixture: StateFixture,
  openState: OpenState,
  secp256k1: Secp256k1,
): Promise<{ readonly ran: number; readonly faults: readonly string[] }> {
  const faults: string[] = []
  let ran = 0
  for (const [name, posts] of Object.entries(fixture.post)) {
    const fork = forkNames[name]
    if (!fork) {
      faults.push(`fork ${name} is unknown`)
      continue
    }
    for (const [i, post] of posts.entries()) {
      const fault = await runPost(fixture, post, fork, openState, secp256k1)
      if (fault) faults.push(`${name} ${i}: ${fault}`)
      ran++
    }
  }
  return { ran, faults }
}

async function runPost(
  fixture: StateFixture,
  post: StateFixture['post'][string][number],
  fork: Fork,
  openState: OpenState,
  secp256k1: Secp256k1,
): Promise<string | undefined> {
  const state = await openState(allocToChanges(fixture.pre))
  try {
    const journal = createJournal(state.stateAt(0n))
    const refusal = await apply(fixture, post.txbytes, fork, journal, secp256k1)
    if (post.expectException !== undefined && refusal.logs)
      return `accepted, though ${post.expectException} was expected`
    if (post.expectException === undefined && !refusal.logs)
      return `refused: ${refusal.message ?? ''}`
    const { root } = state.computeUpdate(journal.changes())
    if (root !== post.hash) return `state root ${root}, expected ${post.hash}`
    const logs = hashLogs(refusal.logs ?? [])
    return logs === post.logs ? undefined : `logs hash ${logs}, expected ${post.logs}`
  } finally {
    await state.close()
  }
}

async function apply(
  fixture: StateFixture,
  raw: Hex,
  fork: Fork,
  journal: ReturnType<typeof createJournal>,
  secp256k1: Secp256k1,
): Promise<{ readonly logs?: readonly Log[]; readonly message?: string }> {
  const decoded = decodeTransaction(fromHex(raw))
  if (decoded.type !== 'accept') return decoded
  const sender = recoverSender(decoded.value, secp256k1)
  if (!sender) return { message: 'no sender' }
  const engine = createEngine({ spec: createChainSpec(configOf(fixture.config, fork)), secp256k1 })
  const header = headerOf(fixture.env, fork)
  const context = {
    header,
    blockHash: (number: bigint) => keccakHex(new TextEncoder().encode(number.toString())),
  }
  const verdict = await engine.runTransaction(
    journal,
    context,
    decoded.value,
    sender,
    header.gasLimit,
  )
  return verdict.type === 'accept' ? verdict.value : verdict
}

/** Every fork up to the one wanted, from the start. */
export function configOf(config: StateFixture['config'], fork: Fork): ChainConfig {
  const has = (other: Fork): boolean => forks.indexOf(other) <= forks.indexOf(fork)
  const keys: Readonly<Partial<Record<Fork, readonly string[]>>> = {
    homestead: ['homesteadBlock'],
    tangerineWhistle: ['eip150Block'],
    spuriousDragon: ['eip155Block', 'eip158Block'],
    byzantium: ['byzantiumBlock'],
    constantinople: ['constantinopleBlock'],
    petersburg: ['petersburgBlock'],
    istanbul: ['istanbulBlock'],
    berlin: ['berlinBlock'],
    london: ['londonBlock'],
    paris: ['mergeNetsplitBlock', 'terminalTotalDifficulty'],
    shanghai: ['shanghaiTime'],
    cancun: ['cancunTime'],
    prague: ['pragueTime'],
    osaka: ['osakaTime'],
    bpo1: ['bpo1Time'],
    bpo2: ['bpo2Time'],
    bpo3: ['bpo3Time'],
    bpo4: ['bpo4Time'],
    bpo5: ['bpo5Time'],
  }
  const active = Object.entries(keys).flatMap(([name, list]) => (has(name as Fork) ? list : []))
  const schedule = Object.entries(config.blobSchedule ?? {}).map(([name, params]) => [
    name.toLowerCase(),
    {
      target: Number(params['target']),
      max: Number(params['max']),
      baseFeeUpdateFraction: BigInt(params['baseFeeUpdateFraction'] ?? 1),
    },
  ])
  return {
    chainId: BigInt(config.chainid),
    ...Object.fromEntries(active.map((key) => [key, 0n])),
    blobSchedule: Object.fromEntries(schedule),
  }
}

function headerOf(env: StateFixture['env'], fork: Fork): Header {
  const integer = (name: string): bigint => BigInt(env[name] ?? 0)
  const zero: Hex = `0x${'00'.repeat(32)}`
  const has = (other: Fork): boolean => forks.indexOf(other) <= forks.indexOf(fork)
  return {
    parentHash: zero,
    unclesHash: emptyUnclesHash,
    feeRecipient: env['currentCoinbase'] ?? '0x',
    stateRoot: emptyTrieRoot,
    transactionsRoot: emptyTrieRoot,
    receiptsRoot: emptyTrieRoot,
    logsBloom: `0x${'00'.repeat(256)}`,
    difficulty: has('paris') ? 0n : integer('currentDifficulty'),
    number: integer('currentNumber'),
    gasLimit: integer('currentGasLimit'),
    gasUsed: 0n,
    timestamp: integer('currentTimestamp'),
    extraData: '0x',
    prevRandao: env['currentRandom'] ?? zero,
    nonce: '0x0000000000000000',
    ...(has('london') && { baseFeePerGas: integer('currentBaseFee') }),
    ...(has('cancun') && { blobGasUsed: 0n, excessBlobGas: integer('currentExcessBlobGas') }),
  }
}

export function allocToChanges(alloc: StateFixture['pre']): StateChanges {
  const accounts = new Map<Address, AccountChange>()
  const codes = new Map<Hex, Uint8Array>()
  for (const [address, { nonce, balance, code, storage }] of Object.entries(alloc)) {
    const bytes = fromHex(code)
    const codeHash = keccakHex(bytes)
    if (bytes.length > 0) codes.set(codeHash, bytes)
    accounts.set(address.toLowerCase() as Address, {
      nonce: BigInt(nonce),
      balance: BigInt(balance),
      codeHash,
      wiped: false,
      slots: Object.entries(storage)
        .map(([slot, value]) => [BigInt(slot), BigInt(value)] as const)
        .filter(([, value]) => value !== 0n),
    })
  }
  return { accounts, codes }
}

const hashLogs = (logs: readonly Log[]): Hex =>
  keccakHex(encodeRlp(logs.map((log) => [fromHex(log.address), log.topics.map(fromHex), log.data])))
