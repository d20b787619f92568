/**
 * The node's own chain as attribution's views read it: calls on the state of one block, the log index,
 * stored transactions. Also how their answers become JSON. Computes nothing itself.
 */
import type { ChainReader, LogRequest } from '../attribution/views/index.ts'
import { simulateCall } from '../execution/index.ts'
import { toHex, type Address, type Hex } from '../primitives/index.ts'
import { type BlockRef, latest } from './block-ref.ts'
import { blockForState } from './blocks.ts'
import { completeCall } from './call-args.ts'
import { callFailure, gasCap, viewOf } from './calls.ts'
import { limitExceeded, RpcError, serverError } from './errors.ts'
import { type Json, quantity } from './format.ts'
import { maxLogs, scan } from './logs.ts'
import type { Context } from './method.ts'

/** Throws RpcError for an unknown block. */
export function createModuleReader(context: Context, ref: BlockRef = latest): ChainReader {
  const { chain } = context.api
  const blockNumber = blockForState(chain, ref).header.number
  return {
    blockNumber,
    call: (to, data) => callModule(context, blockNumber, to, data),
    logs: (request) => findModuleLogs(context, request),
    async transaction(hash) {
      const place = chain.store.transactionPlace(hash)
      const found = place && chain.store.blockByNumber(place.blockNumber)
      const tx = found?.block.transactions[place?.index ?? 0]
      return tx && { to: tx.to ?? null, input: toHex(tx.data) }
    },
  }
}

async function callModule(context: Context, number: bigint, to: Address, data: Hex): Promise<Hex> {
  const { chain } = context.api
  const input = new Uint8Array(Buffer.from(data.slice(2), 'hex'))
  const call = completeCall({ to, data: input }, chain.spec.chainId)
  const view = viewOf(context, { type: 'number', number })
  const verdict = await simulateCall(chain.engine, view, { ...call, gas: gasCap })
  if (verdict.type !== 'accept') throw serverError(verdict.message)
  if (verdict.value.status !== 'success') throw callFailure(context, to, verdict.value)
  if (verdict.value.returnData.length === 0)
    throw serverError(`this chain has no native module at ${to}`)
  return toHex(verdict.value.returnData)
}

async function findModuleLogs({ api: { chain } }: Context, request: LogRequest) {
  const head = chain.head().header.number
  const range = { from: request.from, to: request.to < head ? request.to : head }
  if (range.from > range.to) return []
  const topics = request.topics.map((topic) =>
    topic === null ? null : typeof topic === 'string' ? [topic] : topic,
  )
  const { logs, reached } = await scan(
    chain,
    { addresses: [request.address], topics },
    range,
    (block, { address, topics: found, data, transactionIndex, index }) => ({
      address,
      topics: found,
      data: toHex(data),
      blockNumber: block.number,
      transactionHash: block.transactionHash(transactionIndex),
      logIndex: index,
    }),
  )
  if (reached < range.to)
    throw limitExceeded(
      `more than ${maxLogs} events; ask for fewer blocks, up to ${quantity(reached)}`,
    )
  return logs
}

/** What a view gives for something that is not there: null instead of the module's refusal. */
export async function orNull<value>(view: Promise<value>): Promise<value | null> {
  try {
    return await view
  } catch (error) {
    if (error instanceof RpcError && error.message.includes('NotFound(')) return null
    throw error
  }
}

const isAddress = (text: string): boolean => /^0x[0-9a-fA-F]{40}$/.test(text)

/** bigint as quantities, addresses in lower case, all else as it is; absent fields are left out. */
export function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') return value < 0n ? `-${quantity(-value)}` : quantity(value)
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value === 'string' && isAddress(value)) return value.toLowerCase()
  if (typeof value !== 'object' || value === null) return value
  const fields: Json = Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, toJson(field)]),
  )
  return fields
}
