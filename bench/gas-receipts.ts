/**
 * Cases of bench/gas.ts about receipts that somebody states: attested by as many as may be, doubted on every ground,
 * drawn for an audit and computed again at once or in pieces, voted on, fallen, final; and attesters' bonds.
 */
import { encodeAbiParameters, type PrivateKeyAccount } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { moduleAddresses } from '../attribution/abi.ts'
import {
  buildSumTree,
  commitIndex,
  proveSpans,
  proveSumLeaf,
} from '../attribution/methods/index.ts'
import { claimNgrams } from '../attribution/methods/ngram-claim.ts'
import { zeroWord } from '../attribution/words.ts'
import { devnetAddresses } from '../genesis/index.ts'
import {
  emptyCodeHash,
  invariant,
  keccakHex,
  toHex,
  type Address,
  type Hex,
} from '../primitives/index.ts'
import { bytesOf, type Economy, type EconomyLeaf } from '../test/support/economy.ts'
import { alice, bob } from '../test/support/world.ts'
import { of, type Case } from './gas-cases.ts'
import { bookWords } from './made-up.ts'

const [span, attested, declared, ngrams] = [1, 2, 3, 7]
const ground = { badLeaf: 1, spans: 2, dispute: 4, token: 5, order: 6, reveal: 7 }
/** IReceipts.Audit.Drawn. */
const drawn = 3
/** Blocks: a draw is known; every window of a devnet's provable receipts is over. */
const [drawBlocks, windowBlocks] = [9, 320]
const mostSignatures = 16
const mostFinalized = 32
/** Words of the answer, and rows each of a batch of its own. */
const [words, rows] = [6, 32]
const dave = devnetAddresses[3] ?? bob
const ether = 10n ** 18n

/** `fresh` makes another chain, whose height may move. */
export async function receiptCases(fresh: () => Economy): Promise<Case[]> {
  return [
    ...(await openCases(await worldOf(fresh()))),
    ...(await closedCases(await worldOf(fresh()))),
    ...(await lateCases(await worldOf(fresh()))),
  ]
}

/** A version, a model, an answer and what the methods say of it; receipts by 16 attesters with bonds. */
async function worldOf(economy: Economy) {
  const texts = Array.from({ length: rows }, () => bookWords(100))
  const batches = texts.map((text) => [bob, [text]] as const)
  const { versionId, batchIds, indexRoot } = await economy.held(batches)
  const model = await economy.model(alice, versionId)
  const index = economy.indexes.get(indexRoot)
  invariant(index !== undefined, 'a held version has an index')
  const quotes = texts.slice(0, 2).map((text) => text.split(' ').slice(10, 10 + words / 2))
  const said = bytesOf(quotes.flat().join(' '))
  const answer = toHex(said)
  const right = (methodId: number) =>
    economy.read('receipts', 'preview', [versionId, methodId, answer])
  const claim = claimNgrams(index, said, (row) => {
    const id = batchIds[row] ?? 0n
    return { clusterId: id, contributionId: id }
  })
  const leavesBy = new Map<number, readonly EconomyLeaf[]>([
    [span, (await right(span))[1]],
    [attested, (await right(span))[1]],
    [declared, (await right(span))[1]],
    [ngrams, claim.leaves],
  ])
  const signers = await bonded(economy)

  /** Stated by alice: the receipt's id, and what a doubt must show. */
  async function commit(methodId: number, evidence = zeroWord) {
    const requestId = await economy.paid(dave, model, 50_000n)
    const leaves = leavesBy.get(methodId) ?? []
    const receipt = receiptOf({ requestId, model, versionId, methodId }, leaves, keccakHex(said))
    const stated = { ...receipt, evidenceHash: evidence }
    const signed =
      methodId === attested ? await Promise.all(signers.map((one) => sign(one, stated))) : []
    const value = await economy.read('receipts', 'bondFor', [requestId, methodId])
    const send = of('receipts', 'commit', [stated, signed], { value })
    const sent = async () =>
      (await economy.send(alice, 'receipts', 'commit', [stated, signed], { value })).result
    return { send, sent, leaves, requestId }
  }
  const stated = async (methodId: number, evidence?: Hex): Promise<Hex> =>
    (await commit(methodId, evidence)).sent()
  const bond = await economy.read('receipts', 'challengeBond', [])
  const challenge = (receiptId: Hex, reason: number, data: Hex = '0x') =>
    economy.send(bob, 'receipts', 'challenge', [receiptId, reason, data], { value: bond })
  const doubt = (name: string, receiptId: Hex, reason: number, data: Hex = '0x') =>
    of('receipts', 'challenge', [receiptId, reason, data], {
      name: `receipts.challenge ${name}`,
      value: bond,
      from: bob,
    })
  return {
    economy,
    versionId,
    model,
    index,
    said,
    answer,
    claim,
    leavesBy,
    commit,
    stated,
    challenge,
    doubt,
  }
}

