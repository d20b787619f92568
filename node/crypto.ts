/**
 * The fastest secp256k1 this machine can run, chosen at start by a self-test: libsecp256k1 as a
 * native addon, then the same compiled to WASM, then plain JavaScript (noble). All three answer
 * alike; only their speed differs (69, 188 and 1,900 µs a recovery, notes/execution.md, section 3).
 * Nothing is chosen by platform name, and no slower one is taken silently.
 */
import { createRequire } from 'node:module'
import {
  compactSignature,
  equalBytes,
  fromHex,
  isInRange,
  type Logger,
  nobleSecp256k1,
  type Secp256k1,
  silentLogger,
  toBigInt,
} from '../primitives/index.ts'

/** One implementation that was looked at, in order. */
export interface Secp256k1Trial {
  readonly name: string
  readonly outcome: 'chosen' | 'unavailable' | 'wrong' | 'slow'
  /** Best of the timed recoveries in microseconds, when it came that far. */
  readonly recoverUs?: number
  readonly reason?: string
}

export interface Secp256k1Candidate {
  readonly name: string
  readonly load: () => Secp256k1 | Promise<Secp256k1>
}

/** What the addon offers that we use (secp256k1 5.0.2, API.md). */
interface NativeAddon {
  ecdsaRecover(
    signature: Uint8Array,
    recoveryId: number,
    hash: Uint8Array,
    compressed: boolean,
  ): Uint8Array
  ecdsaSign(hash: Uint8Array, privateKey: Uint8Array): { signature: Uint8Array; recid: number }
  publicKeyCreate(privateKey: Uint8Array, compressed: boolean): Uint8Array
}

/**
 * The package's main file falls back to elliptic without a word where it ships no binary; its
 * `bindings.js` is the addon itself and throws instead. Throws when there is none.
 */
export function loadNativeSecp256k1(): Secp256k1 {
  const require = createRequire(import.meta.url)
  const addon = require('secp256k1/bindings.js') as NativeAddon
  return {
    name: 'native',
    recover(hash, signature) {
      if (!isInRange(signature)) return undefined
      try {
        const compact = compactSignature(signature)
        return addon.ecdsaRecover(compact, signature.yParity, hash, false).subarray(1)
      } catch {
        return undefined // no curve point has this x, or the key would be infinity
      }
    },
    sign(hash, privateKey) {
      const { signature, recid } = addon.ecdsaSign(hash, privateKey)
      return splitSignature(signature, recid)
    },
    publicKey: (privateKey) => addon.publicKeyCreate(privateKey, false).subarray(1),
  }
}

/** Imported only when the addon is of no use: compiling the module takes some 30 ms. */
export async function loadWasmSecp256k1(): Promise<Secp256k1> {
  const { instantiateSecp256k1 } = await import('@bitauth/libauth')
  const wasm = await instantiateSecp256k1()
  return {
    name: 'wasm',
    recover(hash, signature) {
      if (!isInRange(signature)) return undefined
      const key = wasm.recoverPublicKeyUncompressed(
        compactSignature(signature),
        signature.yParity,
        hash,
      )
      return typeof key === 'string' ? undefined : key.subarray(1)
    },
    sign(hash, privateKey) {
      const result = wasm.signMessageHashRecoverableCompact(privateKey, hash)
      if (typeof result === 'string') throw new Error(result)
      return splitSignature(result.signature, result.recoveryId)
    },
    publicKey(privateKey) {
      const key = wasm.derivePublicKeyUncompressed(privateKey)
      if (typeof key === 'string') throw new Error(key)
      return key.subarray(1)
    },
  }
}

const splitSignature = (compact: Uint8Array, recoveryId: number) => ({
  r: toBigInt(compact.subarray(0, 32)),
  s: toBigInt(compact.subarray(32)),
  yParity: recoveryId === 1 ? (1 as const) : (0 as const),
})

const candidates: readonly Secp256k1Candidate[] = [
  { name: 'native', load: loadNativeSecp256k1 },
  { name: 'wasm', load: loadWasmSecp256k1 },
]

