/**
 * The loop of the mission over the modules of a world, step by step: batches of rows, a held version
 * with its index, a model, a paid and attributed answer. For tests of receipts and rewards.
 */
import { moduleAddresses } from '../../attribution/abi.ts'
import type { Corpora } from '../../attribution/index.ts'
import {
  buildSpanIndex,
  buildSumTree,
  commitIndex,
  encodeCorpus,
  joinRows,
  makeRow,
  merkleRoot,
  proveSumLeaf,
  hashRow,
  isRowFault,
  rowText,
  type Row,
  type SpanIndex,
} from '../../attribution/methods/index.ts'
import { paramsState } from '../../attribution/params/module.ts'
import type { ParamName } from '../../attribution/params/table.ts'
import { createMemorySlots } from '../../execution/native/index.ts'
import {
  invariant,
  keccakHex,
  toHex,
  toWord,
  type Address,
  type Hex,
  type Secp256k1,
} from '../../primitives/index.ts'
import { textWord, zeroWord } from '../../attribution/words.ts'
import { alice, createWorld, type World } from './world.ts'

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Sets a parameter as a decision of governance that is due has it. */
export function govern({ journal }: Economy, name: ParamName, value: bigint): void {
  const written = new Map<bigint, bigint>()
  paramsState(createMemorySlots(written)).values.at(textWord(name)).set(toWord(value))
  for (const [slot, word] of written) journal.setStorage(moduleAddresses.params, slot, word)
}

export const policy = {
  mode: 0,
  quorumBps: 5_000,
  reviewBlocks: 10,
  revealBlocks: 5,
  depositPerBatch: 100n,
  depositPerKiB: 10n,
  penaltyBps: 4_000,
  maxBatchRows: 1_000,
  licence: zeroWord,
  termsHash: zeroWord,
  termsFlags: 7,
  pricePerQuery: 50n,
}

export interface Economy extends World {
  readonly indexes: Map<Hex, SpanIndex>
  /** One accepted batch per contributor, published and held. Rows are texts. */
  held(
    batches: readonly (readonly [contributor: Address, texts: readonly string[]])[],
    onto?: {
      readonly datanetId: bigint
      readonly versionId: bigint
      readonly rows: readonly Row[]
    },
  ): Promise<{
    readonly rows: readonly Row[]
    readonly datanetId: bigint
    readonly versionId: bigint
    readonly batchIds: readonly bigint[]
    readonly indexRoot: Hex
  }>
  model(owner: Address, versionId: bigint, more?: object): Promise<bigint>
  /** Paid by `payer`; the request's id. */
  paid(payer: Address, assetId: bigint, value: bigint): Promise<Hex>
  /** Leaves of a receipt made by `attribute`, as its log has them. */
  attributed(
    from: Address,
    requestId: Hex,
    versionId: bigint,
    answer: string,
  ): Promise<{ readonly receiptId: Hex; readonly leaves: readonly EconomyLeaf[] }>
  /** Module balance against what the module says it owes. */
  owed(): Promise<bigint>
}

export interface EconomyLeaf {
  readonly clusterId: bigint
  readonly contributionId: bigint
  readonly weight: bigint
}

export function createEconomy(secp256k1?: Secp256k1): Economy {
  const indexes = new Map<Hex, SpanIndex>()
  const corpora: Corpora = {
    indexOf({ indexRoot }) {
      const index = indexes.get(indexRoot)
      invariant(index !== undefined, 'the test published this version')
      return index
    },
  }
  const world = createWorld(corpora, secp256k1)
  let nonce = 0n

  return {
    ...world,
    indexes,
    async held(batches, onto) {
      const datanetId =
        onto?.datanetId ??
        (await world.send(alice, 'datanet', 'create', [zeroWord, 'ipfs://', policy])).result
      const batchIds: bigint[] = []
      const rows: Row[] = [...(onto?.rows ?? [])]
      let sizeBytes = BigInt(joinRows(rows).length)
      for (const [contributor, texts] of batches) {
        const own = texts.map(rowOf)
        rows.push(...own)
        const size = BigInt(joinRows(own).length)
        sizeBytes += size
        const root = toHex(merkleRoot(own.map(({ bytes }) => hashRow(bytes))))
        const value = await world.read('datanet', 'depositFor', [datanetId, size])
        const { result } = await world.send(
          contributor,
          'datanet',
          'submit',
          [datanetId, root, own.length, size, zeroWord, textWord('CC0-1.0'), ''],
          { value },
        )
        await world.send(alice, 'datanet', 'review', [result, true, 10_000, zeroWord])
        batchIds.push(result)
      }
      const index = buildSpanIndex(encodeCorpus(rows.map((row) => bytesOf(rowText(row)))))
      const { corpusRoot, root: indexRoot } = commitIndex(index)
      indexes.set(toHex(indexRoot), index)
      const publication = {
        datanetId,
        parentId: onto?.versionId ?? 0n,
        root: toHex(merkleRoot(rows.map(({ bytes }) => hashRow(bytes)))),
        corpusRoot: toHex(corpusRoot),
        indexRoot: toHex(indexRoot),
        tokens: BigInt(index.corpus.tokens.length),
        batchIds,
        uri: '',
      }
      const value = await world.read('datanet', 'versionDepositFor', [sizeBytes])
      const { result: versionId } = await world.send(alice, 'datanet', 'publish', [publication], {
        value,
      })
      await world.send(alice, 'datanet', 'attest', [versionId, toHex(indexRoot)])
      return { datanetId, versionId, batchIds, rows, indexRoot: toHex(indexRoot) }
    },
    async model(owner, versionId, more = {}) {
      const registration = {
        kind: 0,
        contentHash: keccakHex(bytesOf(`model ${nonce++}`)),
        manifestHash: zeroWord,
        uri: 'ipfs://model',
        parents: [],
        sources: [{ versionId, edge: 0 }],
        termsFlags: 1,
        price: 1_000n,
        provider: owner,
        ...more,
      }
      return (await world.send(owner, 'lineage', 'register', [registration])).result
    },
    async paid(payer, assetId, value) {
      const args = [assetId, keccakHex(bytesOf('question')), nonce++, 0n] as const
      return (await world.send(payer, 'rewards', 'pay', args, { value })).result
    },
    async attributed(from, requestId, versionId, answer) {
      const args = [requestId, versionId, 1, toHex(bytesOf(answer))] as const
      const { result, events } = await world.send(from, 'receipts', 'attribute', args)
      const leaves = events.find(({ name }) => name === 'ReceiptLeaves')?.args['leaves']
      return { receiptId: result, leaves: leaves as readonly EconomyLeaf[] }
    },
    async owed() {
      const [escrowed, balances, pools] = await world.read('rewards', 'totals', [])
      return escrowed + balances + pools
    },
  }
}

function rowOf(text: string): Row {
  const row = makeRow(text)
  invariant(!isRowFault(row), 'a row')
  return row
}

/** What `claim` wants for one leaf. */
export function claimOf(requestId: Hex, leaves: readonly EconomyLeaf[], index: number) {
  const tree = buildSumTree(leaves)
  const leaf = leaves[index]
  invariant(leaf !== undefined, 'a leaf')
  return [[requestId], [leaf], [BigInt(index)], [toHex(proveSumLeaf(tree, index))]] as const
}
