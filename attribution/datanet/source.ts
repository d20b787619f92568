/**
 * What a version is made of, read from a state without a call: its roots, and its batches in the order
 * of their rows, parents first. For the node, which builds indexes of versions; no gas is counted.
 */
import { freeSlots, type Slots } from '../../execution/native/index.ts'
import type { Address, Hex, StateReader } from '../../primitives/index.ts'
import { moduleAddresses } from '../abi.ts'
import { readAuthority, readStoredParam } from '../params/module.ts'
import { batchState, datanetLayout, versionState } from './state.ts'
import { maxRetractions } from './versions.ts'

export interface VersionSource {
  readonly versionId: bigint
  readonly state: 'external' | 'held' | 'abandoned'
  readonly root: Hex
  readonly corpusRoot: Hex
  readonly indexRoot: Hex
  readonly rows: bigint
  readonly sizeBytes: bigint
  readonly tokens: bigint
  readonly batches: readonly {
    readonly batchId: bigint
    readonly root: Hex
    readonly rows: number
    readonly sizeBytes: number
  }[]
}

/** A batch as whoever keeps rows sees it. */
export interface BatchSource {
  readonly batchId: bigint
  readonly datanetId: bigint
  readonly root: Hex
  readonly rows: number
  readonly sizeBytes: number
  /** `dropped`: refused, expired, or taken out before it was published. */
  readonly standing: 'offered' | 'dropped' | 'published'
}

/** undefined: no such batch; ids count from 1. */
export function batchSource(state: StateReader, batchId: bigint): BatchSource | undefined {
  const words = datanetLayout(slotsOf(state)).batch.at(batchId).load()
  if (words.state === batchState.none) return undefined
  const { datanetId, root, rows, isPublished } = words
  const isOffered = words.state === batchState.pending || words.state === batchState.accepted
  const standing = isPublished ? 'published' : isOffered ? 'offered' : 'dropped'
  return { batchId, datanetId, root, rows, sizeBytes: Number(words.sizeBytes), standing }
}

/** undefined: no such version. */
export function versionSource(state: StateReader, versionId: bigint): VersionSource | undefined {
  const module = datanetLayout(slotsOf(state))
  const words = module.version.at(versionId).load()
  if (words.state === versionState.none) return undefined
  const batches: VersionSource['batches'][number][] = []
  for (let id = versionId; id !== 0n;) {
    const version = module.version.at(id).load()
    const own = Array.from({ length: version.batches }, (_, i) => {
      const { batchId, rows } = module.parts.at(id).at(BigInt(i)).load()
      const batch = module.batch.at(batchId)
      return { batchId, root: batch.root.get(), rows, sizeBytes: Number(batch.sizeBytes.get()) }
    })
    batches.unshift(...own)
    id = version.parentId
  }
  return { ...words, versionId, state: nameOf(words.state), batches }
}

function nameOf(state: number): VersionSource['state'] {
  if (state === versionState.held) return 'held'
  return state === versionState.abandoned ? 'abandoned' : 'external'
}

/** Whether an account has power to attest: from genesis, or as authority where it names nobody. */
export function isValidator(state: StateReader, account: Address): boolean {
  const { totalPower, powers } = datanetLayout(slotsOf(state))
  if (totalPower.get() > 0n) return powers.at(account).get() > 0n
  return readAuthority(slotsOf(state, moduleAddresses.params)) === account
}

/** Whether `attest` would take it: a validator that has not attested, an external version, none of its batches taken out. */
export function mayAttest(state: StateReader, versionId: bigint, validator: Address): boolean {
  const module = datanetLayout(slotsOf(state))
  const version = module.version.at(versionId)
  return (
    isValidator(state, validator) &&
    version.state.get() === versionState.external &&
    module.attested.at(versionId).at(validator).get() === 0n &&
    isWhole(state, versionId)
  )
}

/** As versions.ts has it for transactions. */
function isWhole(state: StateReader, versionId: bigint): boolean {
  const module = datanetLayout(slotsOf(state))
  const { datanetId, retractions: from } = module.version.at(versionId).load()
  const to = module.datanet.at(datanetId).retractions.get()
  if (to === from) return true
  if (to - from > maxRetractions) return false
  const batchIds = new Set(versionSource(state, versionId)?.batches.map(({ batchId }) => batchId))
  for (let i = from; i < to; i++)
    if (batchIds.has(module.retracted.at(datanetId).at(i).get())) return false
  return true
}

/** Most bytes of rows that one version may have to be held. */
export const versionLimit = (state: StateReader): bigint =>
  readStoredParam(slotsOf(state, moduleAddresses.params), 'datanet.maxVersionBytes')

const slotsOf = (state: StateReader, address: Address = moduleAddresses.datanet): Slots =>
  freeSlots((slot) => state.storage(address, slot))
