/** Mutants of what is remembered and said: the core over heights, recording, repeating, waiting. */
import type { MutantTable } from './table.ts'

export const coreMutants: MutantTable = {
  'core.ts': [
    [
      'messages count after the decision',
      'if (isDecided(state)) return afterDecision(state, input)',
      '',
    ],
    [
      'a height starts twice',
      'if (height <= state.height) return',
      'if (height < state.height) return',
    ],
    [
      'early messages are lost',
      'const future = isNext && addFuture(state.future, state.nextValidators, input)',
      'const future = undefined',
    ],
    [
      'a value of another round is proposed',
      'if (!isAsked || input.round !== state.round.round)',
      'if (!isAsked)',
    ],
    [
      'a value nobody asked for is proposed',
      'if (!isAsked || input.round !== state.round.round)',
      'if (input.round !== state.round.round)',
    ],
    ['first times are once a height', '      return nothingDone\n', '      return done\n'],
    [
      'old blocks are kept for ever',
      '  const blocks = state.blocks.filter(({ partsHash }) => kept.has(partsHash))',
      '  const blocks = state.blocks',
    ],
    [
      'the valid block is forgotten',
      "      blockHash === round.validValue ||\n      hasQuorum(votes, validators, 'prevote', of, blockHash),",
      '      of < 0,',
    ],
    [
      'nobody is told why a round began',
      "entry ? [{ type: 'broadcast', message: entry }] : []",
      '[]',
    ],
    [
      'observers ask for signatures',
      'if (state.self === undefined || !state.validators.indexes.has(state.self))',
      'if (state.height < 0n)',
    ],
    [
      'votes for what is decided',
      'if (state.synced !== undefined) return',
      'if (state.height < 0n) return',
    ],
    [
      'a decision is kept to oneself',
      "effects: [{ type: 'broadcast', message: decision.certificate }, decision]",
      'effects: [decision]',
    ],
    [
      'timers multiply after a decision',
      '    input.timeout.round === state.round.round\n',
      '    input.timeout.round >= 0\n',
    ],
    ['stale rebroadcast timers live', 'if (round !== state.round.round) return unchanged', ''],
    [
      'votes kept for a round are lost',
      'recordReached(forgetBlocks(change(state, { unsigned: [] })))',
      '{ state: forgetBlocks(change(state, { unsigned: [] })), effects: [] }',
    ],
    [
      'a verdict may change',
      'block === undefined || block.verdict !== undefined',
      'block === undefined',
    ],
    [
      'a whole block is validated again for sync',
      'const kept = isHeld ?',
      'const kept = isHeld && state.height < 0n ?',
    ],
    ['old signatures are still asked for', 'change(state, { unsigned: [] })', 'state'],
  ],
  'record.ts': [
    [
      'anybody may propose',
      'proposerOf(state.validators, state.height, round) === proposer',
      'round >= 0',
    ],
    ['a valid round may lie ahead', ' || validRound >= round) return', ') return'],
    [
      'proposals of any round are kept',
      '  round >= 0 && round <= state.round.round + 1\n',
      '  round >= 0 && state.height >= 0n\n',
    ],
    [
      'votes of any round are kept',
      'if (vote.round > state.round.round + 1) return recordAhead',
      'if (vote.round > state.round.round + 9_999_999) return recordAhead',
    ],
    [
      'own votes are not sent',
      'if (!isFirst || vote.voter !== state.self) return { state: next, effects: [], isQuiet }',
      'if (isFirst || !isFirst) return { state: next, effects: [], isQuiet }',
    ],
    [
      'own votes are sent as often as they come',
      'if (!isFirst || vote.voter !== state.self)',
      'if (vote.voter !== state.self)',
    ],
    [
      'any number of proposals of a round',
      '(length < maxVariants || isProvedOne)',
      '(true || isProvedOne)',
    ],
    [
      'a third proposal never',
      '(length < maxVariants || isProvedOne)',
      '(length < maxVariants && !isProvedOne)',
    ],
    ['any number of proposals after a polka', 'length < maxProved && isProved', 'isProved'],
    [
      'two proposals are no evidence',
      'others.length === 1 ? doubleProposal(others, proposal) : []',
      '[]',
    ],
    [
      'quiet while the next round fills',
      'threshold === undefined && vote.round <= current',
      'threshold === undefined',
    ],
    ['early parts are lost', '[...state.orphans, part].slice(-maxOrphans)', 'state.orphans'],
    ['early parts without end', '.slice(-maxOrphans)', ''],
    [
      'a certificate is its votes only',
      'const votes = addProof(state.votes, certificate)',
      'const { votes } = state',
    ],
    [
      'a half block is validated',
      'block.missing === 0 && block.verdict === undefined',
      'block.verdict === undefined',
    ],
    ['a re-proposal without its polka', '...(polka ? [polka] : []), proposal', 'proposal'],
    [
      'no evidence for rounds ahead',
      'first !== undefined && first !== vote ? [doubleVote(first, vote)] : []',
      'first !== undefined ? [] : []',
    ],
    [
      'lower rounds push out higher',
      'if (kept.some(({ round }) => round > vote.round)) return undefined',
      '',
    ],
    [
      'contradictions ahead are kept without end',
      'isKnown || others.length > maxConflicts ? undefined',
      'isKnown ? undefined',
    ],
  ],
  'parts.ts': [
    [
      'any bytes are the part',
      'if (!isWanted || keccakHex(part.bytes) !== block.partHashes[part.index]) return block',
      'if (!isWanted) return block',
    ],
    [
      'a part counts as often as it comes',
      'part.index in block.parts && block.parts[part.index] === undefined',
      'part.index in block.parts',
    ],
  ],
  'future.ts': [
    [
      'the oldest votes of the next height stay',
      'if (vote.round <= lowest.round) return votes',
      'if (vote.round >= 0) return votes',
    ],
    ['what finds no place is logged', ' && takesVote(future, input.vote)', ''],
    ['strangers are kept', 'set.indexes.has(input.vote.voter)', 'set.totalPower > 0n'],
    ['strays keep their place', 'return isNamed && stray >= 0 ?', 'return stray < -9 ?'],
    ['strays push each other out', 'return isNamed && stray >= 0 ?', 'return stray >= 0 ?'],
    ['without end', '[...list, added].slice(-max)', '[...list, added].slice(-max * 99)'],
  ],
  'params.ts': [
    ['timeouts do not grow', ' + params[`${kind}DeltaMs`] * round', ''],
    ['timeouts grow without end', 'return Math.min(grown, params.maxTimeoutMs)', 'return grown'],
    [
      'a wrong message delay stops the chain',
      'params.messageDelayMs * (1 + round)',
      'params.messageDelayMs',
    ],
    [
      'blocks of the future',
      'receivedAtMs >= timeMs - params.precisionMs &&',
      'receivedAtMs >= 0 &&',
    ],
    [
      'blocks of the past',
      'receivedAtMs <= timeMs + 1_000 + delayMs + params.precisionMs',
      'receivedAtMs > 0',
    ],
  ],
  'repeat.ts': [
    ['votes are said once', '    ...votes.map(broadcast),\n', ''],
    ['prevotes of others are not carried', "  ...votesOf(votes, 'prevote', round),\n", ''],
    ['precommits of others are not carried', "  ...votesOf(votes, 'precommit', round),\n", ''],
    [
      'votes of others are not carried',
      'state.done.saidAgain ? votesOfRound',
      'state.isHalted ? votesOfRound',
    ],
    [
      'all votes are said again at once',
      'state.done.saidAgain ? votesOfRound',
      '!state.isHalted ? votesOfRound',
    ],
    [
      'said again once only',
      '    ...proposals.flatMap((held) => proposalMessages(state, held)),\n    again,',
      '    ...proposals.flatMap((held) => proposalMessages(state, held)),',
    ],
    ['the polka is not said again', '[state.entry, polka].flatMap', '[state.entry].flatMap'],
    [
      'the locked do not help with the block',
      '      (lockedRound === round && proposal.blockHash === lockedValue),',
      '      false,',
    ],
    ['after a replay nothing stops the node', '  if (halt) return [halt]\n', '  void halt\n'],
    ['after a replay own votes are kept to oneself', '    ...said,\n', ''],
    [
      'after a replay nothing is signed',
      "    ...state.unsigned.map((message) => ({ type: 'sign', message }) as const),\n",
      '',
    ],
    [
      'after a replay nothing is validated',
      'block.missing === 0 && block.verdict === undefined ? [validation',
      'block.missing < 0 ? [validation',
    ],
    [
      'after a replay no decision',
      'state.decision ? [state.decision, ...rebroadcast(state)] : []',
      '[]',
    ],
    [
      'after a replay no timers',
      '...timers.flatMap((kind) => (kind === false ? [] : [schedule(state, kind)])),',
      '',
    ],
  ],
}
