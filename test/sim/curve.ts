/**
 * Signatures for the simulator: as easily forged as made, but nobody here forges. A thousand times faster.
 * What is memoized here (decoding, encoding for the log, digests, signers) is made by the real functions
 * once for each object that stands for the bytes; only the repetition by every receiver is saved. What the
 * core of an honest node says is not decoded at all: what attackers say and what is fetched is.
 */
import {
  type Checker,
  createChecker,
  decodePacket,
  encodePacket,
  type EnginePorts,
  type Input,
  inputCodec,
  type Packet,
  type Proposal,
  type SigningDomain,
  type Vote,
} from '../../consensus/index.ts'
import {
  accept,
  type Address,
  assertNever,
  type Hex,
  publicKeyToAddress,
  type Secp256k1,
  type Verdict,
} from '../../primitives/index.ts'
import { crc32c } from '../../state/crc32c.ts'

const publicKeyOf = (id: number): Uint8Array => new Uint8Array(64).fill(id + 1)
const digestOf = ({ buffer, byteOffset }: Uint8Array): bigint =>
  new DataView(buffer, byteOffset).getBigUint64(0) + 1n

/** A message with what it is, kept on the very bytes: they live as long as each other. */
interface Known extends Uint8Array {
  packet?: Verdict<Packet>
  sum?: number
}

export const decodeOnce = (bytes: Known): Verdict<Packet> => (bytes.packet ??= decodePacket(bytes))

/** For the auditor: what a message is, by its bytes. */
export const sumOnce = (bytes: Known): number => (bytes.sum ??= crc32c(bytes))

/** Who receives these bytes finds the packet itself, also one that no bytes can say. */
export function encodeOnce(packet: Packet): Uint8Array {
  const bytes: Known = encodePacket(packet)
  bytes.packet = accept(packet)
  return bytes
}

/** What has been made of something lately: two generations, of which the older goes when one is full. */
interface Recent<key, value> {
  get(key: key): value | undefined
  set(key: key, value: value): void
}

const generationSize = 256

function createRecent<key, value>(): Recent<key, value> {
  let young = new Map<key, value>()
  let old = new Map<key, value>()
  return {
    get: (key) => young.get(key) ?? old.get(key),
    set(key, value) {
      if (young.size >= generationSize) [old, young] = [young, new Map()]
      young.set(key, value)
    },
  }
}

/** What is said again is the same object, and the same bytes. */
function memoEncode(): (packet: Packet) => Uint8Array {
  const known = createRecent<object, Uint8Array>()
  return (packet) => {
    if (packet.type !== 'message') return encodePacket(packet)
    const before = known.get(packet.message)
    if (before) return before
    const bytes = encodeOnce(packet)
    known.set(packet.message, bytes)
    return bytes
  }
}

type Memo = Pick<EnginePorts, 'checker' | 'decode' | 'encode' | 'encodeInput'>

/**
 * What the engines of one run share. With `isReal` every receiver decodes, hashes, recovers and encodes
 * for itself: slower, and event for event the same run.
 */
export function createMemo(domain: SigningDomain, isReal = false): Memo {
  const real = createChecker(domain, toyCurve)
  if (isReal) return { checker: real }
  return {
    checker: memoChecker(real),
    decode: decodeOnce,
    encode: memoEncode(),
    encodeInput: memoInputs(),
  }
}

/** A digest, the statement it is of, and who made the seals under it that have been heard. */
interface KnownDigest {
  readonly message: Vote | Proposal
  readonly setHash: Hex
  readonly digest: Uint8Array
  readonly signers: Map<Hex, Address | undefined>
}

/** A message that somebody has had checked, and what came of it. */
interface KnownMessage {
  readonly known: KnownDigest
  seal: Hex | undefined
  signer: Address | undefined
}

/** All votes for one block in one round have one digest, and all hear the same seals. */
function memoChecker(real: Checker): Checker {
  const byHeight = createRecent<bigint, KnownDigest[]>()
  const byMessage = createRecent<object, KnownMessage>()
  const byDigest = createRecent<Uint8Array, KnownDigest>()
  /** Who asks for a digest asks next who made a seal of it. */
  let last: KnownMessage | undefined
  const find = (message: Vote | Proposal, setHash: Hex): KnownDigest => {
    const all = byHeight.get(message.height) ?? []
    if (all.length === 0) byHeight.set(message.height, all)
    const same = all.find((known) => known.setHash === setHash && isSame(known.message, message))
    if (same) return same
    const digest = real.digests.of(message, setHash)
    const known = { message, setHash, digest, signers: new Map<Hex, Address | undefined>() }
    // A flood of made-up votes must not make every look long.
    if (all.length < 64 && message.type !== 'proposal') all.push(known)
    byDigest.set(digest, known)
    return known
  }
  return {
    digests: {
      of(message, setHash) {
        last = byMessage.get(message)
        if (last?.known.setHash === setHash) return last.known.digest
        last = { known: find(message, setHash), seal: undefined, signer: undefined }
        byMessage.set(message, last)
        return last.known.digest
      },
    },
    signerOf(digest, seal) {
      const asked = last?.known.digest === digest ? last : undefined
      if (asked?.seal === seal) return asked.signer
      const signers = (asked?.known ?? byDigest.get(digest))?.signers
      const isKnown = signers?.has(seal) === true
      const signer = isKnown ? signers.get(seal) : real.signerOf(digest, seal)
      if (!isKnown) signers?.set(seal, signer)
      if (asked) {
        asked.seal = seal
        asked.signer = signer
      }
      return signer
    },
  }
}

const isSame = (a: Vote | Proposal, b: Vote | Proposal): boolean =>
  a.type === b.type && a.round === b.round && a.blockHash === b.blockHash && a.type !== 'proposal'

function keyOf(input: Input): object | string | undefined {
  switch (input.type) {
    case 'vote':
      return input.vote
    case 'part':
      return input.part
    case 'certificate':
      return input.certificate
    case 'timeout': {
      const { kind, height, round } = input.timeout
      return `${kind} ${height} ${round}`
    }
    case 'start':
      return `start ${input.height} ${input.validators.hash} ${input.nextValidators.hash}`
    case 'validated':
      return verdictKey(input)
    case 'proposal':
    case 'proposed':
    case 'synced':
      return undefined
    default:
      return assertNever(input)
  }
}

/** Why a block is refused is everybody's own. */
const verdictKey = ({ height, partsHash, verdict }: Input & { type: 'validated' }) =>
  verdict.valid ? `${height} ${partsHash} ${verdict.blockHash} ${verdict.timeMs}` : undefined

/** What all are told alike is encoded once. A proposal is not: each has its own time of arrival. */
function memoInputs(): (input: Input) => Uint8Array {
  const known = createRecent<object | string, Uint8Array>()
  return (input) => {
    const key = keyOf(input)
    const before = key === undefined ? undefined : known.get(key)
    if (before) return before
    const bytes = inputCodec.encode(input)
    if (key !== undefined) known.set(key, bytes)
    return bytes
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
