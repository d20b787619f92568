/** What a validator may sign after a restart that found its log, its guard or its chain older than the key. */
import { expect, test } from '@jest/globals'
import {
  createEngine,
  type Decision,
  defaultParams,
  encodePacket,
  type Message,
  type Network,
  partsHashOf,
  proposerOf,
  type VoteType,
} from '../../../../consensus/index.ts'
import { createSigner } from '../../../../node/validator/signer.ts'
import { type Hex, keccakHex, nobleSecp256k1, silentLogger } from '../../../../primitives/index.ts'
import { lastLoggedHeight, openConsensusLog, openSignGuard } from '../../../../state/index.ts'
import { createHandClock, turn } from '../../../support/clock.ts'
import {
  certified,
  checkerOf,
  keysOf,
  type KeyPair,
  proposedBy,
  setOfKeys,
  votedBy,
} from '../../../support/consensus-keys.ts'
import { createTornDisk, type TornDisk } from '../../../support/torn-disk.ts'

const keys = keysOf(4)
const set = setOfKeys(keys)
const proposerAt = (round: number): KeyPair => {
  const found = keys.find(({ address }) => address === proposerOf(set, 1n, round))
  if (!found) throw new Error('every round has a proposer')
  return found
}
/** Has no turn in the first two rounds. */
const me = keys.find((key) => key !== proposerAt(0) && key !== proposerAt(1)) ?? proposerAt(9)
const others = keys.filter((key) => key !== me)
const blockA = new TextEncoder().encode('block A')
const blockB = new TextEncoder().encode('block B')
const logFile = '/v/log/000000000000001.wal'

/** A process of one validator. */
function createLife(disk: TornDisk, timeMs?: number) {
  const committed: Hex[] = []
  const clock = createHandClock()
  const log = { folder: '/v/log' }
  const genesisHash: Hex = `0x${'67'.repeat(32)}`
  const guard = openSignGuard(
    {
      path: '/v/guard',
      genesisHash,
      address: me.address,
      signedOnChain: undefined,
      hasTakenPart: lastLoggedHeight(log, disk) !== undefined,
    },
    disk,
  )
  const faults: unknown[] = []
  let receive: Parameters<Network['listen']>[0] | undefined
  const engine = createEngine(
    { params: defaultParams },
    {
      app: {
        next: () => ({
          height: BigInt(committed.length) + 1n,
          validators: set,
          nextValidators: set,
          dueMs: clock.nowMs(),
        }),
        propose: async () => ({
          blockHash: keccakHex(blockA),
          timeMs: clock.nowMs(),
          block: blockA,
        }),
        identify: keccakHex,
        validate: async (_height, block) => ({
          valid: true,
          blockHash: keccakHex(block),
          timeMs: timeMs ?? clock.nowMs(),
        }),
        async commit({ certificate }) {
          committed.push(certificate.blockHash)
        },
        decision: () => undefined,
      },
      signer: createSigner({ address: me.address, privateKey: me.key }, guard, nobleSecp256k1),
      wal: openConsensusLog({ ...log, newSalt: () => 5 }, disk),
      network: {
        broadcast: () => undefined,
        send: () => undefined,
        listen: (listener) => (receive = listener),
      },
      checker: checkerOf(),
      clock,
      log: silentLogger,
      onFault: (error) => faults.push(error),
    },
  )
  engine.start()
  const say = (message: Message): void =>
    void receive?.(encodePacket({ type: 'message', message }), 'peer')
  const vote = (
    voters: readonly KeyPair[],
    type: VoteType,
    round: number,
    block: Uint8Array | null,
  ) => {
    const blockHash = block && keccakHex(block)
    for (const voter of voters) say(votedBy(voter, set, { type, round, blockHash }))
  }
  return {
    engine,
    guard,
    clock,
    faults,
    vote,
    async propose(round: number, block: Uint8Array): Promise<void> {
      const proposal = proposedBy(proposerAt(round), set, block, { round })
      say(proposal)
      const partsHash = partsHashOf(proposal.partHashes)
      say({ type: 'part', height: 1n, partsHash, index: 0, bytes: block })
      await turn()
    },
  }
}
type Life = ReturnType<typeof createLife>

