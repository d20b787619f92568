/** The owner's view of the network, for admin_ methods. Steers peers; knows no consensus. */
import type { AdminApi } from '../rpc/index.ts'
import type { Validator } from './validator/validator.ts'

export const createAdmin = (
  datadir: string | undefined,
  network: Validator['network'] | undefined,
): AdminApi => ({
  datadir,
  ...(network && {
    network: {
      self: () => ({ peerId: network.peerId(), addresses: network.addresses() }),
      peers: () =>
        network.peers().map(({ peerId, address, direction, hello, validator, sinceMs }) => ({
          peerId,
          address,
          isInbound: direction === 'inbound',
          clientVersion: hello.clientVersion,
          validator,
          score: Math.round(network.scoreOf(peerId)),
          sinceMs,
        })),
      add: (address) => network.add(address),
      remove: (address) => network.remove(address),
    },
  }),
})
