/**
 * Peers that say a right hello and mean no good, against real validator processes: one lies in sync, five
 * flood consensus, transactions and gossip, sync and rows. The chain goes on, memory stays bounded, the liar
 * is banned.
 * `SECONDS=60` for a longer flood.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { encodePacket, type Packet } from '../../consensus/index.ts'
import { createChainSpec } from '../../execution/index.ts'
import { parseGenesis } from '../../genesis/index.ts'
import { forkDigest } from '../../node/validator/network.ts'
import { consensusLanes, type Network, type NetworkPorts } from '../../p2p/index.ts'
import { rowsRequestCodec } from '../../p2p/rows-wire.ts'
import { transactionLanes } from '../../p2p/protocols.ts'
import { decodeRange, encodeRange } from '../../p2p/sync.ts'
import { encodeRlp, fromHex, type Hex } from '../../primitives/index.ts'
import { startNetwork } from '../support/network.ts'
import { until } from '../support/until.ts'
import {
  createValidatorNetwork,
  type ValidatorNetwork,
  type ValidatorProcess,
} from '../support/validators.ts'

const seconds = Number(process.env['SECONDS'] ?? 6)
const limitMs = 120_000 + seconds * 2_000
/** What a node may grow by under a flood: buffers of one peer, and what the collector leaves. */
const maxGrowthMib = 200
const hashOf = (byte: number): Hex => `0x${byte.toString(16).padStart(2, '0').repeat(32)}`

describe('four validators among bad peers', () => {
  let network: ValidatorNetwork
  let all: readonly ValidatorProcess[]
  const bad: Network[] = []

  beforeAll(async () => {
    network = await createValidatorNetwork()
    all = network.validators
    await Promise.all(all.slice(0, 3).map((validator) => validator.start()))
    await until(async () => (await victim().height()) >= 3, limitMs)
  }, limitMs)
  afterAll(async () => {
    await Promise.all(bad.map((peer) => peer.stop()))
    await network.stop()
  })

  const victim = (): ValidatorProcess => {
    const [first] = all
    if (!first) throw new Error('no validators')
    return first
  }
  /** A friend of these validators that speaks the protocol with a mind of its own. */
  const enter = async (
    n: number,
    to: readonly ValidatorProcess[],
    ports: Partial<NetworkPorts>,
  ): Promise<Network> => {
    const genesis = parseGenesis(readFileSync(network.genesisFile, 'utf8'))
    if (genesis.type !== 'accept') throw new Error(genesis.message)
    const spec = createChainSpec(genesis.value.config)
    const { hash } = await victim().rpc<{ hash: Hex }>('eth_getBlockByNumber', ['0x0', false])
    const peer = await startNetwork(n, ports, {
      name: spec.chainId.toString(),
      genesisHash: fromHex(hash),
      forkDigest: forkDigest(spec),
      bootnodes: to.map(({ address }) => address),
      maxBlockBytes: 8 * 2 ** 20 + 65_536,
    })
    bad.push(peer)
    return peer
  }
  test(
    'one that lies about blocks is banned by who syncs from it, and the sync ends at the true tip',
    async () => {
      const late = all[3]
      if (!late) throw new Error('no validators')
      let asked = 0
      const liar = await enter(201, [late], {
        status: () => ({ base: 0n, tip: 1_000n, tipHash: hashOf(2) }),
        async *answerSync(request) {
          asked += 1
          const range = decodeRange(request)
          if (range.type !== 'accept') return
          const { from, count } = range.value
          for (let i = 0; i < count; i++) yield encodePacket(lieAt(from + BigInt(i)))
        },
      })
      await late.start()
      await until(async () => (await late.height()) >= (await victim().height()) - 1, limitMs)
      await until(
        () => asked > 0 && late.stderr().includes('"outcome":"ban"'),
        limitMs,
        'the ban of the liar',
      )
      // It hangs up once it has said so.
      await until(async () => !(await peerIdsOf(late)).includes(liar.peerId), limitMs)
      expect(await hashAt(late, 2)).toBe(await hashAt(victim(), 2))
    },
    limitMs,
  )

  test(
    'one that floods its protocols is borne or banned; blocks go on and memory is bounded',
    async () => {
      const before = { height: await victim().height(), mib: victim().memoryMib() }
      const floods = await Promise.all([202, 203, 204, 205].map((n) => enter(n, [victim()], {})))
      const endMs = Date.now() + seconds * 1_000
      let most = before.mib
      while (Date.now() < endMs) {
        for (const [i, peer] of floods.entries()) flood(i, peer)
        await new Promise((resolve) => setTimeout(resolve, 20))
        most = Math.max(most, victim().memoryMib())
      }
      const after = await victim().height()
      process.stderr.write(
        `flood of ${seconds} s: ${before.mib.toFixed(0)} MiB before, at most ${most.toFixed(0)}, ` +
          `blocks ${before.height} to ${after}\n`,
      )
      expect(after - before.height).toBeGreaterThanOrEqual(Math.floor(seconds / 4))
      expect(most - before.mib).toBeLessThan(maxGrowthMib)
      expect(new Set(await Promise.all(all.map((one) => hashAt(one, before.height)))).size).toBe(1)
    },
    limitMs,
  )
})

