/** The parameters this module reads, by key: asked of the parameters' module in the block that uses them. */
import type { Address } from '../../primitives/index.ts'
import { moduleAddresses, paramsAbi } from '../abi.ts'
import { ascii, type DatanetContext } from './state.ts'

const params = { address: moduleAddresses.params, abi: paramsAbi }

const valueOf = (context: DatanetContext, key: string): bigint =>
  BigInt(context.view(params, 'get', [ascii(key)]))

/** Wei for each MiB, begun, of a version's rows. */
export const versionDepositPerMiB = (context: DatanetContext): bigint =>
  valueOf(context, 'datanet.depositPerMiB')

/** Most bytes of rows that one version may have to be held. */
export const maxVersionBytes = (context: DatanetContext): bigint =>
  valueOf(context, 'datanet.maxVersionBytes')

/** Most bytes of rows that validators hold for all versions together. */
export const maxHeldBytes = (context: DatanetContext): bigint =>
  valueOf(context, 'datanet.maxHeldBytes')

const addressOf = (value: bigint): Address => `0x${value.toString(16).padStart(40, '0')}`

/** Where forfeited deposits go. */
export const treasury = (context: DatanetContext): Address =>
  addressOf(valueOf(context, 'treasury'))

export const authority = (context: DatanetContext): Address => context.view(params, 'authority', [])
