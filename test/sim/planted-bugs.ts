/**
 * Bugs to plant: each a small change of the code under test that somebody could make, and the runs that
 * must find it. A simulator that misses one of these is not believed. `planted.ts` applies them one by
 * one to a copy of the tree.
 */

export interface Edit {
  readonly file: string
  /** Must stand in the file exactly once. */
  readonly find: string
  readonly put: string
}

export interface PlantedBug {
  readonly name: string
  readonly edits: readonly Edit[]
  /** What runs until it is found: random seeds with these limits, or an enumeration. */
  readonly hunt:
    | {
        readonly type: 'seeds'
        readonly nodes?: string
        readonly byzantine?: number
        readonly strategy?: string
        /** Powers of which some validators have exactly two thirds. */
        readonly exactThirds?: boolean
        readonly minDelayMs?: number
        /** Blocks of the real chain and the node's own application. */
        readonly isReal?: boolean
      }
    | { readonly type: 'schedules' }
    | { readonly type: 'crash-points'; readonly isLate?: boolean }
    | { readonly type: 'twins' }
}

const bug = (
  name: string,
  edits: readonly (readonly [file: string, find: string, put: string])[],
  hunt: PlantedBug['hunt'] = { type: 'seeds' },
): PlantedBug => ({
  name,
  edits: edits.map(([file, find, put]) => ({ file, find, put })),
  hunt,
})

const crashes = { type: 'crash-points' } as const
/** The second line of defence, which would hide what the first one lets through. */
const noComparison = [
  'consensus/engine.ts',
  'last.height < next.height || leadsTo(core, last)',
  'last.height >= 0n || leadsTo(core, last)',
] as const

