/**
 * `dev --validators 4 --full-nodes 2` over real libp2p: what is sent to any node is in a decided block
 * and on all six, once (`TRANSACTIONS=10000` is the long form, `npm run test:network`); rows given to one
 * are held by all (`ROWS_MB=100`, `npm run test:rows`).
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { buildVersion } from '../../attribution/methods/index.ts'
import { createSigner } from '../support/load.ts'
import { type Devnet, rpcCall, startDevnet } from '../support/node.ts'
import { createContributor, isHeld, rowsOf, untilHeld } from '../support/rows-network.ts'
import { until } from '../support/until.ts'

type Hex = `0x${string}`

interface Member {
  readonly pid: number
  readonly httpUrl: string
  readonly metricsUrl: string
}
type NetworkReady = Devnet & {
  readonly validators: readonly Member[]
  readonly fullNodes: readonly Member[]
}

const count = Number(process.env['TRANSACTIONS'] ?? 200)
const limitMs = 120_000 + count * 120
const rowsMb = Number(process.env['ROWS_MB'] ?? 1)
const rowsLimitMs = 120_000 + rowsMb * 20_000
/** Unmined transactions of one account; more may be refused by a pool. */
const maxInFlight = 16

describe('four validators and two full nodes', () => {
  let folder: string
  let network: NetworkReady
  let nodes: readonly Member[]

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tributary-full-'))
    const options = ['--validators', '4', '--full-nodes', '2', '--metrics-port', '0']
    network = (await startDevnet([...options, '--datadir', folder])) as NetworkReady
    nodes = [...network.validators, ...network.fullNodes]
  }, 120_000)
  afterAll(async () => {
    await network.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const signerOf = (index: number) => {
    const { privateKey } = network.accounts[index] ?? { privateKey: '0x' }
    return createSigner(privateKey, network.chainId, 0)
  }
  const urlAt = (at: number): string => nodes[at % nodes.length]?.httpUrl ?? ''
  const receiptAt = ({ httpUrl }: Member, hash: Hex) =>
    rpcCall<{ blockHash: Hex } | null>(httpUrl, 'eth_getTransactionReceipt', [hash])

  test('a transaction sent to a full node is in a decided block, visible on all six', async () => {
    const raw = await signerOf(9).next(`0x${'42'.repeat(20)}`, 7n)
    const [, follower] = network.fullNodes
    const hash = await rpcCall<Hex>(follower!.httpUrl, 'eth_sendRawTransaction', [raw])
    for (const node of nodes) await until(async () => (await receiptAt(node, hash)) !== null)
    const blocks = await Promise.all(nodes.map((node) => receiptAt(node, hash)))
    expect(new Set(blocks.map((receipt) => receipt?.blockHash)).size).toBe(1)
  }, 60_000)

  test(
    `${count} transactions sent to random nodes all land exactly once`,
    async () => {
      const each = Math.ceil(count / senders.length)
      await Promise.all(
        senders.map(async (sender) => {
          const signer = signerOf(sender)
          for (let nonce = 0; nonce < each; nonce++) {
            const raw = await signer.next(recipientOf(sender), 1n)
            await rpcCall(urlAt(sender * 31 + nonce * 7), 'eth_sendRawTransaction', [raw])
            if (nonce % maxInFlight === maxInFlight - 1)
              await until(
                async () => (await nonceOf(urlAt(nonce), signer.address)) > nonce - maxInFlight / 2,
                60_000,
              )
          }
          await until(async () => (await nonceOf(urlAt(sender), signer.address)) === each, 60_000)
        }),
      )
      for (const { httpUrl } of nodes) {
        const received = () => Promise.all(senders.map((sender) => balanceOf(httpUrl, sender)))
        await until(async () => (await received()).every((wei) => wei >= each))
        expect(await received()).toEqual(senders.map(() => each))
      }
    },
    limitMs,
  )

  test(
    `${rowsMb} MB of rows given to one are a held version on all, span receipts with equal roots`,
    async () => {
      const [first, , , last] = network.validators
      const urls = nodes.map(({ httpUrl }) => httpUrl)
      const { privateKey } = network.accounts[8] ?? { privateKey: '0x' }
      const contributor = createContributor(first!.httpUrl, privateKey)
      const batches = rowsOf(rowsMb * 1_000_000, 7)
      const [startMs, startHeight] = [Date.now(), await heightOf(last!.httpUrl)]
      const versionId = await contributor.publish(batches, await contributor.datanet())
      process.stdout.write(`${rowsMb} MB published after ${Date.now() - startMs} ms\n`)
      await Promise.all(urls.map((url) => untilHeld(url, versionId, rowsLimitMs)))
      const heldMs = Date.now() - startMs
      // A block a second all the while: with a version at work nobody's vote is late by more than that.
      const blocks = (await heightOf(last!.httpUrl)) - startHeight
      process.stdout.write(`held on all after ${heldMs} ms, in which ${blocks} blocks came\n`)
      expect((blocks * 1_000) / heldMs).toBeGreaterThan(0.3)
      const text = new TextDecoder().decode(batches[0]).slice(40, 2_000)
      const receipt = await contributor.attributed(versionId, text)
      for (const node of nodes)
        await until(async () => (await receiptAt(node, receipt.transactionHash)) !== null, 60_000)
      const height = `0x${receipt.blockNumber.toString(16)}`
      const roots = await Promise.all(
        urls.map((url) =>
          rpcCall<{ stateRoot: Hex; receiptsRoot: Hex }>(url, 'eth_getBlockByNumber', [
            height,
            false,
          ]),
        ),
      )
      expect(new Set(roots.map(({ stateRoot }) => stateRoot)).size).toBe(1)
      expect(new Set(roots.map(({ receiptsRoot }) => receiptsRoot)).size).toBe(1)
      // A full node was given no rows, and has them.
      const { root } = buildVersion(batches.slice(0, 1))
      const [follower] = network.fullNodes
      expect(await rpcCall(follower!.httpUrl, 'attr_hasRows', [root])).toBe(true)
    },
    rowsLimitMs,
  )

  test('rows that nobody gives leave their version external, and the chain at its pace', async () => {
    const [first, second] = network.validators
    const { privateKey } = network.accounts[7] ?? { privateKey: '0x' }
    const contributor = createContributor(first!.httpUrl, privateKey)
    const versionId = await contributor.withheld(rowsOf(20_000, 8)[0]!)
    const from = await heightOf(second!.httpUrl)
    await until(async () => (await heightOf(second!.httpUrl)) >= from + 5, 60_000)
    expect(await isHeld(second!.httpUrl, versionId)).toBe(false)
  }, 120_000)

  test('full nodes hear blocks by gossip, and say so in their metrics', async () => {
    for (const { metricsUrl } of network.fullNodes) {
      let health = {}
      await until(async () => {
        const answer = await fetch(`${metricsUrl}/health`)
        health = (await answer.json()) as object
        return answer.status === 200 && 'peers' in health && health.peers === 5
      })
      expect(health).toEqual({ ready: true, height: expect.stringMatching(/^\d+$/), peers: 5 })
      const text = await (await fetch(`${metricsUrl}/metrics`)).text()
      expect(valueIn(text, 'tributary_gossip_messages_total{verdict="accept"}')).toBeGreaterThan(0)
      expect(valueIn(text, 'tributary_gossip_messages_total{verdict="reject"}')).toBe(0)
      expect(valueIn(text, 'tributary_block_height')).toBeGreaterThan(0)
      expect(valueIn(text, 'tributary_p2p_peers')).toBe(5)
    }
  })

  test('a network that two of four have left says so, once, and that it goes on', async () => {
    const [, , ...stopped] = network.validators
    // Right after a block, before anybody votes at the next height.
    const before = network.lines.length
    await until(
      () => network.lines.slice(before).some((line) => line.includes('"type":"block"')),
      60_000,
    )
    for (const { pid } of stopped) process.kill(pid, 'SIGSTOP')
    const from = network.lines.length
    const said = () =>
      network.lines
        .slice(from)
        .filter((line) => line.includes('"standstill"'))
        .map((line) => JSON.parse(line) as { readonly times: number; readonly sentence: string })
        // The end of one that was before is none of ours.
        .filter(({ times }, i) => times > 0 || i > 0)
    await until(() => said().length > 0, 60_000)
    for (const { pid } of stopped) process.kill(pid, 'SIGCONT')
    await until(() => said().at(-1)?.times === 0, 60_000)
    const [first, ...later] = said()
    expect(first?.sentence).toMatch(
      /^no block for 1\d s: 2 of 4 validators \(power 50 %\) have said nothing at height \d+: (?=.*validator 2)(?=.*validator 3)/,
    )
    expect(later.map(({ times }) => times)).toEqual(
      later.map((_, i) => (i === later.length - 1 ? 0 : i + 2)),
    )
    expect(later.at(-1)?.sentence).toMatch(
      /^the chain goes on with block \d+, after \d+ s without one$/,
    )
  }, 150_000)
})

const heightOf = async (url: string): Promise<number> =>
  Number(await rpcCall<Hex>(url, 'eth_blockNumber', []))

const senders = [0, 1, 2, 3, 4, 5, 6, 7]
/** Of one sender alone: what it has is how many of its transactions landed. */
const recipientOf = (sender: number): Hex =>
  `0x${(0xfeed00 + sender).toString(16).padStart(40, '0')}`

const balanceOf = async (url: string, sender: number): Promise<number> =>
  Number(await rpcCall<Hex>(url, 'eth_getBalance', [recipientOf(sender), 'latest']))

const nonceOf = async (url: string, address: Hex): Promise<number> =>
  Number(await rpcCall<Hex>(url, 'eth_getTransactionCount', [address, 'latest']))

/** A sample of the text format of Prometheus. */
const valueIn = (text: string, sample: string): number =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${sample} `))
      ?.slice(sample.length + 1),
  )
