/** Amounts, gas and addresses for people. Not for machines: rpc/format.ts writes their answers. */
import type { Hex } from '../primitives/index.ts'

const weiPerOpen = 10n ** 18n
const weiPerGwei = 10n ** 9n

/** `1,234,567` */
export const groupDigits = (value: bigint): string =>
  value.toString().replace(/\B(?=(\d{3})+$)/g, ',')

/** An amount of wei in OPEN, exact, without trailing zeros: `10,000`, `0.5`, `0.000000000000000001`. */
export const toOpenText = (wei: bigint): string => decimal(wei, weiPerOpen, 18)

/** A price of gas in gwei, exact. */
export const toGweiText = (wei: bigint): string => decimal(wei, weiPerGwei, 9)

function decimal(value: bigint, unit: bigint, digits: number): string {
  const sign = value < 0n ? '-' : ''
  const size = value < 0n ? -value : value
  const fraction = (size % unit).toString().padStart(digits, '0').replace(/0+$/, '')
  return `${sign}${groupDigits(size / unit)}${fraction && `.${fraction}`}`
}

/** `0xf39f…2266` */
export const shorten = (hex: Hex): string => `${hex.slice(0, 6)}…${hex.slice(-4)}`

/** `1 block`, `2 blocks` */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`
