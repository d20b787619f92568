/** The devnet as viem and wallets know a chain. */
import type { Chain } from 'viem'

export const tributaryDevnet = {
  id: 2679,
  name: 'Tributary devnet',
  nativeCurrency: { name: 'OPEN', symbol: 'OPEN', decimals: 18 },
  rpcUrls: {
    default: { http: ['http://127.0.0.1:8545'], webSocket: ['ws://127.0.0.1:8545'] },
  },
  testnet: true,
} as const satisfies Chain
