/** What a devnet's owner has set: replaced as a whole by a snapshot, forgotten by a reset. */
import { expect, test } from '@jest/globals'
import { createSettings } from '../../../node/dev/settings.ts'
import { createHandClock } from '../../support/clock.ts'

test('what was set after a snapshot is gone when it is restored', () => {
  const settings = createSettings(createHandClock(), 0n)
  const before = settings.get()
  settings.set({ minGasPrice: 5n, intervalS: 7n })
  settings.setNext({ gasLimit: 1n })
  settings.restore(before)
  expect(settings.get()).toEqual({ offsetS: 0n, next: {} })
})
