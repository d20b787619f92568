/**
 * A validator's key on disk: 32 bytes of hex in a file that only its owner can read. Never printed,
 * never logged. What it signs is sign-guard's to say.
 */
import { randomBytes } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import {
  type Address,
  fromHex,
  NodeError,
  publicKeyToAddress,
  type Secp256k1,
  toHex,
} from '../../primitives/index.ts'

export interface ValidatorKey {
  readonly address: Address
  /** Secret. */
  readonly privateKey: Uint8Array
}

/** Throws NodeError KEY_UNREADABLE, KEY_EXPOSED or KEY_INVALID; no message holds the key. */
export async function readValidatorKey(path: string, secp256k1: Secp256k1): Promise<ValidatorKey> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new NodeError(
      'KEY_UNREADABLE',
      `cannot read the validator key ${path}; \`tributary validator keygen\` makes one`,
      { path },
      error,
    )
  })
  const { mode } = await stat(path)
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new NodeError(
      'KEY_EXPOSED',
      `others can read the validator key ${path}; run chmod 600 ${path}`,
      { path },
    )
  return keyOf(text.trim(), path, secp256k1)
}

/** Writes a new key, never over another. Throws NodeError KEY_EXISTS. */
export async function writeValidatorKey(
  path: string,
  secp256k1: Secp256k1,
  privateKey: Uint8Array = randomBytes(32),
): Promise<Address> {
  const hex = toHex(privateKey)
  await writeFile(path, `${hex}\n`, { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    throw new NodeError(
      'KEY_EXISTS',
      `cannot write a new key to ${path}; keys are never overwritten`,
      { path },
      error,
    )
  })
  return keyOf(hex, path, secp256k1).address
}

function keyOf(text: string, path: string, secp256k1: Secp256k1): ValidatorKey {
  try {
    if (!/^0x[0-9a-f]{64}$/.test(text)) throw new Error('not 32 bytes of hex')
    const privateKey = fromHex(text as `0x${string}`)
    return { privateKey, address: publicKeyToAddress(secp256k1.publicKey(privateKey)) }
  } catch {
    // Without the cause: it could show the key.
    throw new NodeError('KEY_INVALID', `${path} holds no secp256k1 key: 0x and 64 hex digits`, {
      path,
    })
  }
}
