/**
 * The first words of two nodes: which chain, which rules, who. Peers of another chain part here,
 * each with the reason in its log. A validator proves in it that its key stands behind this peer id
 * (after Malachite's ADR-006: proof of validator). Opens no stream; peers.ts does.
 */
import {
  accept,
  type Address,
  asBytes,
  asInteger,
  asList,
  concat,
  decodeRlp,
  encodeRlp,
  equalBytes,
  fromBigInt,
  keccak256,
  publicKeyToAddress,
  type Refusal,
  reject,
  RlpError,
  type Secp256k1,
  toBigInt,
  toHex,
  type Verdict,
} from '../primitives/index.ts'

export interface Hello {
  /** Of this exchange and of what follows it. */
  readonly version: number
  readonly genesisHash: Uint8Array
  /** First 8 bytes of a hash over the rules of the chain and when they begin. */
  readonly forkDigest: Uint8Array
  readonly tip: bigint
  readonly clientVersion: string
  /** Seal (r, s, v of 27 or 28) of `validatorProofHash` by the validator's key; empty: a full node. */
  readonly proof: Uint8Array
  /** Addresses of others that can be dialled (peer exchange). */
  readonly addresses: readonly string[]
}

export const helloVersion = 1
/** Nobody's hello is longer: 16 addresses of 256 bytes, and the rest. */
export const maxHelloBytes = 8_192
const maxAddresses = 16
const maxTextBytes = 256
const sealBytes = 65

export const encodeHello = (hello: Hello): Uint8Array =>
  encodeRlp([
    fromBigInt(BigInt(hello.version)),
    hello.genesisHash,
    hello.forkDigest,
    fromBigInt(hello.tip),
    utf8(hello.clientVersion.slice(0, maxTextBytes)),
    hello.proof,
    hello.addresses
      .filter((address) => address.length <= maxTextBytes)
      .slice(0, maxAddresses)
      .map(utf8),
  ])

export function decodeHello(bytes: Uint8Array): Verdict<Hello, 'HELLO_MALFORMED'> {
  try {
    const fields = asList(decodeRlp(bytes), 'hello', 7)
    const addresses = asList(fields[6], 'addresses')
    if (addresses.length > maxAddresses) throw new RlpError('too many addresses')
    const proof = asBytes(fields[5], 'proof')
    if (proof.length !== 0 && proof.length !== sealBytes) throw new RlpError('proof is no seal')
    return accept({
      version: Number(asInteger(fields[0], 'version', 2)),
      genesisHash: asBytes(fields[1], 'genesis hash', 32),
      forkDigest: asBytes(fields[2], 'fork digest', 8),
      tip: asInteger(fields[3], 'tip', 8),
      clientVersion: text(asBytes(fields[4], 'client version')),
      proof,
      addresses: addresses.map((address) => text(asBytes(address, 'address'))),
    })
  } catch (error) {
    if (!(error instanceof RlpError)) throw error
    return reject('HELLO_MALFORMED', `a hello cannot be read: ${error.message}`)
  }
}

export type HelloRefusal = 'VERSION_DIFFERS' | 'GENESIS_DIFFERS' | 'FORK_DIFFERS'

/** Whether two nodes can live on one chain; undefined: they can. */
export function compareHellos(ours: Hello, theirs: Hello): Refusal<HelloRefusal> | undefined {
  const facts = { theirVersion: theirs.clientVersion }
  if (ours.version !== theirs.version)
    return reject('VERSION_DIFFERS', 'a peer speaks another version of the protocol', facts)
  if (!equalBytes(ours.genesisHash, theirs.genesisHash))
    return reject('GENESIS_DIFFERS', 'a peer began with another genesis: it is of another chain', {
      ...facts,
      ours: toHex(ours.genesisHash),
      theirs: toHex(theirs.genesisHash),
    })
  if (!equalBytes(ours.forkDigest, theirs.forkDigest))
    return reject('FORK_DIFFERS', 'a peer has other rules: one of the two must be upgraded', {
      ...facts,
      ours: toHex(ours.forkDigest),
      theirs: toHex(theirs.forkDigest),
    })
  return undefined
}

/** What a validator seals to claim a peer id as its own on this chain. */
export const validatorProofHash = (genesisHash: Uint8Array, peerId: string): Uint8Array =>
  keccak256(concat(utf8('tributary proof of validator\n'), genesisHash, utf8(peerId)))

/** The validator whose key made the proof; undefined where there is none or it is no seal. */
export function provenValidator(
  { proof, genesisHash }: Hello,
  peerId: string,
  secp256k1: Secp256k1,
): Address | undefined {
  const parity = (proof[sealBytes - 1] ?? 0) - 27
  if (proof.length !== sealBytes || (parity !== 0 && parity !== 1)) return undefined
  const signature = {
    r: toBigInt(proof.subarray(0, 32)),
    s: toBigInt(proof.subarray(32, 64)),
    yParity: parity,
  } as const
  const key = secp256k1.recover(validatorProofHash(genesisHash, peerId), signature)
  return key && publicKeyToAddress(key)
}

const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value)

function text(bytes: Uint8Array): string {
  if (bytes.length > maxTextBytes) throw new RlpError('a text is too long')
  // Printable ASCII only: it ends in logs and terminals.
  return new TextDecoder().decode(bytes).replace(/[^\x20-\x7e]/g, '?')
}
