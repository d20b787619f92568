/** What has gone over the wire, counted: bytes by protocol and direction, gossip by verdict. */
import type { GossipVerdict } from './host.ts'
import type { ByteStream } from './stream.ts'

export interface Traffic {
  /** Protocol ids and topics; framing of the transport below is not counted. */
  readonly bytes: readonly {
    readonly protocol: string
    readonly in: number
    readonly out: number
  }[]
  readonly gossip: Readonly<Record<GossipVerdict, number>>
}

export interface TrafficMeter {
  sent(protocol: string, bytes: number): void
  received(protocol: string, bytes: number): void
  judged(verdict: GossipVerdict): void
  /** The same stream, counted. */
  count(stream: ByteStream, protocol: string): ByteStream
  read(): Traffic
}

export function createTrafficMeter(): TrafficMeter {
  const bytes = new Map<string, { in: number; out: number }>()
  const gossip = { accept: 0, ignore: 0, reject: 0 }
  const of = (protocol: string) => {
    const counts = bytes.get(protocol) ?? { in: 0, out: 0 }
    bytes.set(protocol, counts)
    return counts
  }
  return {
    sent: (protocol, count) => void (of(protocol).out += count),
    received: (protocol, count) => void (of(protocol).in += count),
    judged: (verdict) => void (gossip[verdict] += 1),
    count(stream, protocol) {
      const counts = of(protocol)
      return {
        ...stream,
        send(sent) {
          counts.out += sent.length
          return stream.send(sent)
        },
        chunks: countedChunks(stream.chunks, counts),
      }
    },
    read: () => ({
      bytes: [...bytes].map(([protocol, counts]) => ({ protocol, ...counts })),
      gossip: { ...gossip },
    }),
  }
}

async function* countedChunks(
  chunks: AsyncIterable<Uint8Array>,
  counts: { in: number },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    counts.in += chunk.length
    yield chunk
  }
}
