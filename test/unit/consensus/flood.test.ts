/** What one faulty validator, or anybody, sends by the hundred: refused before its seal is checked, and never logged. */
import { expect, test } from '@jest/globals'
import {
  createEngine,
  defaultParams,
  encodePacket,
  type Message,
  type Network,
  partsHashOf,
  proposerOf,
} from '../../../consensus/index.ts'
import { type Hex, keccakHex, silentLogger } from '../../../primitives/index.ts'
import { createHandClock, turn } from '../../support/clock.ts'
import {
  checkerOf,
  fourKeys,
  type KeyPair,
  proposedBy,
  setOfKeys,
  votedBy,
} from '../../support/consensus-keys.ts'

const keys = fourKeys()
const set = setOfKeys(keys)
const [proposer = keys[0]] = keys.filter(({ address }) => address === proposerOf(set, 1n, 0))
const [me = keys[0], byzantine = keys[1], ...others] = keys.filter((key) => key !== proposer)
const block = new TextEncoder().encode('block')
const many = 30
const hashOf = (n: number): Hex => keccakHex(Uint8Array.of(n >> 8, n))
const times = <item>(make: (n: number) => item): item[] =>
  Array.from({ length: many }, (_, n) => make(n))

/** An engine in height 1, what it logs, reports, executes, and how often it checks a seal. */
async function createVictim() {
  const clock = createHandClock()
  const checker = checkerOf()
  const seen = { records: 0, evidence: 0, executed: 0, seals: 0 }
  let receive: Parameters<Network['listen']>[0] | undefined
  const engine = createEngine(
    { params: defaultParams },
    {
      app: {
        next: () => ({
          height: 1n,
          validators: set,
          nextValidators: set,
          dueMs: clock.nowMs(),
        }),
        propose: () => Promise.reject(new Error('it is not our turn')),
        identify: keccakHex,
        async validate(_height, bytes) {
          seen.executed++
          return { valid: true, blockHash: keccakHex(bytes), timeMs: clock.nowMs() }
        },
        commit: async () => undefined,
        decision: () => undefined,
      },
      signer: {
        address: me.address,
        last: () => undefined,
        raise: () => undefined,
        confirm: () => undefined,
        sign: () => ({ type: 'accept', value: `0x${'00'.repeat(65)}` }),
      },
      wal: { begin: () => [], append: () => void seen.records++, flush: () => undefined },
      network: {
        broadcast: () => undefined,
        send: () => undefined,
        listen: (listener) => (receive = listener),
      },
      checker: {
        ...checker,
        signerOf(...args) {
          seen.seals++
          return checker.signerOf(...args)
        },
      },
      clock,
      log: silentLogger,
      observer: { onEvidence: () => void seen.evidence++ },
      onFault(error) {
        throw error
      },
    },
  )
  engine.start()
  await clock.advance(1)
  const say = (message: Message): void =>
    void receive?.(encodePacket({ type: 'message', message }), 'peer')
  return {
    engine,
    say,
    /** What a flood costs, after what came before. */
    cost: (messages: readonly Message[]) => {
      const before = { ...seen }
      for (const message of messages) say(message)
      return {
        records: seen.records - before.records,
        evidence: seen.evidence - before.evidence,
        executed: seen.executed - before.executed,
        seals: seen.seals - before.seals,
      }
    },
    seen,
  }
}
const free = { records: 0, evidence: 0, executed: 0, seals: 0 }
const voteOf = (voter: KeyPair, fields: Parameters<typeof votedBy>[2]) =>
  votedBy(voter, set, fields)

test('votes of the next height from who holds its places', async () => {
  const { engine, say, cost } = await createVictim()
  for (let round = 1; round <= 4; round++) say(voteOf(byzantine, { height: 2n, round }))
  const flood = times((n) => voteOf(byzantine, { height: 2n, round: 0, blockHash: hashOf(n) }))
  expect(cost(flood)).toEqual(free)
  await engine.stop()
})

test('contradicting votes of a far round: a few are kept and told of', async () => {
  const { engine, cost } = await createVictim()
  const flood = times((n) => voteOf(byzantine, { round: 9, blockHash: hashOf(n) }))
  expect(cost(flood)).toEqual({ ...free, records: 4, evidence: 3, seals: 4 })
  expect(cost(times(() => voteOf(byzantine, { round: 8, blockHash: null })))).toEqual(free)
  await engine.stop()
})

test('a round certificate whose votes are known', async () => {
  const { engine, cost } = await createVictim()
  const votes = [byzantine, ...others, proposer]
    .toSorted((a, b) => keys.indexOf(a) - keys.indexOf(b))
    .map((voter) => voteOf(voter, { type: 'precommit', blockHash: null }))
  const certificate = { type: 'round', height: 1n, round: 1, votes } as const
  expect(cost([certificate])).toEqual({ ...free, records: 1, seals: 3 })
  expect(cost(times(() => certificate))).toEqual(free)
  await engine.stop()
})

test('proposals of rounds far off, and more than two of this one', async () => {
  const { engine, cost } = await createVictim()
  const far = [2, 3, 4, 5].find((round) => proposerOf(set, 1n, round) === byzantine.address) ?? 0
  const flood = times((n) => proposedBy(byzantine, set, Uint8Array.of(n), { round: far }))
  expect(cost(flood)).toEqual(free)
  const variants = times((n) => proposedBy(proposer, set, Uint8Array.of(n)))
  expect(cost(variants)).toEqual({ ...free, records: 2, evidence: 1, seals: 2 })
  await engine.stop()
})

test('after a polka: other bytes under the hash of its block, whole or not', async () => {
  const { engine, say, seen } = await createVictim()
  const propose = (bytes: Uint8Array): void => {
    const proposal = proposedBy(proposer, set, bytes, { blockHash: keccakHex(block) })
    say(proposal)
    const partsHash = partsHashOf(proposal.partHashes)
    say({ type: 'part', height: 1n, partsHash, index: 0, bytes })
  }
  propose(block)
  await turn()
  for (const voter of [proposer, ...others]) say(voteOf(voter, { blockHash: keccakHex(block) }))
  const before = { ...seen }
  for (let n = 0; n < many; n++) propose(Uint8Array.of(n))
  await turn()
  const { proposals, blocks } = engine.state()
  expect(proposals).toHaveLength(4)
  expect(blocks).toHaveLength(4)
  expect(seen.executed - before.executed).toBe(3)
  await engine.stop()
})
