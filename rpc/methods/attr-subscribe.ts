/**
 * attr_subscribe: events of the modules, decoded, pushed to one socket as attr_subscription. The names
 * are kinds of events; eth_subscribe("logs") has the raw ones.
 */
import type { Abi, AbiEvent } from 'viem'
import { decodeEventLog, toEventSelector } from 'viem/utils'
import { moduleAbis, moduleAddresses, type ModuleName } from '../../attribution/abi.ts'
import type { Hex } from '../../primitives/index.ts'
import { notificationsUnsupported, unknownSubscription } from '../errors.ts'
import { logsOfBlock } from '../logs.ts'
import { method, type Context, type MethodTable } from '../method.ts'
import { toJson } from '../module-reader.ts'
import { required, text } from '../params.ts'
import type { Listener, Subscriptions } from '../subscriptions.ts'

const kinds: Readonly<Record<string, readonly [ModuleName, readonly string[]]>> = {
  batches: ['datanet', ['BatchSubmitted', 'BatchDecided', 'BatchRetracted', 'BatchMeasured']],
  versions: ['datanet', ['VersionPublished', 'VersionAttested', 'VersionHeld', 'VersionAbandoned']],
  assets: ['lineage', ['AssetRegistered', 'AssetUpdated', 'HeadCertified']],
  receipts: ['receipts', ['ReceiptCommitted', 'ReceiptFinal', 'EpochEntered', 'RowJoined']],
  challenges: ['receipts', ['ReceiptChallenged', 'VoteCast', 'ReceiptResolved', 'AnswerRepeated']],
  payouts: ['rewards', ['Paid', 'Settled', 'Credited', 'LineageCredited', 'Refunded', 'Withdrawn']],
}

function eventsListener(kind: string): Listener {
  const found = kinds[kind]
  if (!found || !Object.hasOwn(kinds, kind)) throw unknownSubscription(kind, 'attr')
  const [module, names] = found
  const abi = moduleAbis[module] as Abi
  const selectors = abi
    .filter((item): item is AbiEvent => item.type === 'event' && names.includes(item.name))
    .map((event) => toEventSelector(event))
  const criteria = { addresses: [moduleAddresses[module]], topics: [selectors] }
  return {
    namespace: 'attr',
    onBlock: ({ block, receipts }) =>
      logsOfBlock(block, receipts, criteria).map((log) => {
        const [first = '0x', ...rest] = log['topics'] as Hex[]
        const { eventName, args } = decodeEventLog({
          abi,
          data: log['data'] as Hex,
          topics: [first, ...rest],
        })
        const { blockNumber, blockHash, transactionHash, logIndex } = log
        const place = { blockNumber, blockHash, transactionHash, logIndex }
        return JSON.stringify(toJson({ event: eventName, module, args, ...place }))
      }),
  }
}

function socketOf({ subscriptions }: Context): Subscriptions {
  if (!subscriptions) throw notificationsUnsupported()
  return subscriptions
}

export const attrSubscribe: MethodTable = {
  attr_subscribe: method([required('kind', text)], (context, kind) =>
    socketOf(context).add(eventsListener(kind)),
  ),
  attr_unsubscribe: method([required('id', text)], (context, id) => socketOf(context).remove(id)),
}
