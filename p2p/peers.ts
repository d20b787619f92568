/**
 * Who is a friend: connected, of the same chain, not banned. Says hello on every new connection,
 * has the dialer look for more, and turns faults into points. Reads no message but the hello.
 */
import type { Address, Clock, Logger } from '../primitives/index.ts'
import { createDialer, type Dialer, peerIdOf } from './dialer.ts'
import { compareHellos, decodeHello, encodeHello, type Hello, maxHelloBytes } from './hello.ts'
import type { ConnectedPeer, Host } from './host.ts'
import type { Scores } from './scores.ts'
import { asError, type ByteStream, readFrames, writeFrame } from './stream.ts'

export interface Friend extends ConnectedPeer {
  readonly hello: Hello
  /** Proven in the hello. */
  readonly validator: Address | undefined
  readonly sinceMs: number
}

export interface PeersOptions {
  readonly protocol: string
  /** Dialled first and for ever. */
  readonly bootnodes: readonly string[]
  readonly maxPeers: number
}

/** Addresses of earlier runs, and where to keep today's. */
export interface AddressBook {
  load(): readonly string[]
  save(addresses: readonly string[]): void
}

export interface PeersPorts {
  readonly host: Host
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  readonly scores: Scores
  readonly book: AddressBook
  readonly ownHello: () => Omit<Hello, 'addresses'>
  readonly provenValidator: (hello: Hello, peerId: string) => Address | undefined
  /** Of the set: always welcome. */
  readonly isValidator: (address: Address) => boolean
  /** Known to be a validator's: dialled however many peers there are. */
  readonly isTrusted: (peerId: string) => boolean
  readonly onFriend: (friend: Friend) => void
  readonly onGone: (peerId: string) => void
}

export interface Peers {
  /** Answers hellos and dials from now on. */
  start(): Promise<void>
  stop(): void
  connected(peer: ConnectedPeer): void
  disconnected(peerId: string): void
  friends(): readonly Friend[]
  isFriend(peerId: string): boolean
  /** Dials an address for ever. False: it is no multiaddress with a peer id, or our own. */
  add(address: string): boolean
  remove(peerId: string): Promise<void>
  /** Somebody found by mDNS. */
  discovered(address: string): void
  /** A verdict against a peer. */
  fault(peerId: string, code: string, points: number): void
}

const helloTimeoutMs = 5_000
/** A friendship that lasts no longer was none: a full peer, or one that bans us. */
const shortMs = 2_000
/** Two nodes may dial each other at the same moment. */
const maxHelloStreams = 4

interface Parts {
  readonly friends: Map<string, Friend>
  readonly dialer: Dialer
  readonly hello: () => Hello
  readonly maxPeers: number
}

export function createPeers(options: PeersOptions, ports: PeersPorts): Peers {
  const { host, clock, log, scores } = ports
  const friends = new Map<string, Friend>()
  const dialer = createDialer({
    ...ports,
    ownPeerId: host.peerId,
    isWanted: (peerId, isForEver) =>
      !friends.has(peerId) &&
      !scores.isBanned(peerId) &&
      (isForEver || ports.isTrusted(peerId) || friends.size < options.maxPeers),
    dial: (address) => host.dial(address),
  })
  const hello = (): Hello => ({
    ...ports.ownHello(),
    addresses: [...host.addresses(), ...dialable(friends)],
  })
  const parts: Parts = { friends, dialer, hello, maxPeers: options.maxPeers }
  const part = (peerId: string) => void host.hangUp(peerId).catch(() => undefined) // gone already

  return {
    async start() {
      await host.serve(options.protocol, maxHelloStreams, (stream, peerId) => {
        answerHello(stream, peerId, parts, ports).catch((e: unknown) => stream.abort(asError(e)))
      })
      for (const address of options.bootnodes) dialer.learn(address, true)
      for (const address of ports.book.load()) dialer.learn(address, false)
    },
    stop: () => dialer.stop(),
    connected({ peerId, direction }) {
      if (direction === 'inbound') {
        // The caller speaks first, and soon: a silent one would hold a place for ever.
        clock.after(2 * helloTimeoutMs, () => {
          if (!friends.has(peerId)) part(peerId)
        })
        return
      }
      sayHello(peerId, options.protocol, parts, ports).catch((error: unknown) => {
        log.debug({ peerId, error }, 'a peer says no hello')
        part(peerId)
      })
    },
    disconnected(peerId) {
      const sinceMs = friends.get(peerId)?.sinceMs ?? clock.nowMs()
      if (friends.delete(peerId)) {
        log.info({ peerId, peers: friends.size }, 'peer left')
        ports.onGone(peerId)
      }
      dialer.again(peerId, clock.nowMs() - sinceMs < shortMs)
    },
    friends: () => [...friends.values()],
    isFriend: (peerId) => friends.has(peerId),
    add: (address) => dialer.learn(address, true),
    async remove(peerId) {
      dialer.forget(peerId, true)
      await host.hangUp(peerId)
    },
    discovered: (address) => void dialer.learn(address, false),
    fault(peerId, code, points) {
      const outcome = scores.penalise(peerId, points)
      const score = Math.round(scores.scoreOf(peerId))
      log.warn({ peerId, code, score, outcome }, 'a peer broke a rule')
      if (outcome !== 'keep') part(peerId)
    },
  }
}

