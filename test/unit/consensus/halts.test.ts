/** When a node stops because two thirds have decided what its own application calls invalid, and when not. */
import { expect, test } from '@jest/globals'
import { resume } from '../../../consensus/index.ts'
import { createLone, hashOf, of } from '../../support/consensus-lone.ts'

const a = hashOf('a')

test('a quorum for what is invalid here stops the node, once', () => {
  const me = createLone()
  me.propose(0, 'bad')
  expect(of(me.vote('precommit', 0, 'bad', [1, 2]), 'halt')).toEqual([])
  expect(of(me.vote('precommit', 0, 'bad', [3]), 'halt')).toHaveLength(1)
  expect(of(me.vote('precommit', 0, 'bad', [0]), 'halt')).toEqual([])
  expect(of(me.expire('propose', 0), 'halt')).toEqual([])
  // Whoever starts it again is told again.
  expect(resume(me.state)).toMatchObject([{ type: 'halt', height: 1n }])
  expect(me.state.decision).toBeUndefined()
})

test('bytes that are no block have no hash: a quorum for nil says nothing of them', () => {
  const me = createLone({ isSlow: true })
  const [asked] = of(me.propose(0, 'a'), 'validate')
  const verdict = { valid: false, blockHash: null, reason: 'no block' } as const
  me.feed({ type: 'validated', height: 1n, partsHash: asked?.partsHash ?? '0x', verdict })
  expect(me.state.blocks).toMatchObject([{ verdict }])
  expect(of(me.vote('precommit', 0, null, [1, 2, 3]), 'halt')).toEqual([])
})

test('garbage under a good hash, which any proposer can send, does not stop it', () => {
  const me = createLone()
  const effects = [
    ...me.propose(0, 'bad', { blockHash: a }),
    ...me.vote('precommit', 0, 'a', [1, 2, 3]),
  ]
  expect(of(effects, 'halt')).toEqual([])
})
