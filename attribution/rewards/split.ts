/**
 * How a fee is divided: five parts in ten-thousandths, the wei left over to the largest remainders, so
 * that the parts are the fee. An asset's owner may choose its split within the bounds of the parameters.
 */
import { readParam } from '../params/module.ts'
import { splitByWeight } from '../methods/split.ts'
import { textWord } from '../words.ts'
import {
  lineage,
  rewardsState,
  type RewardsContext,
  type RewardsHandlers,
  type Split,
} from './state.ts'

const wholeBps = 10_000

export const splitHandlers: Pick<RewardsHandlers, 'setSplit' | 'splitOf'> = {
  setSplit(context, [assetId, split]) {
    const { message, storage, revert, view, log } = context
    if (view(lineage, 'asset', [assetId]).owner !== message.caller)
      throw revert('NotAuthorized', [message.caller])
    checkSplit(context, split)
    rewardsState(storage).splits.at(assetId).store(split)
    log('SplitSet', { assetId, split })
  },
  splitOf: (context, [assetId]) => splitOf(context, assetId),
}

/** The asset's own, or the parameters'. */
export function splitOf(context: RewardsContext, assetId: bigint): Split {
  const own = rewardsState(context.storage).splits.at(assetId).load()
  if (own.dataBps > 0) return own // the least a split may give to data is above 0
  const [dataBps, modelBps, providerBps] = [
    Number(readParam(context, 'rewards.dataBps')),
    Number(readParam(context, 'rewards.modelBps')),
    Number(readParam(context, 'rewards.providerBps')),
  ]
  const stakersBps = Number(readParam(context, 'rewards.stakersBps'))
  // The last part is the rest, so that no change of parameters makes a whole of another size.
  const rest = wholeBps - dataBps - modelBps - providerBps - stakersBps
  return { dataBps, modelBps, providerBps, stakersBps, protocolBps: Math.max(rest, 0) }
}

function checkSplit(context: RewardsContext, split: Split): void {
  const { dataBps, modelBps, providerBps, stakersBps, protocolBps } = split
  const refuse = (what: string): Error => context.revert('InvalidArgument', [textWord(what)])
  if (dataBps + modelBps + providerBps + stakersBps + protocolBps !== wholeBps)
    throw refuse('split')
  if (dataBps < Number(readParam(context, 'rewards.minDataBps'))) throw refuse('dataBps')
  if (stakersBps < Number(readParam(context, 'rewards.minStakersBps'))) throw refuse('stakersBps')
  if (protocolBps < Number(readParam(context, 'rewards.minProtocolBps')))
    throw refuse('protocolBps')
}

export interface Parts {
  readonly data: bigint
  readonly model: bigint
  readonly provider: bigint
  readonly stakers: bigint
  readonly protocol: bigint
}

export function partsOf(amount: bigint, split: Split): Parts {
  const { dataBps, modelBps, providerBps, stakersBps, protocolBps } = split
  const [data = 0n, model = 0n, provider = 0n, stakers = 0n, protocol = 0n] = splitByWeight(
    amount,
    [dataBps, modelBps, providerBps, stakersBps, protocolBps].map(BigInt),
  )
  return { data, model, provider, stakers, protocol }
}

/** Keeps back what a method may not distribute. */
export function capData(parts: Parts, capBps: number): Parts {
  const data = (parts.data * BigInt(capBps)) / BigInt(wholeBps)
  return { ...parts, data, protocol: parts.protocol + parts.data - data }
}
