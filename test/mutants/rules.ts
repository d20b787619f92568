/** Mutants of what is decided: the round machine, thresholds and turns, counting, the rules. */
import type { MutantTable } from './table.ts'

export const ruleMutants: MutantTable = {
  'round.ts': [
    [
      'L29 wants a later polka',
      'state.lockedRound <= validRound',
      'state.lockedRound < validRound',
    ],
    [
      'L29 ignores the lock',
      'const mayVote = state.lockedRound <= validRound || state.lockedValue === value',
      'const mayVote = true',
    ],
    [
      'L29 forgets the own block',
      'state.lockedRound <= validRound || state.lockedValue === value',
      'state.lockedRound <= validRound',
    ],
    [
      'L23 ignores the lock',
      'const mayVote = state.lockedRound === -1 || state.lockedValue === value',
      'const mayVote = true',
    ],
    [
      'L23 forgets the own block',
      'state.lockedRound === -1 || state.lockedValue === value',
      'state.lockedRound === -1',
    ],
    ['L28 takes a polka of this round', 'validRound < state.round', 'validRound <= state.round'],
    ['L28 takes valid round -1', 'validRound >= 0 && ', ''],
    [
      'L39 sets no locked round',
      'lockedValue: value, lockedRound: state.round',
      'lockedValue: value',
    ],
    [
      'L38 sets no locked value',
      'lockedValue: value, lockedRound: state.round',
      'lockedRound: state.round',
    ],
    [
      'L42 not in step precommit',
      "return { state: valid, output: { type: 'none' } }",
      "return { state, output: { type: 'none' } }",
    ],
    [
      'L43 sets no valid round',
      'validValue: value, validRound: state.round }',
      'validValue: value }',
    ],
    [
      'L40 precommits twice',
      "  if (state.step === 'precommit') return",
      "  if (state.step === 'commit') return",
    ],
    [
      'L11 starts the same round again',
      'round <= state.round) return',
      'round < state.round) return',
    ],
    [
      'L16 proposes something new',
      'if (state.validValue === null) return',
      'if (round >= 0) return',
    ],
    ['L55 skips to the round it is in', 'input.round > state.round', 'input.round >= state.round'],
    ['L67 repeats the round', 'skip(state, round + 1)', 'skip(state, round)'],
    [
      'L57-66 take timeouts of any height',
      'height !== state.height || round !== state.round',
      'round !== state.round',
    ],
    [
      'L57-66 take timeouts of any round',
      'height !== state.height || round !== state.round',
      'height !== state.height',
    ],
    [
      'L34 in any step',
      "state.step === 'prevote' ? wait(state, 'prevote') : rejected(state)",
      "wait(state, 'prevote')",
    ],
    [
      'L45 precommits its lock for nil',
      "state.step === 'prevote' ? precommit(state, null) : rejected(state)\n    case 'precommit-any'",
      "state.step === 'prevote' ? precommit(state, state.lockedValue) : rejected(state)\n    case 'precommit-any'",
    ],
    [
      'L49 decides twice',
      "state.step === 'commit' ? rejected(state) : decide",
      "state.step === 'new' ? rejected(state) : decide",
    ],
    [
      'L59 prevotes its lock on timeout',
      "case 'propose': // L57-60\n      return state.step === 'propose' ? prevote(state, null)",
      "case 'propose': // L57-60\n      return state.step === 'propose' ? prevote(state, state.lockedValue)",
    ],
  ],
  'validator-set.ts': [
    [
      'exactly two thirds are a quorum',
      '3n * power > 2n * set.totalPower',
      '3n * power >= 2n * set.totalPower',
    ],
    ['exactly a third may skip', '3n * power > set.totalPower', '3n * power >= set.totalPower'],
    ['one proposer a height', 'height + BigInt(round)', 'height'],
    ['turns without weight', '(credit[best] ?? 0) - total', '(credit[best] ?? 0) - 1'],
    ['powers are not in the hash', '...validators.map(({ power }) => fromHex(toWord(power))),', ''],
    [
      'a validator may stand twice',
      'if (indexes.size !== validators.length)',
      'if (indexes.size > validators.length)',
    ],
  ],
  'vote-keeper.ts': [
    [
      'every vote of a sender counts',
      'first === undefined ? addVote(before, set, vote, index) : before',
      'addVote(before, set, vote, index)',
    ],
    [
      'thresholds are said again and again',
      'return isSaid ? undefined : threshold',
      'return threshold',
    ],
    ['skip in the current round', 'vote.round > currentRound &&', 'vote.round >= currentRound &&'],
    ['who votes twice counts twice for skip', '(isNew ? power : 0n)', 'power'],
    ['no evidence', 'conflict: conflict ? first : undefined', 'conflict: undefined'],
    [
      'a polka for nil is one for any',
      "return type === 'prevote' ? { type: 'polka-nil' }",
      "return type === 'prevote' ? { type: 'polka-any' }",
    ],
    ['certificates prove nothing', ' || (value !== null && tally.proof?.blockHash === value)', ''],
    [
      'certificates prove anything',
      'value !== null && tally.proof?.blockHash === value',
      'value !== null && tally.proof !== undefined',
    ],
    [
      'heads are counted, not power',
      '  const power = powerOf(set, index)\n  const tally',
      '  const power = 1n\n  const tally',
    ],
    [
      'rounds stand in the order of their coming',
      'round <= added.round',
      'round === added.round || keeper.length > 0',
    ],
    ['conflicts without end', ' && others.length < maxConflicts', ''],
    [
      'any quorum is of one value',
      'isQuorum(set, tallyOf(keeper, type, round).power)',
      'isQuorum(set, powerFor(tallyOf(keeper, type, round), null))',
    ],
  ],
  'rules.ts': [
    [
      'an invalid block of a quorum stops nobody',
      'if (broken === undefined) return undefined',
      "if (broken?.blockHash !== '0x') return undefined",
    ],
    [
      'L49 in the current round only',
      'of state.votes)',
      'of state.votes.filter(({ round }) => round === state.round.round))',
    ],
    ['L49 in the last round only', 'of state.votes)', 'of state.votes.slice(-1))'],
    [
      'a quorum for nil is one against garbage',
      'verdict.blockHash !== null &&',
      'verdict.blockHash !== undefined &&',
    ],
    ['no round skip', 'if (target > round) return', 'if (target > round + 1_000) return'],
    ['a height starts in round 0', 'Math.max(state.nextRound, target)', 'state.nextRound'],
    [
      'clocks do not matter',
      'isTimely(state.params, proposal.round, verdict.timeMs, receivedAtMs)',
      'receivedAtMs > 0',
    ],
    [
      'a proposal may name another block',
      'verdict && verdict.valid && verdict.blockHash === proposal.blockHash',
      'verdict && verdict.valid',
    ],
    [
      'L28 without the polka',
      "return hasPolka ? { type: 'proposal-polka-before', value, validRound } : undefined",
      "return { type: 'proposal-polka-before', value, validRound }",
    ],
    [
      'L22 for a block proposed again',
      'held.proposal.validRound === -1 ?',
      'held.proposal.validRound >= -1 ?',
    ],
    ['L36 without the proposal', 'value !== null && isProposed(state, value)', 'value !== null'],
    [
      'L44 for any polka',
      "if (hasQuorum(votes, validators, 'prevote', round, null))",
      "if (hasAnyQuorum(votes, validators, 'prevote', round))",
    ],
    [
      'L47 after the own precommit only',
      '!done.precommitAny &&',
      "state.round.step === 'precommit' && !done.precommitAny &&",
    ],
    [
      'skip counts the current round',
      'if (isSkip(state.validators, power)) return vote.round',
      'if (isSkip(state.validators, power * 2n)) return vote.round',
    ],
  ],
}
