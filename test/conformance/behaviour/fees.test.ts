/**
 * What MetaMask pays on a chain it does not know (eth_gasPrice for both fees), as a recording proxy
 * sees it, on a quiet chain and on one with full blocks; and reading right after sending.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { devnetGenesis } from '../../../genesis/index.ts'
import { createNode, type TributaryNode } from '../../../node/node.ts'
import { type Hex, silentLogger } from '../../../primitives/index.ts'
import { createHandClock } from '../../support/clock.ts'
import { alice, aliceAddress, bob, post } from '../../unit/rpc/devnet.ts'

interface Recorded {
  readonly method: string
  readonly result: unknown
}

/** Forwards each call as it is, and keeps what was asked and answered. */
async function startProxy(target: string) {
  const recorded: Recorded[] = []
  const server = createServer((request, response) => {
    const forward = async (): Promise<void> => {
      const chunks: Buffer[] = []
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
      const call = JSON.parse(Buffer.concat(chunks).toString()) as { method: string }
      const answer = (await post(target, call)) as { result: unknown }
      recorded.push({ method: call.method, result: answer.result })
      response.end(JSON.stringify(answer))
    }
    forward().catch((error: unknown) => response.destroy(error as Error))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, recorded, close: () => server.close() }
}

/** Ten transfers fill a block. */
const gasLimit = 210_000n
const nowhere: Hex = `0x${'aa'.repeat(20)}`

let node: TributaryNode
let proxy: Awaited<ReturnType<typeof startProxy>>
let directUrl: string
let nonce = 0
const ask = async <value>(url: string, method: string, ...params: unknown[]): Promise<value> => {
  const answer = (await post(url, { jsonrpc: '2.0', id: 1, method, params })) as {
    result?: value
    error?: { message: string }
  }
  if (answer.error) throw new Error(`${method}: ${answer.error.message}`)
  return answer.result as value
}

beforeAll(async () => {
  node = await createNode(
    {
      genesis: devnetGenesis({ gasLimit }),
      datadir: undefined,
      cacheBytes: 2 ** 24,
      keepStates: 'archive',
      sealing: { type: 'manual' },
      feeRecipient: aliceAddress,
      host: '127.0.0.1',
      port: 0,
      allowedHosts: [],
      clientVersion: 'test',
    },
    { clock: createHandClock(), logs: { of: () => silentLogger }, onFault: () => undefined },
  )
  directUrl = (await node.start()).httpUrl
  proxy = await startProxy(directUrl)
})
afterAll(async () => {
  proxy.close()
  await node.stop()
})

/** MetaMask's calls for one transfer, through the proxy; gives the hash. */
async function walletSends(): Promise<Hex> {
  const { baseFeePerGas } = await ask<{ baseFeePerGas?: Hex }>(
    proxy.url,
    'eth_getBlockByNumber',
    'latest',
    false,
  )
  expect(baseFeePerGas).toBeDefined() // MetaMask: EIP-1559 if and only if
  const price = BigInt(await ask<Hex>(proxy.url, 'eth_gasPrice'))
  const raw = await bob.signTransaction({
    chainId: 2679,
    type: 'eip1559',
    nonce: Number(await ask<Hex>(proxy.url, 'eth_getTransactionCount', bob.address, 'pending')),
    gas: BigInt(await ask<Hex>(proxy.url, 'eth_estimateGas', { from: bob.address, to: nowhere })),
    maxFeePerGas: price,
    maxPriorityFeePerGas: price,
    to: nowhere,
  })
  return ask<Hex>(proxy.url, 'eth_sendRawTransaction', raw)
}

/** The last recorded price over base fee and oracle tip at that moment, in percent, rounded up. */
async function overpayPercent(): Promise<number> {
  const price = proxy.recorded.findLast(({ method }) => method === 'eth_gasPrice')?.result as Hex
  const baseFee = BigInt(await ask<Hex>(directUrl, 'eth_baseFee'))
  const tip = BigInt(await ask<Hex>(directUrl, 'eth_maxPriorityFeePerGas'))
  return Number((BigInt(price) * 100n + baseFee + tip - 1n) / (baseFee + tip))
}

async function fillBlock(tip: bigint): Promise<void> {
  const baseFee = BigInt(await ask<Hex>(directUrl, 'eth_baseFee'))
  for (let i = 0; i < 10; i++)
    await ask(
      directUrl,
      'eth_sendRawTransaction',
      await alice.signTransaction({
        chainId: 2679,
        type: 'eip1559',
        nonce: nonce++,
        gas: 21_000n,
        maxFeePerGas: baseFee * 4n,
        maxPriorityFeePerGas: tip,
        to: nowhere,
      }),
    )
  await node.sealer.seal()
}

describe('the fee a wallet picks is at most 1.25 times base fee and tip', () => {
  test('on a quiet chain, and the transaction is in the next block', async () => {
    for (let round = 0; round < 5; round++) {
      const hash = await walletSends()
      expect(await overpayPercent()).toBeLessThanOrEqual(125)
      await node.sealer.seal()
      expect(await ask(directUrl, 'eth_getTransactionReceipt', hash)).toMatchObject({
        status: '0x1',
      })
    }
  })

  test('on a full chain, and the transaction is in the next block though that is full, too', async () => {
    for (let round = 0; round < 12; round++) {
      await fillBlock(1_000_000n)
      const hash = await walletSends()
      expect(await overpayPercent()).toBeLessThanOrEqual(125)
      await fillBlock(1_000n)
      expect(await ask(directUrl, 'eth_getTransactionReceipt', hash)).toMatchObject({
        status: '0x1',
      })
    }
    const { gasUsed } = await ask<{ gasUsed: Hex }>(
      directUrl,
      'eth_getBlockByNumber',
      'latest',
      false,
    )
    expect(BigInt(gasUsed)).toBe(gasLimit)
  })
})
