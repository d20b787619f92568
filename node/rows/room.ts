/**
 * Who may stay in a node's store of rows, and who makes room: by what the chain says of a batch. Rows of
 * published versions stay for ever, for a block that used them may be executed again, or challenged; rows
 * of offered batches within their datanet's share; rows the chain does not know for an hour, within a
 * share of their own, so that an open door cannot fill the disk. Plans only; the store removes.
 */
import type { BatchSource } from '../../attribution/index.ts'
import type { Hex } from '../../primitives/index.ts'

export type Standing = BatchSource['standing'] | 'unknown'

/** What the chain says of batches, by root. */
export interface Standings {
  /** False until the chain has been read: nothing is removed before. */
  isReady(): boolean
  of(root: Hex): { readonly standing: Standing; readonly datanetId: bigint }
}

export interface KeptRows {
  readonly sizeBytes: number
  readonly writtenMs: number
}

export interface Candidate {
  readonly root: Hex
  readonly sizeBytes: number
}

/** Whose removal makes room, or why there is none, with what to do. */
export type RoomPlan =
  | { readonly type: 'room'; readonly remove: readonly Hex[] }
  | { readonly type: 'full'; readonly message: string }

/** Rows that no batch on the chain refers to are kept for so long, */
const unknownForMs = 3_600_000
/** and do not make room for others of their kind before they are so old: time to send the transaction. */
const graceMs = 600_000
/** Parts of the quota: rows the chain does not know, and offered rows of one datanet. */
const unknownShare = 8
const datanetShare = 4

/** Lower ones make room for higher ones. */
const ranks: Readonly<Record<Standing, number>> = {
  dropped: 0,
  unknown: 1,
  offered: 2,
  published: 3,
}

export interface RoomState {
  readonly quotaBytes: number
  readonly nowMs: number
  /** Oldest first. */
  readonly kept: ReadonlyMap<Hex, KeptRows>
  readonly standings: Standings
}

export function planRoom(state: RoomState, wanted: Candidate): RoomPlan {
  const { kept, quotaBytes, standings } = state
  const share = shareOf(state, wanted)
  if (share.type === 'full') return share
  const remove = new Set(share.remove)
  let used = wanted.sizeBytes
  for (const [root, { sizeBytes }] of kept) if (!remove.has(root)) used += sizeBytes
  const rank = standings.isReady() ? ranks[standings.of(wanted.root).standing] : 0
  const victims = [...kept]
    .map(([root, rows]) => ({ root, rows, rank: ranks[standings.of(root).standing] }))
    .filter((one) => one.rank < rank && !remove.has(one.root))
    .toSorted((a, b) => a.rank - b.rank || a.rows.writtenMs - b.rows.writtenMs)
  for (const { root, rows } of victims) {
    if (used <= quotaBytes) break
    remove.add(root)
    used -= rows.sizeBytes
  }
  if (used <= quotaBytes) return { type: 'room', remove: [...remove] }
  return full(
    `no room for ${wanted.sizeBytes} bytes: ${used - wanted.sizeBytes} of ${quotaBytes} are kept for ` +
      'batches of the chain; start the node with a larger --rows-quota-mb, or give the rows to another',
  )
}

/** Rows whose time is over. */
export function expired({ kept, nowMs, standings }: RoomState): Hex[] {
  if (!standings.isReady()) return []
  const isOver = ([root, { writtenMs }]: readonly [Hex, KeptRows]): boolean =>
    standings.of(root).standing === 'unknown' && nowMs - writtenMs > unknownForMs
  return [...kept].filter(isOver).map(([root]) => root)
}

/** Within the share of its kind, after the oldest of the kind that may go. */
function shareOf(state: RoomState, { root, sizeBytes }: Candidate): RoomPlan {
  const { kept, quotaBytes, nowMs, standings } = state
  const none: RoomPlan = { type: 'room', remove: [] }
  if (!standings.isReady()) return none
  const { standing, datanetId } = standings.of(root)
  if (standing === 'published') return none
  const isUnknown = standing !== 'offered'
  const like = [...kept].filter(([other]) => {
    const one = standings.of(other)
    return one.standing === standing && (isUnknown || one.datanetId === datanetId)
  })
  const limit = Math.floor(quotaBytes / (isUnknown ? unknownShare : datanetShare))
  let used = like.reduce((sum, [, rows]) => sum + rows.sizeBytes, sizeBytes)
  const remove: Hex[] = []
  for (const [other, rows] of like) {
    if (used <= limit || !isUnknown || nowMs - rows.writtenMs < graceMs) break
    remove.push(other)
    used -= rows.sizeBytes
  }
  if (used <= limit) return { type: 'room', remove }
  return full(
    isUnknown
      ? `rows that no batch of the chain refers to fill their ${limit} bytes here: submit the batch ` +
          'first (its root is known without the node), or try again in ten minutes'
      : `offered rows of datanet ${datanetId} fill the ${limit} bytes that one datanet has here: ` +
          'publish or retract some, or give the rows to another node',
  )
}

const full = (message: string): RoomPlan => ({ type: 'full', message })
