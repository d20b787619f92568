/** The parameters this module reads, asked of the parameters' module in the block that uses them. */
import { toWord, type Address } from '../../primitives/index.ts'
import { moduleAddresses, paramsAbi } from '../abi.ts'
import { readParam } from '../params/module.ts'
import { wordToAddress } from '../words.ts'
import type { DatanetContext } from './state.ts'

/** Wei for each MiB, begun, of a version's rows. */
export const versionDepositPerMiB = (context: DatanetContext): bigint =>
  readParam(context, 'datanet.depositPerMiB')

/** Most bytes of rows that one version may have to be held. */
export const maxVersionBytes = (context: DatanetContext): bigint =>
  readParam(context, 'datanet.maxVersionBytes')

/** Most bytes of rows that validators hold for all versions together. */
export const maxHeldBytes = (context: DatanetContext): bigint =>
  readParam(context, 'datanet.maxHeldBytes')

/** Where forfeited deposits go. */
export const treasury = (context: DatanetContext): Address =>
  wordToAddress(toWord(readParam(context, 'treasury')))

export const authority = (context: DatanetContext): Address =>
  context.view({ address: moduleAddresses.params, abi: paramsAbi }, 'authority', [])
