/**
 * The libp2p host: connections, streams and gossip of one node. The only file that imports libp2p;
 * what it hands out (`Host`, `ByteStream`) names none of its types. Decides nothing about messages:
 * validators it is given do. Settings and why: DESIGN.md, section 4; the library's defaults that
 * break a validator network are switched off here.
 */
import './polyfill.ts'
import { createHash } from 'node:crypto'
import { gossipsub, type GossipSub, TopicValidatorResult } from '@libp2p/gossipsub'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify, type Identify } from '@libp2p/identify'
import { mdns } from '@libp2p/mdns'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { NodeError } from '../primitives/index.ts'
import { type ByteStream, createByteStream } from './stream.ts'
import { createTrafficMeter, type Traffic } from './traffic.ts'

export interface HostOptions {
  /** 32 bytes: the seed of the node's Ed25519 key, and so its peer id. */
  readonly seed: Uint8Array
  /** Multiaddresses, as `/ip4/127.0.0.1/tcp/0`. */
  readonly listen: readonly string[]
  /** Topics that may be spoken; every other is refused. */
  readonly topics: readonly string[]
  /** Gossip messages above this are refused before they are read. */
  readonly maxGossipBytes: number
  readonly maxConnections: number
  /** Finds peers on the local network (devnets). Name: only peers of the same name meet. */
  readonly mdnsName?: string
  /** Asked before every connection, in and out. */
  readonly isBanned: (peerId: string) => boolean
}

/** How a gossiped message is judged: `accept` passes it on, `reject` costs the sender. */
export type GossipVerdict = 'accept' | 'ignore' | 'reject'

export interface HostEvents {
  readonly onConnect: (peer: ConnectedPeer) => void
  readonly onDisconnect: (peerId: string) => void
  /** mDNS has seen somebody. */
  readonly onDiscover: (addresses: readonly string[]) => void
}

export interface ConnectedPeer {
  readonly peerId: string
  readonly address: string
  readonly direction: 'inbound' | 'outbound'
}

export interface Host {
  readonly peerId: string
  /** Addresses others can dial, with the peer id. */
  addresses(): readonly string[]
  peers(): readonly ConnectedPeer[]
  /** Connects; the peer id found there. Throws NodeError PEER_UNREACHABLE. */
  dial(address: string): Promise<string>
  hangUp(peerId: string): Promise<void>
  /** Opens a stream for `protocol`. Throws NodeError STREAM_REFUSED. */
  open(peerId: string, protocol: string): Promise<ByteStream>
  /** From now on answers `protocol`: at most `maxStreams` open ones a peer. */
  serve(
    protocol: string,
    maxStreams: number,
    handle: (stream: ByteStream, peerId: string) => void,
  ): Promise<void>
  subscribe(
    topic: string,
    validate: (data: Uint8Array, peerId: string) => Promise<GossipVerdict>,
  ): void
  publish(topic: string, data: Uint8Array): Promise<void>
  traffic(): Traffic
  stop(): Promise<void>
}

/** The peer id of a node key. */
export async function peerIdOfKey(seed: Uint8Array): Promise<string> {
  return peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', seed)).toString()
}

type Services = { identify: Identify; pubsub: GossipSub } & Record<string, unknown>

/** 8 streams of gossip a peer: limits of 1 give errors when both sides reconnect at once. */
const gossipStreams = 8
/** 16 MiB: four of the largest blocks wait for a slow peer, then the stream is reset. */
const maxOutboundBytes = 16 * 2 ** 20
/** A dial that takes longer has failed. */
const dialTimeoutMs = 10_000

