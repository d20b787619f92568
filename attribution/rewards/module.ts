/**
 * IRewards: from a fee to the people behind the answer. escrow.ts takes and splits fees, claims.ts hands
 * out what was pooled, split.ts says in which parts. Money leaves only by `withdraw`, to whom it belongs.
 */
import { defineModule, paying } from '../../execution/native/index.ts'
import { moduleAddresses, rewardsAbi } from '../abi.ts'
import { claimHandlers } from './claims.ts'
import { escrowHandlers } from './escrow.ts'
import { splitHandlers } from './split.ts'
import { move, rewardsState } from './state.ts'

export const rewards = defineModule({
  address: moduleAddresses.rewards,
  name: 'rewards',
  abi: rewardsAbi,
  exits: ['refund', 'claim', 'claimLineage', 'withdraw'],
  handlers: {
    ...escrowHandlers,
    ...claimHandlers,
    ...splitHandlers,
    withdraw(context, [to]) {
      const { storage, message, log } = context
      const balance = rewardsState(storage).balanceOf.at(message.caller)
      const amount = balance.get()
      balance.set(0n)
      move(context, { balances: -amount })
      log('Withdrawn', { account: message.caller, to, amount })
      return paying(amount, amount === 0n ? [] : [{ to, value: amount }])
    },
    balanceOf: ({ storage }, [account]) => rewardsState(storage).balanceOf.at(account).get(),
    totals({ storage }) {
      const { escrowed, balances, pools } = rewardsState(storage).load()
      return [escrowed, balances, pools]
    },
  },
})
