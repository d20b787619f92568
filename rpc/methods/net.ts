/** net_: the network's id and the node's company. */
import { quantity } from '../format.ts'
import { method, type MethodTable } from '../method.ts'

export const net: MethodTable = {
  net_version: method([], ({ api }) => api.chain.spec.chainId.toString()),
  net_listening: method([], ({ api }) => api.isListening()),
  net_peerCount: method([], ({ api }) => quantity(api.peerCount())),
}