export async function createHost(options: HostOptions, events: HostEvents): Promise<Host> {
  const node = await createLibp2p<Services>({
    privateKey: await generateKeyPairFromSeed('Ed25519', options.seed),
    addresses: { listen: [...options.listen] },
    transports: [tcp({ maxConnections: options.maxConnections, backlog: 16 })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    ...(options.mdnsName && { peerDiscovery: [mdns({ serviceTag: options.mdnsName })] }),
    // It aborts every connection when the event loop is late, and nothing dials again.
    connectionMonitor: { enabled: false },
    connectionManager: {
      maxConnections: options.maxConnections,
      maxParallelDials: 16,
      dialTimeout: dialTimeoutMs,
      // Several nodes of one machine share an address; the peer count is bounded above.
      inboundConnectionThreshold: 100,
      maxIncomingPendingConnections: 32,
    },
    connectionGater: {
      denyDialPeer: (peer) => options.isBanned(peer.toString()),
      denyInboundEncryptedConnection: (peer) => options.isBanned(peer.toString()),
      denyDialMultiaddr: () => false, // private addresses are what devnets are made of
    },
    services: { identify: identify(), pubsub: gossip(options) },
  })
  listenTo(node, events)
  return hostOf(node)
}

const gossip = ({ topics, maxGossipBytes }: HostOptions) =>
  gossipsub({
    globalSignaturePolicy: 'StrictNoSign', // signing costs three times the rest (notes: p2p, 2)
    msgIdFn: ({ topic, data }) =>
      createHash('sha256').update(`${topic.length}:${topic}`).update(data).digest().subarray(0, 20),
    allowedTopics: [...topics],
    ignoreDuplicatePublishError: true,
    allowPublishToZeroTopicPeers: true,
    D: 6,
    Dlo: 4,
    Dhi: 8,
    Dlazy: 4,
    heartbeatInterval: 500,
    mcacheLength: 6,
    mcacheGossip: 3,
    floodPublish: false,
    idontwantMinDataSize: 16_384,
    maxInboundStreams: gossipStreams,
    maxOutboundStreams: gossipStreams,
    maxOutboundBufferSize: maxOutboundBytes,
    maxInboundDataLength: maxGossipBytes + 65_536, // the envelope around the message
  })

function listenTo(node: Libp2p<Services>, events: HostEvents): void {
  node.addEventListener('peer:connect', ({ detail }) => {
    const connection = node.getConnections(detail)[0]
    if (connection) events.onConnect(connectedPeer(connection))
  })
  node.addEventListener('peer:disconnect', ({ detail }) => events.onDisconnect(detail.toString()))
  node.addEventListener('peer:discovery', ({ detail }) =>
    events.onDiscover(
      detail.multiaddrs.map((address) => withPeerId(address.toString(), detail.id)),
    ),
  )
}

const hostOf = (node: Libp2p<Services>, meter = createTrafficMeter()): Host => ({
  peerId: node.peerId.toString(),
  addresses: () => node.getMultiaddrs().map((address) => address.toString()),
  peers: () => {
    const byId = new Map(node.getConnections().map((c) => [c.remotePeer.toString(), c]))
    return [...byId.values()].map(connectedPeer)
  },
  async dial(address) {
    try {
      const signal = AbortSignal.timeout(dialTimeoutMs)
      return (await node.dial(multiaddr(address), { signal })).remotePeer.toString()
    } catch (cause) {
      throw new NodeError('PEER_UNREACHABLE', `no node answers at ${address}`, { address }, cause)
    }
  },
  hangUp: (peerId) => node.hangUp(peerIdFromString(peerId)),
  async open(peerId, protocol) {
    try {
      const signal = AbortSignal.timeout(dialTimeoutMs)
      const peer = peerIdFromString(peerId)
      const stream = await node.dialProtocol(peer, protocol, { signal })
      return meter.count(createByteStream(stream), protocol)
    } catch (cause) {
      const facts = { peerId, protocol }
      throw new NodeError('STREAM_REFUSED', 'a peer does not open the stream', facts, cause)
    }
  },
  serve: (protocol, maxStreams, handle) =>
    node.handle(
      protocol,
      (stream, connection) =>
        handle(meter.count(createByteStream(stream), protocol), connection.remotePeer.toString()),
      { maxInboundStreams: maxStreams, maxOutboundStreams: maxStreams },
    ),
  subscribe(topic, validate) {
    const { pubsub } = node.services
    pubsub.topicValidators.set(topic, async (peer, { data }) => {
      meter.received(topic, data.length)
      const verdict = await validate(data, peer.toString())
      meter.judged(verdict)
      return verdicts[verdict]
    })
    pubsub.subscribe(topic)
  },
  async publish(topic, data) {
    const { recipients } = await node.services.pubsub.publish(topic, data)
    meter.sent(topic, data.length * recipients.length)
  },
  traffic: () => meter.read(),
  stop: async () => {
    await node.stop()
  },
})

const verdicts: Readonly<Record<GossipVerdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
}

const connectedPeer = (
  connection: ReturnType<Libp2p<Services>['getConnections']>[number],
): ConnectedPeer => ({
  peerId: connection.remotePeer.toString(),
  address: connection.remoteAddr.toString(),
  direction: connection.direction,
})

const withPeerId = (address: string, id: { toString(): string }): string =>
  address.includes('/p2p/') ? address : `${address}/p2p/${id.toString()}`
