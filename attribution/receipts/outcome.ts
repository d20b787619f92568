/**
 * How a doubt ends: who loses what, and in which state the receipt goes on. The loser's bond goes half to
 * the winner and half to the zero address: never all to one who might be the loser's other self
 * (attribution notes 3.6).
 */
import { type Paying, paying } from '../../execution/native/index.ts'
import type { Address, Hex } from '../../primitives/index.ts'
import { zeroAddress, zeroWord } from '../words.ts'
import { releaseAttesters } from './attesters.ts'
import { classOf, methodClass, voteWindowOf } from './methods.ts'
import {
  creditAccount,
  ground,
  receiptAt,
  receiptsState,
  type ReceiptsContext,
  receiptState,
} from './state.ts'

export interface Doubt {
  readonly challenger: Address
  /** Of the challenger; 0 for who answers an audit or says that nobody did. */
  readonly bond: bigint
  readonly ground: number
}

interface Outcome {
  readonly doubt: Doubt
  readonly upheld: boolean
  /** Everything was computed again: there is nothing left to doubt. */
  readonly isProven: boolean
}

/** What a handler answers, and the wei that nobody shall have. */
export const burning = <result>(result: result, amount: bigint): Paying<result> =>
  paying(result, amount === 0n ? [] : [{ to: zeroAddress, value: amount }])

/**
 * The loser's bond is divided. A receipt that fell is void; one that was computed again in full is
 * final; one that survived less (a single leaf, a vote) is open to others as before, or its own author
 * could end its window by losing to himself. The new state, and the wei to burn.
 */
export function settle(
  context: ReceiptsContext,
  receiptId: Hex,
  { doubt, upheld, isProven }: Outcome,
): { readonly state: number; readonly burnt: bigint } {
  const { block, storage, log } = context
  const state = receiptsState(storage)
  const { entry, words } = receiptAt(context, receiptId)
  const next = !upheld ? receiptState.void : isProven ? receiptState.final : receiptState.committed
  const [winner, loser, lost] = upheld
    ? [words.committer, doubt.challenger, doubt.bond]
    : [doubt.challenger, words.committer, words.bond]
  const back = upheld ? (isProven ? words.bond : 0n) : doubt.bond
  creditAccount(context, winner, back + lost / 2n)
  let burnt = lost - lost / 2n
  if (next === receiptState.committed) {
    // A vote has used up blocks in which others could have shown more.
    const reopened = block.number + voteWindowOf(context, words)
    const isVoted = words.state === receiptState.challenged
    const finalBlock = isVoted && reopened > words.finalBlock ? reopened : words.finalBlock
    entry.store({ state: next, finalBlock })
  } else entry.store({ state: next, bond: 0n })
  // A leaf or a vote against the weights shows that who signed them signed what is false.
  const { badLeaf, wrongOrder, dispute } = ground
  const isFalse = [badLeaf, wrongOrder, dispute].some((reason) => reason === doubt.ground)
  if (!upheld && classOf(words) === methodClass.attested)
    burnt += releaseAttesters(context, receiptId, { isFalse, winner })
  if (!upheld) state.receiptOf.at(words.requestId).set(zeroWord)
  log('ReceiptResolved', { receiptId, upheld, loser, amount: lost })
  if (next === receiptState.final) log('ReceiptFinal', { receiptId })
  return { state: next, burnt }
}
