/**
 * Addresses worth dialling, each again and again with growing pauses; bootnodes and what the
 * operator added for ever, the others until they have failed for long. Opens no connection itself.
 */
import { type Clock, type Logger, NodeError } from '../primitives/index.ts'

export interface DialerPorts {
  readonly clock: Clock
  readonly log: Logger
  /** 0 to 1: spreads the dials of many nodes that lost each other at once. */
  readonly random: () => number
  readonly ownPeerId: string
  /** Whether a connection is missing and welcome now. */
  readonly isWanted: (peerId: string, isForEver: boolean) => boolean
  /** Throws NodeError when nobody answers. */
  readonly dial: (address: string) => Promise<unknown>
}

export interface Dialer {
  /** False: no address with a peer id, or our own, or one too many. */
  learn(address: string, isForEver: boolean): boolean
  /** Not again; `evenForEver` for the operator's word. */
  forget(peerId: string, evenForEver: boolean): void
  /** The connection is gone: dial soon, or later each time when it was over as soon as it began. */
  again(peerId: string, wasShort: boolean): void
  isForEver(peerId: string): boolean
  addresses(): readonly string[]
  stop(): void
}

/** Pauses between dials of one address; the last one stays. */
const backoffMs = [500, 1_000, 2_000, 5_000, 10_000, 30_000] as const
/** Failures in a row, about ten minutes, before an address that nobody named is forgotten. */
const maxFailures = 24
/** Known addresses: several times the connections there can be. */
const maxAddresses = 512

interface Known {
  readonly address: string
  readonly isForEver: boolean
  failures: number
  cancel: (() => void) | undefined
}

export function createDialer(ports: DialerPorts): Dialer {
  const known = new Map<string, Known>()
  let isStopped = false

  const schedule = (peerId: string, delayMs: number): void => {
    const entry = known.get(peerId)
    if (!entry || entry.cancel || isStopped) return
    entry.cancel = ports.clock.after(delayMs, () => {
      entry.cancel = undefined
      void attempt(peerId, entry)
    })
  }
  const attempt = async (peerId: string, entry: Known): Promise<void> => {
    if (isStopped) return
    if (ports.isWanted(peerId, entry.isForEver)) await tryOnce(entry, ports)
    if (!entry.isForEver && entry.failures > maxFailures) known.delete(peerId)
    else schedule(peerId, pauseMs(entry.failures, ports.random()))
  }

  return {
    learn(address, isForEver) {
      const peerId = peerIdOf(address)
      if (!peerId || peerId === ports.ownPeerId) return false
      const before = known.get(peerId)
      if (before && (before.isForEver || !isForEver)) return true
      if (!before && known.size >= maxAddresses && !isForEver) return false
      before?.cancel?.()
      known.set(peerId, { address, isForEver, failures: 0, cancel: undefined })
      schedule(peerId, 0)
      return true
    },
    forget(peerId, evenForEver) {
      const entry = known.get(peerId)
      if (!entry || (entry.isForEver && !evenForEver)) return
      entry.cancel?.()
      known.delete(peerId)
    },
    again(peerId, wasShort) {
      const entry = known.get(peerId)
      if (!entry) return
      entry.failures = wasShort ? entry.failures + 1 : 0
      schedule(peerId, pauseMs(entry.failures, ports.random()))
    },
    isForEver: (peerId) => known.get(peerId)?.isForEver ?? false,
    addresses: () => [...known.values()].map(({ address }) => address),
    stop() {
      isStopped = true
      for (const { cancel } of known.values()) cancel?.()
    },
  }
}

async function tryOnce(entry: Known, { dial, log }: DialerPorts): Promise<void> {
  try {
    await dial(entry.address)
  } catch (error) {
    if (!(error instanceof NodeError)) throw error
    entry.failures += 1
    log.debug({ address: entry.address, failures: entry.failures }, 'a peer does not answer')
  }
}

const pauseMs = (failures: number, random: number): number =>
  (backoffMs[Math.min(failures, backoffMs.length - 1)] ?? 0) * (0.75 + random / 2)

/** The peer id at the end of a multiaddress. */
export const peerIdOf = (address: string): string | undefined =>
  /^\/.+\/p2p\/([1-9A-HJ-NP-Za-km-z]{40,64})$/.exec(address)?.[1]
