/**
 * Block 0 from a genesis: its state, its header by the forks that are active, and the commit that
 * starts a database. The same file gives the same hash as in geth (core/genesis.go, toBlock).
 * Writes nothing itself.
 */
import { createChainSpec } from '../execution/index.ts'
import {
  type AccountChange,
  type Address,
  bloomOf,
  emptyCodeHash,
  emptyTrieRoot,
  emptyUnclesHash,
  fromHex,
  type Header,
  type Hex,
  invariant,
  keccakHex,
  makeBlock,
  NodeError,
  type StateChanges,
  toFixedBytes,
  toHex,
} from '../primitives/index.ts'
import type { CommitInput, StateSource } from '../state/index.ts'
import { isReserved } from './schema.ts'
import type { Genesis } from './types.ts'

/** A native module's account: its code is what foreign EVMs see. */
export interface GenesisModule {
  readonly address: Address
  readonly code: Uint8Array
  /** What its storage begins with. */
  readonly storage?: ReadonlyMap<bigint, bigint>
}

/** geth's params.InitialBaseFee, wei (EIP-1559). */
const initialBaseFee = 1_000_000_000n
/** sha256 of no bytes: no requests (EIP-7685). */
const emptyRequestsHash: Hex = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const zeroHash: Hex = `0x${'0'.repeat(64)}`

/**
 * What `store.commit` takes to begin a chain. `state` must stand before block 0 (empty).
 * Throws NodeError MODULE_ADDRESS for a module outside the reserved range, FORK_ORDER for a config
 * that parseGenesis would have refused.
 */
export function genesisCommit(
  genesis: Genesis,
  state: Pick<StateSource, 'computeUpdate'>,
  modules: readonly GenesisModule[] = [],
): CommitInput {
  const update = state.computeUpdate(genesisChanges(genesis, modules))
  const header = genesisHeader(genesis, update.root)
  const withdrawals = header.withdrawalsRoot === undefined ? {} : { withdrawals: [] }
  const block = makeBlock({ header, transactions: [], uncles: [], ...withdrawals })
  return { block, receipts: [], senders: [], update }
}

/** The accounts of block 0. Accounts without anything stand in it too, as in geth. */
export function genesisChanges(
  genesis: Genesis,
  modules: readonly GenesisModule[] = [],
): StateChanges {
  const accounts = new Map<Address, AccountChange>()
  const codes = new Map<Hex, Uint8Array>()
  const keep = (code: Uint8Array): Hex => {
    if (code.length === 0) return emptyCodeHash
    const hash = keccakHex(code)
    codes.set(hash, code)
    return hash
  }
  for (const [address, { balance, nonce, code, storage }] of genesis.alloc) {
    const slots = [...storage].filter(([, value]) => value !== 0n)
    accounts.set(address, { nonce, balance, codeHash: keep(fromHex(code)), wiped: false, slots })
  }
  for (const { address, code, storage } of modules) {
    if (!isReserved(address))
      throw new NodeError('MODULE_ADDRESS', 'a module lives outside 0x0a77…', { address })
    invariant(code.length > 0, 'a module has code, or EIP-161 deletes its account')
    const codeHash = keep(code)
    const slots = [...(storage ?? [])].filter(([, value]) => value !== 0n)
    accounts.set(address, { nonce: 1n, balance: 0n, codeHash, wiped: false, slots })
  }
  return { accounts, codes }
}

export function genesisHeader(genesis: Genesis, stateRoot: Hex): Header {
  const spec = createChainSpec(genesis.config)
  const has = (fork: Parameters<typeof spec.isActive>[0]) =>
    spec.isActive(fork, 0n, genesis.timestamp)
  return {
    parentHash: genesis.parentHash,
    unclesHash: emptyUnclesHash,
    feeRecipient: genesis.coinbase,
    stateRoot,
    transactionsRoot: emptyTrieRoot,
    receiptsRoot: emptyTrieRoot,
    logsBloom: toHex(bloomOf([])),
    difficulty: genesis.difficulty,
    number: 0n,
    gasLimit: genesis.gasLimit,
    gasUsed: genesis.gasUsed,
    timestamp: genesis.timestamp,
    extraData: genesis.extraData,
    prevRandao: genesis.mixHash,
    nonce: toHex(toFixedBytes(genesis.nonce, 8)),
    ...(has('london') && { baseFeePerGas: genesis.baseFeePerGas ?? initialBaseFee }),
    ...(has('shanghai') && { withdrawalsRoot: emptyTrieRoot }),
    ...(has('cancun') && {
      blobGasUsed: genesis.blobGasUsed ?? 0n,
      excessBlobGas: genesis.excessBlobGas ?? 0n,
      parentBeaconBlockRoot: zeroHash,
    }),
    ...(has('prague') && { requestsHash: emptyRequestsHash }),
  }
}
