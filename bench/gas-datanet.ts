/**
 * Cases of bench/gas.ts that change a datanet: a version of as many batches as may be, a verdict of as many curators,
 * the gate over copies, over rows of one token and over words of many bytes; and every single step.
 */
import { encodeAbiParameters } from 'viem'
import { zeroWord } from '../attribution/words.ts'
import { paramTable } from '../attribution/params/table.ts'
import { fromHex, keccakHex, toWord, type Address, type Hex } from '../primitives/index.ts'
import { policy, type Economy } from '../test/support/economy.ts'
import { alice, bob } from '../test/support/world.ts'
import { of, type Case } from './gas-cases.ts'
import { dice } from './made-up.ts'

/** `fresh` makes another chain, whose height may move. */
export async function datanetCases(economy: Economy, fresh: () => Economy): Promise<Case[]> {
  return [
    ...(await batchCases(economy)),
    ...(await curatorCases(economy)),
    ...(await gateCases(economy)),
    ...(await reclaimCases(fresh())),
  ]
}

const rowsPerBatch = 3
const mostBatches = 64
const mostCurators = 32
/** Roots that nobody gave in before. */
let roots = 10_000n

async function submitted(economy: Economy, datanetId: bigint): Promise<bigint> {
  const value = await economy.read('datanet', 'depositFor', [datanetId, 1_000n])
  const root = toWord(roots++)
  const args = [datanetId, root, rowsPerBatch, 1_000n, zeroWord, zeroWord, 'ipfs://rows'] as const
  return (await economy.send(bob, 'datanet', 'submit', args, { value })).result
}

async function accepted(economy: Economy, datanetId: bigint): Promise<bigint> {
  const batchId = await submitted(economy, datanetId)
  await economy.send(alice, 'datanet', 'review', [batchId, true, 10_000, zeroWord])
  return batchId
}

const publicationOf = (datanetId: bigint, batchIds: readonly bigint[]) => {
  const root = toWord(1n)
  return {
    datanetId,
    parentId: 0n,
    root,
    corpusRoot: root,
    indexRoot: root,
    tokens: 9n,
    batchIds,
    uri: '',
  }
}

async function batchCases(economy: Economy): Promise<Case[]> {
  const created = await economy.send(alice, 'datanet', 'create', [zeroWord, 'ipfs://', policy])
  const datanetId = created.result
  const batchIds: bigint[] = []
  for (let n = 0; n < mostBatches; n++) batchIds.push(await accepted(economy, datanetId))
  const value = await economy.read('datanet', 'versionDepositFor', [64_000n])
  const publication = publicationOf(datanetId, batchIds)
  const published = async () =>
    (await economy.send(alice, 'datanet', 'publish', [publication], { value })).result
  const [waiting, abandoned] = [await published(), await published()]
  await economy.send(alice, 'datanet', 'abandon', [abandoned])
  const pending = await submitted(economy, datanetId)
  return [
    of('datanet', 'publish', [publication], { value }),
    of('datanet', 'attest', [waiting, toWord(1n)]),
    of('datanet', 'abandon', [waiting]),
    of('datanet', 'withdraw', [alice]),
    of('datanet', 'review', [pending, false, 1, toWord(5n)]),
    of('datanet', 'retract', [batchIds[0], toWord(5n)], { from: bob }),
    of('datanet', 'parts', [waiting, 0n, 64n]),
    of('datanet', 'batch', [pending]),
    of('datanet', 'batchByRoot', [datanetId, toWord(roots - 1n)]),
  ]
}

const verdictFields = [
  { type: 'uint256' },
  { type: 'bool' },
  { type: 'uint16' },
  { type: 'bytes32' },
  { type: 'bytes32' },
  { type: 'address' },
] as const

const seal = (batchId: bigint, curator: Address, scoreBps: number): Hex =>
  keccakHex(
    fromHex(
      encodeAbiParameters(verdictFields, [batchId, true, scoreBps, zeroWord, zeroWord, curator]),
    ),
  )

/** 32 curators, the most, each with a verdict of its own. */
async function curatorCases(economy: Economy): Promise<Case[]> {
  const rule = { ...policy, mode: 1, quorumBps: 1 }
  const created = await economy.send(alice, 'datanet', 'create', [zeroWord, 'ipfs://', rule])
  const datanetId = created.result
  const curators = Array.from({ length: mostCurators }, (_, i): Address => {
    const address = (i + 1).toString(16).padStart(40, 'e')
    return `0x${address}`
  })
  for (const curator of curators)
    await economy.send(alice, 'datanet', 'setCurator', [datanetId, curator, 0n, 7])
  const [first = alice] = curators
  const [decided, committed, open] = [
    await submitted(economy, datanetId),
    await submitted(economy, datanetId),
    await submitted(economy, datanetId),
  ]
  for (const batchId of [decided, committed])
    for (const [i, curator] of curators.entries())
      await economy.send(curator, 'datanet', 'commitVerdict', [batchId, seal(batchId, curator, i)])
  for (const [i, curator] of curators.entries())
    await economy.send(curator, 'datanet', 'revealVerdict', [decided, true, i, zeroWord, zeroWord])
  return [
    of('datanet', 'setCurator', [datanetId, first, 1_000n, 9]),
    of('datanet', 'commitVerdict', [open, seal(open, first, 0)], { from: first }),
    of('datanet', 'revealVerdict', [committed, true, 0, zeroWord, zeroWord], { from: first }),
    of('datanet', 'decide', [decided]),
    of('datanet', 'curatorAt', [datanetId, 31n]),
  ]
}

const textOf = (words: number, next: () => string): string =>
  Array.from({ length: words }, next).join(' ')
const word = (): string => `w${dice.below(5_000)}`

/** What is measured against a parent: its own rows, shuffled words, rows of one token, words of many bytes. */
async function gateCases(economy: Economy): Promise<Case[]> {
  const originals = Array.from({ length: 6 }, () => textOf(1_900, word))
  const long = 'x'.repeat(1_000)
  const first = await economy.held([
    [alice, [...originals, textOf(60, () => `${long}${dice.below(50)}`)]],
  ])
  const kinds = {
    copies: originals,
    'shuffled words': Array.from({ length: 6 }, () => textOf(1_900, word)),
    'rows of one token': Array.from({ length: 1_000 }, word),
    'long words': Array.from({ length: 6 }, () => textOf(60, () => `${long}${dice.below(99)}`)),
  }
  const { versionId } = await economy.held(
    Object.values(kinds).map((texts) => [bob, texts] as const),
    first,
  )
  return Object.keys(kinds).map((kind, part) =>
    of('datanet', 'measure', [versionId, BigInt(part), 1_000], { name: `datanet.measure ${kind}` }),
  )
}

/** A deposit whose rows have answered for long enough. */
async function reclaimCases(economy: Economy): Promise<Case[]> {
  const { batchIds } = await economy.held([[bob, ['one two three four']]])
  economy.mine(Number(paramTable['datanet.depositBlocks'].value) + 1)
  return [of('datanet', 'reclaim', [batchIds[0]], { economy })]
}
