/** An Osaka engine over a state made by hand: for tests of execution that need no blocks. */
import { createChainSpec, type ChainConfig } from '../../execution/chain-spec.ts'
import { createEngine } from '../../execution/evm.ts'
import type { BlockContext } from '../../execution/types.ts'
import {
  emptyTrieRoot,
  emptyUnclesHash,
  fromHex,
  nobleSecp256k1,
  publicKeyToAddress,
  withSignature,
  signingHash,
  type Address,
  type Header,
  type Hex,
  type StateReader,
  type Transaction,
  type UnsignedTransaction,
} from '../../primitives/index.ts'
import { createJournal, type Journal } from '../../state/index.ts'

export const chainId = 2679n
export const osaka: ChainConfig = {
  chainId,
  homesteadBlock: 0n,
  eip150Block: 0n,
  eip155Block: 0n,
  eip158Block: 0n,
  byzantiumBlock: 0n,
  constantinopleBlock: 0n,
  petersburgBlock: 0n,
  istanbulBlock: 0n,
  berlinBlock: 0n,
  londonBlock: 0n,
  terminalTotalDifficulty: 0n,
  shanghaiTime: 0n,
  cancunTime: 0n,
  pragueTime: 0n,
  osakaTime: 0n,
}
export const spec = createChainSpec(osaka)
export const engine = createEngine({ spec, secp256k1: nobleSecp256k1 })

export const header: Header = {
  parentHash: `0x${'11'.repeat(32)}`,
  unclesHash: emptyUnclesHash,
  feeRecipient: `0x${'fe'.repeat(20)}`,
  stateRoot: emptyTrieRoot,
  transactionsRoot: emptyTrieRoot,
  receiptsRoot: emptyTrieRoot,
  logsBloom: `0x${'00'.repeat(256)}`,
  difficulty: 0n,
  number: 5n,
  gasLimit: 30_000_000n,
  gasUsed: 0n,
  timestamp: 1_700_000_000n,
  extraData: '0x',
  prevRandao: `0x${'22'.repeat(32)}`,
  nonce: '0x0000000000000000',
  baseFeePerGas: 7n,
  blobGasUsed: 0n,
  excessBlobGas: 0n,
}
export const context: BlockContext = {
  header,
  blockHash: (number) => (number === 4n ? header.parentHash : undefined),
}

export const key = new Uint8Array(32).fill(7)
export const sender: Address = publicKeyToAddress(nobleSecp256k1.publicKey(key))
export const contract: Address = `0x${'c0'.repeat(20)}`
export const ether = 10n ** 18n

const nothing: StateReader = {
  account: () => undefined,
  storage: () => 0n,
  code: () => {
    throw new Error('no such code')
  },
}

/** A state where `sender` has 10 ether and `contract` has this code. */
export function stateWith(code: Hex = '0x'): Journal {
  const journal = createJournal(nothing)
  const codeHash = journal.putCode(fromHex(code))
  journal.setAccount(sender, {
    nonce: 0n,
    balance: 10n * ether,
    codeHash: journal.putCode(new Uint8Array(0)),
  })
  if (code !== '0x') journal.setAccount(contract, { nonce: 1n, balance: 0n, codeHash })
  return journal
}

type Transfer = Extract<UnsignedTransaction, { type: 'feeMarket' }>

export const transfer: Transfer = {
  type: 'feeMarket',
  chainId,
  nonce: 0n,
  gasLimit: 100_000n,
  to: contract,
  value: 0n,
  data: new Uint8Array(0),
  accessList: [],
  maxFeePerGas: 10n,
  maxPriorityFeePerGas: 1n,
}

export const signed = (tx: UnsignedTransaction): Transaction =>
  withSignature(tx, nobleSecp256k1.sign(signingHash(tx), key))
