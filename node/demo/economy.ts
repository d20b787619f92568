/**
 * The demo's story, told in transactions anybody could send: a datanet with three contributors and two
 * versions, a model, twenty paid answers, payouts, a challenge that was lost and one that was won, and
 * something left to claim. The same every time.
 */
import { keccak256, stringToBytes, stringToHex, toHex, zeroHash, type Hex } from 'viem'
import { NodeError } from '../../primitives/index.ts'
import { buildVersion, isBatchFault, readBatch } from '../../sdk/index.ts'
import { explained, type Writer } from '../client.ts'
import { readBook, type DemoBatch } from './books.ts'
import { fees, type Cast } from './cast.ts'
import { trainModel, type DemoModel } from './model.ts'
import { questions } from './questions.ts'

const licence = stringToHex('CC0-1.0', { size: 32 })
const finney = 10n ** 15n
/** IReceipts method 1. */
const spanMethod = 1

const policy = {
  mode: 0,
  quorumBps: 0,
  reviewBlocks: 1_000,
  revealBlocks: 0,
  depositPerBatch: 10n * finney,
  depositPerKiB: finney / 10n,
  penaltyBps: 5_000,
  maxBatchRows: 10_000,
  licence,
  termsHash: keccak256(stringToBytes('Public domain. Do what you like.')),
  termsFlags: 7,
  pricePerQuery: 20n * finney,
} as const

export interface Economy {
  readonly datanetId: bigint
  readonly versionIds: readonly bigint[]
  readonly assetId: bigint
  /** In order of the questions. */
  readonly requestIds: readonly Hex[]
}

export async function playEconomy(cast: Cast): Promise<Economy> {
  const { owner, anna, ben, cleo } = cast
  const books = await readBooks()
  await cast.done(
    owner,
    owner.datanet.write.create(
      [keccak256(stringToBytes('demo')), 'https://www.gutenberg.org', policy],
      fees,
    ),
  )
  const datanetId = 1n
  const alice = await contribute(cast, anna, datanetId, books.alice)
  const poems = await contribute(cast, ben, datanetId, books.poems)
  const first = await publish(cast, {
    datanetId,
    parentId: 0n,
    batchIds: [alice, poems],
    known: [],
    added: [books.alice, books.poems],
  })
  const whale = await contribute(cast, cleo, datanetId, books.whale)
  const more = await contribute(cast, anna, datanetId, books.moreAlice)
  const known = [books.alice, books.poems]
  const second = await publish(cast, {
    datanetId,
    parentId: first,
    batchIds: [whale, more],
    known,
    added: [books.whale, books.moreAlice],
  })
  const assetId = await registerModel(cast, [first, second])
  const model = trainModel([...known, books.whale, books.moreAlice].flatMap(({ texts }) => texts))
  const requestIds: Hex[] = []
  for (const [i, question] of questions.entries())
    requestIds.push(
      await askAndAnswer(cast, { i, question, assetId, versionId: i < 8 ? first : second, model }),
    )
  await takeRewards(cast)
  return { datanetId, versionIds: [first, second], assetId, requestIds }
}

async function readBooks() {
  const carroll = 'carroll-alice.txt'
  return {
    alice: await readBook(carroll, { title: 'Alice in Wonderland', from: 2, count: 300 }),
    poems: await readBook('blake-poems.txt', { title: 'Poems of Blake', from: 1, count: 150 }),
    whale: await readBook('melville-moby_dick.txt', { title: 'Moby Dick', from: 30, count: 200 }),
    moreAlice: await readBook(carroll, { title: 'Alice in Wonderland', from: 302, count: 300 }),
  }
}

/** Uploads, submits with the deposit, and has the owner accept. */
async function contribute(
  { done, owner }: Cast,
  contributor: Writer,
  datanetId: bigint,
  { bytes, title }: DemoBatch,
): Promise<bigint> {
  const batch = readBatch(bytes)
  if (isBatchFault(batch)) throw new NodeError('DEMO_TEXT', `${title}: ${batch.fault}`)
  const sizeBytes = BigInt(bytes.length)
  const [root, sketch] = [toHex(batch.root), toHex(batch.sketch)]
  const value = await contributor.datanet.read.depositFor([datanetId, sizeBytes])
  await explained(contributor.attribution.putRows(bytes))
  const args = [datanetId, root, batch.rows.length, sizeBytes, sketch, licence, title] as const
  await done(contributor, contributor.datanet.write.submit(args, { value, ...fees }))
  const batchId = await contributor.datanet.read.batchByRoot([datanetId, root])
  const reason = stringToHex('public domain', { size: 32 })
  await done(owner, owner.datanet.write.review([batchId, true, 9_000, reason], fees))
  return batchId
}