export const plantedBugs: readonly PlantedBug[] = [
  bug(
    'no write-ahead log',
    [
      [
        'consensus/engine.ts',
        '  wal.append(encodeInput(input))\n',
        '  void [wal, encodeInput, input]\n',
      ],
      noComparison,
    ],
    crashes,
  ),
  bug(
    'a vote is signed before the log is flushed',
    [['consensus/engine.ts', '  work.wal.flush()\n', '']],
    crashes,
  ),
  bug(
    'no double-sign guard',
    [
      [
        'state/sign-guard.ts',
        '      if (order <= 0) return refusal(order, statement)\n',
        '      if (order <= -9) return refusal(order, statement)\n',
      ],
      noComparison,
      ['consensus/engine.ts', '  work.wal.flush()\n', ''],
    ],
    crashes,
  ),
  bug(
    'no fsync of the folder after the rename of the guard',
    [['state/sign-guard.ts', '  fs.syncFolder(folder)\n}\n\n/** Text for', '}\n\n/** Text for']],
    crashes,
  ),
  bug(
    'no fsync of the guard before its rename',
    [['state/sign-guard.ts', '    file.sync()\n', '']],
    crashes,
  ),
  bug(
    'no fsync of the folder of the log',
    [['state/consensus-log.ts', '      fs.syncFolder(folder)\n', '']],
    crashes,
  ),
  bug(
    'a validator votes before its log is replayed',
    [
      [
        'consensus/engine.ts',
        '  if (inputs.length > 0) replay(work, inputs)\n',
        '  if (inputs.length > 0) later(work, 2_000, () => replay(work, inputs))\n',
      ],
      [
        'consensus/engine.ts',
        "  work.isStarted = inputs.some(({ type }) => type === 'start')\n",
        '  work.isStarted = false\n',
      ],
      [
        'state/sign-guard.ts',
        '      if (order <= 0) return refusal(order, statement)\n',
        '      if (order <= -9) return refusal(order, statement)\n',
      ],
    ],
    crashes,
  ),
  bug(
    'what came before the height began is not logged',
    [
      [
        'consensus/engine.ts',
        '    for (const input of futureInputs(work.core.future)) keep(work, input)\n',
        '    void futureInputs\n',
      ],
    ],
    { type: 'crash-points', isLate: true },
  ),
  bug(
    'a torn tail of the log is not cut',
    [['state/consensus-log.ts', 'file.truncate(end)', 'void end']],
    crashes,
  ),
  bug(
    'checksums of the log are not compared',
    [['state/consensus-log.ts', '  if (saltAt(bytes, at, end) !== salt) return undefined\n', '']],
    crashes,
  ),
  bug(
    'two thirds are enough (>= for >)',
    [
      [
        'consensus/validator-set.ts',
        '  3n * power > 2n * set.totalPower',
        '  3n * power >= 2n * set.totalPower',
      ],
    ],
    {
      type: 'seeds',
      nodes: '6',
      byzantine: 0,
      exactThirds: true,
    },
  ),
  bug(
    'half is enough',
    [
      [
        'consensus/validator-set.ts',
        '  3n * power > 2n * set.totalPower',
        '  2n * power > set.totalPower',
      ],
    ],
    { type: 'seeds', byzantine: 1, strategy: 'split' },
  ),
  bug(
    'a locked validator votes for another fresh block (L23)',
    [
      [
        'consensus/round.ts',
        'const mayVote = state.lockedRound === -1 || state.lockedValue === value // L23',
        'const mayVote = state.lockedRound >= -1 || state.lockedValue === value // L23',
      ],
    ],
    { type: 'twins' },
  ),
  bug(
    'a locked validator follows any earlier polka (L29)',
    [
      [
        'consensus/round.ts',
        'const mayVote = state.lockedRound <= validRound || state.lockedValue === value // L29',
        'const mayVote = state.lockedRound >= -1 || state.lockedValue === value // L29',
      ],
    ],
    { type: 'schedules' },
  ),
  bug(
    'nothing is ever locked (L38)',
    [
      [
        'consensus/round.ts',
        'precommit(changed(valid, { lockedValue: value, lockedRound: state.round }), value)',
        'precommit(valid, value)',
      ],
    ],
    { type: 'twins' },
  ),
  bug('a proposer forgets the valid value (L16)', [
    [
      'consensus/round.ts',
      '  if (state.validValue === null) return { state: started',
      '  if (state.round < 99) return { state: started',
    ],
  ]),
  bug(
    'every vote of a validator counts, not the first',
    [
      [
        'consensus/vote-keeper.ts',
        'first === undefined ? addVote(before, set, vote, index) : before',
        'addVote(before, set, vote, index)',
      ],
    ],
    { type: 'seeds', byzantine: 1, strategy: 'split' },
  ),
  bug(
    'a proposal of somebody whose turn it is not is accepted',
    [
      [
        'consensus/admit.ts',
        'if (proposerOf(set, height, round) !== proposer)',
        'if (proposerOf(set, height, round) === undefined)',
      ],
      [
        'consensus/record.ts',
        'const isOurs = proposerOf(state.validators, state.height, round) === proposer',
        'const isOurs = proposerOf(state.validators, state.height, round) !== undefined',
      ],
    ],
    { type: 'seeds', byzantine: 1, strategy: 'usurp' },
  ),
  bug(
    'a certificate may name a signer twice',
    [
      [
        'consensus/verify.ts',
        'indexes.every((index, at) => index >= 0 && index > (indexes[at - 1] ?? -1))',
        'indexes.every((index) => index >= 0)',
      ],
    ],
    { type: 'seeds', byzantine: 1, strategy: 'poison' },
  ),
  bug(
    'seals of a certificate are not checked',
    [
      [
        'consensus/verify.ts',
        '  return firstBadSeal(checker, set, sealedVotes(certificate, set))\n',
        '  return checker && undefined\n',
      ],
    ],
    { type: 'seeds', byzantine: 1, strategy: 'poison' },
  ),
  bug(
    'the power of a certificate is not counted',
    [['consensus/verify.ts', '  if (!isQuorum(set, power))\n', '  if (power < 0n)\n']],
    { type: 'seeds', byzantine: 1, strategy: 'poison' },
  ),
  bug('the validator set is off by one height', [
    [
      'consensus/engine.ts',
      '  const { height, validators, nextValidators } = work.next\n',
      '  const { height, nextValidators } = work.next\n  const validators = nextValidators\n',
    ],
  ]),
  bug('seals are made for the set of the next height', [
    [
      'consensus/engine.ts',
      'checker.digests.of(message, next.validators.hash)',
      'checker.digests.of(message, next.nextValidators.hash)',
    ],
  ]),
  bug(
    'what the application calls invalid is voted for',
    [
      [
        'consensus/rules.ts',
        'return verdict && verdict.valid && verdict.blockHash === proposal.blockHash',
        'return verdict && verdict.blockHash === proposal.blockHash',
      ],
      [
        'consensus/rules.ts',
        '    verdict.valid &&\n    isTimely(state.params, proposal.round, verdict.timeMs, receivedAtMs)',
        '    isTimely(state.params, proposal.round, verdict.timeMs ?? receivedAtMs, receivedAtMs)',
      ],
      ['consensus/state.ts', 'verdict?.valid === true && verdict.blockHash', 'verdict?.blockHash'],
    ],
    { type: 'seeds', byzantine: 1, strategy: 'invalid-blocks' },
  ),
  bug(
    'the block is blamed for another body under its header',
    [
      [
        'test/sim/app.ts',
        "return { valid: false, blockHash: null, reason: 'other body' }",
        "return { valid: false, blockHash: block.hash, reason: 'other body' }",
      ],
    ],
    { type: 'seeds', byzantine: 1, strategy: 'other-body' },
  ),
  bug(
    'the application blames a block for another body under its header',
    [
      [
        'node/validator/app.ts',
        'blockHash: isBlock ? block.hash : null, reason: fault }',
        'blockHash: isBlock ? block.hash : block.hash, reason: fault }',
      ],
    ],
    { type: 'seeds', byzantine: 1, strategy: 'other-body', isReal: true },
  ),
  bug(
    'timeouts do not grow',
    [['consensus/params.ts', 'params[`${kind}DeltaMs`] * round', 'params[`${kind}DeltaMs`] * 0']],
    // A network that the first rounds are too short for.
    { type: 'seeds', byzantine: 0, minDelayMs: 950 },
  ),
  bug('nothing is sent again', [
    [
      'consensus/repeat.ts',
      '  return [\n    ...votes.map(broadcast),\n    ...certificates.map(broadcast),\n    ...proposals.flatMap((held) => proposalMessages(state, held)),\n',
      '  void votes\n  void certificates\n  void proposals\n  return [\n',
    ],
  ]),
  bug('no round is skipped (L55)', [
    [
      'consensus/rules.ts',
      '    if (isSkip(state.validators, power)) return vote.round\n',
      '    if (power < 0n) return vote.round\n',
    ],
    [
      'consensus/core.ts',
      'const reason: readonly Effect[] = entry ?',
      'const reason: readonly Effect[] = entry && state.height < 0n ?',
    ],
  ]),
  bug(
    'votes of all future rounds are kept',
    [
      [
        'consensus/record.ts',
        '  if (vote.round > state.round.round + 1) return recordAhead(seen, vote, index)\n',
        '',
      ],
    ],
    { type: 'seeds', byzantine: 1, strategy: 'flood' },
  ),
  bug('a decided block that is fetched is read from its second byte', [
    ['consensus/wire.ts', "asBytes(second, 'block')", "asBytes(second, 'block').subarray(1)"],
  ]),
  bug('a validator that lags asks nobody', [
    ['consensus/catch-up.ts', '      alarm.set(isFar ? 0 : graceMs)\n', ''],
  ]),
]
