/**
 * What bench/gas.ts calls: every kind of native method in its worst case, over one small economy. Those that need a
 * large world of their own are in gas-large.ts.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { type Abi, encodeAbiParameters, encodeFunctionData } from 'viem'
import { moduleAbis, moduleAddresses, type ModuleName } from '../attribution/abi.ts'
import {
  buildSumTree,
  commitIndex,
  merkleTree,
  proveLeaves,
  proveSpans,
  proveSumLeaf,
} from '../attribution/methods/index.ts'
import { topOf } from '../attribution/merkle/tree.ts'
import { zeroWord } from '../attribution/words.ts'
import { devnetAddresses } from '../genesis/index.ts'
import {
  fromHex,
  invariant,
  keccakHex,
  toHex,
  toWord,
  type Address,
  type Hex,
} from '../primitives/index.ts'
import { claimOf, policy, type Economy } from '../test/support/economy.ts'
import { alice, bob } from '../test/support/world.ts'

export interface Case {
  readonly name: string
  readonly to: Address
  readonly data: Hex
  readonly value?: bigint
  readonly from?: Address
  readonly gas?: bigint
  /** The chain it is called on, when it is not the common one: heights are a chain's own. */
  readonly economy?: Economy
  /** Outside of what is measured: forgets what a node may have kept of the call before. */
  readonly before?: () => void
}

const carol = devnetAddresses[2] ?? alice

export const of = (
  name: ModuleName,
  functionName: string,
  args: readonly unknown[],
  more: Partial<Case> = {},
): Case => {
  const abi: Abi = moduleAbis[name]
  const data = encodeFunctionData({ abi, functionName, args })
  return { name: `${name}.${functionName}`, to: moduleAddresses[name], data, ...more }
}

export async function cases(economy: Economy): Promise<Case[]> {
  const texts = Array.from({ length: 16 }, (_, i) =>
    Array.from({ length: 64 }, (_unused, j) => `w${(i * 7 + j * 13) % 97}`).join(' '),
  )
  const { versionId, indexRoot } = await economy.held(
    texts.map((text, i) => [i % 2 === 0 ? bob : carol, [text]] as const),
  )
  const model = await economy.model(alice, versionId)
  const answer = texts.map((text) => text.split(' ').slice(3, 30).join(' ')).join(' ')
  const settled = await economy.paid(bob, model, 50_000n)
  const { leaves } = await economy.attributed(alice, settled, versionId, answer)
  await economy.send(bob, 'rewards', 'settle', [settled, []])
  const open = await economy.paid(bob, model, 50_000n)
  const answered = await economy.paid(bob, model, 50_000n)
  const second = await economy.attributed(alice, answered, versionId, answer)
  const parents: { assetId: bigint; edge: number; sharePpm: number }[] = []
  for (let i = 0; i < 8; i++) {
    const own = await economy.model(alice, versionId)
    parents.push({ assetId: own, edge: 0, sharePpm: 50_000 })
  }
  const registration = {
    kind: 0,
    contentHash: toWord(99n),
    manifestHash: zeroWord,
    uri: 'ipfs://x',
    parents,
    sources: [{ versionId, edge: 0 }],
    termsFlags: 1,
    price: 1_000n,
    provider: alice,
  }
  const deposit = await economy.read('datanet', 'depositFor', [1n, 1_000n])
  const batch = [1n, toWord(77n), 3, 1_000n, zeroWord, zeroWord, 'ipfs://rows']
  return [
    of('datanet', 'create', [zeroWord, 'ipfs://', policy]),
    of('datanet', 'submit', batch, { value: deposit, from: bob }),
    of('datanet', 'partOfRow', [versionId, 15n]),
    of('lineage', 'register', [registration]),
    of('lineage', 'shares', [model]),
    of('rewards', 'pay', [model, zeroWord, 999_999n, 0n], { value: 50_000n, from: bob }),
    of('rewards', 'settle', [answered, second.leaves], { from: bob }),
    of('rewards', 'claim', claimOf(settled, leaves, 0), { from: bob }),
    of('receipts', 'attribute', [open, versionId, 1, toHex(new TextEncoder().encode(answer))]),
    of('receipts', 'preview', [versionId, 1, toHex(new TextEncoder().encode(answer))]),
    ...(await witnessCases(economy, { versionId, indexRoot, model, answer })),
    of('datanet', 'hasBatch', [versionId, 9n]),
    of('datanet', 'verifyRow', [
      versionId,
      zeroWord,
      1n,
      Array.from({ length: 32 }, () => zeroWord),
    ]),
    of('registry', 'moduleAt', [3n]),
    ...proofCases(),
    of('params', 'list', [0n, 50n]),
  ]
}

