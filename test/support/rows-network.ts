/**
 * A contributor with an ordinary wallet on a network of nodes: rows given to one node, published as a
 * version, asked about, paid for. For tests of rows between nodes; says how long each step took.
 */
import {
  createPublicClient,
  createWalletClient,
  type Hex,
  http,
  keccak256,
  parseEventLogs,
  stringToHex,
  type TransactionReceipt,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { moduleAbis, moduleAddresses, type ModuleName } from '../../attribution/abi.ts'
import { buildVersion, isRowFault, joinRows, makeRow } from '../../attribution/methods/index.ts'
import { zeroWord } from '../../attribution/words.ts'
import { createDice } from './dice.ts'
import { policy } from './economy.ts'
import { until } from './until.ts'

const finney = 10n ** 15n
const batchBytes = 8 * 2 ** 20
const rowWords = 400
const blockLimitMs = 60_000

/** Rows of words by a power law, in phrases that come back: about `bytes` in all, in batches. */
export function rowsOf(bytes: number, seed: number): Uint8Array[] {
  const dice = createDice(seed)
  const words = Array.from({ length: 200_000 }, () => `w${Math.floor(30_000 ** dice.fraction())}`)
  const batches: Uint8Array[] = []
  for (let left = bytes; left > 0;) {
    const rows = []
    for (let size = 0; size < Math.min(left, batchBytes);) {
      const from = dice.below(words.length - rowWords)
      const row = makeRow(`${rows.length} ${words.slice(from, from + rowWords).join(' ')}`)
      if (isRowFault(row)) throw new Error(row.fault)
      rows.push(row)
      size += row.bytes.length
    }
    batches.push(joinRows(rows))
    left -= batches.at(-1)?.length ?? left
  }
  return batches
}

/** Transactions go to `url`, and are waited for there. */
export function createContributor(url: string, privateKey: Hex) {
  const account = privateKeyToAccount(privateKey)
  const client = createPublicClient({ transport: http(url, { timeout: 600_000 }) })
  const wallet = createWalletClient({ account, transport: http(url) })

  async function send(module: ModuleName, name: string, args: readonly unknown[], value = 0n) {
    const [address, abi] = [moduleAddresses[module], moduleAbis[module]]
    const call = { address, abi, functionName: name, args, value, chain: null } as never
    const hash = await wallet.writeContract(call)
    const receipt = await client.waitForTransactionReceipt({
      hash,
      pollingInterval: 200,
      timeout: blockLimitMs,
    })
    if (receipt.status !== 'success') throw new Error(`${module}.${name} failed`)
    return receipt
  }
  const ask = <result>(method: string, ...params: readonly unknown[]): Promise<result> =>
    client.request({ method, params } as never)

  /** Says a batch and a version of it on chain, whether or not anybody has the rows. */
  async function withheld(bytes: Uint8Array): Promise<bigint> {
    const { root, rows, corpusRoot, indexRoot, tokens } = buildVersion([bytes])
    const datanetId = await datanet()
    const size = BigInt(bytes.length)
    const args = [datanetId, root, rows, size, zeroWord, zeroWord, '']
    const batchId = batchIdIn((await send('datanet', 'submit', args)).logs)
    await send('datanet', 'review', [batchId, true, 10_000, zeroWord])
    const facts = { root, corpusRoot, indexRoot, tokens: tokens.toString() }
    return publishFacts(facts, { size: bytes.length, datanetId, batchIds: [batchId] })
  }
  async function datanet(): Promise<bigint> {
    const free = { ...policy, depositPerBatch: 0n, depositPerKiB: 0n, maxBatchRows: 65_536 }
    const { logs } = await send('datanet', 'create', [zeroWord, '', free])
    const [event] = parseEventLogs({ abi: moduleAbis.datanet, eventName: 'DatanetCreated', logs })
    return event?.args.datanetId ?? 0n
  }
  async function offer(batch: Uint8Array, datanetId: bigint) {
    const headers = { 'content-type': 'application/x-ndjson' }
    const body = new Uint8Array(batch)
    const answer = await fetch(new URL('/rows', url), { method: 'POST', headers, body })
    if (answer.status !== 201) throw new Error(`rows are refused: ${await answer.text()}`)
    const kept = (await answer.json()) as { root: Hex; rows: number; sketch: Hex }
    const size = BigInt(batch.length)
    const args = [datanetId, kept.root, kept.rows, size, kept.sketch, zeroWord, '']
    const batchId = batchIdIn((await send('datanet', 'submit', args)).logs)
    await send('datanet', 'review', [batchId, true, 10_000, zeroWord])
    return { ...kept, batchId }
  }

  /** A call that takes too long is asked again: the node works on. */
  async function buildUntilDone(roots: readonly Hex[]) {
    for (;;)
      try {
        return await ask<{ root: Hex; corpusRoot: Hex; indexRoot: Hex; tokens: string }>(
          'attr_buildVersion',
          roots,
        )
      } catch (error) {
        if (!/timed out|try again/.test(String(error))) throw error
      }
  }

  return {
    ask,
    datanet,
    withheld,
    /** Gives, submits, accepts and publishes; the version's id. */
    async publish(batches: readonly Uint8Array[], datanetId: bigint): Promise<bigint> {
      const offered = []
      for (const batch of batches) offered.push(await offer(batch, datanetId))
      const facts = await buildUntilDone(offered.map(({ root }) => root))
      const size = batches.reduce((sum, { length }) => sum + length, 0)
      return publishFacts(facts, { size, datanetId, batchIds: offered.map((one) => one.batchId) })
    },
    /** Pays for an answer and has it attributed by the held version; the receipt of that. */
    async attributed(versionId: bigint, answer: string) {
      const model = {
        kind: 0,
        contentHash: keccak256(stringToHex(`model of ${versionId}`)),
        manifestHash: zeroWord,
        uri: '',
        parents: [],
        sources: [{ versionId, edge: 0 }],
        termsFlags: 1,
        price: 1_000n,
        provider: account.address,
      }
      const registered = await send('lineage', 'register', [model])
      const [asset] = parseEventLogs({
        abi: moduleAbis.lineage,
        eventName: 'AssetRegistered',
        logs: registered.logs,
      })
      const question = [asset?.args.assetId ?? 0n, keccak256(stringToHex(answer)), 0n, 0n]
      const { logs } = await send('rewards', 'pay', question, 10_000n)
      const [paid] = parseEventLogs({ abi: moduleAbis.rewards, eventName: 'Paid', logs })
      const requestId = paid?.args.requestId ?? zeroWord
      return send('receipts', 'attribute', [requestId, versionId, 1, stringToHex(answer)])
    },
  }

  async function publishFacts(
    facts: { readonly root: Hex; corpusRoot: Hex; indexRoot: Hex; tokens: string },
    {
      size,
      datanetId,
      batchIds,
    }: {
      readonly size: number
      readonly datanetId: bigint
      readonly batchIds: readonly bigint[]
    },
  ): Promise<bigint> {
    const { root, corpusRoot, indexRoot, tokens } = facts
    const publication = {
      datanetId,
      parentId: 0n,
      root,
      corpusRoot,
      indexRoot,
      tokens: BigInt(tokens),
      batchIds,
      uri: '',
    }
    const deposit = finney * BigInt(Math.ceil(size / 2 ** 20))
    const { logs } = await send('datanet', 'publish', [publication], deposit)
    const [event] = parseEventLogs({
      abi: moduleAbis.datanet,
      eventName: 'VersionPublished',
      logs,
    })
    return event?.args.versionId ?? 0n
  }
}

const batchIdIn = (logs: TransactionReceipt['logs']): bigint => {
  const [event] = parseEventLogs({ abi: moduleAbis.datanet, eventName: 'BatchSubmitted', logs })
  return event?.args.batchId ?? 0n
}

/** Whether a node's state has the version held. */
export async function isHeld(url: string, versionId: bigint): Promise<boolean> {
  const client = createPublicClient({ transport: http(url) })
  return client.readContract({
    address: moduleAddresses.datanet,
    abi: moduleAbis.datanet,
    functionName: 'isHeld',
    args: [versionId],
  })
}

export const untilHeld = (url: string, versionId: bigint, limitMs: number): Promise<void> =>
  until(() => isHeld(url, versionId), limitMs)
