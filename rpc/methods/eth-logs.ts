/** eth_ about events: getLogs, polled filters, and subscriptions pushed to a socket. */
import { notificationsUnsupported, unknownSubscription } from '../errors.ts'
import { logCriteria } from '../log-criteria.ts'
import { findLogs } from '../logs.ts'
import { type Context, listText, method, type MethodTable } from '../method.ts'
import { type Decoder, optional, required, text } from '../params.ts'
import {
  headsListener,
  type Listener,
  logsListener,
  pendingListener,
  type Subscriptions,
  syncingListener,
} from '../subscriptions.ts'

/** What a subscription's second argument is depends on the first. */
const anything: Decoder<unknown> = { schema: {}, decode: (value) => value }

function socketOf({ subscriptions }: Context): Subscriptions {
  if (!subscriptions) throw notificationsUnsupported()
  return subscriptions
}

function listenerFor({ api }: Context, name: string, argument: unknown): Listener {
  switch (name) {
    case 'newHeads':
      return headsListener
    case 'logs':
      return logsListener(logCriteria.decode(argument ?? {}))
    case 'newPendingTransactions':
      return pendingListener(argument === true)
    case 'syncing':
      return syncingListener(api)
    default:
      throw unknownSubscription(name)
  }
}

const id = required('id', text)

export const ethLogs: MethodTable = {
  eth_getLogs: method([required('filter', logCriteria)], async ({ api }, criteria) =>
    listText(await findLogs(api.chain, criteria)),
  ),
  eth_newFilter: method([required('filter', logCriteria)], ({ filters }, criteria) =>
    filters.newLogs(criteria),
  ),
  eth_newBlockFilter: method([], ({ filters }) => filters.newBlocks()),
  eth_newPendingTransactionFilter: method([optional('full', anything)], ({ filters }) =>
    filters.newPending(),
  ),
  eth_getFilterChanges: method([id], ({ filters }, name) => filters.changes(name)),
  eth_getFilterLogs: method([id], ({ filters }, name) => filters.logs(name)),
  eth_uninstallFilter: method([id], ({ filters }, name) => filters.uninstall(name)),
  eth_subscribe: method(
    [required('name', text), optional('argument', anything)],
    (context, name, argument) => {
      const socket = socketOf(context)
      return socket.add(listenerFor(context, name, argument))
    },
  ),
  eth_unsubscribe: method([id], (context, name) => socketOf(context).remove(name)),
}