/** The checks without state, at the sizes that cost most for their gas. */
function proofCases(): Case[] {
  const tree = buildSumTree(
    Array.from({ length: 256 }, (_, i) => ({
      clusterId: 0n,
      contributionId: BigInt(i),
      weight: 3n,
    })),
  )
  const key = new Uint8Array(32).fill(5)
  const text = new Uint8Array(64)
  const signature = ed25519.sign(text, key)
  const [sketch, opposite] = [0, 255].map((byte) => toHex(new Uint8Array(1_024).fill(byte)))
  const words = Array.from({ length: 32 }, (_, i) => toWord(BigInt(i + 1)))
  const ids = Array.from({ length: 256 }, (_, i) => BigInt(i))
  return [
    of('proofs', 'merkle', [toWord(1n), toWord(2n), 5n, words]),
    of('proofs', 'merkleSumRoot', [ids, ids, ids]),
    ...multiCases(),
    of('proofs', 'merkleSum', [
      toHex(tree.root),
      tree.total,
      0n,
      7n,
      3n,
      7n,
      toHex(proveSumLeaf(tree, 7)),
    ]),
    of('proofs', 'ed25519', [toHex(ed25519.getPublicKey(key)), toHex(signature), toHex(text)]),
    of('proofs', 'similarity', [sketch, opposite]),
  ]
}

/** Leaves far apart share no node: a path each. */
function multiCases(): Case[] {
  const values = Array.from({ length: 256 }, (_, i) => toWord(BigInt(i)))
  const tree = merkleTree(values.map(fromHex))
  const indexes = Array.from({ length: 32 }, (_, i) => 8 * i)
  const proof = proveLeaves(tree, indexes).map(toHex)
  const root = toHex(topOf(tree))
  const chosen = indexes.map((i) => values[i] ?? zeroWord)
  return [of('proofs', 'merkleMulti', [root, indexes.map(BigInt), chosen, proof])]
}

/** A proof of all spans of an answer under an index, checked by itself and as a challenge. */
async function witnessCases(economy: Economy, given: Given): Promise<Case[]> {
  const { versionId, indexRoot, model, answer } = given
  const index = economy.indexes.get(indexRoot)
  invariant(index !== undefined, 'a held version has an index')
  const text = new TextEncoder().encode(answer)
  const witness = proveSpans(index, commitIndex(index), { answer: text, minLength: 2 })
  invariant(witness !== undefined, 'the answer is short enough')
  const requestId = await economy.paid(bob, model, 50_000n)
  const leaves = [{ clusterId: 1n, contributionId: 1n, weight: 1n }]
  const { root, total } = buildSumTree(leaves)
  const receipt = {
    requestId,
    assetId: model,
    versionId,
    methodId: 1,
    outputHash: keccakHex(text),
    sumRoot: toHex(root),
    total,
    leaves: 1,
    evidenceHash: zeroWord,
  }
  const bond = await economy.read('receipts', 'commitBond', [])
  const value = await economy.read('receipts', 'challengeBond', [])
  const options = { value: bond }
  const { result } = await economy.send(alice, 'receipts', 'commit', [receipt, []], options)
  const shown = encodeAbiParameters(
    [{ type: 'bytes' }, { type: 'bytes' }],
    [toHex(text), toHex(witness)],
  )
  const more = { value, from: bob }
  return [
    of('proofs', 'verifySpans', [indexRoot, toHex(text), 2, toHex(witness)]),
    { ...of('receipts', 'challenge', [result, 2, shown], more), name: 'receipts.challenge spans' },
    {
      ...of('receipts', 'challenge', [result, 0, toHex(text)], more),
      name: 'receipts.challenge replay',
    },
  ]
}

interface Given {
  readonly versionId: bigint
  readonly indexRoot: Hex
  readonly model: bigint
  readonly answer: string
}