/** Prevotes and precommits A in round 0, and so is locked on it. */
async function lockOnA(life: Life): Promise<void> {
  await life.clock.advance(1)
  await life.propose(0, blockA)
  life.vote(others.slice(0, 2), 'prevote', 0, blockA)
  await turn()
  expect(life.guard.last()).toMatchObject({ height: 1n, round: 0, step: 'precommit' })
  await life.engine.stop()
}

/** Gets it to round 1, where B is proposed, and to vote if it would. */
async function temptWithB(life: Life): Promise<void> {
  await life.clock.advance(1)
  life.vote(others, 'precommit', 0, null)
  await life.clock.advance(2_000)
  expect(life.engine.state().round.round).toBe(1)
  await life.propose(1, blockB)
  await life.clock.advance(10_000)
  await life.engine.stop()
}
/** Whoever forgot the lock would prevote B. */
const hasVotedInRoundOne = ({ guard }: Life): boolean => {
  const last = guard.last()
  return last?.round === 1 && last.seal !== '0x'
}

test('a validator with its log stays with its lock: in round 1 it prevotes nil', async () => {
  const disk = createTornDisk()
  await lockOnA(createLife(disk))
  const again = createLife(disk)
  expect(again.engine.state().round).toMatchObject({ lockedValue: keccakHex(blockA) })
  await temptWithB(again)
  expect(hasVotedInRoundOne(again)).toBe(true)
  expect(again.engine.state().round.lockedValue).toBe(keccakHex(blockA))
})

/** What can happen to the log of a height behind the guard's back. */
const losses: readonly (readonly [string, (disk: TornDisk) => void])[] = [
  ['the whole log', (disk) => disk.remove(logFile)],
  ['all but its beginning', (disk) => disk.open(logFile).truncate(700)],
  [
    'its last records, which had been flushed',
    (disk) => disk.open(logFile).truncate((disk.read(logFile)?.length ?? 0) - 300),
  ],
]
test.each(losses)(
  'a log that has lost %s: nothing is signed at this height in any later life',
  async (_, lose) => {
    const disk = createTornDisk()
    await lockOnA(createLife(disk))
    lose(disk)
    // One that only starts and stops, and logs that it did; then one that lives on.
    const idle = createLife(disk)
    await idle.clock.advance(1)
    await idle.engine.stop()
    const next = createLife(disk)
    await temptWithB(next)
    expect(hasVotedInRoundOne(next)).toBe(false)
    expect(next.faults).toEqual([])
  },
)

test('a chain that brings a seal of this key which its guard does not know stops the node', async () => {
  const fields = { height: 1n, round: 0, blockHash: keccakHex(blockA) }
  const decisionBy = (signers: readonly KeyPair[]): Decision => ({
    certificate: certified(
      'commit',
      keys,
      set,
      signers.map((key) => keys.indexOf(key)).toSorted((a, b) => a - b),
      fields,
    ),
    block: blockA,
  })
  const restored = createLife(createTornDisk())
  // Never comes back: the process ends.
  void restored.engine.offer(decisionBy([me, ...others.slice(1)]))
  await turn()
  expect(restored.faults).toMatchObject([{ code: 'GUARD_BEHIND' }])
  const absent = createLife(createTornDisk())
  await absent.engine.offer(decisionBy(others))
  await turn()
  expect(absent.faults).toEqual([])
  await absent.engine.stop()
})

test('a verdict that the log cannot hold is the block’s fault, and stops no node at no start', async () => {
  const disk = createTornDisk()
  for (const life of [createLife(disk, 2 ** 53), createLife(disk, 2 ** 53)]) {
    await life.clock.advance(1)
    await life.propose(0, blockA)
    await turn()
    expect(life.faults).toEqual([])
    // Nil is what an invalid block gets.
    expect(life.guard.last()).toMatchObject({ step: 'prevote', round: 0 })
    expect(life.engine.state().blocks[0]?.verdict).toMatchObject({ valid: false })
    await life.engine.stop()
  }
})
