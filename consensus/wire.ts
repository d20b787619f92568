/**
 * What the engine's network carries: the core's messages, the question for decided blocks, and its
 * answer. One byte says which, the rest is its content. Sizes are checked before anything is decoded.
 */
import {
  accept,
  asBytes,
  asInteger,
  asList,
  assertNever,
  decodeRlp,
  encodePassingRlp,
  reject,
  RlpError,
  type Verdict,
} from '../primitives/index.ts'
import { commitCodec, messageCodec } from './codec.ts'
import type { Message } from './types.ts'
import type { Decision, Lane } from './ports.ts'

export type Packet =
  | { readonly type: 'message'; readonly message: Message }
  /** "I am at this height; give me what was decided from it on." */
  | { readonly type: 'want'; readonly height: bigint }
  | ({ readonly type: 'decision' } & Decision)

/** A block of 8 MiB (EIP-7934) with 256 seals; everything else is far smaller. */
export const maxPacketBytes = 8 * 2 ** 20 + 65_536
const kinds = { message: 1, want: 2, decision: 3 } as const
const none = 0

/** How urgent a packet is. */
export function laneOf(packet: Packet): Lane {
  if (packet.type === 'want') return 'vote'
  if (packet.type === 'decision') return 'block'
  const { type } = packet.message
  if (type === 'prevote' || type === 'precommit') return 'vote'
  return type === 'proposal' || type === 'part' ? 'block' : 'certificate'
}

export function encodePacket(packet: Packet): Uint8Array {
  const bytes = encodeBehind(packet)
  bytes[0] = kinds[packet.type]
  return bytes
}

/** The content, behind the place of the kind. */
function encodeBehind(packet: Packet): Uint8Array {
  switch (packet.type) {
    case 'message':
      return messageCodec.encodeBehind(1, packet.message)
    case 'want':
      return encodePassingRlp([packet.height], 1)
    case 'decision':
      return encodePassingRlp([commitCodec.encode(packet.certificate), packet.block], 1)
    default:
      return assertNever(packet)
  }
}

/** Whatever the bytes are, the answer is a verdict. */
export function decodePacket(bytes: Uint8Array): Verdict<Packet> {
  const kind: number = bytes[0] ?? none
  const content = bytes.subarray(1)
  const limit = kind === kinds.decision ? maxPacketBytes : messageCodec.maxBytes
  if (content.length > limit)
    return reject('PACKET_TOO_LARGE', `${content.length} bytes, more than ${limit}`)
  try {
    switch (kind) {
      case kinds.message: {
        const message = messageCodec.decode(content)
        if (message.type !== 'accept') return message
        return accept({ type: 'message', message: message.value })
      }
      case kinds.want: {
        const [height] = asList(decodeRlp(content), 'want', 1)
        return accept({ type: 'want', height: asInteger(height, 'height', 8) })
      }
      case kinds.decision:
        return decodeDecision(content)
      default:
        return reject('PACKET_UNKNOWN', `no packet begins with ${kind}`)
    }
  } catch (error) {
    if (error instanceof RlpError) return reject('PACKET_MALFORMED', error.message)
    throw error
  }
}

function decodeDecision(content: Uint8Array): Verdict<Packet> {
  const [first, second] = asList(decodeRlp(content), 'decision', 2)
  const certificate = commitCodec.decode(asBytes(first, 'certificate'))
  if (certificate.type !== 'accept') return certificate
  const block = asBytes(second, 'block')
  return accept({ type: 'decision', certificate: certificate.value, block })
}
