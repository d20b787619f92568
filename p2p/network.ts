/**
 * The network of one node: host, peers and protocols put together. It moves bytes and judges peers
 * by the verdicts it is given; what a proposal, a transaction or a block means is the business of
 * whoever listens.
 */
import type { Address, Clock, Logger, Refusal, Secp256k1 } from '../primitives/index.ts'
import { createMeters } from './budget.ts'
import { type Channel, type ChannelPorts, createChannel, type PeerMessage } from './channel.ts'
import { helloVersion, provenValidator } from './hello.ts'
import { createHost, type GossipVerdict, type Host } from './host.ts'
import { type AddressBook, createPeers, type Friend, type Peers } from './peers.ts'
import { pointsOf } from './points.ts'
import { type Protocols, protocolsOf } from './protocols.ts'
import { type Ask, createRequests } from './request.ts'
import { createScores, type Scores } from './scores.ts'
import { createStatusLine, type StatusLine } from './status-line.ts'
import type { Status } from './status.ts'
import type { Traffic } from './traffic.ts'

export interface NetworkOptions {
  /** Of the network: peers of another name never meet. */
  readonly name: string
  /** 32 bytes: the node's key. */
  readonly seed: Uint8Array
  readonly listen: readonly string[]
  readonly bootnodes: readonly string[]
  readonly maxPeers: number
  readonly clientVersion: string
  readonly genesisHash: Uint8Array
  /** 8 bytes; see Hello. */
  readonly forkDigest: Uint8Array
  /** Longest encoded block with its certificate. */
  readonly maxBlockBytes: number
  /** Look for peers on the local network. */
  readonly mdns: boolean
}

/** `undefined`: fine. A refusal of type `reject` costs the sender points. */
export type Judgement = Refusal | undefined

export interface NetworkPorts {
  readonly clock: Clock
  readonly log: Logger
  /** 0 to 1, to spread dials. */
  readonly random: () => number
  readonly secp256k1: Secp256k1
  readonly book: AddressBook
  /** Seal that claims this peer id for our validator key; empty for a full node. */
  readonly validatorProof: (peerId: string) => Uint8Array
  /** Peers with these keys are never banned by points. */
  readonly isValidator: (address: Address) => boolean
  readonly status: () => Status
  readonly onFriend: (friend: Friend) => void
  readonly onGone: (peerId: string) => void
  readonly onStatus: (peerId: string, status: Status) => void
  readonly onConsensus: (message: PeerMessage) => Promise<Judgement> | Judgement
  readonly onTransactions: (message: PeerMessage) => Promise<Judgement> | Judgement
  /** A decided block with its certificate, by gossip; accepted ones are passed on. */
  readonly onBlock: (bytes: Uint8Array, peerId: string) => Promise<Judgement>
  /** Blocks asked for, one a frame. Throws NodeError for what no honest peer asks. */
  readonly answerSync: (request: Uint8Array, peerId: string) => AsyncIterable<Uint8Array>
  /** Pieces of a batch asked for; none: it is not here. Throws as `answerSync`. */
  readonly answerRows: (request: Uint8Array, peerId: string) => AsyncIterable<Uint8Array>
}

export interface Network {
  readonly peerId: string
  addresses(): readonly string[]
  friends(): readonly Friend[]
  scoreOf(peerId: string): number
  traffic(): Traffic
  readonly consensus: Pick<Channel, 'send' | 'broadcast' | 'load'>
  readonly transactions: Pick<Channel, 'send' | 'broadcast' | 'load'>
  publishBlock(bytes: Uint8Array): Promise<void>
  readonly askSync: Ask
  readonly askRows: Ask
  /** Tells everybody where we stand, at once. */
  announce(): void
  /** Dials for ever. False: no multiaddress with a peer id, or our own. */
  add(address: string): boolean
  remove(peerId: string): Promise<void>
  /** A verdict reached later than in a listener. */
  fault(peerId: string, code: string): void
  stop(): Promise<void>
}

/** Connections above the peer limit: newcomers say hello before they are told that we are full. */
const spareConnections = 16

