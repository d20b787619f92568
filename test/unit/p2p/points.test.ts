/** What a fault costs a peer. */
import { expect, test } from '@jest/globals'
import { pointsOf } from '../../../p2p/points.ts'

test('a peer that asks while our own disk fails pays nothing for it', () => {
  expect(pointsOf('BLOBS_FAILED')).toBe(0)
  expect(pointsOf('ROWS_ASK_MALFORMED')).toBe(10)
})
