/** Random states for store tests: a model held in plain maps, and blocks that lead from one to the next. */
import {
  bloomOf,
  emptyCodeHash,
  emptyTrieRoot,
  emptyUnclesHash,
  encodeAccount,
  encodeReceipt,
  encodeRlp,
  fromBigInt,
  fromHex,
  keccak256,
  keccakHex,
  makeBlock,
  mergeBlooms,
  orderedRoot,
  toFixedBytes,
  toHex,
  withSignature,
  type Address,
  type Hex,
  type Log,
  type Receipt,
  type StateReader,
  type Transaction,
} from '../../primitives/index.ts'
import { createJournal, type CommitInput, type Journal, type Store } from '../../state/index.ts'

export interface ModelAccount {
  readonly nonce: bigint
  readonly balance: bigint
  readonly codeHash: Hex
  readonly slots: ReadonlyMap<bigint, bigint>
}
export type Model = ReadonlyMap<Address, ModelAccount>

/** A small generator with a seed (mulberry32), so that a failure can be repeated. */
export function randomFrom(seed: number): (below: number) => number {
  let a = seed
  return (below) => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / (2 ** 32 / below))
  }
}

export const addressOf = (n: number): Address => toHex(keccak256(fromBigInt(BigInt(n))).slice(12))

/** Writes `count` random changes into a journal over the store's head; returns the model after. */
export function randomChanges(
  random: (below: number) => number,
  journal: Journal,
  model: Model,
  options: { readonly count: number; readonly accounts: number; readonly slots: number },
): Model {
  const next = new Map(model)
  for (let i = 0; i < options.count; i++) {
    const address = addressOf(random(options.accounts))
    const old = next.get(address)
    const kind = random(20)
    if (kind === 0) {
      journal.deleteAccount(address)
      next.delete(address)
    } else if (kind === 1 && old) {
      journal.clearStorage(address)
      next.set(address, { ...old, slots: new Map() })
    } else if (kind < 8 || !old) {
      const code = random(8) === 0 ? journal.putCode(Uint8Array.of(random(200), 1)) : undefined
      const fields = {
        nonce: BigInt(random(1000)),
        balance: BigInt(random(2 ** 30)) ** 2n,
        codeHash: code ?? old?.codeHash ?? emptyCodeHash,
      }
      journal.setAccount(address, fields)
      next.set(address, { ...fields, slots: old?.slots ?? new Map() })
    } else {
      const slot = BigInt(random(options.slots))
      const value = random(4) === 0 ? 0n : BigInt(random(300)) ** BigInt(1 + random(10))
      journal.setStorage(address, slot, value)
      const slots = new Map(old.slots)
      if (value === 0n) slots.delete(slot)
      else slots.set(slot, value)
      next.set(address, { ...old, slots })
    }
  }
  return next
}

export const hashed = (value: bigint): Uint8Array => keccak256(toFixedBytes(value, 32))

/** Everything an account trie should hold, by hashed key; `rootOf` makes a trie's root from entries. */
export const modelEntries = (
  model: Model,
  rootOf: (entries: readonly (readonly [Uint8Array, Uint8Array])[]) => Hex,
): (readonly [Uint8Array, Uint8Array])[] =>
  [...model].map(([address, account]) => {
    const storageRoot =
      account.slots.size === 0
        ? emptyTrieRoot
        : rootOf(
            [...account.slots].map(
              ([slot, value]) => [hashed(slot), encodeRlp(fromBigInt(value))] as const,
            ),
          )
    return [keccak256(fromHex(address)), encodeAccount({ ...account, storageRoot })] as const
  })

/** Text of all that the reader says about accounts 0..accounts and slots 0..slots. */
export function viewOf(reader: StateReader, accounts: number, slots: number): string {
  const lines: string[] = []
  for (let n = 0; n < accounts; n++) {
    const account = reader.account(addressOf(n))
    const values: string[] = []
    for (let slot = 0n; slot < BigInt(slots); slot++) {
      const value = reader.storage(addressOf(n), slot)
      if (value !== 0n) values.push(`${slot.toString()}=${value.toString()}`)
    }
    const fields = account && [
      account.nonce.toString(),
      account.balance.toString(),
      account.codeHash,
    ]
    lines.push(`${n}: ${fields?.join(' ') ?? 'none'} ${values.join()}`)
  }
  return lines.join('\n')
}

export const modelReader = (model: Model): StateReader => ({
  account: (address) => {
    const account = model.get(address)
    return account && { ...account, storageRoot: emptyTrieRoot }
  },
  storage: (address, slot) => model.get(address)?.slots.get(slot) ?? 0n,
  code: () => new Uint8Array(0),
})

const zeroHash: Hex = `0x${'00'.repeat(32)}`

const someTransaction = (nonce: bigint): Transaction =>
  withSignature(
    {
      type: 'feeMarket',
      chainId: 1n,
      nonce,
      gasLimit: 21_000n,
      to: addressOf(1),
      value: 1n,
      data: new Uint8Array(0),
      maxFeePerGas: 10n,
      maxPriorityFeePerGas: 1n,
      accessList: [],
    },
    { r: nonce + 1n, s: nonce + 2n, yParity: 0 },
  )

const receiptOf = (logs: readonly Log[], index: number): Receipt => ({
  type: 'feeMarket',
  status: 1,
  cumulativeGasUsed: 21_000n * BigInt(index + 1),
  logsBloom: bloomOf(logs),
  logs,
})

/** A block on the store's head with the journal's changes and one transaction per list of logs. */
export function nextBlock(
  store: Store,
  journal: Journal,
  logLists: readonly (readonly Log[])[] = [],
  extraData: Hex = '0x',
): CommitInput {
  const parent = store.head()
  const number = parent ? parent.header.number + 1n : 0n
  const update = store.computeUpdate(journal.changes())
  const transactions = logLists.map((_, i) => someTransaction(number * 1_000n + BigInt(i)))
  const receipts = logLists.map(receiptOf)
  const block = makeBlock({
    header: {
      parentHash: parent?.hash ?? zeroHash,
      unclesHash: emptyUnclesHash,
      feeRecipient: addressOf(0),
      stateRoot: update.root,
      transactionsRoot: orderedRoot(transactions.map((tx) => tx.raw)),
      receiptsRoot: orderedRoot(receipts.map(encodeReceipt)),
      logsBloom: toHex(mergeBlooms(receipts.map((receipt) => receipt.logsBloom))),
      difficulty: 0n,
      number,
      gasLimit: 30_000_000n,
      gasUsed: 21_000n * BigInt(receipts.length),
      timestamp: number,
      extraData,
      prevRandao: keccakHex(fromBigInt(number)),
      nonce: '0x0000000000000000',
      baseFeePerGas: 7n,
    },
    transactions,
    uncles: [],
  })
  return { block, receipts, senders: transactions.map(() => addressOf(2)), update }
}

export const journalAtHead = (store: Store): Journal => {
  const head = store.head()
  return createJournal(head ? store.stateAt(head.header.number) : modelReader(new Map()))
}
