/**
 * The network: libp2p host, peers, direct streams, gossip of decided blocks, requests. Knows no
 * message of consensus or of the chain; it carries bytes and acts on verdicts.
 */
export { type PeerMessage } from './channel.ts'
export { validatorProofHash } from './hello.ts'
export { peerIdOfKey } from './host.ts'
export {
  createNetwork,
  type Judgement,
  type Network,
  type NetworkOptions,
  type NetworkPorts,
} from './network.ts'
export { type AddressBook, type Friend } from './peers.ts'
export { peerIdOf } from './dialer.ts'
export { consensusLanes } from './protocols.ts'
export { createRowsExchange, nameOfWanted, type RowsExchange, type WantedRows } from './rows.ts'
export { type RowsPiece, rowsPieceCodec, type RowsRequest, rowsRequestCodec } from './rows-wire.ts'
export { createSync, decodeRange, maxRangeBytes, type Sync } from './sync.ts'
export { createTransactions, type TransactionPool, type Transactions } from './transactions.ts'
export type { Traffic } from './traffic.ts'
