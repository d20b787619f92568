/**
 * Where a peer's chain stands, told every second and on change. It is the sign of life too: a peer
 * silent for long is let go, with room for event loops that are late.
 */
import {
  accept,
  asBytes,
  asInteger,
  asList,
  decodeRlp,
  encodeRlp,
  fromBigInt,
  type Hex,
  fromHex,
  reject,
  RlpError,
  toHex,
  type Verdict,
} from '../primitives/index.ts'

export interface Status {
  /** Lowest and highest block the peer can serve. */
  readonly base: bigint
  readonly tip: bigint
  readonly tipHash: Hex
}

export const maxStatusBytes = 64
export const statusEveryMs = 1_000
/** 20 s: an event loop that validates a heavy block and collects garbage is late, not dead. */
export const silentForMs = 20_000

export const encodeStatus = ({ base, tip, tipHash }: Status): Uint8Array =>
  encodeRlp([fromBigInt(base), fromBigInt(tip), fromHex(tipHash)])

export function decodeStatus(bytes: Uint8Array): Verdict<Status, 'STATUS_MALFORMED'> {
  try {
    const fields = asList(decodeRlp(bytes), 'status', 3)
    const base = asInteger(fields[0], 'base', 8)
    const tip = asInteger(fields[1], 'tip', 8)
    if (base > tip) throw new RlpError('base is above tip')
    return accept({ base, tip, tipHash: toHex(asBytes(fields[2], 'tip hash', 32)) })
  } catch (error) {
    if (!(error instanceof RlpError)) throw error
    return reject('STATUS_MALFORMED', `a status cannot be read: ${error.message}`)
  }
}
