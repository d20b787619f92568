/** Who stays in a node's store of rows when it gets full, and what is said to who has to wait. */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import {
  expired,
  planRoom,
  type KeptRows,
  type Standing,
  type Standings,
} from '../../../../node/rows/room.ts'
import type { Hex } from '../../../../primitives/index.ts'

const hour = 3_600_000
const rootOf = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`

interface Entry {
  readonly standing: Standing
  readonly sizeBytes: number
  readonly ageMs?: number
  readonly datanetId?: bigint
}

/** Root 0 is the one that wants in, the others are kept, oldest first. */
function world(wanted: Entry, kept: readonly Entry[], isReady = true) {
  const all = [wanted, ...kept]
  const standings: Standings = {
    isReady: () => isReady,
    of(root) {
      const { standing, datanetId = 1n } = all[Number(root)] ?? wanted
      return { standing, datanetId }
    },
  }
  const state = {
    quotaBytes: 800,
    nowMs: 10 * hour,
    kept: new Map<Hex, KeptRows>(
      kept.map(({ sizeBytes, ageMs = 0 }, i) => [
        rootOf(i + 1),
        { sizeBytes, writtenMs: 10 * hour - ageMs },
      ]),
    ),
    standings,
  }
  return { state, plan: planRoom(state, { root: rootOf(0), sizeBytes: wanted.sizeBytes }) }
}

const published = (sizeBytes: number): Entry => ({ standing: 'published', sizeBytes })
const unknown = (sizeBytes: number, ageMs = 0): Entry => ({ standing: 'unknown', sizeBytes, ageMs })
const offered = (sizeBytes: number, datanetId = 1n): Entry => ({
  standing: 'offered',
  sizeBytes,
  datanetId,
})

describe('room for rows', () => {
  test('there is within the quota', () => {
    expect(world(published(400), [published(400)]).plan).toEqual({ type: 'room', remove: [] })
    expect(world(published(401), [published(400)]).plan).toMatchObject({
      type: 'full',
      message: expect.stringContaining('--rows-quota-mb'),
    })
  })

  test('is made by dropped rows, then by unknown ones, then by offered ones, the oldest first', () => {
    const kept = [
      offered(200),
      unknown(200, 10),
      unknown(200, 5),
      { standing: 'dropped' as const, sizeBytes: 200 },
    ]
    const removed = (sizeBytes: number) => world(published(sizeBytes), kept).plan
    expect(removed(100)).toEqual({ type: 'room', remove: [rootOf(4)] })
    expect(removed(300)).toEqual({ type: 'room', remove: [rootOf(4), rootOf(2)] })
    expect(removed(700)).toEqual({
      type: 'room',
      remove: [rootOf(4), rootOf(2), rootOf(3), rootOf(1)],
    })
  })

  test('rows the chain does not know share an eighth, and the young ones stay', () => {
    expect(world(unknown(100), []).plan).toEqual({ type: 'room', remove: [] })
    expect(world(unknown(101), []).plan.type).toBe('full')
    expect(world(unknown(60), [unknown(60, hour / 2)]).plan).toEqual({
      type: 'room',
      remove: [rootOf(1)],
    })
    expect(world(unknown(60), [unknown(60, 1_000)]).plan).toMatchObject({
      type: 'full',
      message: expect.stringContaining('submit the batch first'),
    })
  })

  test('offered rows of one datanet share a quarter', () => {
    expect(world(offered(100), [offered(100), offered(200, 2n)]).plan.type).toBe('room')
    expect(world(offered(100), [offered(101)]).plan).toMatchObject({
      type: 'full',
      message: expect.stringContaining('datanet 1'),
    })
  })

  test('of rows the chain does not know ends after an hour', () => {
    const kept = [unknown(1, 2 * hour), unknown(1, hour / 2), offered(1), published(1)]
    expect(expired(world(unknown(1), kept).state)).toEqual([rootOf(1)])
    // Before the chain has been read everything is unknown, and nothing is removed.
    const unread = world(unknown(1), kept, false)
    expect(expired(unread.state)).toEqual([])
    expect(unread.plan).toEqual({ type: 'room', remove: [] })
  })

  test('is never made by published rows, and never beyond the quota', () => {
    const standing = fc.constantFrom<Standing>('unknown', 'dropped', 'offered', 'published')
    const entry = fc.record({
      standing,
      sizeBytes: fc.integer({ min: 1, max: 300 }),
      ageMs: fc.integer({ min: 0, max: 2 * hour }),
      datanetId: fc.constantFrom(1n, 2n),
    })
    fc.assert(
      fc.property(entry, fc.array(entry, { maxLength: 8 }), fc.boolean(), (one, kept, isReady) => {
        const { state, plan } = world(one, kept, isReady)
        if (plan.type === 'full') return
        const left = [...state.kept].filter(([root]) => !plan.remove.includes(root))
        const bytes = left.reduce((sum, [, { sizeBytes }]) => sum + sizeBytes, one.sizeBytes)
        expect(bytes).toBeLessThanOrEqual(state.quotaBytes)
        expect(plan.remove.map((root) => kept[Number(root) - 1]?.standing)).not.toContain(
          'published',
        )
        expect(isReady || plan.remove.length === 0).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})
