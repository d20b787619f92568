/**
 * Nanoseconds a unit of gas of every kind of native method, in its worst case, beside SSTORE,
 * KECCAK256 and ECRECOVER in contracts, all in one run on one machine: no method may be cheaper to
 * abuse than the worst of those three. `npm run bench:gas`, `-- datanet` for one module. Only ratios mean something.
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
import { chooseSecp256k1 } from '../node/crypto.ts'
import { devnetAddresses } from '../genesis/index.ts'
import {
  fromHex,
  invariant,
  keccakHex,
  silentLogger,
  toHex,
  toWord,
  type Address,
  type Hex,
} from '../primitives/index.ts'
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

const rounds = Number(process.env['ROUNDS'] ?? 100)
/** A case ends after so much time, but not before so many rounds. */
const [warmUpMs, mostMs, fewestRounds] = [300, 500, 8]
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

/**
 * Gas that pays for work in the frame, without the transaction's own: a contract calls as often as it
 * likes. So a view is called many times by a contract, and the time and gas of as many calls that do
 * nothing (the identity precompile) are taken off: a frame has CALL's price, whoever is called.
 */
async function measure(economy: Economy, one: Case) {
  const { to, data, value = 0n, from = alice, gas = 10_000_000n } = one
  if (!isView(one)) {
    const { ms, burnt, status } = await timed(economy, { to, data, value, from, gas })
    return resultOf(ms, Number(burnt - transactionGas(data)), status)
  }
  const single = await timed(economy, caller(economy, to, data, 1), 1)
  const calls = Math.min(100, Math.max(1, Math.floor(4_000_000 / Number(single.burnt))))
  const all = await timed(economy, caller(economy, to, data, calls))
  const frames = await timed(economy, caller(economy, identity, '0x', calls))
  return resultOf(all.ms - frames.ms, Number(all.burnt - frames.burnt), all.status)
}

const resultOf = (callMs: number, gas: number, status: string) => ({
  gas,
  callMs,
  nanosecondsPerGas: (callMs * 1e6) / gas,
  status,
})

const identity: Address = `0x${'4'.padStart(40, '0')}`

const hex = (n: number): string => n.toString(16).padStart(4, '0')

/** A contract that calls `target` so many times with the data it carries. */
function caller(economy: Economy, target: Address, data: Hex, calls: number) {
  const size = hex((data.length - 2) / 2)
  // pop(call(gas, target, 0, 0, size, 0, 0)), after codecopy(0, behind the code, size)
  const call = `6000600061${size}6000600073${target.slice(2)}5af150`
  const body = `${call.repeat(calls)}00`
  const to = contract(8)
  economy.deploy(to, `0x61${size}61${hex(9 + body.length / 2)}600039${body}${data.slice(2)}`)
  return { to, data: '0x', from: alice, value: 0n, gas: 12_000_000n } as const
}

type Timed = Required<Pick<Case, 'to' | 'data' | 'value' | 'from' | 'gas'>>

/**
 * The lower quartile of many rounds, once the engine has compiled what runs: what is slower than that was somebody
 * else's doing, and who abuses a method calls it for longer than any of this.
 */
async function timed(economy: Economy, { to, data, value, from, gas }: Timed, times = rounds) {
  const spent: number[] = []
  let [burnt, status, warmMs, allMs] = [0n, '', 0, 0]
  while (spent.length < times && (allMs < mostMs || spent.length < Math.min(times, fewestRounds))) {
    economy.journal.checkpoint()
    // The process's own time: the wall's is also that of whoever else is on the machine.
    const start = process.cpuUsage()
    const outcome = await economy.call(from, to, data, { value, gas })
    const { user, system } = process.cpuUsage(start)
    economy.journal.revert()
    burnt = outcome.gasBeforeRefund
    status = outcome.status
    const ms = (user + system) / 1_000
    if (warmMs < warmUpMs && times > 1) warmMs += ms
    else {
      spent.push(ms)
      allMs += ms
    }
  }
  const sorted = spent.toSorted((x, y) => x - y)
  return { ms: sorted[Math.floor(sorted.length / 4)] ?? 0, burnt, status }
}

/** 21,000, and 4 or 16 a byte (EIP-2028). */
const transactionGas = (data: Hex): bigint =>
  fromHex(data).reduce((sum, byte) => sum + (byte === 0 ? 4n : 16n), 21_000n)

function isView({ name, to }: Case): boolean {
  const [module, method] = name.split(/[. ]/)
  if (!module || !(module in moduleAbis) || to !== moduleAddresses[module as ModuleName])
    return false
  return moduleAbis[module as ModuleName].some(
    (item) =>
      item.type === 'function' && item.name === method && /view|pure/.test(item.stateMutability),
  )
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

const { secp256k1 } = await chooseSecp256k1(silentLogger)
const economy = createEconomy(secp256k1)
const rows: string[] = []
const scales = yardsticks(economy)
/** Dearest in time for its gas, of the yardsticks and of the modules. */
let [scale, worst] = [
  { name: '', nanosecondsPerGas: 0 },
  { name: '', nanosecondsPerGas: 0 },
]
const wanted = process.argv[2] ?? ''
for (const one of [...scales, ...(await cases(economy))]) {
  if (!one.name.includes(wanted)) continue
  const { gas, callMs, nanosecondsPerGas, status } = await measure(economy, one)
  const found = { name: one.name, nanosecondsPerGas }
  if (scales.includes(one)) scale = nanosecondsPerGas > scale.nanosecondsPerGas ? found : scale
  else worst = nanosecondsPerGas > worst.nanosecondsPerGas ? found : worst
  rows.push(
    `${one.name.padEnd(24)} ${gas.toString().padStart(9)} gas ${callMs.toFixed(2).padStart(8)} ms ` +
      `${nanosecondsPerGas.toFixed(1).padStart(8)} ns/gas  ${status} ${await shareOfTwin(economy, one)}`,
  )
}
const isHeld = worst.nanosecondsPerGas <= scale.nanosecondsPerGas
const frame = await timed(economy, caller(economy, identity, '0x', 100))
rows.push(
  `a CALL that does nothing costs ${((frame.ms * 1e6) / Number(frame.burnt - 21_000n)).toFixed(1)} ns/gas by itself (taken off the views above)`,
)
process.stdout.write(
  `${rows.join('\n')}\n${worst.name} is the cheapest to abuse, ${worst.nanosecondsPerGas.toFixed(1)} ns/gas; ` +
    `${scale.name} ${scale.nanosecondsPerGas.toFixed(1)}: the line ${isHeld ? 'holds' : 'is BROKEN'}\n`,
)
if (!isHeld) process.exitCode = 1
