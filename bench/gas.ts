/**
 * Nanoseconds a unit of gas of every kind of native method, in its worst case, beside SSTORE,
 * KECCAK256 and ECRECOVER in contracts, all in one run on one machine: no method may be cheaper to
 * abuse than the worst of those three. `npm run bench:gas`. Only ratios mean something.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { type Abi, encodeFunctionData } from 'viem'
import { moduleAbis, moduleAddresses, type ModuleName } from '../attribution/abi.ts'
import { buildSumTree, proveSumLeaf } from '../attribution/methods/index.ts'
import { zeroWord } from '../attribution/words.ts'
import { devnetAddresses } from '../genesis/index.ts'
import { toHex, toWord, type Address, type Hex } from '../primitives/index.ts'
import { claimOf, createEconomy, policy, type Economy } from '../test/support/economy.ts'
import { callBoth, carrier } from '../test/support/twins.ts'
import { alice, bob } from '../test/support/world.ts'

interface Case {
  readonly name: string
  readonly to: Address
  readonly data: Hex
  readonly value?: bigint
  readonly from?: Address
  readonly gas?: bigint
}

const rounds = Number(process.env['ROUNDS'] ?? 12)
const contract = (n: number): Address => `0x${n.toString(16).padStart(40, 'c')}`
const carol = devnetAddresses[2] ?? alice

const of = (
  name: ModuleName,
  functionName: string,
  args: readonly unknown[],
  more: Partial<Case> = {},
): Case => {
  const abi: Abi = moduleAbis[name]
  const data = encodeFunctionData({ abi, functionName, args })
  return { name: `${name}.${functionName}`, to: moduleAddresses[name], data, ...more }
}

/** `body`, over and over until the gas is gone: the halt costs nothing but the gas. */
const loop = (body: string): Hex => `0x5b${body}600056`

/** The yardsticks: a fresh slot a turn, 32 bytes hashed a turn, one signature a turn. */
function yardsticks(economy: Economy): Case[] {
  const bodies = [
    ['SSTORE', '600054600101806000558055'],
    ['KECCAK256', '602060002050'.repeat(40)],
    ['ECRECOVER', ecrecoverBody],
  ] as const
  return bodies.map(([name, body], i) => {
    economy.deploy(contract(i + 1), loop(body))
    return { name, to: contract(i + 1), data: '0x', gas: 600_000n }
  })
}

/** v = 27, r = s = 1 in memory, then staticcall(gas, 1, 0, 128, 128, 32): the work is done, whoever signed. */
const ecrecoverBody = '601b602052600160405260016060526020608060806000600162fffffffa50'

async function cases(economy: Economy): Promise<Case[]> {
  const texts = Array.from({ length: 16 }, (_, i) =>
    Array.from({ length: 64 }, (_unused, j) => `w${(i * 7 + j * 13) % 97}`).join(' '),
  )
  const { versionId } = await economy.held(
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
  const sketch = toHex(new Uint8Array(1_024).fill(3))
  const words = Array.from({ length: 32 }, (_, i) => toWord(BigInt(i + 1)))
  const ids = Array.from({ length: 256 }, (_, i) => BigInt(i))
  return [
    of('proofs', 'merkle', [toWord(1n), toWord(2n), 5n, words]),
    of('proofs', 'merkleSumRoot', [ids, ids, ids]),
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
    of('proofs', 'similarity', [sketch, sketch]),
  ]
}

/** Gas that pays for work in the frame: without the transaction's own. */
async function measure(
  economy: Economy,
  { to, data, value = 0n, from = alice, gas = 10_000_000n }: Case,
) {
  const times: number[] = []
  let burnt = 0n
  let status = ''
  for (let round = 0; round < rounds + 3; round++) {
    economy.journal.checkpoint()
    const start = performance.now()
    const outcome = await economy.call(from, to, data, { value, gas })
    const tookMs = performance.now() - start
    economy.journal.revert()
    burnt = outcome.gasBeforeRefund
    status = outcome.status
    if (round >= 3) times.push(tookMs) // the first rounds warm the engine up
  }
  const sorted = times.toSorted((a, b) => a - b)
  const medianMs = sorted[Math.floor(sorted.length / 2)] ?? 0
  return { gas: burnt, medianMs, nanosecondsPerGas: (medianMs * 1e6) / Number(burnt), status }
}

/** Gas as a share of what the Solidity twin burns for the same call, where there is a twin. */
async function shareOfTwin(economy: Economy, one: Case): Promise<string> {
  const { name, from = alice, value = 0n, data } = one
  const [module = '', method = ''] = name.split('.')
  if (module === 'proofs' && !['ed25519', 'verifySpans'].includes(method)) {
    // From a contract: the floor price of call data would hide the work.
    economy.deploy(contract(9), carrier(moduleAddresses.proofs, data))
    return ratioOf(await callBoth(economy, 'proofs', { from, to: contract(9), data: '0x' }))
  }
  if (module !== 'rewards') return ''
  return ratioOf(await callBoth(economy, 'rewards', { from, data, value }))
}

function ratioOf({ native, twin }: Awaited<ReturnType<typeof callBoth>>): string {
  const [mine, its] = [native, twin].map(({ outcome }) => Number(outcome.gasBeforeRefund))
  return `${((mine ?? 0) / (its ?? 1)).toFixed(3)} of its twin`
}

const economy = createEconomy()
const rows: string[] = []
for (const one of [...yardsticks(economy), ...(await cases(economy))]) {
  const { gas, medianMs, nanosecondsPerGas, status } = await measure(economy, one)
  rows.push(
    `${one.name.padEnd(24)} ${gas.toString().padStart(9)} gas ${medianMs.toFixed(2).padStart(8)} ms ` +
      `${nanosecondsPerGas.toFixed(1).padStart(8)} ns/gas  ${status} ${await shareOfTwin(economy, one)}`,
  )
}
process.stdout.write(`${rows.join('\n')}\n`)
