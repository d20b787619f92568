/**
 * Cases of bench/gas.ts that need a world of their own: a version of as many batches as may be, a verdict of as many
 * curators, a receipt with as many signatures, and the methods over vectors at a size that costs half of what a call may.
 */
import { encodeAbiParameters } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { moduleAddresses } from '../attribution/abi.ts'
import {
  factorise,
  type HeadData,
  hessianOf,
  trainHead,
} from '../attribution/methods/linear-head.ts'
import { influenceVector, rowGradient } from '../attribution/methods/linear-influence.ts'
import { zeroWord } from '../attribution/words.ts'
import {
  emptyCodeHash,
  fromHex,
  invariant,
  keccakHex,
  toHex,
  toWord,
  type Address,
  type Hex,
} from '../primitives/index.ts'
import { createDice } from '../test/support/dice.ts'
import { policy, type Economy } from '../test/support/economy.ts'
import { alice, bob } from '../test/support/world.ts'
import { of, type Case } from './gas-cases.ts'

const dice = createDice(2679)

export async function largeCases(economy: Economy): Promise<Case[]> {
  return [
    await publishCase(economy),
    await decideCase(economy),
    await attestedCase(economy),
    ...(await vectorCases(economy)),
  ]
}

const rowsPerBatch = 3
const verdictFields = [
  { type: 'uint256' },
  { type: 'bool' },
  { type: 'uint16' },
  { type: 'bytes32' },
  { type: 'bytes32' },
  { type: 'address' },
] as const

async function submitted(economy: Economy, datanetId: bigint, n: number): Promise<bigint> {
  const value = await economy.read('datanet', 'depositFor', [datanetId, 1_000n])
  const root = toWord(BigInt(n) + 10_000n)
  const args = [datanetId, root, rowsPerBatch, 1_000n, zeroWord, zeroWord, 'ipfs://rows'] as const
  return (await economy.send(bob, 'datanet', 'submit', args, { value })).result
}

/** 64 accepted batches, the most of one version. */
async function publishCase(economy: Economy): Promise<Case> {
  const created = await economy.send(alice, 'datanet', 'create', [zeroWord, 'ipfs://', policy])
  const batchIds: bigint[] = []
  for (let n = 0; n < 64; n++) {
    const batchId = await submitted(economy, created.result, n)
    await economy.send(alice, 'datanet', 'review', [batchId, true, 10_000, zeroWord])
    batchIds.push(batchId)
  }
  const root = toWord(1n)
  const roots = { root, corpusRoot: root, indexRoot: root }
  const publication = { datanetId: created.result, parentId: 0n, tokens: 9n, uri: '', ...roots }
  const value = await economy.read('datanet', 'versionDepositFor', [64_000n])
  return of('datanet', 'publish', [{ ...publication, batchIds }], { value })
}

