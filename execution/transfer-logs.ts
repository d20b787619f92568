/**
 * The logs of a simulated call in the order they were made, transfers of ether among them as if they
 * were an ERC-20's (ERC-7528), those of failed frames left out. A tracer; changes no outcome.
 */
import { type Address, type Hex, type Log, toFixedBytes } from '../primitives/index.ts'
import type { Tracer } from './tracer.ts'

/** ERC-7528: ether as if it were a token. */
const etherAddress: Address = '0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee'
/** keccak256('Transfer(address,address,uint256)') (ERC-20). */
const transferTopic: Hex = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'

type IndexedLog = Log & { readonly index: number }

export interface TransferLogs {
  readonly tracer: Tracer
  /** Logs of the call that ended last; its failure leaves none. */
  take(): readonly IndexedLog[]
}

/** For the calls of one block: indexes count through them. */
export function createTransferLogs(tracesTransfers: boolean): TransferLogs {
  const open: IndexedLog[][] = []
  let finished: readonly IndexedLog[] = []
  let count = 0
  const keep = (log: Log): void => {
    open.at(-1)?.push({ ...log, index: count })
    count++
  }
  return {
    tracer: {
      enter: ({ type, from, to, value }) => {
        open.push([])
        if (tracesTransfers && type !== 'DELEGATECALL' && value !== undefined && value > 0n)
          keep({
            address: etherAddress,
            topics: [transferTopic, topicOf(from), topicOf(to)],
            data: toFixedBytes(value, 32),
          })
      },
      exit: ({ error }) => {
        const logs = open.pop() ?? []
        const kept = error === undefined ? logs : []
        const parent = open.at(-1)
        if (parent) parent.push(...kept)
        else finished = kept
      },
      log: keep,
    },
    take: () => {
      const logs = finished
      finished = []
      return logs
    },
  }
}

const topicOf = (address: Address): Hex => `0x${'0'.repeat(24)}${address.slice(2)}`
