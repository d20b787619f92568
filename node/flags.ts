/**
 * Command-line values and the types they become. Parsers throw commander's InvalidArgumentError,
 * which names the option and exits with code 2. Loads nothing heavy.
 */
import { InvalidArgumentError } from 'commander'
import { keccak256, toHex } from '../primitives/index.ts'

export interface ServerFlags {
  readonly port: number
  readonly host: string
  readonly allowHost: readonly string[]
  readonly metricsPort?: number
  readonly metricsHost: string
}

export interface StoreFlags {
  readonly datadir: string
  readonly prune?: number
  readonly cacheMb: number
  /** False with --no-address-index. */
  readonly addressIndex: boolean
}

export interface LogFlags {
  readonly logLevel?: string
}

export interface DevFlags extends ServerFlags, StoreFlags, LogFlags {
  readonly accounts: number
  /** Wei. */
  readonly balance: bigint
  readonly mnemonic?: string
  readonly chainId: bigint
  readonly gasLimit: bigint
  readonly blockTime?: number
  /** False with --no-mining. */
  readonly mining: boolean
  readonly mixed?: boolean
  readonly ephemeral?: boolean
  readonly reset?: boolean
  /** A named snapshot to begin with. */
  readonly snapshot?: string
  readonly seedDemo?: boolean
  /** Over seedDemo, for who has that from a script. */
  readonly bare?: boolean
  readonly json?: boolean
  readonly silent?: boolean
  readonly configOut?: string
  /** anvil's dump, read at the start and written at the end. */
  readonly state?: string
  readonly validators?: number
  readonly fullNodes: number
  /** Milliseconds. */
  readonly killRandom?: number
  /** Milliseconds. */
  readonly partition?: number
  readonly iKnowThisIsPublic?: boolean
}

export interface RunFlags extends ServerFlags, StoreFlags, LogFlags {
  readonly genesis?: string
  readonly network?: string
  readonly blockTime?: number
  readonly feeRecipient?: `0x${string}`
  /** HTTP URLs. */
  readonly rowsFrom: readonly string[]
  readonly rowsQuotaMb: number
  readonly validatorKey?: string
  readonly p2pHost: string
  readonly p2pPort: number
  readonly maxPeers: number
  readonly mdns?: boolean
  readonly peer: readonly string[]
}

export interface GuardFlags {
  readonly genesis: string
  readonly datadir: string
  readonly validatorKey: string
  readonly above: bigint
}

export interface ImportFlags extends ServerFlags, Omit<StoreFlags, 'datadir'>, LogFlags {
  readonly genesis: string
  /** Absent: in memory. */
  readonly datadir?: string
  /** A node's folder of rows. */
  readonly rows?: string
  readonly rowsFrom: readonly string[]
  /** False with --no-serve. */
  readonly serve: boolean
  readonly json?: boolean
}

export interface ExportFlags {
  readonly datadir: string
  readonly from: bigint
  readonly to?: bigint
}

export interface DbFlags {
  readonly datadir: string
  readonly json?: boolean
}

/** A whole number in decimal, from `min` to `max`, both included. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= min && value <= max))
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
    return value
  }

/** A whole number in decimal or 0x-hex. */
export const bigNumber =
  (min: bigint, max: bigint) =>
  (text: string): bigint => {
    const value = /^(\d{1,40}|0x[0-9a-fA-F]{1,32})$/.test(text) ? BigInt(text) : -1n
    if (value < min || value > max)
      throw new InvalidArgumentError(
        `It must be a whole number from ${min.toString()} to ${max.toString()}.`,
      )
    return value
  }

/** A day; a longer beat is a typing error. */
const maxSeconds = 86_400

/** Seconds, fractions allowed, in milliseconds. */
export function seconds(text: string): number {
  const ms = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Math.round(Number(text) * 1000) : Number.NaN
  if (!(ms >= 10 && ms <= maxSeconds * 1000))
    throw new InvalidArgumentError('It must be a number of seconds from 0.01 to 86400.')
  return ms
}

/** OPEN in decimal with up to 18 decimals, in wei. */
export function openAmount(text: string): bigint {
  const match = /^(\d{1,18})(?:\.(\d{1,18}))?$/.exec(text)
  if (!match) throw new InvalidArgumentError('It must be an amount of OPEN such as 10000 or 0.5.')
  return BigInt(match[1] ?? '') * 10n ** 18n + BigInt((match[2] ?? '').padEnd(18, '0'))
}

/** A file or folder; the shell gives an empty one for a variable that is not set. */
export function pathValue(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It must not be empty.')
  return text
}

/** EIP-55, where capitals and small letters are mixed; all small or all capital say nothing. */
function isChecksummed(digits: string): boolean {
  const small = digits.toLowerCase()
  if (digits === small || digits === digits.toUpperCase()) return true
  const hash = toHex(keccak256(new TextEncoder().encode(small))).slice(2)
  return Array.from(small).every((digit, i) => {
    const isCapital = Number.parseInt(hash[i] ?? '0', 16) >= 8
    return (isCapital ? digit.toUpperCase() : digit) === digits[i]
  })
}

export function addressValue(text: string): `0x${string}` {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text))
    throw new InvalidArgumentError('It must be an address: 0x and 40 hex digits.')
  if (!isChecksummed(text.slice(2)))
    throw new InvalidArgumentError(
      'Its capitals are not those of its checksum (EIP-55): a digit is mistyped. In small letters it is taken as it is.',
    )
  return `0x${text.slice(2).toLowerCase()}`
}

/** Collects the values of an option that may be given several times. */
export const listed = (text: string, before: readonly string[]): readonly string[] => [
  ...before,
  text,
]

/** As `listed`, for addresses of nodes' JSON-RPC doors. */
export function listedUrl(text: string, before: readonly string[]): readonly string[] {
  if (!/^https?:\/\/[^/]/.test(text) || !URL.canParse(text))
    throw new InvalidArgumentError('It must be a URL such as http://127.0.0.1:8545.')
  return [...before, text]
}
