/** The keeper of a provider's receipts over the real modules, by a client whose node is a world without blocks. */
import { beforeEach, expect, test } from '@jest/globals'
import {
  createWalletClient,
  custom,
  decodeFunctionData,
  keccak256,
  publicActions,
  type Hex,
} from 'viem'
import { moduleAbis } from '../../../attribution/abi.ts'
import { createKeeper, type Keeper } from '../../../node/provider/keeper.ts'
import { silentLogger, toHex, type Address } from '../../../primitives/index.ts'
import { attributionActions, stateAnswer, tributaryDevnet } from '../../../sdk/index.ts'
import { bytesOf, govern } from '../../support/economy.ts'
import { alice } from '../../support/world.ts'
import {
  challengeBond,
  commitBond,
  createCase,
  dave,
  ground,
  leafOf,
  method,
  receiptOf,
  said,
  spanWindow,
  state,
  type Case,
} from '../attribution/receipts/setup.ts'

const quantity = (value: bigint | number): Hex => `0x${value.toString(16)}`

interface Request {
  readonly from?: Address
  readonly to: Address
  readonly data: Hex
  readonly value?: Hex
}

interface Filter {
  readonly address: Address
  readonly topics: readonly (Hex | null)[]
  readonly fromBlock: Hex
  readonly toBlock: Hex
}

/** eth_ of a world: each transaction is a block. */
function connect({ economy }: Case) {
  const logs: (Omit<Filter, 'topics'> & { topics: readonly Hex[]; blockNumber: Hex })[] = []
  const sent: Hex[] = []
  /** Ids that no transaction may be about. */
  const refused = new Set<Hex>()
  const transactions = new Map<Hex, object>()
  const ask = async (name: string, [param, ...more]: readonly unknown[]): Promise<unknown> => {
    if (name === 'eth_chainId') return quantity(tributaryDevnet.id)
    if (name === 'eth_blockNumber') return quantity(economy.height())
    if (name === 'eth_call' || name === 'eth_estimateGas') {
      const { outcome } = await economy.tried(callOf(param as Request))
      if (outcome.status !== 'success') throw reverted(outcome.returnData)
      return name === 'eth_call' ? toHex(outcome.returnData) : quantity(outcome.gasUsed)
    }
    if (name === 'eth_getLogs') {
      const { address, topics, fromBlock, toBlock } = param as Filter
      if (BigInt(fromBlock) > BigInt(toBlock)) throw new Error('invalid block range params')
      return logs.filter(
        (log) =>
          log.address === address.toLowerCase() &&
          BigInt(log.blockNumber) >= BigInt(fromBlock) &&
          BigInt(log.blockNumber) <= BigInt(toBlock) &&
          topics.every((topic, i) => topic === null || topic === log.topics[i]),
      )
    }
    if (name === 'eth_sendTransaction') {
      const { from, to, data, value } = callOf(param as Request)
      if ([...refused].some((id) => data.includes(id.slice(2)))) throw new Error('refused')
      economy.mine(1)
      const outcome = await economy.call(from, to, data, { value, gas: 16_000_000n })
      if (outcome.status !== 'success') throw reverted(outcome.returnData)
      sent.push(data)
      const hash = keccak256(quantity(economy.height()))
      for (const log of outcome.logs)
        logs.push({
          ...log,
          data: toHex(log.data),
          blockNumber: quantity(economy.height()),
          logIndex: '0x0',
          transactionHash: hash,
        } as never)
      transactions.set(hash, { to, input: data })
      return hash
    }
    if (name === 'eth_getTransactionByHash') return transactions.get(param as Hex)
    if (name === 'eth_getTransactionReceipt')
      return { status: '0x1', blockNumber: quantity(economy.height()), transactionHash: param }
    throw new Error(`${name} ${JSON.stringify(more)}`)
  }
  const request = (call: { method: string; params?: readonly unknown[] }) =>
    ask(call.method, call.params ?? [])
  const client = createWalletClient({
    account: alice,
    chain: tributaryDevnet,
    transport: custom({ request }, { retryCount: 0 }),
    pollingInterval: 1,
  })
    .extend(publicActions)
    .extend(attributionActions())
  return { client, sent, refused }
}

const callOf = ({ from = alice, to, data, value = '0x0' }: Request) => ({
  from,
  to: to.toLowerCase() as Address,
  data,
  value: BigInt(value),
  gas: 16_000_000n,
})

const reverted = (data: Uint8Array) =>
  Object.assign(new Error('execution reverted'), { code: 3, data: toHex(data) })

let given: Case
let client: ReturnType<typeof connect>['client']
let sent: Hex[]
let refused: Set<Hex>
/** Of the keeper's clock for each transaction. */
let msPerTransaction: number
let keeper: Keeper
const kept = new Map<Hex, Hex>()

beforeEach(async () => {
  given = await createCase()
  govern(given.economy, 'receipts.auditBps', 5_000n)
  ;({ client, sent, refused } = connect(given))
  msPerTransaction = 0
  const answerOf = (hash: Hex) => Promise.resolve(kept.get(hash))
  const now = () => sent.length * msPerTransaction
  keeper = createKeeper({ client: client as never, log: silentLogger, answerOf, now }, 0n)
  kept.clear()
})