async function answerHello(
  stream: ByteStream,
  peerId: string,
  parts: Parts,
  ports: PeersPorts,
): Promise<void> {
  const theirs = await firstFrame(stream)
  await writeFrame(stream, encodeHello(parts.hello()))
  await stream.close()
  befriend(peerId, theirs, parts, ports)
}

async function sayHello(
  peerId: string,
  protocol: string,
  parts: Parts,
  ports: PeersPorts,
): Promise<void> {
  const stream = await ports.host.open(peerId, protocol)
  const giveUp = () => stream.abort(new Error('no hello in time'))
  const cancel = ports.clock.after(helloTimeoutMs, giveUp)
  try {
    await writeFrame(stream, encodeHello(parts.hello()))
    befriend(peerId, await firstFrame(stream), parts, ports)
    await stream.close()
  } finally {
    cancel()
  }
}

/** Judges a hello: a friend more, or a connection less with the reason in the log. */
function befriend(
  peerId: string,
  bytes: Uint8Array | undefined,
  { friends, dialer, hello, maxPeers }: Parts,
  { host, clock, log, book, provenValidator, isValidator, onFriend }: PeersPorts,
): void {
  const verdict = decodeHello(bytes ?? new Uint8Array())
  const refusal = verdict.type === 'accept' ? compareHellos(hello(), verdict.value) : verdict
  if (verdict.type !== 'accept' || refusal) {
    log.warn({ peerId, code: refusal?.code, ...refusal?.facts }, refusal?.message ?? '')
    dialer.forget(peerId, false)
    return void host.hangUp(peerId).catch(() => undefined) // gone already
  }
  const peer = host.peers().find((candidate) => candidate.peerId === peerId)
  if (!peer || friends.has(peerId)) return
  const validator = provenValidator(verdict.value, peerId)
  const isWanted =
    friends.size < maxPeers || dialer.isForEver(peerId) || (validator && isValidator(validator))
  if (!isWanted) {
    log.debug({ peerId, peers: friends.size }, 'a peer is turned away: there are enough')
    return void host.hangUp(peerId).catch(() => undefined) // gone already
  }
  if (validator && isValidator(validator)) {
    // Always welcome is one peer of a validator, not as many as its key can vouch for.
    for (const other of friends.values())
      if (other.validator === validator) void host.hangUp(other.peerId).catch(() => undefined) // gone already
  }
  const friend = { ...peer, hello: verdict.value, validator, sinceMs: clock.nowMs() }
  friends.set(peerId, friend)
  for (const address of verdict.value.addresses) dialer.learn(address, false)
  book.save(dialer.addresses())
  log.info({ peerId, address: peer.address, validator, peers: friends.size }, 'peer joined')
  onFriend(friend)
}

/** One address of each friend, as the friend gave it: the port of an inbound connection is no door. */
const dialable = (friends: ReadonlyMap<string, Friend>): string[] =>
  [...friends.values()].flatMap(({ hello, peerId }) =>
    hello.addresses.filter((address) => peerIdOf(address) === peerId).slice(0, 1),
  )

async function firstFrame(stream: ByteStream): Promise<Uint8Array | undefined> {
  for await (const bytes of readFrames(stream, maxHelloBytes)) return bytes
  return undefined
}
