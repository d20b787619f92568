/**
 * Any Ethereum node as attribution's views read it: eth_call, eth_getLogs, eth_getTransactionByHash,
 * all as of one block. So a client need not ask for attr_ methods, nor believe them.
 */
import { BaseError, LimitExceededRpcError, type Client } from 'viem'
import { call, getBlockNumber, getTransaction } from 'viem/actions'
import type { ChainLog, ChainReader, LogRequest } from '../attribution/views/index.ts'
import type { Address, Hex } from '../primitives/index.ts'

interface RpcLog {
  readonly address: Address
  readonly topics: readonly Hex[]
  readonly data: Hex
  readonly blockNumber: Hex
  readonly transactionHash: Hex
  readonly logIndex: Hex
}

/** `blockNumber` absent: the head. Throws viem's errors. */
export async function createChainReader(client: Client, at?: bigint): Promise<ChainReader> {
  // Not the one viem remembers: what was just mined would be missing.
  const blockNumber = at ?? (await getBlockNumber(client, { cacheTime: 0 }))
  return {
    blockNumber,
    async call(to, data) {
      const { data: answer } = await call(client, { to, data, blockNumber })
      if (answer === undefined) throw new BaseError(`this chain has no native module at ${to}`)
      return answer
    },
    logs: (request) => findLogs(client, request),
    async transaction(hash) {
      const { to, input } = await getTransaction(client, { hash })
      return { to, input }
    },
  }
}

/** By topics, which viem's getLogs does not take; of more logs than the node gives at once, range by range. */
async function findLogs(client: Client, request: LogRequest): Promise<readonly ChainLog[]> {
  const logs: ChainLog[] = []
  let { from, to } = request
  while (from <= request.to) {
    try {
      for (const log of await logsOfRange(client, { ...request, from, to })) logs.push(log)
      const width = 2n * (to + 1n - from)
      from = to + 1n
      to = to + width < request.to ? to + width : request.to
    } catch (error) {
      const smaller = smallerRange(error, from, to)
      if (smaller === undefined) throw error
      to = smaller
    }
  }
  return logs
}

/** Where a range ends that the node may answer after it refused this one for its size (-32005, often with a range that works). */
function smallerRange(error: unknown, from: bigint, to: bigint): bigint | undefined {
  if (!(error instanceof LimitExceededRpcError) || from >= to) return undefined
  const [, first, last] = /\[(0x[\da-f]{1,16}), ?(0x[\da-f]{1,16})\]/i.exec(error.message) ?? []
  if (first !== undefined && last !== undefined && BigInt(first) === from) {
    const named = BigInt(last)
    if (named >= from && named < to) return named
  }
  return (from + to) / 2n
}

async function logsOfRange(client: Client, { address, topics, from, to }: LogRequest) {
  const filter = { address, topics, fromBlock: toQuantity(from), toBlock: toQuantity(to) }
  const logs = (await client.request({
    method: 'eth_getLogs',
    params: [filter as never],
  } as never)) as readonly RpcLog[]
  return logs.map((log) => ({
    address: log.address,
    topics: log.topics,
    data: log.data,
    blockNumber: BigInt(log.blockNumber),
    transactionHash: log.transactionHash,
    logIndex: Number(log.logIndex),
  }))
}

const toQuantity = (value: bigint): Hex => `0x${value.toString(16)}`
