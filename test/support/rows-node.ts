/**
 * A real devnet node on disk whose chain has the native modules, and one contributor with an ordinary
 * wallet who gives it rows and publishes them: for tests of rows, held versions and the loop.
 */
import { createPublicClient, createWalletClient, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { moduleAbis, moduleAddresses, type ModuleName } from '../../attribution/abi.ts'
import {
  buildSpanIndex,
  commitIndex,
  encodeCorpus,
  hashRow,
  isBatchFault,
  isRowFault,
  joinRows,
  makeRow,
  merkleRoot,
  readBatch,
  rowText,
  type Batch,
} from '../../attribution/methods/index.ts'
import { zeroWord } from '../../attribution/words.ts'
import { devnetGenesis } from '../../genesis/index.ts'
import { devnetKeys } from '../../node/devnet-keys.ts'
import { createNode } from '../../node/node.ts'
import { invariant, silentLogger, toHex, type Hex } from '../../primitives/index.ts'
import { createHandClock } from './clock.ts'
import { policy } from './economy.ts'

const key = (index: number): Hex => devnetKeys[index]?.[1] ?? zeroWord
export const contributor = privateKeyToAccount(key(1))
/** The devnet's authority, which attests where genesis names no validators. */
export const attester = privateKeyToAccount(key(0)).address

export const batchOf = (...texts: readonly string[]): Batch => {
  const rows = texts.map((text) => {
    const row = makeRow(text)
    invariant(!isRowFault(row), 'a row')
    return row
  })
  const batch = readBatch(joinRows(rows))
  invariant(!isBatchFault(batch), 'a batch')
  return batch
}

interface Call {
  readonly module: ModuleName
  readonly name: string
  readonly args: readonly unknown[]
  readonly value?: bigint
}

export type RowsNode = Awaited<ReturnType<typeof openRowsNode>>

/** `folder` undefined: in memory. Not listening before `start`. */
export async function openRowsNode(folder: string | undefined, rowsFrom: readonly string[] = []) {
  const faults: unknown[] = []
  const log = { ...silentLogger, error: (facts: object) => void faults.push(facts) }
  const node = await createNode(
    {
      genesis: devnetGenesis(),
      datadir: folder,
      cacheBytes: 2 ** 24,
      keepStates: 'archive',
      sealing: { type: 'automine' },
      feeRecipient: `0x${'fe'.repeat(20)}`,
      host: '127.0.0.1',
      port: 0,
      allowedHosts: [],
      clientVersion: 'test',
      rowsFrom,
      dev: { privateKeys: [key(0), key(1)] },
    },
    {
      clock: createHandClock(),
      logs: { of: () => log },
      onFault: (error) => void faults.push(error),
    },
  )
  let url = ''
  const client = () => createPublicClient({ transport: http(url) })

  /** A transaction of the contributor's; throws when it fails. */
  async function send({ module, name, args, value = 0n }: Call) {
    const wallet = createWalletClient({ account: contributor, transport: http(url) })
    const hash = await wallet.writeContract({
      address: moduleAddresses[module],
      abi: moduleAbis[module],
      functionName: name,
      args,
      value,
      chain: null,
    } as never)
    const receipt = await client().getTransactionReceipt({ hash })
    invariant(receipt.status === 'success', `${module}.${name} succeeds`)
    return receipt
  }
  const read = (
    module: ModuleName,
    functionName: string,
    args: readonly unknown[],
  ): Promise<unknown> => {
    const [address, abi] = [moduleAddresses[module], moduleAbis[module]]
    const call = { address, abi, functionName, args } as never
    return client().readContract(call)
  }

  return {
    node,
    client,
    send,
    read,
    url: () => url,
    async start() {
      url = (await node.start()).httpUrl
    },
    /** Throws when the node logged an error on its way. */
    async stop() {
      await node.stop()
      if (faults.length > 0) throw new AggregateError(faults, 'the node logged errors')
    },
    ask: (method: string, ...params: readonly unknown[]): Promise<unknown> =>
      client().request({ method, params } as never),
    put: (body: Uint8Array | string, type = 'application/x-ndjson') =>
      fetch(`${url}/rows`, { method: 'POST', body, headers: { 'content-type': type } }),
    isHeld: async () => (await read('datanet', 'isHeld', [1n])) === true,
    /** Datanet 1 with batch 1 in version 1; `lie` replaces roots of its own. */
    async publish({ root, rows, bytes, sketch }: Batch, lie: object = {}) {
      const free = { ...policy, depositPerBatch: 0n, depositPerKiB: 0n }
      const size = BigInt(bytes.length)
      const offer = [1n, toHex(root), rows.length, size, toHex(sketch), zeroWord, '']
      await send({ module: 'datanet', name: 'create', args: [zeroWord, '', free] })
      await send({ module: 'datanet', name: 'submit', args: offer })
      await send({ module: 'datanet', name: 'review', args: [1n, true, 10_000, zeroWord] })
      const texts = rows.map((row) => new TextEncoder().encode(rowText(row)))
      const index = buildSpanIndex(encodeCorpus(texts))
      const commitment = commitIndex(index)
      const publication = {
        datanetId: 1n,
        parentId: 0n,
        root: toHex(merkleRoot(rows.map((row) => hashRow(row.bytes)))),
        corpusRoot: toHex(commitment.corpusRoot),
        indexRoot: toHex(commitment.root),
        tokens: BigInt(index.order.length),
        batchIds: [1n],
        uri: '',
        ...lie,
      }
      const value = 10n ** 15n
      await send({ module: 'datanet', name: 'publish', args: [publication], value })
    },
  }
}
