/** Amounts, gas and addresses for people. Not for machines: rpc/format.ts writes their answers. */
import type { Hex } from '../primitives/index.ts'

const weiPerOpen = 10n ** 18n
const weiPerGwei = 10n ** 9n

/** `1,234,567` */
export const groupDigits = (value: bigint): string =>
  value.toString().replace(/\B(?=(\d{3})+$)/g, ',')

/** An amount of wei in OPEN, exact, without trailing zeros: `10,000`, `0.5`, `0.000000000000000001`. */
export const toOpenText = (wei: bigint): string => decimal(wei, weiPerOpen, 18)

/** An amount with its unit; below a gwei in wei, for nobody counts seventeen zeros. */
export const toAmountText = (wei: bigint): string =>
  wei < weiPerGwei ? `${groupDigits(wei)} wei` : `${toOpenText(wei)} OPEN`

/** A price of gas in gwei, exact. */
export const toGweiText = (wei: bigint): string => decimal(wei, weiPerGwei, 9)

function decimal(value: bigint, unit: bigint, digits: number): string {
  const sign = value < 0n ? '-' : ''
  const size = value < 0n ? -value : value
  const fraction = (size % unit).toString().padStart(digits, '0').replace(/0+$/, '')
  return `${sign}${groupDigits(size / unit)}${fraction && `.${fraction}`}`
}

/** `0.5 KiB`, `12.0 MiB`: KiB below 1 MiB. */
export const toSizeText = (bytes: number): string =>
  bytes < 2 ** 20 ? `${(bytes / 2 ** 10).toFixed(1)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`

/** `0xf39f…2266` */
export const shorten = (hex: Hex): string => `${hex.slice(0, 6)}…${hex.slice(-4)}`

/** JSON for scripts: whole numbers beyond 2^53 as decimal text. */
export const toJsonText = (value: unknown): string =>
  JSON.stringify(value, (_key, field: unknown) =>
    typeof field === 'bigint' ? field.toString() : field,
  )

/** `1 block`, `2 blocks` */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`
