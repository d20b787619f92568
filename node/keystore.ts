/**
 * A private key from where it is safe: a keystore file (Web3 Secret Storage, version 3, as geth and
 * wallets write it), a file with the hex key, or the environment. Never from the command line, which
 * every process on the machine can read. Writes no key, logs none, names none in an error.
 */
import { createDecipheriv, pbkdf2Sync, scryptSync, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import {
  concat,
  curveOrder,
  fromHex,
  keccak256,
  NodeError,
  toHex,
  type Hex,
} from '../primitives/index.ts'

/** A keystore has a kilobyte; more is another file. */
const maxFileBytes = 65_536

export interface KeySources {
  readonly keyFile?: string
  readonly passwordFile?: string
}

/** undefined when nothing names a key. Throws NodeError KEY_UNREADABLE. */
export async function readKey(
  { keyFile, passwordFile }: KeySources,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Hex | undefined> {
  if (keyFile === undefined) {
    const key = environment['TRIBUTARY_PRIVATE_KEY']
    return key === undefined || key === '' ? undefined : parseKey(key, 'TRIBUTARY_PRIVATE_KEY')
  }
  const text = await readSecret(keyFile)
  if (!text.startsWith('{')) return parseKey(text, keyFile)
  const password =
    passwordFile === undefined
      ? environment['TRIBUTARY_PASSWORD']
      : (await readSecret(passwordFile)).replace(/\r?\n$/, '')
  if (password === undefined)
    throw unreadable(
      `${keyFile} is locked: give --password-file or set TRIBUTARY_PASSWORD in the environment`,
    )
  return openKeystore(text, password, keyFile)
}

async function readSecret(path: string): Promise<string> {
  const bytes = await readFile(path).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw unreadable(`cannot read ${path} (${code})`)
  })
  if (bytes.length > maxFileBytes) throw unreadable(`${path} is too large to hold a key`)
  return bytes.toString('utf8').trim()
}

function parseKey(text: string, where: string): Hex {
  const digits = text.trim().replace(/^0x/i, '')
  const key: Hex = `0x${digits.toLowerCase()}`
  if (!/^[0-9a-f]{64}$/i.test(digits) || !isKey(BigInt(key)))
    throw unreadable(`${where} holds no private key: 64 hex digits, or a keystore of version 3`)
  return key
}

const isKey = (value: bigint): boolean => value > 0n && value < curveOrder

const hexText = z.string().regex(/^([0-9a-fA-F]{2})*$/)
/** Bounds on work and memory: what geth, MetaMask and ethers write is far below. */
const kdfSchema = z.discriminatedUnion('kdf', [
  z.object({
    kdf: z.literal('scrypt'),
    kdfparams: z.object({
      n: z
        .number()
        .int()
        .min(2)
        .max(2 ** 20),
      r: z.number().int().min(1).max(16),
      p: z.number().int().min(1).max(16),
      dklen: z.literal(32),
      salt: hexText,
    }),
  }),
  z.object({
    kdf: z.literal('pbkdf2'),
    kdfparams: z.object({
      c: z.number().int().min(1).max(10_000_000),
      prf: z.literal('hmac-sha256'),
      dklen: z.literal(32),
      salt: hexText,
    }),
  }),
])
const keystoreSchema = z.object({
  version: z.literal(3),
  crypto: z.intersection(
    kdfSchema,
    z.object({
      cipher: z.literal('aes-128-ctr'),
      ciphertext: hexText,
      cipherparams: z.object({ iv: hexText }),
      mac: hexText,
    }),
  ),
})

/** ethers writes Crypto, all others crypto. */
function openKeystore(text: string, password: string, where: string): Hex {
  const parsed = keystoreSchema.safeParse(parseJson(text.replace('"Crypto"', '"crypto"')))
  if (!parsed.success) throw unreadable(`${where} is no keystore of version 3`)
  const { crypto } = parsed.data
  const ciphertext = Buffer.from(crypto.ciphertext, 'hex')
  const derived = deriveKey(crypto, password)
  const mac = keccak256(concat(derived.subarray(16, 32), ciphertext))
  const wanted = Buffer.from(crypto.mac, 'hex')
  if (wanted.length !== mac.length || !timingSafeEqual(mac, wanted))
    throw unreadable(`the password does not open ${where}`)
  const iv = Buffer.from(crypto.cipherparams.iv, 'hex')
  const cipher = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), iv)
  return parseKey(toHex(Buffer.concat([cipher.update(ciphertext), cipher.final()])), where)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function deriveKey(crypto: z.infer<typeof kdfSchema>, password: string): Buffer {
  const salt = Buffer.from(fromHex(`0x${crypto.kdfparams.salt}`))
  if (crypto.kdf === 'pbkdf2') return pbkdf2Sync(password, salt, crypto.kdfparams.c, 32, 'sha256')
  const { n, r, p } = crypto.kdfparams
  return scryptSync(password, salt, 32, { N: n, r, p, maxmem: 256 * n * r })
}

const unreadable = (message: string): NodeError => new NodeError('KEY_UNREADABLE', message)
