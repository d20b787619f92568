/** Calls that take long share the event loop with everything else. */
import { describe, expect, test } from '@jest/globals'
import { createTurns } from '../../../rpc/turns.ts'

describe('turns', () => {
  test('a few short calls go on at once, a burst of them waits', () => {
    const turns = createTurns(() => 0)
    const went = Array.from({ length: 1_000 }, () => turns.take() === undefined)
    expect(went.lastIndexOf(true)).toBe(15)
  })

  test('once the slice is over, one call a turn goes on, in the order of coming', async () => {
    let nowMs = 0
    const turns = createTurns(() => nowMs)
    const seen: string[] = []
    const call = async (name: string): Promise<void> => {
      const turn = turns.take()
      if (turn) await turn
      nowMs += 10
      seen.push(name)
    }
    setImmediate(() => {
      seen.push('other work')
      setImmediate(() => seen.push('its next step'))
    })
    await Promise.all(['a', 'b', 'c', 'd'].map(call))
    expect(seen).toEqual(['a', 'other work', 'b', 'its next step', 'c', 'd'])
  })

  test('after a rest a slice begins anew', async () => {
    let nowMs = 0
    const turns = createTurns(() => nowMs)
    expect(turns.take()).toBeUndefined()
    await new Promise((resolve) => setImmediate(resolve))
    nowMs = 100
    expect(turns.take()).toBeUndefined()
    nowMs = 108
    expect(turns.take()).toBeInstanceOf(Promise)
  })
})
