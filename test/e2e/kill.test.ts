/**
 * SIGKILL at a random instant under load, again and again on one database: what was acknowledged is
 * there afterwards, and every root computes to the same. ROUNDS=200 is the full form
 * (`npm run test:kill`); SEED repeats a run's instants (not its scheduling).
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { counterCreation, createSigner } from '../support/load.ts'
import { type Devnet, rpcCall, runCommand, startDevnet } from '../support/node.ts'

type Hex = `0x${string}`

const rounds = Number(process.env['ROUNDS'] ?? 8)
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
const senders = 6
/**
 * From the start of the load, or in every second round from the first acknowledgement, to the kill:
 * before the first block to many blocks in, on a slow machine as on a fast one.
 */
const maxLifeMs = 600

/** mulberry32: small, seeded, good enough to choose instants. */
function createDice(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Acknowledged {
  readonly hashes: Set<Hex>
  head: bigint
  /** Called at every acknowledgement. */
  onHash?: () => void
}

/** Sends until the node is gone; writes down every answer. */
async function sendForever(node: Devnet, index: number, acked: Acknowledged): Promise<void> {
  const { privateKey, address } = node.accounts[index]!
  const nonce = await rpcCall<Hex>(node.httpUrl, 'eth_getTransactionCount', [address, 'latest'])
  const signer = createSigner(privateKey, node.chainId, Number(nonce))
  let contract: Hex | undefined
  for (let i = 0; ; i++) {
    const raw =
      contract === undefined
        ? await signer.next(null, 0n, counterCreation)
        : i % 2 === 0
          ? await signer.next(contract, 0n)
          : await signer.next(`0x${(1000 + i).toString(16).padStart(40, '0')}`, 1n)
    const hash = await rpcCall<Hex>(node.httpUrl, 'eth_sendRawTransaction', [raw])
    acked.hashes.add(hash)
    acked.onHash?.()
    const head = BigInt(await rpcCall<Hex>(node.httpUrl, 'eth_blockNumber'))
    if (head > acked.head) acked.head = head
    if (contract !== undefined) continue
    const receipt = await rpcCall<{ contractAddress: Hex } | null>(
      node.httpUrl,
      'eth_getTransactionReceipt',
      [hash],
    )
    if (!receipt) throw new Error(`acknowledged ${hash} has no receipt`)
    contract = receipt.contractAddress
  }
}

/**
 * A connection that ends is the kill; anything else is a finding. By name: fetch's errors come from
 * another realm than Jest's.
 */
const isGone = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'message' in error &&
  /^(fetch failed|terminated)$/.test(String(error.message))

test(
  `${rounds} kills lose nothing that was acknowledged (seed ${seed})`,
  async () => {
    const datadir = await mkdtemp(join(tmpdir(), 'tributary-kill-'))
    const dice = createDice(seed)
    const all: Acknowledged = { hashes: new Set(), head: 0n }
    try {
      for (let round = 0; round < rounds; round++) {
        const node = await startDevnet(['--datadir', datadir])
        expect(BigInt(node.head)).toBeGreaterThanOrEqual(all.head)
        const fresh: Acknowledged = { hashes: new Set(), head: BigInt(node.head) }
        const first = new Promise<void>((resolve) => (fresh.onHash = resolve))
        const load = Array.from({ length: senders }, (_, i) => sendForever(node, i, fresh))
        const ends = Promise.allSettled(load)
        if (round % 2 === 1) await Promise.race([first, ends])
        await new Promise((resolve) => setTimeout(resolve, dice() * maxLifeMs))
        await node.kill()
        for (const end of await ends)
          if (end.status === 'rejected' && !isGone(end.reason)) throw end.reason

        const again = await startDevnet(['--datadir', datadir])
        expect(BigInt(again.head)).toBeGreaterThanOrEqual(fresh.head)
        const lost: Hex[] = []
        for (const hash of fresh.hashes)
          if ((await rpcCall(again.httpUrl, 'eth_getTransactionReceipt', [hash])) === null)
            lost.push(hash)
        expect(lost).toEqual([])
        await again.kill()
        all.head = BigInt(again.head)
        for (const hash of fresh.hashes) all.hashes.add(hash)
        const check = await runCommand(['db', 'check', '--datadir', datadir])
        expect([check.code, check.stderr]).toEqual([0, ''])
      }
      // A run in which nothing was acknowledged would prove nothing.
      expect(all.hashes.size).toBeGreaterThanOrEqual(Math.floor(rounds / 2))
    } finally {
      await rm(datadir, { recursive: true, force: true })
    }
  },
  60_000 + rounds * 10_000,
)