type ReceiptWorld = Awaited<ReturnType<typeof worldOf>>

async function bonded(economy: Economy): Promise<readonly PrivateKeyAccount[]> {
  const signers = Array.from({ length: mostSignatures }, (_, i) =>
    privateKeyToAccount(toHex(new Uint8Array(32).fill(i + 1))),
  ).toSorted((a, b) => (a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1))
  for (const signer of signers) {
    const address = signer.address.toLowerCase() as Address
    economy.journal.setAccount(address, {
      nonce: 0n,
      balance: 200n * ether,
      codeHash: emptyCodeHash,
    })
    await economy.send(address, 'receipts', 'bond', [], { value: 100n * ether })
  }
  return signers
}

function receiptOf(
  given: { requestId: Hex; model: bigint; versionId: bigint; methodId: number },
  leaves: readonly EconomyLeaf[],
  outputHash: Hex,
) {
  const { requestId, model, versionId, methodId } = given
  const { root, total } = buildSumTree(leaves)
  return {
    requestId,
    assetId: model,
    versionId,
    methodId,
    outputHash,
    sumRoot: toHex(root),
    total,
    leaves: leaves.length,
    evidenceHash: zeroWord,
  }
}

const receiptFields = [
  ['requestId', 'bytes32'],
  ['assetId', 'uint256'],
  ['versionId', 'uint256'],
  ['methodId', 'uint16'],
  ['outputHash', 'bytes32'],
  ['sumRoot', 'bytes32'],
  ['total', 'uint64'],
  ['leaves', 'uint32'],
  ['evidenceHash', 'bytes32'],
].map(([name = '', type = '']) => ({ name, type }))

const sign = (signer: PrivateKeyAccount, message: ReturnType<typeof receiptOf>): Promise<Hex> =>
  signer.signTypedData({
    domain: {
      name: 'Tributary',
      version: '1',
      chainId: 2679,
      verifyingContract: moduleAddresses.receipts,
    },
    types: { Receipt: receiptFields },
    primaryType: 'Receipt',
    message,
  })

/** Of receipts that are open: what states and what doubts them. */
async function openCases(world: ReceiptWorld): Promise<Case[]> {
  const { economy, answer, claim, stated, challenge, doubt, commit } = world
  const spans = await stated(span)
  const shares = await stated(ngrams, toHex(claim.cells.root))
  const asked = await stated(declared)
  await challenge(asked, ground.dispute)
  const reveal = await stated(ngrams, toHex(claim.cells.root))
  await challenge(reveal, ground.reveal)
  const witnessed = [spans, answer, spanWitness(world)]
  const sumsBefore = async () => {
    const args = [shares, answer, words - 1, '0x'] as const
    const { events } = await economy.send(dave, 'receipts', 'answerInPieces', args)
    return events.find(({ name }) => name === 'AnswerRepeated')?.args['sums']
  }
  const pieces = { from: bob }
  const last = [shares, answer, 1, await sumsBefore()]
  const attestedBy = await commit(attested)
  const [leaf, proof] = leafOf(world, ngrams, 0)
  return [
    { ...attestedBy.send, name: 'receipts.commit attested' },
    doubt('bad leaf', shares, ground.badLeaf, badLeaf(world)),
    doubt('wrong token', shares, ground.token, wrongToken(world)),
    doubt('wrong order', shares, ground.order, wrongOrder(world)),
    doubt('dispute', spans, ground.dispute),
    doubt('reveal', spans, ground.reveal),
    of('receipts', 'vote', [asked, true]),
    of('receipts', 'answer', [spans, answer, '0x'], { name: 'receipts.answer spans' }),
    of('receipts', 'answer', witnessed, { name: 'receipts.answer witness' }),
    of('receipts', 'answer', [reveal, answer, '0x'], { name: 'receipts.answer ngrams' }),
    of('receipts', 'answerInPieces', [shares, answer, words - 1, '0x'], {
      ...pieces,
      name: 'receipts.answerInPieces first',
    }),
    of('receipts', 'answerInPieces', last, { from: dave, name: 'receipts.answerInPieces last' }),
    of('receipts', 'bond', [], { value: ether, from: bob }),
    of('receipts', 'status', [asked]),
    of('receipts', 'audit', [shares, dave]),
    of('receipts', 'verifyShare', [shares, leaf, 0n, proof]),
  ].map((one) => ({ ...one, economy }))
}

