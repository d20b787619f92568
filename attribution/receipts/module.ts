/**
 * IReceipts: which rows shaped a paid answer. A receipt binds a request to a version, a method and the
 * Merkle-sum root of its weights; commit.ts makes them, challenge.ts doubts them, attesters.ts signs.
 * Keeps bonds, never fees: those are the rewards module's.
 */
import { defineModule, type NativeModule, paying } from '../../execution/native/index.ts'
import { fromHex } from '../../primitives/index.ts'
import { moduleAddresses, receiptsAbi } from '../abi.ts'
import { createNgramReader } from '../ngram/native.ts'
import { readParam } from '../params/module.ts'
import { createVectorReader } from '../vectors/players.ts'
import { idWord, textWord } from '../words.ts'
import { attesterHandlers, releaseAttesters } from './attesters.ts'
import { createAnswerHandlers } from './answer.ts'
import { bondFor, isFinal, settled } from './audit.ts'
import { createChallengeHandlers } from './challenge.ts'
import { createCommitHandlers, type ReceiptsPorts } from './commit.ts'
import { createEpochHandlers } from './epoch.ts'
import { placeOf } from './grounds.ts'
import { classOf, describeMethod, methodAt, methodClass, methodCount } from './methods.ts'
import {
  creditAccount,
  receiptAt,
  type ReceiptsContext,
  receiptsState,
  receiptState,
  rewards,
  type StoredReceipt,
} from './state.ts'

/** Receipts that one `finalize` takes. */
const maxFinalized = 32

export function createReceipts(given: ReceiptsPorts): NativeModule {
  const ports = { ...given, vectors: createVectorReader(), ngrams: createNgramReader() }
  return defineModule({
    address: moduleAddresses.receipts,
    name: 'receipts',
    abi: receiptsAbi,
    // Deadlines run on in a pause: whoever has to answer may, or is taken for a liar at its end.
    exits: ['unbond', 'withdraw', 'finalize', 'close', 'answer', 'answerInPieces', 'expire'],
    enums: { challenge: { ground: 8 } },
    handlers: {
      ...createCommitHandlers(ports),
      ...createChallengeHandlers(ports),
      ...createAnswerHandlers(ports),
      ...attesterHandlers,
      ...createEpochHandlers(ports),
      finalize(context, [receiptIds]) {
        if (receiptIds.length > maxFinalized)
          throw context.revert('LimitExceeded', [textWord('receiptIds'), BigInt(maxFinalized)])
        for (const receiptId of receiptIds) {
          const { entry, words } = receiptAt(context, receiptId)
          if (words.state !== receiptState.committed)
            throw context.revert('BadState', [words.state, receiptState.committed])
          if (!isFinal(context, receiptId, words))
            throw context.revert('TooEarly', [words.finalBlock + 1n])
          checkSettled(context, words)
          entry.store({ state: receiptState.final, bond: 0n })
          const winner = words.committer
          creditAccount(context, winner, words.bond)
          if (classOf(words) === methodClass.attested)
            releaseAttesters(context, receiptId, { isFalse: false, winner })
          context.log('ReceiptFinal', { receiptId })
        }
      },
      withdraw({ storage, message, log }, [to]) {
        const balance = receiptsState(storage).balances.at(message.caller)
        const amount = balance.get()
        balance.set(0n)
        log('Withdrawn', { account: message.caller, to, amount })
        return paying(amount, amount === 0n ? [] : [{ to, value: amount }])
      },
      status(context, [receiptId]) {
        const { words } = receiptAt(context, receiptId)
        const { challenger, bond } = receiptsState(context.storage).challenges.at(receiptId).load()
        return { ...words, challenger, challengeBond: bond }
      },
      receiptOf: ({ storage }, [requestId]) => receiptsState(storage).receiptOf.at(requestId).get(),
      isFinal: (context, [receiptId]) =>
        isFinal(context, receiptId, receiptAt(context, receiptId).words),
      verifyShare(context, [receiptId, leaf, index, proof]) {
        const { words } = receiptAt(context, receiptId)
        return placeOf(context, words, leaf, index, fromHex(proof)) !== undefined
      },
      method(context, [methodId]) {
        const method = methodAt(methodId)
        if (!method) throw context.revert('NotFound', [idWord(BigInt(methodId))])
        return describeMethod(context, method)
      },
      methodCount: () => BigInt(methodCount),
      bondFor(context, [requestId, methodId]) {
        const method = methodAt(methodId)
        if (!method) throw context.revert('NotFound', [idWord(BigInt(methodId))])
        const { state, amount } = context.view(rewards, 'payment', [requestId])
        if (state === 0) throw context.revert('NotFound', [requestId])
        return bondFor(context, method, amount).bond
      },
      commitBond: (context) => readParam(context, 'receipts.commitBond'),
      challengeBond: (context) => readParam(context, 'receipts.challengeBond'),
      balanceOf: ({ storage }, [account]) => receiptsState(storage).balances.at(account).get(),
    },
  })
}

/** A declared receipt answers for its leaves, bond and all, until a settlement has looked at them. */
function checkSettled({ view, revert }: ReceiptsContext, receipt: StoredReceipt): void {
  if (classOf(receipt) !== methodClass.declared) return
  const { state } = view(rewards, 'payment', [receipt.requestId])
  if (state !== settled) throw revert('BadState', [state, settled])
}
