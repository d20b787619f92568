/**
 * Versions: accepted batches appended to a parent's rows and published under the roots of rows, corpus
 * and index. External at first; held once validators with more than two thirds of the power have said
 * on chain that they hold the rows and built the same index. Nothing here sees a row.
 */
import type { Handlers } from '../../execution/native/index.ts'
import { fromHex, type Address } from '../../primitives/index.ts'
import type { datanetAbi } from '../abi.ts'
import { verifyLeaf } from '../merkle/tree.ts'
import { checkUri, nodeGas } from '../limits.ts'
import { authority, maxHeldBytes, maxVersionBytes, versionDepositPerMiB } from './parameters.ts'
import {
  batchAt,
  batchState,
  creditAccount,
  datanetAt,
  datanetLayout,
  versionAt,
  versionState,
  type DatanetContext,
} from './state.ts'
import { idWord, textWord, zeroWord } from '../words.ts'

/** 64 parts are a slot and a batch read each: about half a million gas. */
export const maxPartsPerVersion = 64
/** Versions one above the other that a search for a row walks down. */
export const maxVersionDepth = 64
/** Most entries a list gives at once. */
const pageSize = 50n
/** 2^31 positions: what the suffix array's integers reach. */
const maxTokens = 2n ** 31n - 1n
/** Proofs of a tree of 2^32 leaves. */
const maxProofLength = 32

type VersionHandlers = Pick<
  Handlers<typeof datanetAbi>,
  | 'publish'
  | 'attest'
  | 'abandon'
  | 'version'
  | 'parts'
  | 'partOfRow'
  | 'contributionOf'
  | 'hasBatch'
  | 'verifyRow'
  | 'versionDepositFor'
  | 'isHeld'
  | 'hasAttested'
  | 'powerOf'
>

