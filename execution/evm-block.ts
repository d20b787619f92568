/** A block as the library's EVM asks for it: header fields, ancestors' hashes, addresses. Holds no rule. */
import { Address as LibraryAddress } from '@ethereumjs/util'
import { type Address, fromHex } from '../primitives/index.ts'
import type { BlockContext } from './types.ts'

/** What the library's EVM reads of a block. */
export const headerOf = ({ header }: BlockContext, blobGasPrice: bigint | undefined) => ({
  number: header.number,
  coinbase: libraryAddress(header.feeRecipient),
  timestamp: header.timestamp,
  difficulty: header.difficulty,
  prevRandao: fromHex(header.prevRandao),
  gasLimit: header.gasLimit,
  ...(header.baseFeePerGas !== undefined && { baseFeePerGas: header.baseFeePerGas }),
  getBlobGasPrice: () => blobGasPrice,
})

/** BLOCKHASH asks here; a hash that is not known is zero. */
export function blockchainOf({ blockHash }: BlockContext) {
  const blockchain = {
    getBlock: async (number: number) => {
      const hash = blockHash(BigInt(number))
      return { hash: () => (hash ? fromHex(hash) : new Uint8Array(32)) }
    },
    putBlock: async () => undefined,
    shallowCopy: () => blockchain,
  }
  return blockchain
}

export const libraryAddress = (address: Address): LibraryAddress =>
  new LibraryAddress(fromHex(address))
