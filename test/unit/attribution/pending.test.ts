/** What an account has coming, read from a chain that answers from a script: how far one answer looks. */
import { expect, test } from '@jest/globals'
import {
  type Abi,
  decodeFunctionData,
  encodeAbiParameters,
  encodeEventTopics,
  encodeFunctionResult,
  getAbiItem,
} from 'viem'
import { datanetAbi, moduleAbis, moduleAddresses, receiptsAbi } from '../../../attribution/abi.ts'
import { pendingView, type ChainLog, type ChainReader } from '../../../attribution/views/index.ts'
import { buildSumTree } from '../../../attribution/methods/index.ts'
import { zeroWord } from '../../../attribution/words.ts'
import { toHex, toWord, type Hex } from '../../../primitives/index.ts'
import { alice } from '../../support/world.ts'

const receiptId: Hex = `0x${'ee'.repeat(32)}`
const leaf = { clusterId: 7n, contributionId: 1n, weight: 5n }

function logOf(abi: Abi, eventName: string, args: Record<string, unknown>): ChainLog {
  const item = getAbiItem({ abi, name: eventName })
  if (item?.type !== 'event') throw new Error('no such event')
  const plain = item.inputs.filter((input) => !input.indexed)
  return {
    address: abi === datanetAbi ? moduleAddresses.datanet : moduleAddresses.receipts,
    topics: encodeEventTopics({ abi, eventName, args }) as Hex[],
    data: encodeAbiParameters(
      plain,
      plain.map(({ name }) => args[name ?? '']),
    ),
    blockNumber: 5n,
    transactionHash: zeroWord,
    logIndex: 0,
  }
}

const empty = (type: string): unknown =>
  type === 'address' ? alice : type === 'bytes32' ? zeroWord : type === 'bool' ? false : 0

/** An epoch of so many settled requests, in which alice has the one leaf; which of them are claimed. */
function chainOf(requests: number, isClaimed: (request: number) => boolean) {
  const logs = [
    logOf(datanetAbi, 'BatchSubmitted', {
      datanetId: 1n,
      batchId: 1n,
      contributor: alice,
      root: zeroWord,
      rows: 1,
      sizeBytes: 9n,
      sketch: zeroWord,
      licence: zeroWord,
      uri: '',
    }),
    logOf(receiptsAbi, 'ReceiptLeaves', { receiptId, leaves: [leaf] }),
    ...Array.from({ length: requests }, (_, i) =>
      logOf(receiptsAbi, 'EpochEntered', {
        receiptId,
        requestId: `0x${toWord(BigInt(i)).slice(-64)}`,
        assetId: 1n,
        outputHash: zeroWord,
        fee: 1n,
        base: 0n,
        rows: [],
        scores: [],
      }),
    ),
  ]
  const { root, total } = buildSumTree([leaf])
  /** Words by name, over zeros. */
  const known: Record<string, unknown> = {
    sumRoot: toHex(root),
    total,
    contributor: alice,
    clusterId: leaf.clusterId,
    data: 100n,
    receiptId,
  }
  let calls = 0
  const reader: ChainReader = {
    blockNumber: 9n,
    call(to, data) {
      calls++
      const [name] = Object.entries(moduleAddresses).find(([, address]) => address === to)!
      const abi: Abi = moduleAbis[name as keyof typeof moduleAbis]
      const { functionName, args } = decodeFunctionData({ abi, data })
      const item = getAbiItem({ abi, name: functionName })
      if (item?.type !== 'function') throw new Error('no such view')
      const valueOf = (output: (typeof item.outputs)[number]): unknown =>
        'components' in output
          ? Object.fromEntries(output.components.map((part) => [part.name, valueOf(part)]))
          : output.name === 'state' && functionName === 'payment'
            ? 2
            : (known[output.name ?? ''] ?? empty(output.type))
      const values =
        functionName === 'isClaimed'
          ? [isClaimed(Number(args?.[0]))]
          : item.outputs.map((output) => valueOf(output))
      const result = values.length === 1 ? values[0] : values
      return Promise.resolve(encodeFunctionResult({ abi, functionName, result }))
    },
    logs: ({ topics: [wanted] }) =>
      Promise.resolve(logs.filter(({ topics }) => topics[0] === wanted)),
    transaction: () => Promise.resolve(undefined),
  }
  return { reader, calls: () => calls }
}

test('what is claimed is passed by at one call each, and what is not is found', async () => {
  const { reader, calls } = chainOf(300, (request) => request !== 3)
  const { claimable, provisional, olderTo } = await pendingView(reader, alice)
  expect(claimable.map(({ requestId, amount }) => [BigInt(requestId), amount])).toEqual([
    [3n, 100n],
  ])
  expect([provisional, olderTo]).toEqual([[], undefined])
  expect(calls()).toBeLessThan(320)
})

test('an epoch of thousands of requests is looked into as far as one answer goes, found or not', async () => {
  for (const isClaimed of [true, false]) {
    const { reader, calls } = chainOf(8_000, () => isClaimed)
    const { claimable, olderTo } = await pendingView(reader, alice)
    expect(claimable.length > 0).toBe(!isClaimed)
    expect(olderTo).toBe(5n)
    expect(calls()).toBeLessThan(5_100)
  }
})
