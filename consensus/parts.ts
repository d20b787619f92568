/**
 * Blocks in pieces: how a proposer cuts the bytes, how a receiver puts them together. A part is good
 * when its hash is the one the signed proposal names, so parts need no signature and no order. What
 * the bytes mean is the application's to say.
 */
import { concat, fromHex, keccakHex, type Hex } from '../primitives/index.ts'
import { replaceAt } from './lists.ts'
import type { BlockVerdict, ProposalPart } from './types.ts'

/** 64 KiB: small enough not to hold up votes on the same stream. */
export const partSizeBytes = 65_536
/** 8 MiB: twice the largest block of the plan (4 MB), bounds what a proposal makes us hold. */
export const maxParts = 128
export const maxBlockBytes = partSizeBytes * maxParts

export type HeldBlock = {
  readonly partsHash: Hex
  readonly partHashes: readonly Hex[]
  readonly parts: readonly (Uint8Array | undefined)[]
  readonly missing: number
  /** What the application said; undefined until it has. */
  readonly verdict: BlockVerdict | undefined
}

/** Pieces of 64 KiB, the last shorter; at least one. */
export function splitBlock(bytes: Uint8Array): readonly Uint8Array[] {
  const count = Math.max(1, Math.ceil(bytes.length / partSizeBytes))
  return Array.from({ length: count }, (_, i) =>
    bytes.subarray(i * partSizeBytes, (i + 1) * partSizeBytes),
  )
}

/** One name for the bytes of a block: the hash of its parts' hashes. */
export const partsHashOf = (partHashes: readonly Hex[]): Hex =>
  keccakHex(concat(...partHashes.map(fromHex)))

/** A block of which only the proposal is known. */
export const announcedBlock = (partHashes: readonly Hex[]): HeldBlock => ({
  partsHash: partsHashOf(partHashes),
  partHashes,
  parts: partHashes.map(() => undefined),
  missing: partHashes.length,
  verdict: undefined,
})

/** A block that is all there. */
export function wholeBlock(bytes: Uint8Array, verdict?: BlockVerdict): HeldBlock {
  const parts = splitBlock(bytes)
  const partHashes = parts.map(keccakHex)
  return { partsHash: partsHashOf(partHashes), partHashes, parts, missing: 0, verdict }
}

/** The same block when the part is known, belongs elsewhere or is not what its hash says. */
export function addPart(block: HeldBlock, part: ProposalPart): HeldBlock {
  const isWanted = part.index in block.parts && block.parts[part.index] === undefined
  if (!isWanted || keccakHex(part.bytes) !== block.partHashes[part.index]) return block
  const { partsHash, partHashes, missing, verdict } = block
  const parts = replaceAt(block.parts, part.index, part.bytes)
  return { partsHash, partHashes, parts, missing: missing - 1, verdict }
}

/** The block with what the application said of it. */
export const judgedBlock = (
  { partsHash, partHashes, parts, missing }: HeldBlock,
  verdict: BlockVerdict,
): HeldBlock => ({ partsHash, partHashes, parts, missing, verdict })

/** The part itself where there is one: nobody writes into it. */
export function joinParts({ parts }: HeldBlock): Uint8Array {
  const held = parts.filter((part) => part !== undefined)
  return (held.length === 1 && held[0]) || concat(...held)
}
