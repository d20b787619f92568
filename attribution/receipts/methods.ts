/**
 * The methods by which a receipt may say which rows shaped an answer, each with its class: provable
 * (exact, any node can repeat it), attested (k of n bonded attesters), declared (a statement). One
 * entry a method; numbers are for ever. Runs nothing.
 */
import type { Context } from '../../execution/native/index.ts'
import { type Hex, keccakHex } from '../../primitives/index.ts'
import { readParam } from '../params/module.ts'
import type { ParamName } from '../params/table.ts'
import { textWord } from '../words.ts'

export const methodClass = { declared: 0, attested: 1, provable: 2 } as const

export interface Method {
  readonly name: string
  readonly class: (typeof methodClass)[keyof typeof methodClass]
  /** Whether `attribute` runs it. */
  readonly isNative: boolean
  /** Whether it may be stated by `commit` and is then audited at random, because any node can repeat it. */
  readonly isAudited: boolean
  readonly version: number
  /** Signatures of bonded attesters that a committed receipt needs. */
  readonly signatures: number
  /** Blocks for challenges; none: final with the block. */
  readonly window: ParamName | undefined
  /** Most of the data part it may distribute; none: all. */
  readonly cap: ParamName | undefined
  /** Linear datamodeling score in millionths, as measured; 0: not measured. */
  readonly accuracyPpm: number
  /** What is hashed to name the exact specification. */
  readonly spec: string
}

/** What any node can compute again. */
const provable = (
  name: string,
  spec: string,
  { accuracyPpm = 0, isAudited = false } = {},
): Method => ({
  name,
  class: methodClass.provable,
  isNative: true,
  isAudited,
  version: 1,
  signatures: 0,
  window: 'receipts.provableWindow',
  cap: undefined,
  accuracyPpm,
  spec: `tributary ${name} 1: ${spec}`,
})

/** What somebody says, whom nobody can repeat. */
const stated = (
  name: 'attested' | 'declared',
  spec: string,
  more: Pick<Method, 'signatures' | 'window' | 'cap'>,
): Method => ({
  name,
  class: methodClass[name],
  isNative: false,
  isAudited: false,
  version: 1,
  accuracyPpm: 0,
  spec: `tributary ${name} 1: ${spec}`,
  ...more,
})

/** By number, from 1. */
const methods: readonly Method[] = [
  provable('span', 'maximal spans of 2 tokens, first row, rarity in 1/256 bit', {
    accuracyPpm: 750_000, // notes/attribution.md, 2.4: 0.75 for spans of 2 tokens with rarity weights
    isAudited: true,
  }),
  stated('attested', 'weights signed by two bonded attesters', {
    signatures: 2,
    window: 'receipts.attestedWindow',
    cap: 'receipts.attestedCapBps',
  }),
  stated('declared', 'weights fixed by the committer', {
    signatures: 0,
    window: undefined,
    cap: 'receipts.declaredCapBps',
  }),
  provable(
    'knn-shapley',
    '5 nearest of the int8 vectors of equal length, ties to the earlier row, units of 2^-40 rounded down, 64 nearest rows, net by batch',
  ),
  provable(
    'rag-shapley',
    '32 int8 vectors of largest dot product, ties to the earlier row, 8 count, relevance at least 0, units of 2^-20 rounded down, sum by batch',
  ),
  provable(
    'linear-influence',
    'softmax head, rows in order, |gradient| and |Hv - g| at most 2^-30, units of 2^-20 rounded down, 64 rows of largest amount, net by batch',
  ),
  provable(
    'ngram-shares',
    'modified Kneser-Ney of order 5 over the tokens of the index, first row, 2^32 a token rounded down by batch, the rest to batch 0; evidence: cells by batch and token',
    {
      accuracyPpm: 823_100, // docs/accuracy.md: first-come on Gutenberg words
      isAudited: true,
    },
  ),
]

export const spanMethod = 1
export const knnMethod = 4
export const ragMethod = 5
export const headMethod = 6
export const ngramMethod = 7
export const methodCount = methods.length

/** Undefined for a number that no method has. */
export const methodAt = (id: number): Method | undefined => methods[id - 1]

/** The class of a receipt's method. */
export const classOf = ({ methodId }: { readonly methodId: number }): Method['class'] | undefined =>
  methodAt(methodId)?.class

const wholeBps = 10_000

export const capOf = (context: Pick<Context, 'view'>, { cap }: Method): number =>
  cap === undefined ? wholeBps : Number(readParam(context, cap))

/**
 * Blocks that a window of an audited method has at most, whatever the parameters say: its draw is known for 8,191
 * (docs/decisions/084), and in the thousand that are left somebody can have it paid.
 */
const maxAuditedWindow = 7_200n

export const windowOf = (
  context: Pick<Context, 'view'>,
  { window, isAudited }: Pick<Method, 'window' | 'isAudited'>,
): bigint => {
  const blocks = window === undefined ? 0n : readParam(context, window)
  return isAudited && blocks > maxAuditedWindow ? maxAuditedWindow : blocks
}

/** Blocks of a vote on a receipt, and for doubts after it. */
export const voteWindowOf = (
  context: Pick<Context, 'view'>,
  { auditBps }: { readonly auditBps: number },
): bigint => windowOf(context, { window: 'receipts.voteWindow', isAudited: auditBps > 0 })

/** IReceipts.Method. */
export const describeMethod = (context: Pick<Context, 'view'>, method: Method) => ({
  class_: method.class,
  active: true,
  isNative: method.isNative,
  version: method.version,
  windowBlocks: Number(windowOf(context, method)),
  signatures: method.signatures,
  capBps: capOf(context, method),
  accuracyPpm: method.accuracyPpm,
  specHash: specHashOf(method),
  name: textWord(method.name),
})

/** Made once: the list of methods is fixed. */
const specHashes = new Map<Method, Hex>()
function specHashOf(method: Method): Hex {
  const hash = specHashes.get(method) ?? keccakHex(new TextEncoder().encode(method.spec))
  specHashes.set(method, hash)
  return hash
}