export const versionHandlers: VersionHandlers = {
  publish(context, [publication]) {
    const { storage, message, block, revert, log } = context
    const { datanetId, parentId, root, corpusRoot, indexRoot, tokens, batchIds, uri } = publication
    const datanet = datanetAt(context, datanetId)
    if (datanet.words.owner !== message.caller) throw revert('NotAuthorized', [message.caller])
    checkPublication(context, publication)
    const parent = parentOf(context, datanetId, parentId)
    const state = datanetLayout(storage)
    const versionId = state.versions.get() + 1n
    state.versions.set(versionId)
    let { rows, sizeBytes } = parent
    for (const [i, batchId] of batchIds.entries()) {
      const batch = batchAt(context, batchId)
      if (batch.words.datanetId !== datanetId)
        throw revert('InvalidArgument', [textWord('batchIds')])
      if (batchId <= (batchIds[i - 1] ?? parent.lastBatchId))
        throw revert('InvalidArgument', [textWord('batchIds')])
      if (batch.words.state !== batchState.accepted)
        throw revert('BadState', [batch.words.state, batchState.accepted])
      const part = { batchId, firstRow: rows, rows: batch.words.rows }
      state.parts.at(versionId).at(BigInt(i)).store(part)
      const isHeld = state.version.at(batch.words.versionId).state.get() === versionState.held
      if (!isHeld) batch.entry.store({ isPublished: true, versionId })
      rows += BigInt(batch.words.rows)
      sizeBytes += batch.words.sizeBytes
    }
    const deposit = depositOf(context, sizeBytes)
    if (message.value !== deposit) throw revert('InsufficientValue', [message.value, deposit])
    state.version.at(versionId).store({
      publisher: message.caller,
      datanetId,
      batches: batchIds.length,
      parentId,
      rows,
      sizeBytes,
      tokens,
      publishedBlock: block.number,
      attestedPower: 0n,
      retractions: datanet.words.retractions,
      depth: parent.depth + 1,
      state: versionState.external,
      root,
      corpusRoot,
      indexRoot,
      deposit,
    })
    datanet.entry.store({ versions: datanet.words.versions + 1n, latestVersionId: versionId })
    log('VersionPublished', {
      datanetId,
      versionId,
      parentId,
      root,
      corpusRoot,
      indexRoot,
      rows,
      batchIds,
      uri,
    })
    return versionId
  },

  attest(context, [versionId, indexRoot]) {
    const { storage, message, block, revert, log } = context
    const { entry, words } = versionAt(context, versionId)
    if (words.state !== versionState.external)
      throw revert('BadState', [words.state, versionState.external])
    // What was taken out before it was held has no deposit to answer for its rows.
    if (!isWhole(context, versionId, words, maxRetractions))
      throw revert('InvalidArgument', [textWord('retractions')])
    const validator = message.caller
    const { power, total } = powerOf(context, validator)
    if (power === 0n) throw revert('NotAuthorized', [validator])
    if (indexRoot !== words.indexRoot) throw revert('InvalidArgument', [textWord('indexRoot')])
    const state = datanetLayout(storage)
    const attested = state.attested.at(versionId).at(validator)
    if (attested.get() !== 0n) throw revert('AlreadyExists', [idWord(BigInt(validator))])
    attested.set(power)
    const attestedPower = words.attestedPower + power
    const isHeld = 3n * attestedPower > 2n * total
    entry.store({
      attestedPower,
      ...(isHeld && { state: versionState.held, heldBlock: block.number }),
    })
    log('VersionAttested', { versionId, validator, power, attestedPower })
    if (!isHeld) return
    const most = maxVersionBytes(context)
    if (words.sizeBytes > most) throw revert('LimitExceeded', [textWord('sizeBytes'), most])
    const heldBytes = state.heldBytes.get() + addedBytes(context, words)
    const mostOfAll = maxHeldBytes(context)
    if (heldBytes > mostOfAll) throw revert('LimitExceeded', [textWord('heldBytes'), mostOfAll])
    state.heldBytes.set(heldBytes)
    log('VersionHeld', { versionId })
  },

  abandon(context, [versionId]) {
    const { message, revert, log } = context
    const { entry, words } = versionAt(context, versionId)
    if (words.publisher !== message.caller) throw revert('NotAuthorized', [message.caller])
    if (words.state !== versionState.external)
      throw revert('BadState', [words.state, versionState.external])
    entry.store({ state: versionState.abandoned, deposit: 0n })
    creditAccount(context, words.publisher, words.deposit)
    log('VersionAbandoned', { versionId })
  },

  version: (context, [versionId]) => versionAt(context, versionId).words,

  parts(context, [versionId, from, limit]) {
    const { words } = versionAt(context, versionId)
    const [first, most] = [Number(min(from, BigInt(words.batches))), min(limit, pageSize)]
    const parts = datanetLayout(context.storage).parts.at(versionId)
    return Array.from({ length: Math.min(words.batches - first, Number(most)) }, (_, i) =>
      parts.at(BigInt(first + i)).load(),
    )
  },

  partOfRow: (context, [versionId, row]) => partOfRow(context, versionId, row),

  contributionOf({ storage }, [batchId]) {
    const batch = datanetLayout(storage).batch.at(batchId)
    return [batch.contributor.get(), batch.clusterId.get()]
  },

  hasBatch: (context, [versionId, batchId]) => hasBatch(context, versionId, batchId),

  verifyRow(context, [versionId, rowHash, index, proof]) {
    const { words } = versionAt(context, versionId)
    if (index >= words.rows || proof.length > maxProofLength) return false
    context.gas.charge(nodeGas * BigInt(proof.length + 1))
    return verifyLeaf(fromHex(words.root), fromHex(rowHash), Number(index), proof.map(fromHex))
  },

  versionDepositFor: (context, [sizeBytes]) => depositOf(context, sizeBytes),

  isHeld: ({ storage }, [versionId]) =>
    datanetLayout(storage).version.at(versionId).state.get() === versionState.held,

  hasAttested: ({ storage }, [versionId, validator]) =>
    datanetLayout(storage).attested.at(versionId).at(validator).get() !== 0n,

  powerOf(context, [validator]) {
    const { power, total } = powerOf(context, validator)
    return [power, total]
  },
}

/** Rows that validators did not hold before: those of a held parent are kept once, not once a version. */
function addedBytes(
  { storage }: DatanetContext,
  { parentId, sizeBytes }: { readonly parentId: bigint; readonly sizeBytes: bigint },
): bigint {
  if (parentId === 0n) return sizeBytes
  const parent = datanetLayout(storage).version.at(parentId)
  return parent.state.get() === versionState.held ? sizeBytes - parent.sizeBytes.get() : sizeBytes
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)

const depositOf = (context: DatanetContext, sizeBytes: bigint): bigint =>
  versionDepositPerMiB(context) * ((sizeBytes + 2n ** 20n - 1n) / 2n ** 20n)