/** States an answer to a request of its own, until it is drawn or spared as wanted. */
async function stated(wanted: 'drawn' | 'spared', isKept = true): Promise<Hex> {
  const bytes = toHex(bytesOf(said))
  if (isKept) kept.set(keccak256(bytes), bytes)
  for (;;) {
    const requestId = await given.economy.paid(dave, 1n, 10_000n)
    const { versionId } = given
    const answer = { requestId, versionId, methodId: method.span, answer: bytes }
    const receiptId = await stateAnswer(client, answer)
    given.economy.mine(9)
    if ((await client.attribution.audit(receiptId))?.audit === wanted) return receiptId
    // Not of this test: out of the keeper's way.
    await client.receipts.write.answer([receiptId, bytes, '0x'])
    await client.rewards.write.settle([requestId, []])
  }
}

/** A receipt of leaves that only its author knows. */
async function declared(): Promise<Hex> {
  const requestId = await given.economy.paid(dave, 1n, 10_000n)
  const leaves = given.batchIds.map((id) => leafOf(id))
  const receipt = receiptOf({ ...given, requestId }, method.declared, leaves)
  await client.receipts.write.commit([receipt, []], { value: commitBond })
  return client.receipts.read.receiptOf([requestId])
}

const doubt = (receiptId: Hex, reason: number) =>
  client.receipts.write.challenge([receiptId, reason, '0x'], {
    account: dave,
    value: challengeBond,
  })

const stateOf = async (receiptId: Hex) => (await client.receipts.read.status([receiptId])).state
const isPaid = async (receiptId: Hex) => {
  const { requestId } = await client.receipts.read.status([receiptId])
  return (await client.rewards.read.payment([requestId])).state === 2
}

/** What a look sent: the function, and the receipts of it. */
async function lookAt() {
  sent.length = 0
  const looked = await keeper.look()
  const calls = sent.map((data) => {
    for (const abi of [moduleAbis.receipts, moduleAbis.rewards] as const)
      try {
        const { functionName, args } = decodeFunctionData({ abi, data })
        return { functionName, of: args?.[0] }
      } catch {
        continue
      }
    throw new Error(data)
  })
  return { ...looked, calls }
}

test('what has a deadline comes first, soonest due first; then bonds in one transaction, then payments', async () => {
  const old = [await stated('spared'), await stated('spared'), await stated('spared')]
  given.economy.mine(spanWindow)
  const asked = await stated('spared')
  const drawn = await stated('drawn')
  given.economy.mine(20)
  await doubt(asked, ground.reveal)
  const { calls, ...looked } = await lookAt()
  expect(calls.slice(0, 3)).toEqual([
    { functionName: 'answer', of: drawn },
    { functionName: 'answer', of: asked },
    { functionName: 'finalize', of: old },
  ])
  expect(calls.slice(3).map(({ functionName }) => functionName)).toEqual(
    Array.from({ length: 5 }, () => 'settle'),
  )
  expect(looked).toEqual({ done: 8, failed: 0, isMore: false })
  for (const receiptId of [...old, asked, drawn])
    expect([await stateOf(receiptId), await isPaid(receiptId)]).toEqual([state.final, true])
  // At the same block there is nothing new, and nothing left.
  expect(await lookAt()).toEqual({ done: 0, failed: 0, isMore: false, calls: [] })
})

test('a look gives money some seconds, and what was drawn meanwhile comes before the rest of it', async () => {
  for (let i = 0; i < 3; i++) await stated('spared')
  given.economy.mine(spanWindow)
  msPerTransaction = 15_000
  const first = await lookAt()
  expect(first.calls.map(({ functionName }) => functionName)).toEqual(['finalize', 'settle'])
  expect([first.done, first.isMore]).toEqual([2, true])
  await stated('drawn')
  const second = await lookAt()
  expect(second.calls.map(({ functionName }) => functionName)).toEqual([
    'answer',
    'settle',
    'settle',
  ])
  expect(second.isMore).toBe(true)
  const third = await lookAt()
  expect(third.calls.map(({ functionName }) => functionName)).toEqual(['settle'])
  expect(third.isMore).toBe(false)
})

test('a receipt that is refused, or whose leaves nobody has, stops no other', async () => {
  const unknown = await declared()
  const bad = await stated('spared')
  const good = [await stated('spared'), await stated('spared')]
  given.economy.mine(7_200)
  refused.add(bad)
  expect(await lookAt()).toMatchObject({ done: 4, failed: 1 })
  for (const receiptId of good)
    expect([await stateOf(receiptId), await isPaid(receiptId)]).toEqual([state.final, true])
  expect([await stateOf(unknown), await stateOf(bad)]).toEqual([state.committed, state.committed])
  refused.clear()
  expect(await lookAt()).toMatchObject({ done: 2, failed: 0 })
  expect(await stateOf(bad)).toBe(state.final)
})

test('a vote is ended when it is over', async () => {
  const receiptId = await declared()
  await doubt(receiptId, ground.unavailable)
  expect(await lookAt()).toMatchObject({ done: 0, failed: 0 })
  given.economy.mine(7_200)
  const { calls } = await lookAt()
  expect(calls).toEqual([{ functionName: 'resolve', of: receiptId }])
  expect(await stateOf(receiptId)).toBe(state.committed)
})

test('a forgotten receipt is answered, or given up for its bond where its answer is not kept', async () => {
  const receiptId = await stated('spared', false)
  given.economy.mine(8_200)
  const { calls, failed } = await lookAt()
  expect([calls, failed]).toEqual([[{ functionName: 'expire', of: receiptId }], 0])
  expect(await stateOf(receiptId)).toBe(state.void)
  const second = await stated('spared')
  given.economy.mine(8_200)
  expect((await lookAt()).calls[0]).toEqual({ functionName: 'answer', of: second })
  expect([await stateOf(second), await isPaid(second)]).toEqual([state.final, true])
})
