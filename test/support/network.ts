/** Real networks on loopback for tests: libp2p over TCP, the system's clock, nothing replaced. */
import {
  createNetwork,
  type Network,
  type NetworkOptions,
  type NetworkPorts,
} from '../../p2p/index.ts'
import { nobleSecp256k1, silentLogger } from '../../primitives/index.ts'

export const zeroHash = `0x${'00'.repeat(32)}` as const

export const systemClock = {
  nowMs: () => Date.now(),
  after(delayMs: number, task: () => void) {
    const timer = setTimeout(task, delayMs)
    return () => clearTimeout(timer)
  },
}

/** Node number `n` of the network `test`; knows nobody. */
export const startNetwork = (
  n: number,
  ports: Partial<NetworkPorts> = {},
  options: Partial<NetworkOptions> = {},
): Promise<Network> =>
  createNetwork(
    {
      name: 'test',
      seed: new Uint8Array(32).fill(n),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      bootnodes: [],
      maxPeers: 16,
      clientVersion: `test/${n}`,
      genesisHash: new Uint8Array(32).fill(1),
      forkDigest: new Uint8Array(8).fill(2),
      maxBlockBytes: 2 ** 20,
      mdns: false,
      ...options,
    },
    {
      clock: systemClock,
      log: silentLogger,
      random: () => 0.5,
      secp256k1: nobleSecp256k1,
      book: { load: () => [], save: () => undefined },
      validatorProof: () => new Uint8Array(),
      isValidator: () => false,
      status: () => ({ base: 0n, tip: 0n, tipHash: zeroHash }),
      onFriend: () => undefined,
      onGone: () => undefined,
      onStatus: () => undefined,
      onConsensus: () => undefined,
      onTransactions: () => undefined,
      onBlock: async () => undefined,
      async *answerSync() {},
      async *answerRows() {},
      ...ports,
    },
  )

export const addressOf = (network: Network): string => network.addresses()[0] ?? ''