function checkPublication(
  context: DatanetContext,
  publication: Parameters<VersionHandlers['publish']>[1][0],
): void {
  const { revert } = context
  const { root, corpusRoot, indexRoot, tokens, batchIds, uri } = publication
  for (const [name, value] of Object.entries({ root, corpusRoot, indexRoot }))
    if (value === zeroWord) throw revert('InvalidArgument', [textWord(name)])
  if (tokens === 0n || tokens > maxTokens) throw revert('InvalidArgument', [textWord('tokens')])
  if (batchIds.length === 0) throw revert('InvalidArgument', [textWord('batchIds')])
  if (batchIds.length > maxPartsPerVersion)
    throw revert('LimitExceeded', [textWord('batchIds'), BigInt(maxPartsPerVersion)])
  checkUri(context, uri)
}

interface Parent {
  readonly rows: bigint
  readonly sizeBytes: bigint
  readonly depth: number
  /** Batches are appended in the order of their registration, which is the order of their ids. */
  readonly lastBatchId: bigint
}

/** A parent's rows come first, so none of them may have been retracted since. */
function parentOf(context: DatanetContext, datanetId: bigint, parentId: bigint): Parent {
  const { revert, storage } = context
  if (parentId === 0n) return { rows: 0n, sizeBytes: 0n, depth: 0, lastBatchId: 0n }
  const { words } = versionAt(context, parentId)
  if (words.datanetId !== datanetId || !isWhole(context, parentId, words))
    throw revert('InvalidArgument', [textWord('parentId')])
  if (words.depth === maxVersionDepth)
    throw revert('LimitExceeded', [textWord('parentId'), BigInt(maxVersionDepth)])
  const last = BigInt(words.batches - 1)
  const lastBatchId = datanetLayout(storage).parts.at(parentId).at(last).batchId.get()
  return { rows: words.rows, sizeBytes: words.sizeBytes, depth: words.depth, lastBatchId }
}

/**
 * Retractions since its publication that `attest` looks at one by one: its gas is the validators', and what they
 * send must do. A publisher pays for his own look at a parent, however many there are.
 */
export const maxRetractions = 16n

/** Whether no batch of the version, or of its parents, was taken out since it was published. */
function isWhole(
  context: DatanetContext,
  versionId: bigint,
  version: { readonly datanetId: bigint; readonly retractions: bigint },
  most?: bigint,
): boolean {
  const { retractions } = datanetAt(context, version.datanetId).words
  if (most !== undefined && retractions - version.retractions > most) return false
  const retracted = datanetLayout(context.storage).retracted.at(version.datanetId)
  for (let i = version.retractions; i < retractions; i++)
    if (hasBatch(context, versionId, retracted.at(i).get())) return false
  return true
}

/** Down the parents to the version that appended the row, then by halves. Throws NotFound. */
function partOfRow(context: DatanetContext, versionId: bigint, row: bigint) {
  const { storage, revert } = context
  let version = { id: versionId, ...versionAt(context, versionId).words }
  if (row >= version.rows) throw revert('NotFound', [idWord(row)])
  const partsOf = (id: bigint) => datanetLayout(storage).parts.at(id)
  while (row < partsOf(version.id).at(0n).firstRow.get())
    version = { id: version.parentId, ...versionAt(context, version.parentId).words }
  let [low, high] = [0, version.batches]
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (partsOf(version.id).at(BigInt(middle)).firstRow.get() <= row) low = middle
    else high = middle
  }
  return partsOf(version.id).at(BigInt(low)).load()
}

/** Batches stand in the order of their ids, a parent's before those appended to it. */
function hasBatch(context: DatanetContext, versionId: bigint, batchId: bigint): boolean {
  const state = datanetLayout(context.storage)
  const partsOf = (id: bigint) => state.parts.at(id)
  const wordsOf = (id: bigint) => ({ id, ...state.version.at(id).pick('batches', 'parentId') })
  let version = wordsOf(versionId)
  if (version.batches === 0) throw context.revert('NotFound', [idWord(versionId)])
  while (batchId < partsOf(version.id).at(0n).batchId.get()) {
    if (version.parentId === 0n) return false
    version = wordsOf(version.parentId)
  }
  let [low, high] = [0, version.batches]
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (partsOf(version.id).at(BigInt(middle)).batchId.get() <= batchId) low = middle
    else high = middle
  }
  return partsOf(version.id).at(BigInt(low)).batchId.get() === batchId
}

/**
 * Voting power from genesis. A chain without validators has one producer and nobody to attest beside
 * the parameters' authority, which then is the one validator.
 */
function powerOf(context: DatanetContext, validator: Address): { power: bigint; total: bigint } {
  const state = datanetLayout(context.storage)
  const total = state.totalPower.get()
  if (total > 0n) return { power: state.powers.at(validator).get(), total }
  return { power: authority(context) === validator ? 1n : 0n, total: 1n }
}