/** A recovery above this is plain JavaScript in disguise: notes/execution.md, section 3. */
const slowUs = 1_000
/** The first calls pay for loading code, and the machine may be busy: the best of these counts. */
const timedRecoveries = 8

/**
 * Never fails: noble is always there. About 2 ms where the native addon loads. `nowUs` is a
 * monotonic clock in microseconds; `from` is for tests.
 */
export async function chooseSecp256k1(
  log: Logger = silentLogger,
  nowUs: () => number = () => performance.now() * 1_000,
  from: readonly Secp256k1Candidate[] = candidates,
): Promise<{ readonly secp256k1: Secp256k1; readonly tried: readonly Secp256k1Trial[] }> {
  const tried: Secp256k1Trial[] = []
  for (const candidate of from) {
    const { trial, secp256k1 } = await tryOut(candidate, nowUs)
    tried.push(trial)
    if (secp256k1) {
      log.debug({ tried }, 'secp256k1 chosen')
      return { secp256k1, tried }
    }
  }
  tried.push({ name: nobleSecp256k1.name, outcome: 'chosen' })
  log.warn({ tried }, 'secp256k1 runs in plain JavaScript, about 20 times slower than native')
  return { secp256k1: nobleSecp256k1, tried }
}

async function tryOut(
  { name, load }: Secp256k1Candidate,
  nowUs: () => number,
): Promise<{ readonly trial: Secp256k1Trial; readonly secp256k1?: Secp256k1 }> {
  let secp256k1: Secp256k1
  try {
    secp256k1 = await load()
  } catch (error) {
    return { trial: { name, outcome: 'unavailable', reason: messageOf(error) } }
  }
  const wrong = selfTest(secp256k1)
  if (wrong !== undefined) return { trial: { name, outcome: 'wrong', reason: wrong } }
  const recoverUs = bestRecoveryUs(secp256k1, nowUs)
  if (recoverUs > slowUs) return { trial: { name, outcome: 'slow', recoverUs } }
  return { trial: { name, outcome: 'chosen', recoverUs }, secp256k1 }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)

/**
 * Account 0 of the standard test mnemonic signs keccak256(''). The signature is viem 2.57's
 * (RFC 6979, low s); every right implementation gives the same.
 */
const vector = {
  hash: fromHex('0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'),
  privateKey: fromHex('0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'),
  publicKey: fromHex(
    '0x8318535b54105d4a7aae60c08fc45f9687181b4fdfc625bd1a753fa7397fed753547f11ca8696646f2f3acb08e31016afac23e630c5d11f59f61fef57b0d2aa5',
  ),
  signature: {
    r: 0xf9a45c11d904141226963b371ccbc2128a29d146ce3c0d43326414711e3e153dn,
    s: 0x536804917f10c70c5d0cd7b730b559d95eb812d1d783f6dd534e5854f01b3e55n,
    yParity: 0,
  },
} as const

/** What is wrong, or undefined. */
function selfTest(curve: Secp256k1): string | undefined {
  try {
    const recovered = curve.recover(vector.hash, vector.signature)
    if (!recovered || !equalBytes(recovered, vector.publicKey)) return 'recovers another key'
    if (curve.recover(vector.hash, { ...vector.signature, r: 0n }) !== undefined)
      return 'recovers a key from r = 0'
    const { r, s, yParity } = curve.sign(vector.hash, vector.privateKey)
    if (r !== vector.signature.r || s !== vector.signature.s || yParity !== 0)
      return 'signs otherwise'
    return equalBytes(curve.publicKey(vector.privateKey), vector.publicKey)
      ? undefined
      : 'derives another public key'
  } catch (error) {
    return `throws: ${messageOf(error)}`
  }
}

function bestRecoveryUs(curve: Secp256k1, nowUs: () => number): number {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < timedRecoveries; i++) {
    const from = nowUs()
    curve.recover(vector.hash, vector.signature)
    best = Math.min(best, nowUs() - from)
  }
  return Math.round(best)
}
