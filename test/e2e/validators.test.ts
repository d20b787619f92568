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
/** Of these heights after it is up, one must have its seal. */
const maxHeights = 16
const limitMs = 120_000 + kills * 20_000
/** Deterministic, so that a failure can be had again; not the seed of anything secret. */
const victimOf = (round: number): number => (round * 7 + 3) % 4

/** Whether the certificate of a height, as `from` has it, holds a seal of `by`. */
const hasSealed = async (by: Hex, from: ValidatorProcess, height: number): Promise<boolean> => {
  const certificate = await from.rpc<{ seals: { validator: Hex }[] } | null>(
    'attr_getCommitCertificate',
    [`0x${height.toString(16)}`],
  )
  return certificate?.seals.some(({ validator }) => validator === by) ?? false
}

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
      const block = await last.rpc<{ hash: Hex }>('eth_getBlockByNumber', [
        `0x${receipt.blockNumber.toString(16)}`,
        false,
      ])
      expect(block.hash).toBe(receipt.blockHash)
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
        const up = await tip()
        await reach(victim, up)
        const address = network.addresses[victim.index] ?? '0x'
        // A certificate holds the first three seals that came, so its own is not in every one.
        await waitFor(network, async () => {
          const heights = Array.from({ length: maxHeights }, (_, more) => up + more + 1)
          const sealed = await Promise.all(
            heights.map((height) => hasSealed(address, other, height).catch(() => false)),
          )
          return sealed.includes(true)
        })
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
      await reach(a, halted + 2)
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
