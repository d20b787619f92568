/** The round machine step by step, at the edges of each rule; the traces of the models do the rest. */
import { expect, test } from '@jest/globals'
import {
  applyRound,
  newRoundState,
  type RoundInput,
  type RoundState,
} from '../../../consensus/round.ts'

const [a, b] = ['0xaa', '0xbb'] as const
const fresh = newRoundState('0x01', 1n)
const free: RoundState = { ...fresh, round: 3, step: 'propose' }
/** Precommitted `a` in round 1. */
const locked: RoundState = {
  ...free,
  lockedRound: 1,
  lockedValue: a,
  validRound: 1,
  validValue: a,
}
const at = (state: RoundState, step: RoundState['step']): RoundState => ({ ...state, step })
const again = (value: typeof a | typeof b, validRound: number): RoundInput => ({
  type: 'proposal-polka-before',
  value,
  validRound,
})
const timeout = (
  kind: 'propose' | 'prevote' | 'precommit',
  height = 1n,
  round = 3,
): RoundInput => ({ type: 'timeout', kind, height, round })

/** Output in a word or two, then the step after it. */
function outcome(state: RoundState, input: RoundInput): string {
  const { state: next, output } = applyRound(state, input)
  switch (output.type) {
    case 'vote':
      return `${output.vote.type} ${output.vote.blockHash ?? 'nil'}`
    case 'skip':
      return `to ${output.round}`
    case 'timeout':
      return `wait ${output.kind}`
    case 'proposal':
      return `propose ${output.proposal.value ?? 'nil'} valid ${output.proposal.validRound}`
    case 'decided':
      return `decide ${output.value}`
    case 'none':
    case 'rejected':
    case 'get-value':
      return next === state ? output.type : `${output.type}, moved`
    default:
      throw new Error('no such output')
  }
}

test.each<[string, RoundState, RoundInput, string]>([
  ['L11 the round after', at(free, 'unstarted'), { type: 'new-round', round: 4 }, 'wait propose'],
  ['L11 the same round', at(free, 'unstarted'), { type: 'new-round', round: 3 }, 'rejected'],
  ['L11 in the middle of one', free, { type: 'new-round', round: 4 }, 'rejected'],
  [
    'L16 a valid value',
    at(locked, 'unstarted'),
    { type: 'new-round-proposer', round: 4 },
    `propose ${a} valid 1`,
  ],
  ['L18 none', at(free, 'unstarted'), { type: 'new-round-proposer', round: 4 }, 'get-value, moved'],
  ['L19 the value', free, { type: 'value', value: b }, `propose ${b} valid -1`],
  ['L23 free', free, { type: 'proposal', value: b }, `prevote ${b}`],
  ['L23 locked on it', locked, { type: 'proposal', value: a }, `prevote ${a}`],
  ['L23 locked on another', locked, { type: 'proposal', value: b }, 'prevote nil'],
  ['L22 too late', at(free, 'prevote'), { type: 'proposal', value: b }, 'rejected'],
  ['L26 invalid', free, { type: 'proposal-invalid' }, 'prevote nil'],
  ['L28 a polka of this round', free, again(b, 3), 'rejected'],
  ['L28 of none', free, again(b, -1), 'rejected'],
  ['L28 of the round before', free, again(b, 2), `prevote ${b}`],
  ['L29 a polka of the round of the lock', locked, again(b, 1), `prevote ${b}`],
  ['L29 one before the lock', locked, again(b, 0), 'prevote nil'],
  ['L29 one before the lock, for it', locked, again(a, 0), `prevote ${a}`],
  ['L34 in prevote', at(free, 'prevote'), { type: 'polka-any' }, 'wait prevote'],
  ['L34 before', free, { type: 'polka-any' }, 'rejected'],
  ['L36 in prevote', at(free, 'prevote'), { type: 'proposal-polka', value: b }, `precommit ${b}`],
  ['L36 in precommit', at(free, 'precommit'), { type: 'proposal-polka', value: b }, 'none, moved'],
  ['L36 before', free, { type: 'proposal-polka', value: b }, 'rejected'],
  ['L44', at(locked, 'prevote'), { type: 'polka-nil' }, 'precommit nil'],
  ['L44 after the precommit', at(free, 'precommit'), { type: 'polka-nil' }, 'rejected'],
  ['L47', free, { type: 'precommit-any' }, 'wait precommit'],
  ['L49 of a past round', free, { type: 'proposal-commit', round: 0, value: b }, `decide ${b}`],
  ['L49 twice', at(free, 'commit'), { type: 'proposal-commit', round: 3, value: b }, 'rejected'],
  ['L55', free, { type: 'skip', round: 4 }, 'to 4'],
  ['L55 the same round', free, { type: 'skip', round: 3 }, 'rejected'],
  ['L57', locked, timeout('propose'), 'prevote nil'],
  ['L57 after the prevote', at(free, 'prevote'), timeout('propose'), 'rejected'],
  ['L61', at(locked, 'prevote'), timeout('prevote'), 'precommit nil'],
  ['L61 before the prevote', free, timeout('prevote'), 'rejected'],
  ['L65', free, timeout('precommit'), 'to 4'],
  ['L57 of another round', free, timeout('propose', 1n, 2), 'rejected'],
  ['L65 of another height', free, timeout('precommit', 2n), 'rejected'],
])('%s', (_, state, input, expected) => {
  expect(outcome(state, input)).toBe(expected)
})

test('L36-43: a lock is a value and a round, so is what is valid', () => {
  const polka = { type: 'proposal-polka', value: b } as const
  expect(applyRound(at(locked, 'prevote'), polka).state).toEqual({
    ...free,
    step: 'precommit',
    lockedRound: 3,
    lockedValue: b,
    validRound: 3,
    validValue: b,
  })
  expect(applyRound(at(locked, 'precommit'), polka).state).toEqual({
    ...locked,
    step: 'precommit',
    validRound: 3,
    validValue: b,
  })
})
