/**
 * Datanets and their curators: creating one with its policy, and who may judge its batches. A datanet
 * belongs to its creator; its policy never changes, so that a contributor knows the rules beforehand.
 */
import type { Handlers } from '../../execution/native/index.ts'
import type { datanetAbi } from '../abi.ts'
import { checkUri } from '../limits.ts'
import { maxBatchRows } from '../rows/batch.ts'
import { datanetAt, datanetLayout, mode } from './state.ts'
import { idWord, textWord } from '../words.ts'

/** `decide` walks over all of them. */
export const maxCurators = 32
/** A year of one-second blocks: longer windows are mistakes. */
const maxWindowBlocks = 31_536_000

type DatanetHandlers = Pick<
  Handlers<typeof datanetAbi>,
  'create' | 'setCurator' | 'datanet' | 'curatorAt' | 'counts'
>

export const datanetHandlers: DatanetHandlers = {
  create(context, [metaHash, uri, policy]) {
    const { storage, message, block, revert, log } = context
    const refuse = (what: string): Error => revert('InvalidArgument', [textWord(what)])
    checkUri(context, uri)
    const isQuorum = policy.mode === mode.quorum
    if (policy.quorumBps > 10_000 || (isQuorum && policy.quorumBps === 0)) throw refuse('quorumBps')
    if (policy.penaltyBps > 10_000) throw refuse('penaltyBps')
    if (policy.reviewBlocks === 0 || policy.reviewBlocks > maxWindowBlocks)
      throw refuse('reviewBlocks')
    if (policy.revealBlocks > maxWindowBlocks || (isQuorum && policy.revealBlocks === 0))
      throw refuse('revealBlocks')
    if (policy.maxBatchRows === 0 || policy.maxBatchRows > maxBatchRows)
      throw refuse('maxBatchRows')
    const state = datanetLayout(storage)
    const datanetId = state.datanets.get() + 1n
    state.datanets.set(datanetId)
    state.datanet
      .at(datanetId)
      .store({ ...policy, owner: message.caller, createdBlock: block.number, metaHash })
    log('DatanetCreated', { datanetId, owner: message.caller, metaHash, uri })
    return datanetId
  },

  setCurator(context, [datanetId, curator, untilBlock, weight]) {
    const { storage, message, revert, log } = context
    const { entry, words } = datanetAt(context, datanetId)
    if (words.owner !== message.caller) throw revert('NotAuthorized', [message.caller])
    const curators = datanetLayout(storage).curators.at(datanetId)
    let index = 0
    while (index < words.curators && curators.at(BigInt(index)).curator.get() !== curator) index++
    const isNew = index === words.curators
    if (isNew && weight === 0) throw revert('NotFound', [idWord(BigInt(curator))])
    if (isNew && index === maxCurators)
      throw revert('LimitExceeded', [textWord('curators'), BigInt(maxCurators)])
    const before = isNew ? 0 : curators.at(BigInt(index)).weight.get()
    const last = words.curators - 1
    if (weight > 0) curators.at(BigInt(index)).store({ curator, untilBlock, weight })
    else {
      if (index < last) curators.at(BigInt(index)).store(curators.at(BigInt(last)).load())
      curators.at(BigInt(last)).store({ curator: noAddress, untilBlock: 0n, weight: 0 })
    }
    entry.store({
      curators: isNew ? index + 1 : weight === 0 ? last : words.curators,
      curatorWeight: words.curatorWeight + BigInt(weight - before),
    })
    log('CuratorSet', { datanetId, curator, untilBlock, weight })
  },

  counts({ storage }) {
    const { datanets, batches, versions } = datanetLayout(storage).load()
    return [datanets, batches, versions]
  },

  datanet(context, [datanetId]) {
    const { words } = datanetAt(context, datanetId)
    return { ...words, policy: words }
  },

  curatorAt(context, [datanetId, index]) {
    const { words } = datanetAt(context, datanetId)
    if (index >= BigInt(words.curators)) throw context.revert('NotFound', [idWord(index)])
    const at = datanetLayout(context.storage).curators.at(datanetId).at(index).load()
    return [at.curator, at.untilBlock, at.weight]
  },
}

const noAddress = `0x${'0'.repeat(40)}` as const

/** The weight of a curator in this block; 0 for anybody else. At most 32 reads. */
export function curatorWeight(
  context: Parameters<DatanetHandlers['create']>[0],
  datanetId: bigint,
  who: string,
): number {
  const { words } = datanetAt(context, datanetId)
  const curators = datanetLayout(context.storage).curators.at(datanetId)
  for (let i = 0n; i < BigInt(words.curators); i++) {
    const { curator, untilBlock, weight } = curators.at(i).load()
    if (curator === who) return untilBlock === 0n || context.block.number <= untilBlock ? weight : 0
  }
  return 0
}
