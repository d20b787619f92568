/** Rows wanted in the background: tried again, by every description of them, and one timer for all. */
import { expect, test } from '@jest/globals'
import { createWanted } from '../../../../node/rows/wanted.ts'
import type { WantedRows } from '../../../../p2p/index.ts'
import { silentLogger, type Hex } from '../../../../primitives/index.ts'
import { createHandClock, turn } from '../../../support/clock.ts'

const [first, second]: readonly Hex[] = [`0x${'01'.repeat(32)}`, `0x${'02'.repeat(32)}`]
const rows = (root: Hex = '0x', count = 3): WantedRows => ({ root, rows: count, sizeBytes: 100 })

/** `isThere` says which descriptions peers can serve; what came by the door is put in `here`. */
function world(isThere: (wanted: WantedRows) => boolean) {
  const clock = createHandClock()
  const here = new Set<Hex>()
  const asked: WantedRows[] = []
  const wanted = createWanted({
    clock,
    log: silentLogger,
    has: (root) => here.has(root),
    async fetch(one) {
      asked.push(one)
      if (!isThere(one)) return undefined
      here.add(one.root)
      return new Uint8Array(1)
    },
  })
  return { clock, here, asked, wanted }
}

test('rows nobody has are asked for again, after longer and longer pauses', async () => {
  const { clock, asked, wanted } = world(() => false)
  wanted.want(rows(first))
  await turn()
  await clock.advance(7_500)
  expect(asked).toHaveLength(4) // at 0, 1, 3 and 7 s
})

test('whoever describes a root falsely first does not keep others from its rows', async () => {
  const { clock, here, asked, wanted } = world((one) => one.rows === 3)
  wanted.want(rows(first, 2))
  await turn()
  wanted.want(rows(first, 3))
  await turn()
  expect(here.has(first ?? '0x')).toBe(true)
  await clock.advance(120_000)
  expect(asked.map((one) => one.rows)).toEqual([2, 3]) // the false one ended with the rows
})

test('one timer waits, also when rows came by another way', async () => {
  const { clock, here, wanted } = world(() => false)
  wanted.want(rows(first))
  await turn()
  await clock.advance(500)
  wanted.want(rows(second))
  await turn()
  here.add(first ?? '0x')
  await clock.advance(600) // the first one's time comes, and it is there
  expect(clock.waiting()).toBe(1)
  wanted.stop()
  expect(clock.waiting()).toBe(0)
})
