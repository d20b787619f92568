/**
 * Our own status to everybody every second, theirs to whoever listens. A peer that has told nothing
 * for long is let go; nobody is aborted because our own event loop was late once.
 */
import type { Clock, Logger } from '../primitives/index.ts'
import { type Channel, type ChannelOptions, type ChannelPorts, createChannel } from './channel.ts'
import type { Host } from './host.ts'
import type { Judgement } from './network.ts'
import { decodeStatus, encodeStatus, silentForMs, type Status, statusEveryMs } from './status.ts'

export interface StatusPorts {
  readonly clock: Clock
  readonly log: Logger
  readonly status: () => Status
  readonly onStatus: (peerId: string, status: Status) => void
}

export interface StatusLine {
  readonly channel: Channel
  announce(): void
  greet(peerId: string): void
  forget(peerId: string): void
  /** Begins; the function returned ends it. */
  start(): () => void
}

type Listen = (message: { readonly peerId: string; readonly payload: Uint8Array }) => Judgement

export async function createStatusLine(
  options: ChannelOptions,
  host: Host,
  { clock, log, status, onStatus }: StatusPorts,
  listener: (listen: Listen) => ChannelPorts,
): Promise<StatusLine> {
  const heardMs = new Map<string, number>()
  const channel = await createChannel(
    options,
    listener(({ peerId, payload }) => {
      if (heardMs.has(peerId)) heardMs.set(peerId, clock.nowMs())
      const verdict = decodeStatus(payload)
      if (verdict.type !== 'accept') return verdict
      onStatus(peerId, verdict.value)
      return undefined
    }),
  )
  const announce = () => channel.broadcast(0, encodeStatus(status()))
  const letGoOfSilent = (): void => {
    for (const [peerId, atMs] of heardMs)
      if (clock.nowMs() - atMs > silentForMs) {
        log.info({ peerId }, 'a peer has been silent and is let go')
        void host.hangUp(peerId).catch(() => undefined) // gone already
      }
  }
  return {
    channel,
    announce,
    greet(peerId) {
      heardMs.set(peerId, clock.nowMs())
      channel.send(peerId, 0, encodeStatus(status()))
    },
    forget: (peerId) => void heardMs.delete(peerId),
    start() {
      let cancel: (() => void) | undefined
      const beat = (): void => {
        announce()
        letGoOfSilent()
        cancel = clock.after(statusEveryMs, beat)
      }
      beat()
      return () => cancel?.()
    },
  }
}
