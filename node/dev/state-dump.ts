/**
 * The state of a devnet as a file, in anvil's format (anvil_dumpState, anvil_loadState, --state): gzip
 * of JSON with every account, its code and slots, and the height. Blocks and receipts are not in it.
 * Whatever a file holds is checked before anything is set.
 */
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { z } from 'zod'
import type { Chain } from '../../execution/index.ts'
import {
  type Address,
  fromHex,
  type Header,
  type Hex,
  NodeError,
  type SlotValue,
  toHex,
  toWord,
} from '../../primitives/index.ts'
import type { AccountEdit } from '../../state/index.ts'

const compress = promisify(gzip)
const decompress = promisify(gunzip)
/** Of unpacked JSON: what a V8 string may hold, with room. */
const maxJsonBytes = 400_000_000

const number = z.union([z.number().int().nonnegative(), z.string().regex(/^0x[0-9a-fA-F]{1,64}$/)])
const dumped = z.object({
  block: z.object({ number: number.nullish(), timestamp: number }).nullish(),
  best_block_number: number.nullish(),
  accounts: z.record(
    z.string().regex(/^0x[0-9a-fA-F]{40}$/),
    z.object({
      nonce: number,
      balance: number,
      code: z.string().regex(/^0x([0-9a-fA-F]{2})*$/),
      storage: z.record(
        z.string().regex(/^0x[0-9a-fA-F]{1,64}$/),
        z.string().regex(/^0x[0-9a-fA-F]{1,64}$/),
      ),
    }),
  ),
})

export interface StateDump {
  readonly edits: readonly AccountEdit[]
  readonly height: bigint
  /** Seconds since the Unix epoch; 0 where the file does not say. */
  readonly timestamp: bigint
}

/** Must run while nothing is committed. Throws NodeError PREIMAGE_MISSING. */
export async function dumpState(chain: Chain): Promise<Uint8Array> {
  const { header } = chain.head()
  const edited = new Set(chain.store.editsBefore(header.number + 1n).map(({ address }) => address))
  const state = chain.stateAt(header.number)
  const accounts: Record<string, unknown> = {}
  const slotsOf = new Map<Address, Map<Hex, bigint>>()
  for await (const { address, account, code, slots } of chain.store.wholeState()) {
    if (edited.has(address)) slotsOf.set(address, byWord(slots))
    else accounts[address] = accountJson(account.nonce, account.balance, code, byWord(slots))
  }
  for (const { address, slots } of chain.store.editsBefore(header.number + 1n)) {
    const known = slotsOf.get(address) ?? byWord([])
    for (const [slot, value] of slots ?? []) known.set(toWord(slot), value)
    slotsOf.set(address, known)
  }
  for (const [address, slots] of slotsOf) {
    const account = state.account(address)
    if (account)
      accounts[address] = accountJson(
        account.nonce,
        account.balance,
        state.code(account.codeHash),
        slots,
      )
  }
  return compress(
    JSON.stringify({
      block: {
        number: hex(header.number),
        beneficiary: header.feeRecipient,
        timestamp: hex(header.timestamp),
        gas_limit: Number(header.gasLimit),
        basefee: Number(header.baseFeePerGas ?? 0n),
        difficulty: '0x0',
        prevrandao: header.prevRandao,
        blob_excess_gas_and_price: { excess_blob_gas: 0, blob_gasprice: 1 },
      },
      accounts,
      best_block_number: Number(header.number),
      // anvil looks for the block of that number here; its transactions it does not need.
      blocks: [{ header: headerJson(header), transactions: [], ommers: [] }],
      transactions: [],
      historical_states: null,
    }),
  )
}

const headerJson = (header: Header) => ({
  parentHash: header.parentHash,
  sha3Uncles: header.unclesHash,
  miner: header.feeRecipient,
  stateRoot: header.stateRoot,
  transactionsRoot: header.transactionsRoot,
  receiptsRoot: header.receiptsRoot,
  logsBloom: header.logsBloom,
  difficulty: hex(header.difficulty),
  number: hex(header.number),
  gasLimit: hex(header.gasLimit),
  gasUsed: hex(header.gasUsed),
  timestamp: hex(header.timestamp),
  extraData: header.extraData,
  mixHash: header.prevRandao,
  nonce: header.nonce,
  baseFeePerGas: hex(header.baseFeePerGas ?? 0n),
  withdrawalsRoot: header.withdrawalsRoot,
  blobGasUsed: hex(header.blobGasUsed ?? 0n),
  excessBlobGas: hex(header.excessBlobGas ?? 0n),
  parentBeaconBlockRoot: header.parentBeaconBlockRoot,
  requestsHash: header.requestsHash,
})

const byWord = (slots: readonly SlotValue[]): Map<Hex, bigint> =>
  new Map(slots.map(([slot, value]) => [toWord(slot), value]))

const accountJson = (
  nonce: bigint,
  balance: bigint,
  code: Uint8Array,
  slots: ReadonlyMap<Hex, bigint>,
) => ({
  nonce: Number(nonce),
  balance: hex(balance),
  code: toHex(code),
  storage: Object.fromEntries(
    [...slots].filter(([, value]) => value !== 0n).map(([slot, value]) => [slot, toWord(value)]),
  ),
})

const hex = (value: bigint): Hex => `0x${value.toString(16)}`

/** Takes gzip or plain JSON. Throws NodeError STATE_DUMP_INVALID. */
export async function readDump(bytes: Uint8Array): Promise<StateDump> {
  try {
    const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b
    const json = isPacked ? await decompress(bytes, { maxOutputLength: maxJsonBytes }) : bytes
    const {
      accounts,
      best_block_number: best,
      block,
    } = dumped.parse(JSON.parse(new TextDecoder().decode(json)))
    return {
      height: BigInt(best ?? block?.number ?? 0),
      timestamp: BigInt(block?.timestamp ?? 0),
      edits: Object.entries(accounts).map(([address, { nonce, balance, code, storage }]) => ({
        address: address.toLowerCase() as Address,
        nonce: BigInt(nonce),
        balance: BigInt(balance),
        code: fromHex(code as Hex),
        slots: Object.entries(storage).map(([slot, value]) => [BigInt(slot), BigInt(value)]),
      })),
    }
  } catch (error) {
    const [line] = String(error instanceof Error ? error.message : error).split('\n')
    throw new NodeError(
      'STATE_DUMP_INVALID',
      `this is no state that anvil_dumpState writes: ${line ?? ''}`,
      {},
      error,
    )
  }
}
