/** A small market on a running devnet, by the client library alone: a datanet, held versions, models, paid requests. */
import {
  createWalletClient,
  http,
  keccak256,
  publicActions,
  stringToBytes,
  toHex,
  zeroAddress,
  zeroHash,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { moduleAddresses } from '../../attribution/abi.ts'
import { paramsState } from '../../attribution/params/module.ts'
import type { ParamName } from '../../attribution/params/table.ts'
import { textWord } from '../../attribution/words.ts'
import { createMemorySlots } from '../../execution/native/index.ts'
import { toWord } from '../../primitives/index.ts'
import {
  attributionActions,
  buildVersion,
  isBatchFault,
  isRowFault,
  joinRows,
  makeRow,
  readBatch,
  tributaryDevnet,
} from '../../sdk/index.ts'
import { rpcCall, type Devnet } from './node.ts'
import { until } from './until.ts'

type Hex = `0x${string}`
export type Client = ReturnType<typeof clientOf>

export const clientOf = ({ httpUrl, accounts }: Devnet, index: number) =>
  createWalletClient({
    account: privateKeyToAccount(accounts[index]?.privateKey ?? '0x'),
    chain: tributaryDevnet,
    transport: http(httpUrl),
    pollingInterval: 50,
  })
    .extend(publicActions)
    .extend(attributionActions())

/** Rows in the chain's form. */
function batchOf(texts: readonly string[]): Uint8Array {
  const rows = texts.map((text) => {
    const row = makeRow({ text })
    if (isRowFault(row)) throw new Error(row.fault)
    return row
  })
  return joinRows(rows)
}

/** The owner's datanet: batches are accepted as they come. */
export async function createDatanet(owner: Client): Promise<bigint> {
  const policy = {
    mode: 0,
    quorumBps: 0,
    reviewBlocks: 1_000_000,
    revealBlocks: 0,
    depositPerBatch: 10n ** 15n,
    depositPerKiB: 0n,
    penaltyBps: 5_000,
    maxBatchRows: 10_000,
    licence: zeroHash,
    termsHash: zeroHash,
    termsFlags: 7,
    pricePerQuery: 0n,
  } as const
  await mined(owner, owner.datanet.write.create([zeroHash, '', policy]))
  return (await owner.datanet.read.counts())[0]
}

export const mined = async (client: Client, sent: Promise<Hex>) => {
  const receipt = await client.waitForTransactionReceipt({ hash: await sent })
  if (receipt.status !== 'success') throw new Error(`transaction ${receipt.transactionHash} failed`)
  return receipt
}

/** One batch a contributor, published on top of `parent` and held. */
export async function publish(
  owner: Client,
  datanetId: bigint,
  batches: readonly (readonly [Client, readonly string[]])[],
  parent?: { readonly versionId: bigint; readonly bytes: readonly Uint8Array[] },
) {
  const bytes = batches.map(([, texts]) => batchOf(texts))
  const batchIds: bigint[] = []
  for (const [i, [contributor]] of batches.entries()) {
    const batch = readBatch(bytes[i] ?? new Uint8Array(0))
    if (isBatchFault(batch)) throw new Error(batch.fault)
    const size = BigInt(bytes[i]?.length ?? 0)
    const value = await contributor.datanet.read.depositFor([datanetId, size])
    await contributor.attribution.putRows(bytes[i] ?? new Uint8Array(0))
    const args = [
      datanetId,
      toHex(batch.root),
      batch.rows.length,
      size,
      toHex(batch.sketch),
      zeroHash,
      '',
    ] as const
    await mined(contributor, contributor.datanet.write.submit(args, { value }))
    const batchId = await owner.datanet.read.batchByRoot([datanetId, toHex(batch.root)])
    await mined(owner, owner.datanet.write.review([batchId, true, 10_000, zeroHash]))
    batchIds.push(batchId)
  }
  const all = [...(parent?.bytes ?? []), ...bytes]
  const { root, corpusRoot, indexRoot, tokens, sizeBytes } = buildVersion(all)
  const value = await owner.datanet.read.versionDepositFor([sizeBytes])
  const parentId = parent?.versionId ?? 0n
  const publication = {
    datanetId,
    parentId,
    root,
    corpusRoot,
    indexRoot,
    tokens,
    batchIds,
    uri: '',
  }
  await mined(owner, owner.datanet.write.publish([publication], { value }))
  const versionId = (await owner.datanet.read.counts())[2]
  await until(() => owner.datanet.read.isHeld([versionId]))
  return { versionId, batchIds, bytes: all }
}

/** A model of the owner's, served by the owner. */
export async function register(
  owner: Client,
  versionId: bigint,
  content = keccak256(stringToBytes('a model')),
): Promise<bigint> {
  const registration = {
    kind: 0,
    contentHash: content,
    manifestHash: content,
    uri: '',
    parents: [],
    sources: [{ versionId, edge: 0 }],
    termsFlags: 7,
    price: 0n,
    provider: zeroAddress,
  } as const
  await mined(owner, owner.lineage.write.register([registration]))
  return owner.lineage.read.count()
}

/** A request that is paid and waits for its answer. */
export async function pay(
  payer: Client,
  assetId: bigint,
  nonce: bigint,
  value: bigint,
): Promise<Hex> {
  const args = [assetId, zeroHash, nonce, 0n] as const
  await mined(payer, payer.rewards.write.pay(args, { value }))
  return payer.rewards.read.requestIdOf([payer.account.address, nonce, assetId, zeroHash])
}

/** Sets a parameter as a decision of governance that is due has it. */
export async function govern(devnet: Devnet, name: ParamName, value: bigint): Promise<void> {
  const written = new Map<bigint, bigint>()
  paramsState(createMemorySlots(written)).values.at(textWord(name)).set(toWord(value))
  for (const [slot, word] of written)
    await rpcCall(devnet.httpUrl, 'anvil_setStorageAt', [
      moduleAddresses.params,
      toWord(slot),
      toWord(word),
    ])
}