/** Publishes and waits until the validators hold it. */
async function publish(
  { done, mine, owner }: Cast,
  version: {
    readonly datanetId: bigint
    readonly parentId: bigint
    readonly batchIds: readonly bigint[]
    /** Of the parent, and new. */
    readonly known: readonly DemoBatch[]
    readonly added: readonly DemoBatch[]
  },
): Promise<bigint> {
  const { datanetId, parentId, batchIds, known, added } = version
  const built = buildVersion([...known, ...added].map(({ bytes }) => bytes))
  const { root, corpusRoot, indexRoot, tokens, sizeBytes } = built
  const value = await owner.datanet.read.versionDepositFor([sizeBytes])
  const publication = {
    datanetId,
    parentId,
    root,
    corpusRoot,
    indexRoot,
    tokens,
    batchIds,
    uri: 'https://www.gutenberg.org',
  }
  await done(owner, owner.datanet.write.publish([publication], { value, ...fees }))
  const { latestVersionId } = await owner.datanet.read.datanet([datanetId])
  for (let attempt = 0; attempt < maxLooks; attempt++) {
    if (await owner.datanet.read.isHeld([latestVersionId])) return latestVersionId
    await mine()
    await new Promise((resolve) => setTimeout(resolve, lookMs))
  }
  throw new NodeError(
    'DEMO_HELD',
    `version ${latestVersionId} was not attested within ${(maxLooks * lookMs) / 1000} s`,
  )
}

/** The node builds the index before it attests: a second or two. */
const lookMs = 25
const maxLooks = 400

async function registerModel(
  { done, builder, provider }: Cast,
  versionIds: readonly bigint[],
): Promise<bigint> {
  const name = keccak256(stringToBytes('trigram model of the demo'))
  const registration = {
    kind: 0,
    contentHash: name,
    manifestHash: name,
    uri: 'demo: a trigram model of three books',
    parents: [],
    sources: versionIds.map((versionId) => ({ versionId, edge: 0 })),
    termsFlags: 7,
    price: 50n * finney,
    provider: provider.account.address,
  }
  await done(builder, builder.lineage.write.register([registration], fees))
  return builder.lineage.read.count()
}

interface Question {
  readonly i: number
  readonly question: string
  readonly assetId: bigint
  readonly versionId: bigint
  readonly model: DemoModel
}

/** The last four go other ways than `attribute` and a settlement that credits at once. */
async function askAndAnswer(cast: Cast, asked: Question): Promise<Hex> {
  const { done, asker, reader, provider } = cast
  const { i, question, assetId, versionId, model } = asked
  const payer = i % 2 === 0 ? asker : reader
  const inputHash = keccak256(stringToBytes(question))
  const [nonce, value] = [BigInt(i), BigInt(50 + 10 * i) * finney]
  await done(payer, payer.rewards.write.pay([assetId, inputHash, nonce, 0n], { value, ...fees }))
  const requestId = await payer.rewards.read.requestIdOf([
    payer.account.address,
    nonce,
    assetId,
    inputHash,
  ])
  const answer = toHex(model.answer(question))
  const [, leaves] = await provider.receipts.read.preview([versionId, spanMethod, answer])
  if (i === 18) await defend(cast, { requestId, versionId, assetId, answer })
  else if (i === 19) await forge(cast, { requestId, versionId, assetId, answer })
  if (i !== 18)
    await done(
      provider,
      provider.receipts.write.attribute([requestId, versionId, spanMethod, answer], fees),
    )
  const isLeftToClaim = i === 16 || i === 17
  await done(
    provider,
    provider.rewards.write.settle([requestId, isLeftToClaim ? [] : leaves], fees),
  )
  return requestId
}

interface Stated {
  readonly requestId: Hex
  readonly versionId: bigint
  readonly assetId: bigint
  readonly answer: Hex
}

/** What `attribute` would record, as a receipt to commit. */
async function honestReceipt(
  { provider }: Cast,
  { requestId, versionId, assetId, answer }: Stated,
) {
  const [, leaves, sumRoot, total] = await provider.receipts.read.preview([
    versionId,
    spanMethod,
    answer,
  ])
  return {
    requestId,
    assetId,
    versionId,
    methodId: spanMethod,
    outputHash: keccak256(answer),
    sumRoot,
    total,
    leaves: leaves.length,
    evidenceHash: zeroHash,
  }
}

/** A receipt is committed under a bond; somebody doubts it, the module runs it again, and it stands. */
async function defend(cast: Cast, stated: Stated): Promise<void> {
  await doubt(cast, await honestReceipt(cast, stated), stated)
}

/** A receipt with twice the weight is caught, and void: its bond is lost. */
async function forge(cast: Cast, stated: Stated): Promise<void> {
  const honest = await honestReceipt(cast, stated)
  await doubt(cast, { ...honest, total: honest.total * 2n }, stated)
}

async function doubt(
  { done, provider, watcher }: Cast,
  receipt: Awaited<ReturnType<typeof honestReceipt>>,
  { requestId, answer }: Stated,
): Promise<void> {
  const value = await provider.receipts.read.bondFor([requestId, spanMethod])
  await done(provider, provider.receipts.write.commit([receipt, []], { value, ...fees }))
  const receiptId = await provider.receipts.read.receiptOf([requestId])
  const bond = await watcher.receipts.read.challengeBond()
  await done(
    watcher,
    watcher.receipts.write.challenge([receiptId, 0, answer], { value: bond, ...fees }),
  )
}

/** Anna takes what she has; Ben and Cleo leave theirs to be claimed and withdrawn by whoever looks around. */
async function takeRewards({ done, anna }: Cast): Promise<void> {
  const { address } = anna.account
  await done(anna, anna.rewards.write.withdraw([address], fees))
}
