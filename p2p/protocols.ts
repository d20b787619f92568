/**
 * Every protocol of the network with its bounds in one place: ids, longest messages, what may wait
 * for a slow peer, what a fast one may send. The table for people is docs/wire.md.
 */
import type { Budget } from './budget.ts'
import type { ChannelOptions } from './channel.ts'
import type { RequestOptions } from './request.ts'
import { maxRowsFrameBytes, maxRowsRequestBytes } from './rows-wire.ts'
import { maxStatusBytes } from './status.ts'
import { maxRangeBytes } from './sync.ts'

/** Lanes of the consensus protocol: the lower goes first. */
export const consensusLanes = { vote: 0, certificate: 1, block: 2 } as const
/** Lanes of the transactions protocol. */
export const transactionLanes = { fetch: 0, announce: 1, batch: 2 } as const

export interface Protocols {
  readonly hello: string
  readonly status: ChannelOptions
  readonly consensus: ChannelOptions
  readonly transactions: ChannelOptions
  readonly sync: RequestOptions
  readonly rows: RequestOptions
  /** Gossip of decided blocks. Other rules, another topic. */
  readonly blocksTopic: string
  /** Of what one peer hands on there, in bytes. An honest one hands on a block once a height. */
  readonly blocksBudget: Budget
}

const kib = 2 ** 10
const mib = 2 ** 20

export function protocolsOf(
  name: string,
  forkDigest: Uint8Array,
  maxBlockBytes: number,
): Protocols {
  const id = (protocol: string) => `/tributary/${name}/${protocol}/1`
  return {
    hello: id('hello'),
    status: {
      protocol: id('status'),
      maxBytes: maxStatusBytes,
      lanes: [{ maxMessages: 1, maxBytes: maxStatusBytes }], // the newest says it all
      budget: { perSecond: 8 * maxStatusBytes, burst: 64 * maxStatusBytes },
    },
    consensus: {
      protocol: id('consensus'),
      maxBytes: maxBlockBytes, // a decided block for a validator that lags
      lanes: [
        { maxMessages: 4_096, maxBytes: mib },
        { maxMessages: 256, maxBytes: 4 * mib },
        { maxMessages: 256, maxBytes: 4 * maxBlockBytes },
      ],
      budget: { perSecond: 16 * mib, burst: 32 * mib, least: 4 * kib }, // 4,096 votes a second
    },
    transactions: {
      protocol: id('transactions'),
      maxBytes: 160 * 1024, // one transaction of 128 KiB; a batch ends at 64 KiB
      lanes: [
        { maxMessages: 64, maxBytes: mib },
        { maxMessages: 256, maxBytes: 4 * mib },
        { maxMessages: 1_024, maxBytes: 16 * mib },
      ],
      budget: { perSecond: 4 * mib, burst: 16 * mib, least: kib },
    },
    sync: {
      protocol: id('sync'),
      maxRequestBytes: 64,
      maxFrameBytes: maxBlockBytes,
      maxResponseBytes: maxRangeBytes,
      timeoutMs: 10_000,
      budget: { perSecond: 10, burst: 20 }, // requests of up to 64 blocks
    },
    rows: {
      protocol: id('rows'),
      maxRequestBytes: maxRowsRequestBytes,
      maxFrameBytes: maxRowsFrameBytes,
      maxResponseBytes: 4 * mib, // answers end at 1 MiB of rows; proofs of short rows come to as much
      timeoutMs: 10_000,
      budget: { perSecond: 16, burst: 64 }, // a version of 100 MB in seconds, no more than a line gives
    },
    blocksBudget: { perSecond: 16 * mib, burst: 16 * maxBlockBytes, least: 256 * kib },
    blocksTopic: `/tributary/${name}/block/${Buffer.from(forkDigest).toString('hex')}`,
  }
}
