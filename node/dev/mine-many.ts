/**
 * Many blocks at once. Up to some hundreds each is built and executed; beyond that the middle is a
 * run of empty blocks (state/quiet-runs.ts), a million of which take seconds. The first blocks take
 * what waits in the pool and let the base fee fall to its floor; the last is a built one again.
 */
import { beaconRootsContract, type Chain, historyContract } from '../../execution/index.ts'
import {
  type Block,
  fromHex,
  type Header,
  type SlotValue,
  toBigInt,
} from '../../primitives/index.ts'
import type { Sealer } from '../sealer.ts'
import type { WishesAfter } from '../template.ts'

export interface MineManyPorts {
  readonly chain: Pick<Chain, 'head' | 'stateAt' | 'commitQuiet' | 'edit' | 'store'>
  readonly sealer: Pick<Sealer, 'seal' | 'exclusively'>
  /** Wei of the block after, by EIP-1559. */
  readonly baseFeeAfter: (parent: Header) => bigint
}

/** So many are built one by one, which takes about a second. */
const builtAtMost = 512n
/** Blocks of one run (state/quiet-runs.ts, maxQuietRun). */
const runAtMost = 131_072n
/** Blocks that the system contracts remember (EIP-2935, HISTORY_SERVE_WINDOW; EIP-4788, HISTORY_BUFFER_LENGTH). */
const ringLength = 8_191n

export async function mineMany(
  count: bigint,
  intervalS: bigint,
  ports: MineManyPorts,
): Promise<void> {
  const wishes: WishesAfter = ({ header }) => ({ timestamp: header.timestamp + intervalS })
  const first = ports.chain.head().header.number + 1n
  for (let left = count; left > 0n;) {
    // The last is a built one, and the first with all that was wished for it.
    const made = left > builtAtMost && left < count ? await runOf(left - 1n, intervalS, ports) : 0n
    left -= made
    if (made > 0n && left === 1n) await recordRun(ports, first)
    if (made > 0n) continue
    await ports.sealer.seal(left === count ? undefined : wishes)
    left--
  }
}

/** Blocks made in one run; 0 while the head is not one that a run may follow. */
const runOf = (left: bigint, intervalS: bigint, ports: MineManyPorts): Promise<bigint> =>
  ports.sealer.exclusively(async () => {
    if (!isStill(ports.chain.head(), ports)) return 0n
    const count = left < runAtMost ? left : runAtMost
    await ports.chain.commitQuiet(Number(count), intervalS)
    return count
  })

/** Nothing in it, nothing set by hand since, and the next block's base fee is its own. */
const isStill = (head: Block, { chain, baseFeeAfter }: MineManyPorts): boolean =>
  head.transactions.length === 0 &&
  chain.store.editsBefore(head.header.number + 1n).length === 0 &&
  baseFeeAfter(head.header) === (head.header.baseFeePerGas ?? 0n)

/**
 * What the system contracts would have been told block by block: parents' hashes (EIP-2935) and beacon
 * roots by time (EIP-4788), of the run's last blocks, which are all that a ring still holds. Inside the
 * run they know what they knew before it.
 */
const recordRun = ({ chain, sealer }: MineManyPorts, first: bigint): Promise<void> =>
  sealer.exclusively(async () => {
    const { number } = chain.head().header
    const state = chain.stateAt(number)
    const oldest = number - ringLength + 1n
    const blocks = blocksBetween(chain, oldest < first - 1n ? first - 1n : oldest, number)
    const edits = [
      { address: historyContract, slots: hashSlots(blocks.slice(0, -1)) },
      { address: beaconRootsContract, slots: rootSlots(blocks.slice(1)) },
    ]
    await chain.edit(edits.filter(({ address }) => state.account(address)))
  })

/** Both ends included. */
function blocksBetween({ store }: MineManyPorts['chain'], from: bigint, to: bigint): Block[] {
  const blocks: Block[] = []
  for (let at = from; at <= to; at++) {
    const found = store.blockByNumber(at)
    if (found) blocks.push(found.block)
  }
  return blocks
}

const hashSlots = (blocks: readonly Block[]): SlotValue[] =>
  blocks.map(({ header, hash }) => [header.number % ringLength, toBigInt(fromHex(hash))])

/** A block's time, and one ring further the root that it carries. */
function rootSlots(blocks: readonly Block[]): SlotValue[] {
  const slots: SlotValue[] = []
  for (const { header } of blocks) {
    const { timestamp, parentBeaconBlockRoot: root } = header
    if (root === undefined) continue
    slots.push([timestamp % ringLength, timestamp])
    slots.push([(timestamp % ringLength) + ringLength, toBigInt(fromHex(root))])
  }
  return slots
}
