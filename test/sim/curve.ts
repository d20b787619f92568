/** Signatures for the simulator: as easily forged as made, but nobody here forges. A thousand times faster. */
import {
  type Checker,
  createDigests,
  decodePacket,
  type Packet,
  type SigningDomain,
} from '../../consensus/index.ts'
import {
  type Address,
  type Hex,
  publicKeyToAddress,
  type Secp256k1,
  toBigInt,
  type Verdict,
} from '../../primitives/index.ts'

const publicKeyOf = (id: number): Uint8Array => new Uint8Array(64).fill(id + 1)
const digestOf = (hash: Uint8Array): bigint => toBigInt(hash.subarray(0, 8)) + 1n

const packets = new WeakMap<Uint8Array, Verdict<Packet>>()

export function decodeOnce(bytes: Uint8Array): Verdict<Packet> {
  const verdict = packets.get(bytes) ?? decodePacket(bytes)
  packets.set(bytes, verdict)
  return verdict
}

/**
 * Digests and decoded packets are kept by the very object they were made of: a message sent to six is
 * hashed and decoded once. The real functions make them; only the repetition is saved.
 */
export function createMemo(domain: SigningDomain) {
  const digests = createDigests(domain)
  const known = new WeakMap<object, Map<Hex, Uint8Array>>()
  const checker: Checker = {
    curve: toyCurve,
    digests: {
      of(message, setHash) {
        const ofMessage = known.get(message) ?? new Map<Hex, Uint8Array>()
        const digest = ofMessage.get(setHash) ?? digests.of(message, setHash)
        known.set(message, ofMessage.set(setHash, digest))
        return digest
      },
    },
  }
  return {
    checker,
    decode: decodeOnce,
  }
}

/** A private key is one byte: the index of the node. */
export const toyCurve: Secp256k1 = {
  name: 'toy',
  recover: (hash, { r, s }) =>
    s === digestOf(hash) && r > 0n && r < 256n ? publicKeyOf(Number(r) - 1) : undefined,
  sign: (hash, [id = 0]) => ({ r: BigInt(id) + 1n, s: digestOf(hash), yParity: 0 }),
  publicKey: ([id = 0]) => publicKeyOf(id),
}

const addresses: Address[] = []
export function addressOf(id: number): Address {
  const address = addresses[id] ?? publicKeyToAddress(publicKeyOf(id))
  addresses[id] = address
  return address
}
