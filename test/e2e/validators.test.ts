/**
 * Four validators, each its own process and folder: one killed again and again, two killed, all killed.
 * `KILLS=50` for the long form. Needs `npm run build`.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Hex } from '../../primitives/index.ts'
import { devnetKeys } from '../../node/devnet-keys.ts'
import { createWalletClient, http, publicActions } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import {
  createValidatorNetwork,
  type ValidatorNetwork,
  type ValidatorProcess,
  waitFor,
} from '../support/validators.ts'

const kills = Number(process.env['KILLS'] ?? 3)
/** The long form has the machine to itself; the short one runs beside other tests. */
const isAlone = kills > 3
/** A validator that is up again signs in the height in work or the one after it. */
const maxHeights = isAlone ? 2 : 6
/** A halted height is decided so many rounds after a quorum is back, at most. */
const maxRounds = isAlone ? 2 : 4
const limitMs = 120_000 + kills * 20_000
/** Deterministic, so that a failure can be had again; not the seed of anything secret. */
const victimOf = (round: number): number => (round * 7 + 3) % 4

interface Status {
  readonly height: Hex
  readonly round: Hex
  readonly signed: { readonly height: Hex } | null
}
const statusOf = (validator: ValidatorProcess): Promise<Status> =>
  validator.rpc<Status>('attr_consensusStatus')

describe('four validators', () => {
  let network: ValidatorNetwork
  let all: readonly ValidatorProcess[]

  beforeAll(async () => {
    network = await createValidatorNetwork()
    all = network.validators
    await Promise.all(all.map((validator) => validator.start()))
  }, limitMs)
  afterAll(async () => {
    await network.stop()
  })

  const tip = async (): Promise<number> =>
    Math.max(...(await Promise.all(all.map((validator) => validator.height()))))
  const reach = (validator: ValidatorProcess, height: number): Promise<void> =>
    waitFor(network, async () => (await validator.height()) >= height)
  test(
    'agree on blocks, and a transaction sent to one is executed by all',
    async () => {
      const [first, , , last] = all
      if (!first || !last) throw new Error('no validators')
      await reach(first, 2)
      const account = privateKeyToAccount(devnetKeys[0]?.[1] ?? '0x')
      const client = createWalletClient({ account, transport: http(first.url) }).extend(
        publicActions,
      )
      const to = `0x${'42'.repeat(20)}` as const
      const hash = await client.sendTransaction({ to, value: 5n, chain: null })
      const receipt = await client.waitForTransactionReceipt({ hash, pollingInterval: 200 })
      await reach(last, Number(receipt.blockNumber))
      expect(await last.rpc('eth_getBalance', [to, 'latest'])).toBe('0x5')
      const block = await last.rpc<{ hash: Hex; miner: Hex }>('eth_getBlockByNumber', [
        `0x${receipt.blockNumber.toString(16)}`,
        false,
      ])
      expect(block.hash).toBe(receipt.blockHash)
      // Its proposer's own: nobody named another.
      expect(BigInt(block.miner)).not.toBe(0n)
    },
    limitMs,
  )

  test('every block has a certificate of more than two thirds, served by every node', async () => {
    for (const validator of all) {
      const certificate = await validator.rpc<{
        height: Hex
        blockHash: Hex
        seals: { validator: Hex; seal: Hex }[]
      }>('attr_getCommitCertificate', ['0x2'])
      const block = await validator.rpc<{ hash: Hex }>('eth_getBlockByNumber', ['0x2', false])
      expect(certificate.blockHash).toBe(block.hash)
      const signers = new Set(certificate.seals.map(({ validator: signer }) => signer))
      expect(signers.size).toBeGreaterThanOrEqual(3)
      expect([...signers].every((signer) => network.addresses.includes(signer))).toBe(true)
    }
  })

  test(
    `one killed by SIGKILL ${kills} times: the others go on, it catches up and votes again`,
    async () => {
      for (let round = 0; round < kills; round++) {
        const victim = all[victimOf(round)]
        const other = all[(victimOf(round) + 1) % 4]
        if (!victim || !other) throw new Error('no validators')
        await victim.kill()
        const before = await tip()
        await reach(other, before + 2)
        await victim.start()
        // Up: it answers, and has enough of its peers back to take part.
        await waitFor(network, async () => Number(await victim.rpc<Hex>('net_peerCount')) >= 2)
        const up = await tip()
        // Its own guard says what it signed: a certificate holds the first three seals only.
        let signed = 0
        await waitFor(network, async () => {
          signed = Number((await statusOf(victim)).signed?.height ?? 0)
          return signed > up
        })
        expect(signed - up).toBeLessThanOrEqual(maxHeights)
        expect(await victim.height()).toBeGreaterThanOrEqual(up)
      }
    },
    limitMs,
  )

  test(
    'two killed: no block; one of them back: blocks again',
    async () => {
      const [a, b, c, d] = all
      if (!a || !b || !c || !d) throw new Error('no validators')
      await Promise.all([c.kill(), d.kill()])
      await waitFor(network, async () => {
        const before = await tip()
        await new Promise((resolve) => setTimeout(resolve, 3_000))
        return (await tip()) === before
      })
      const halted = await tip()
      await c.start()
      const back = await statusOf(a)
      await reach(a, halted + 2)
      const decided = await a.rpc<{ round: Hex }>('attr_getCommitCertificate', [
        `0x${(halted + 1).toString(16)}`,
      ])
      // Unless it was decided before anybody could look.
      const rounds =
        Number(back.height) > halted + 1 ? 0 : Number(decided.round) - Number(back.round)
      expect(rounds).toBeLessThanOrEqual(maxRounds)
      await d.start()
      await reach(d, halted + 3)
      expect(await tip()).toBeGreaterThan(halted)
    },
    limitMs,
  )

  test(
    'all killed at once: all go on from where they were',
    async () => {
      const before = await tip()
      await Promise.all(all.map((validator) => validator.kill()))
      await Promise.all(all.map((validator) => validator.start()))
      for (const validator of all) await reach(validator, before + 2)
      const hashes = await Promise.all(
        all.map((validator) =>
          validator.rpc<{ hash: Hex }>('eth_getBlockByNumber', [
            `0x${(before + 1).toString(16)}`,
            false,
          ]),
        ),
      )
      expect(new Set(hashes.map(({ hash }) => hash)).size).toBe(1)
    },
    limitMs,
  )
})
