/** The client library's reader: all logs of a chain from nodes that give only so many at once. */
import { expect, test } from '@jest/globals'
import { createClient, custom } from 'viem'
import { createChainReader } from '../../../sdk/index.ts'

const address = `0x${'0a'.repeat(20)}` as const
const word = `0x${'00'.repeat(32)}` as const
const refusal = (code: number, message: string) => Object.assign(new Error(message), { code })
const quantity = (value: bigint) => `0x${value.toString(16)}` as const

/** A node of ours. */
const words = (from: bigint, reached: bigint) =>
  `query returned more than 30 results. Try with this block range [${quantity(from)}, ${quantity(reached)}].`

/** A chain with a log in every block to 1,000 that gives 30 of them at once, or says so in such words. */
function nodeWithLogs(wordsOf: (from: bigint, reached: bigint) => string, limit = 30n) {
  const asked: string[] = []
  const request = ({ method, params }: { method: string; params: readonly Filter[] }) => {
    if (method === 'eth_blockNumber') return Promise.resolve('0x3e8')
    const [from, to] = [BigInt(params[0]?.fromBlock ?? 0), BigInt(params[0]?.toBlock ?? 0)]
    asked.push(`${from}-${to}`)
    if (from > to) throw refusal(-32602, 'invalid block range params')
    if (to - from >= limit) throw refusal(-32005, wordsOf(from, from + limit - 1n))
    return Promise.resolve(
      Array.from({ length: Number(to - from) + 1 }, (_, i) => ({
        address,
        topics: [word],
        data: '0x',
        blockNumber: quantity(from + BigInt(i)),
        transactionHash: word,
        logIndex: '0x0',
      })),
    )
  }
  return { asked, client: createClient({ transport: custom({ request }, { retryCount: 0 }) }) }
}

interface Filter {
  readonly fromBlock: string
  readonly toBlock: string
}

const all = Array.from({ length: 1_000 }, (_, i) => BigInt(i + 1))
const range = { address, topics: [], from: 1n, to: 1_000n } as const

test('more logs than a node gives at once are had in the ranges it names', async () => {
  const { client, asked } = nodeWithLogs(words)
  const reader = await createChainReader(client)
  expect((await reader.logs(range)).map(({ blockNumber }) => blockNumber)).toEqual(all)
  expect(asked.slice(0, 4)).toEqual(['1-1000', '1-30', '31-90', '31-60'])
})

test('of a node that names no range, or a senseless one, they are had by halves', async () => {
  for (const said of ['too many', 'try [0x1, 0xffff]', 'try [0x0, 0x0]']) {
    const { client } = nodeWithLogs(() => said)
    const reader = await createChainReader(client)
    expect((await reader.logs(range)).map(({ blockNumber }) => blockNumber)).toEqual(all)
  }
})

test('a single block the node refuses, and any other refusal, is said; an empty range is not asked for', async () => {
  const { client, asked } = nodeWithLogs(() => 'too many', 0n)
  const reader = await createChainReader(client)
  await expect(reader.logs({ ...range, to: 1n })).rejects.toThrow('too many')
  await expect(reader.logs(range)).rejects.toThrow('too many')
  asked.length = 0
  expect(await reader.logs({ ...range, from: 12n, to: 11n })).toEqual([])
  expect(asked).toEqual([])
})