/** A decision with seals that nobody made. */
const lieAt = (height: bigint): Packet => ({
  type: 'decision',
  certificate: {
    type: 'commit',
    height,
    round: 0,
    blockHash: hashOf(1),
    seals: [0, 1, 2].map((index) => ({ index, seal: `0x${'01'.repeat(64)}1b` as const })),
  },
  block: new Uint8Array(500),
})

const peerIdsOf = async (validator: ValidatorProcess): Promise<readonly string[]> =>
  (await validator.rpc<{ id: string }[]>('admin_peers')).map(({ id }) => id)

const hashAt = async (validator: ValidatorProcess, height: number): Promise<string> =>
  (
    await validator.rpc<{ hash: string }>('eth_getBlockByNumber', [
      `0x${height.toString(16)}`,
      false,
    ])
  ).hash

/** One burst: votes of strangers, old questions, senseless bytes, ranges, rows, each peer another kind. */
function flood(kind: number, peer: Network): void {
  for (const { peerId } of peer.friends())
    for (let i = 0; i < 64; i++) {
      if (kind === 0)
        peer.consensus.send(
          peerId,
          consensusLanes.vote,
          encodePacket({
            type: 'message',
            message: {
              type: 'prevote',
              height: 1_000_000n + BigInt(i),
              round: i,
              blockHash: hashOf(i),
              voter: `0x${'11'.repeat(20)}`,
              seal: `0x${'01'.repeat(65)}`,
            },
          }),
        )
      if (kind === 1)
        peer.consensus.send(peerId, consensusLanes.vote, encodePacket({ type: 'want', height: 1n }))
      if (kind === 2) {
        peer.transactions.send(
          peerId,
          transactionLanes.announce,
          new Uint8Array(32 * 4_096).fill(i),
        )
        peer.transactions.send(peerId, transactionLanes.batch, encodeRlp([new Uint8Array(60_000)]))
        void peer.publishBlock(new Uint8Array(100_000).fill(i)).catch(() => undefined)
      }
      if (kind === 4 && i < 8)
        void drain(
          peer.askRows(
            peerId,
            rowsRequestCodec.encode({ root: hashOf(i), from: 0, count: 65_536 }),
          ),
        )
      if (kind === 3 && i < 4)
        void drain(peer.askSync(peerId, encodeRange({ from: 1n, count: 64 })))
    }
}

/** Reads an answer to its end; one that is refused ends, too. */
async function drain(answer: AsyncGenerator<Uint8Array>): Promise<void> {
  try {
    for await (const _ of answer);
  } catch {
    // banned, or too many at once
  }
}
