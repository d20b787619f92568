/**
 * What a fault costs a peer, by the code of the verdict. `ignore` verdicts cost nothing. A ban comes
 * at 50 points (scores.ts): two forged things, five senseless ones.
 */

/** Faults that no bug of an honest node explains. */
const forged = new Set(['BAD_SEAL', 'BAD_SIGNERS', 'NO_QUORUM', 'INVALID_SENDER', 'ROWS_FALSE'])
/** What a slow machine, a failing disk or a lost connection does, ours or theirs. */
const excused = new Set([
  'BLOBS_FAILED',
  'STREAM_REFUSED',
  'REQUEST_TIMEOUT',
  'FRAME_CUT',
  'RESPONSE_TOO_LARGE',
])

export const pointsOf = (code: string): number =>
  forged.has(code) ? 25 : excused.has(code) ? 0 : 10