/** Drawn, and not answered; voted on, and decided by nobody. */
async function closedCases(world: ReceiptWorld): Promise<Case[]> {
  const { economy, stated, challenge } = world
  const asked = await stated(attested)
  await challenge(asked, ground.dispute)
  let caught: Hex | undefined
  while (caught === undefined) {
    const receiptId = await stated(span)
    economy.mine(drawBlocks)
    const [audit] = await economy.read('receipts', 'audit', [receiptId, bob])
    if (audit === drawn) caught = receiptId
  }
  economy.mine(windowBlocks)
  return [
    of('receipts', 'expire', [caught], { from: bob }),
    of('receipts', 'audit', [caught, bob], { name: 'receipts.audit drawn' }),
    of('receipts', 'resolve', [asked], { from: bob }),
  ].map((one) => ({ ...one, economy }))
}

/** Long after: final, refunded, free. */
async function lateCases(world: ReceiptWorld): Promise<Case[]> {
  const { economy, stated, model } = world
  const receipts: Hex[] = []
  for (let i = 0; i < mostFinalized; i++) receipts.push(await stated(attested))
  await economy.send(bob, 'receipts', 'bond', [], { value: 2n * ether })
  const requestId = await economy.paid(dave, model, 50_000n)
  economy.mine(7_300)
  await economy.send(bob, 'receipts', 'unbond', [ether])
  return [
    of('receipts', 'finalize', [receipts]),
    of('receipts', 'isFinal', [receipts[0]]),
    of('receipts', 'unbond', [ether], { from: bob }),
    of('receipts', 'withdraw', [bob], { from: bob }),
    of('rewards', 'refund', [requestId], { from: dave }),
  ].map((one) => ({ ...one, economy }))
}

const leafType = {
  type: 'tuple',
  components: [
    { name: 'clusterId', type: 'uint256' },
    { name: 'contributionId', type: 'uint256' },
    { name: 'weight', type: 'uint64' },
  ],
} as const
const [bytes, word, uint] = [{ type: 'bytes' }, { type: 'bytes32' }, { type: 'uint256' }] as const
const cellType = [
  { name: 'index', type: 'uint256' },
  { name: 'token', type: 'uint32' },
  { name: 'weight', type: 'uint64' },
  { name: 'cellsRoot', type: 'bytes32' },
  { name: 'cellsTotal', type: 'uint64' },
  { name: 'cellProof', type: 'bytes' },
  { name: 'evidenceTotal', type: 'uint64' },
  { name: 'evidenceProof', type: 'bytes' },
] as const

function leafOf({ leavesBy }: ReceiptWorld, methodId: number, index: number) {
  const leaves = leavesBy.get(methodId) ?? []
  const leaf = leaves[index]
  invariant(leaf !== undefined, 'a leaf')
  return [leaf, toHex(proveSumLeaf(buildSumTree(leaves), index))] as const
}

function badLeaf(world: ReceiptWorld): Hex {
  const [leaf, proof] = leafOf(world, ngrams, 1)
  return encodeAbiParameters([leafType, uint, bytes], [leaf, 1n, proof])
}

function wrongOrder(world: ReceiptWorld): Hex {
  const [[first, firstProof], [second, secondProof]] = [
    leafOf(world, ngrams, 0),
    leafOf(world, ngrams, 1),
  ]
  return encodeAbiParameters(
    [leafType, bytes, leafType, bytes, uint],
    [first, firstProof, second, secondProof, 0n],
  )
}

function wrongToken(world: ReceiptWorld): Hex {
  const { answer, claim } = world
  const proof = claim.cells.prove(1, words - 1)
  const [leaf, leafProof] = leafOf(world, ngrams, 1)
  const cell = {
    ...proof,
    cellProof: toHex(proof.cellProof),
    evidenceProof: toHex(proof.evidenceProof),
  }
  return encodeAbiParameters(
    [bytes, leafType, bytes, word, { type: 'tuple', components: cellType }],
    [answer, leaf, leafProof, toHex(claim.cells.root), cell],
  )
}

function spanWitness({ index, said }: ReceiptWorld): Hex {
  const witness = proveSpans(index, commitIndex(index), { answer: said, minLength: 2 })
  invariant(witness !== undefined, 'the answer is short enough')
  return toHex(witness)
}