export async function createNetwork(
  options: NetworkOptions,
  ports: NetworkPorts,
): Promise<Network> {
  const protocols = protocolsOf(options.name, options.forkDigest, options.maxBlockBytes)
  /** The one peer of each validator that is never banned: who proved its key last. */
  const trusted = new Map<Address, string>()
  const isTrusted = (peerId: string) => [...trusted.values()].includes(peerId)
  const scores = createScores(ports.clock, isTrusted)
  // The host tells of connections as soon as it exists; peers begin when the protocols are there.
  let peers: Peers | undefined
  const host = await startHost(
    options,
    protocols,
    (id) => scores.isBanned(id),
    () => peers,
  )
  const fault = (peerId: string, code: string) => peers?.fault(peerId, code, pointsOf(code))
  const lines = await openLines(host, protocols, ports, {
    isFriend: (peerId) => peers?.isFriend(peerId) ?? false,
    fault,
  })
  const { channels, status } = lines

  peers = createPeers(
    { protocol: protocols.hello, bootnodes: options.bootnodes, maxPeers: options.maxPeers },
    {
      ...ports,
      host,
      scores,
      isTrusted,
      ownHello: () => ({
        version: helloVersion,
        genesisHash: options.genesisHash,
        forkDigest: options.forkDigest,
        tip: ports.status().tip,
        clientVersion: options.clientVersion,
        proof: ports.validatorProof(host.peerId),
      }),
      provenValidator: (hello, peerId) => provenValidator(hello, peerId, ports.secp256k1),
      onFriend(friend) {
        const { peerId, validator } = friend
        if (validator && ports.isValidator(validator)) trusted.set(validator, peerId)
        for (const channel of channels) channel.join(peerId)
        status.greet(peerId)
        ports.onFriend(friend)
      },
      onGone(peerId) {
        for (const channel of channels) channel.leave(peerId)
        status.forget(peerId)
        ports.onGone(peerId)
      },
    },
  )
  await peers.start()
  const stopStatus = status.start()
  return networkOf({ ...lines, host, peers, fault, scores, stopStatus })
}

function networkOf(parts: {
  readonly host: Host
  readonly peers: Peers
  readonly channels: readonly Channel[]
  readonly consensus: Channel
  readonly transactions: Channel
  readonly askSync: Ask
  readonly askRows: Ask
  readonly publishBlock: Network['publishBlock']
  readonly status: StatusLine
  readonly fault: Network['fault']
  readonly scores: Scores
  readonly stopStatus: () => void
}): Network {
  const { host, peers, status, channels, scores, stopStatus, ...rest } = parts
  return {
    ...rest,
    peerId: host.peerId,
    addresses: () => host.addresses(),
    friends: () => peers.friends(),
    scoreOf: (peerId) => scores.scoreOf(peerId),
    traffic: () => host.traffic(),
    announce: () => status.announce(),
    add: (address) => peers.add(address),
    remove: (peerId) => peers.remove(peerId),
    async stop() {
      stopStatus()
      peers.stop()
      for (const channel of channels) channel.close()
      await host.stop()
    },
  }
}

const startHost = (
  options: NetworkOptions,
  { blocksTopic }: Protocols,
  isBanned: (peerId: string) => boolean,
  peers: () => Peers | undefined,
): Promise<Host> =>
  createHost(
    {
      seed: options.seed,
      listen: options.listen,
      topics: [blocksTopic],
      maxGossipBytes: options.maxBlockBytes,
      maxConnections: options.maxPeers + spareConnections,
      ...(options.mdns && { mdnsName: `_tributary-${options.name}._udp.local` }),
      isBanned,
    },
    {
      onConnect: (peer) => peers()?.connected(peer),
      onDisconnect: (peerId) => peers()?.disconnected(peerId),
      onDiscover: (addresses) => {
        for (const address of addresses) peers()?.discovered(address)
      },
    },
  )

interface Judges {
  readonly isFriend: (peerId: string) => boolean
  readonly fault: (peerId: string, code: string) => void
}

/** Every protocol but the hello, speaking only to friends. */
async function openLines(
  host: Host,
  protocols: Protocols,
  ports: NetworkPorts,
  { isFriend, fault }: Judges,
) {
  const judge = (peerId: string, verdict: Judgement): void => {
    if (verdict?.type === 'reject') fault(peerId, verdict.code)
  }
  const common = { ...ports, host, isFriend, onFault: fault }
  const listener = (listen: NetworkPorts['onConsensus']): ChannelPorts => ({
    ...common,
    onMessage: async (message) => judge(message.peerId, await listen(message)),
  })
  const status = await createStatusLine(protocols.status, host, ports, listener)
  const consensus = await createChannel(protocols.consensus, listener(ports.onConsensus))
  const transactions = await createChannel(protocols.transactions, listener(ports.onTransactions))
  const askSync = await createRequests(protocols.sync, { ...common, answer: ports.answerSync })
  const askRows = await createRequests(protocols.rows, { ...common, answer: ports.answerRows })
  const gossip = createMeters(protocols.blocksBudget)
  host.subscribe(protocols.blocksTopic, async (data, peerId): Promise<GossipVerdict> => {
    if (gossip.take(peerId, data.length, ports.clock.nowMs()) > 0) {
      fault(peerId, 'GOSSIP_TOO_MUCH')
      return 'ignore'
    }
    const verdict = await ports.onBlock(data, peerId)
    judge(peerId, verdict)
    return verdict?.type ?? 'accept'
  })
  return {
    channels: [status.channel, consensus, transactions],
    status,
    consensus,
    transactions,
    askSync,
    askRows,
    publishBlock: (bytes: Uint8Array) => host.publish(protocols.blocksTopic, bytes),
  }
}
