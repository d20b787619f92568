/** The parameters this module reads, asked of the parameters' module in the block that uses them. */
import { toWord, type Address } from '../../primitives/index.ts'
import { moduleAddresses, paramsAbi, receiptsAbi, registryAbi } from '../abi.ts'
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

/** Blocks from its first holding that a batch's deposit answers for its rows. */
export const depositBlocks = (context: DatanetContext): bigint =>
  readParam(context, 'datanet.depositBlocks')

const receipts = { address: moduleAddresses.receipts, abi: receiptsAbi }
const registry = { address: moduleAddresses.registry, abi: registryAbi }

/** What a batch's rows are below nothing in closed epochs; nothing on a chain without receipts. */
export const debtOf = (context: DatanetContext, batchId: bigint): readonly [bigint, bigint] =>
  context.view(registry, 'isActive', [receipts.address])
    ? context.view(receipts, 'debtOf', [batchId])
    : [0n, 0n]

/** Share of a batch's tokens inside long matches with earlier rows from which on it is a copy. */
export const gateBps = (context: DatanetContext): bigint => readParam(context, 'datanet.gateBps')

/** The held version of what the protocol calls known; 0: none. */
export const priorArtVersion = (context: DatanetContext): bigint =>
  readParam(context, 'datanet.priorArtVersion')

/** Where forfeited deposits go. */
export const treasury = (context: DatanetContext): Address =>
  wordToAddress(toWord(readParam(context, 'treasury')))

export const authority = (context: DatanetContext): Address =>
  context.view({ address: moduleAddresses.params, abi: paramsAbi }, 'authority', [])