/** 32 curators, the most, each with a verdict of its own. */
async function decideCase(economy: Economy): Promise<Case> {
  const rule = { ...policy, mode: 1, quorumBps: 1 }
  const created = await economy.send(alice, 'datanet', 'create', [zeroWord, 'ipfs://', rule])
  const curators = Array.from({ length: 32 }, (_, i): Address => {
    const address = (i + 1).toString(16).padStart(40, 'e')
    return `0x${address}`
  })
  for (const curator of curators)
    await economy.send(alice, 'datanet', 'setCurator', [created.result, curator, 0n, 7])
  const batchId = await submitted(economy, created.result, 99)
  const seal = (curator: Address, scoreBps: number): Hex =>
    keccakHex(
      fromHex(
        encodeAbiParameters(verdictFields, [batchId, true, scoreBps, zeroWord, zeroWord, curator]),
      ),
    )
  for (const [i, curator] of curators.entries())
    await economy.send(curator, 'datanet', 'commitVerdict', [batchId, seal(curator, i)])
  for (const [i, curator] of curators.entries()) {
    const verdict = [batchId, true, i, zeroWord, zeroWord] as const
    await economy.send(curator, 'datanet', 'revealVerdict', verdict)
  }
  return of('datanet', 'decide', [batchId])
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

/** 16 signatures, the most, of bonded attesters. */
async function attestedCase(economy: Economy): Promise<Case> {
  const { versionId } = await economy.held([[bob, ['one two three four']]])
  const model = await economy.model(alice, versionId)
  const requestId = await economy.paid(bob, model, 50_000n)
  const receipt = {
    requestId,
    assetId: model,
    versionId,
    methodId: 2,
    outputHash: toWord(7n),
    sumRoot: toWord(8n),
    total: 9n,
    leaves: 1,
    evidenceHash: zeroWord,
  }
  const signers = Array.from({ length: 16 }, (_, i) =>
    privateKeyToAccount(toHex(new Uint8Array(32).fill(i + 1))),
  ).toSorted((a, b) => (a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1))
  const signatures: Hex[] = []
  const bond = 10n ** 20n
  for (const signer of signers) {
    const address = signer.address.toLowerCase() as Address
    economy.journal.setAccount(address, { nonce: 0n, balance: 2n * bond, codeHash: emptyCodeHash })
    await economy.send(address, 'receipts', 'bond', [], { value: bond })
    signatures.push(
      await signer.signTypedData({
        domain: {
          name: 'Tributary',
          version: '1',
          chainId: 2679,
          verifyingContract: moduleAddresses.receipts,
        },
        types: { Receipt: receiptFields },
        primaryType: 'Receipt',
        message: receipt,
      }),
    )
  }
  const value = await economy.read('receipts', 'commitBond', [])
  const more = { value, name: 'receipts.commit attested' }
  return of('receipts', 'commit', [receipt, signatures], more)
}

const vectorOf = (dimensions: number): Int8Array =>
  Int8Array.from({ length: dimensions }, () => dice.below(256) - 128)
const spelled = (label: number, vector: Int8Array): string =>
  `${label} ${toHex(new Uint8Array(vector.buffer)).slice(2)}`

/** A held version of such rows. `forget`: the node has not read them as vectors yet. */
async function versionOf(economy: Economy, texts: readonly string[]) {
  const batches = Array.from({ length: Math.ceil(texts.length / 1_000) }, (_, i) => {
    const own = texts.slice(1_000 * i, 1_000 * (i + 1))
    return [bob, own] as const
  })
  const { versionId, indexRoot } = await economy.held(batches)
  const index = economy.indexes.get(indexRoot)
  invariant(index !== undefined, 'a held version has an index')
  return { versionId, forget: () => void economy.indexes.set(indexRoot, { ...index }) }
}

/** Small vectors, where rows cost most, and large ones, where components do; and a head of a few classes. */
async function vectorCases(economy: Economy): Promise<Case[]> {
  const found: Case[] = []
  const sizes = [
    [8_000, 16],
    [4_000, 384],
  ] as const
  for (const [rows, dimensions] of sizes) {
    const texts = Array.from({ length: rows }, () => spelled(dice.below(10), vectorOf(dimensions)))
    const { versionId, forget } = await versionOf(economy, texts)
    const answer = toHex(new TextEncoder().encode(spelled(3, vectorOf(dimensions))))
    for (const [methodId, name] of [
      [4, 'knn'],
      [5, 'rag'],
    ] as const) {
      const more = { name: `receipts.preview ${name} ${dimensions}`, before: forget }
      found.push(of('receipts', 'preview', [versionId, methodId, answer], more))
    }
  }
  const { texts, answer } = headCase(3_000, 16, 5)
  const { versionId, forget } = await versionOf(economy, texts)
  const more = { name: 'receipts.preview head', before: forget }
  found.push(of('receipts', 'preview', [versionId, 6, toHex(answer)], more))
  return found
}

/** The head of `rows` points, trained, and an answer by it (attribution/vectors/head.ts). */
function headCase(rows: number, dimensions: number, classes: number) {
  const vectors = Array.from({ length: rows }, () => vectorOf(dimensions))
  const labels = Uint8Array.from({ length: rows }, () => dice.below(classes))
  const width = dimensions + 1
  const features = new Float64Array(rows * width).fill(1)
  for (const [i, vector] of vectors.entries())
    for (const [j, x] of vector.entries()) features[i * width + j] = x / 128
  const sizes = { count: rows, dimensions: width, classes }
  const data: HeadData = { ...sizes, features, labels, lambda: 2 ** -6 }
  const { weights } = trainHead(data, { tolerance: 1e-11 })
  const question = vectorOf(dimensions)
  const row = Float64Array.of(...Array.from(question, (x) => x / 128), 1)
  const gradient = rowGradient(data, weights, row, 0)
  const vector = influenceVector(factorise(hessianOf(data, weights)), gradient)
  const answer = Uint8Array.of(
    classes,
    dimensions >> 8,
    dimensions & 255,
    6,
    7,
    ...doubles(weights),
    0,
    ...new Uint8Array(question.buffer),
    ...doubles(vector),
  )
  return { answer, texts: vectors.map((one, i) => spelled(labels[i] ?? 0, one)) }
}

function doubles(values: Float64Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * values.length))
  for (const [i, value] of values.entries()) view.setFloat64(8 * i, value)
  return new Uint8Array(view.buffer)
}
