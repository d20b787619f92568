/**
 * What a fault costs a peer, by the code of the verdict. `ignore` verdicts cost nothing. A ban comes
 * at 50 points (scores.ts): two forged things, five senseless ones.
 */

/** Faults that no bug of an honest node explains. */
const forged = new Set([
  'SIGNATURE_INVALID',
  'SEAL_INVALID',
  'CERTIFICATE_INVALID',
  'BLOCK_INVALID',
  'CONTENT_DIFFERS',
])

export const pointsOf = (code: string): number => (forged.has(code) ? 25 : 10)
