/**
 * Nanoseconds a unit of gas of every kind of native method, in its worst case, beside SSTORE,
 * KECCAK256 and ECRECOVER in contracts, all in one run on one machine: no method may be cheaper to
 * abuse than the worst of those three. Fails too when a method of an ABI has no case, or a case does not succeed.
 * `npm run bench:gas`, `-- datanet` for one module. Only ratios mean something.
 */
import { moduleAbis, moduleAddresses, type ModuleName } from '../attribution/abi.ts'
import { chooseSecp256k1 } from '../node/crypto.ts'
import { fromHex, silentLogger, type Address, type Hex } from '../primitives/index.ts'
import { createEconomy, type Economy } from '../test/support/economy.ts'
import { callBoth, carrier } from '../test/support/twins.ts'
import { alice } from '../test/support/world.ts'
import { cases, type Case } from './gas-cases.ts'
import { datanetCases } from './gas-datanet.ts'
import { epochCases } from './gas-epochs.ts'
import { receiptCases } from './gas-receipts.ts'
import { vectorCases } from './gas-vectors.ts'
import { viewCases } from './gas-views.ts'

const rounds = Number(process.env['ROUNDS'] ?? 100)
/** A case ends after so much time, but not before so many rounds. */
const [warmUpMs, mostMs, fewestRounds] = [200, 300, 8]
const contract = (n: number): Address => `0x${n.toString(16).padStart(40, 'c')}`

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

/**
 * Gas that pays for work in the frame, without the transaction's own: a contract calls as often as it
 * likes. So a view is called many times by a contract, with what that costs it: the pushes and CALL's own
 * price, as the yardsticks have theirs.
 */
async function measure(one: Case) {
  const { economy = common, to, data, value = 0n, from = alice, gas = 15_000_000n } = one
  if (!isView(one)) {
    const call = { to, data, value, from, gas }
    const { ms, burnt, status } = await timed(economy, call, rounds, one.before)
    return resultOf(ms, Number(burnt - transactionGas(data)), status)
  }
  const single = await timed(economy, caller(economy, to, data, 1), 1)
  const calls = Math.min(100, Math.max(1, Math.floor(4_000_000 / Number(single.burnt))))
  const all = await timed(economy, caller(economy, to, data, calls), rounds, one.before)
  return resultOf(all.ms, Number(all.burnt - transactionGas('0x')), all.status)
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
  return { to, data: '0x', from: alice, value: 0n, gas: 15_000_000n } as const
}

type Timed = Required<Pick<Case, 'to' | 'data' | 'value' | 'from' | 'gas'>>

/**
 * The lower quartile of many rounds, once the engine has compiled what runs: what is slower than that was somebody
 * else's doing, and who abuses a method calls it for longer than any of this.
 */
async function timed(
  economy: Economy,
  { to, data, value, from, gas }: Timed,
  times = rounds,
  before?: () => void,
) {
  const spent: number[] = []
  let [burnt, status, warmMs, allMs] = [0n, '', 0, 0]
  while (spent.length < times && (allMs < mostMs || spent.length < Math.min(times, fewestRounds))) {
    before?.()
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
async function shareOfTwin(one: Case): Promise<string> {
  const { economy = common, name, from = alice, value = 0n, data } = one
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

/** Functions of the ABIs that no case calls: nothing is cheap because it was forgotten. */
const forgotten = (all: readonly Case[]): string[] =>
  Object.entries(moduleAbis).flatMap(([module, abi]) =>
    abi.flatMap((item) => {
      if (item.type !== 'function') return []
      const name = `${module}.${item.name}`
      return all.some((one) => one.name.split(' ')[0] === name) ? [] : [name]
    }),
  )

const { secp256k1 } = await chooseSecp256k1(silentLogger)
const fresh = (): Economy => createEconomy(secp256k1)
const common = fresh()
const natives = [
  ...(await cases(common)),
  ...(await viewCases(common)),
  ...(await datanetCases(common, fresh)),
  ...(await receiptCases(fresh)),
  ...(await epochCases(fresh())),
  ...(await vectorCases(common)),
]
const scales = yardsticks(common)
/** Near the line a method is measured beside the yardstick, turn by turn: the machine's pace changes. */
const [nearLine, turns] = [0.75, 5]

/** Of the yardstick's nanoseconds per gas; over 1 the method is cheaper to abuse. */
async function shareOf(yardstick: Case, one: Case, first: number): Promise<number> {
  if (first < nearLine) return first
  const shares: number[] = []
  for (let turn = 0; turn < turns; turn++) {
    const scale = await measure(yardstick)
    shares.push((await measure(one)).nanosecondsPerGas / scale.nanosecondsPerGas)
  }
  return shares.toSorted((x, y) => x - y)[turns >> 1] ?? first
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function row(one: Case) {
  const { gas, callMs, nanosecondsPerGas, status } = await measure(one)
  say(
    `${one.name.padEnd(44)} ${gas.toString().padStart(9)} gas ${callMs.toFixed(2).padStart(8)} ms ` +
      `${nanosecondsPerGas.toFixed(1).padStart(6)} ns/gas  ${status} ${await shareOfTwin(one)}`,
  )
  return { one, nanosecondsPerGas, status }
}

const yardstickRows = []
for (const one of scales) yardstickRows.push(await row(one))
/** Dearest in time for its gas. */
const [scale] = yardstickRows.toSorted((x, y) => y.nanosecondsPerGas - x.nanosecondsPerGas)
if (!scale) throw new Error('there are no yardsticks')
let worst = { name: '', share: 0 }
const faults = forgotten(natives).map((name) => `${name} has no case`)
const wanted = new RegExp(process.argv[2] ?? '')
for (const one of natives.filter(({ name }) => wanted.test(name))) {
  const { nanosecondsPerGas, status } = await row(one)
  if (status !== 'success') faults.push(`${one.name} ends in ${status}`)
  const first = nanosecondsPerGas / scale.nanosecondsPerGas
  const share = await shareOf(scale.one, one, first)
  if (share !== first) say(`  beside ${scale.one.name}, ${turns} turns: ${share.toFixed(2)} of it`)
  if (share > worst.share) worst = { name: one.name, share }
}
const isHeld = worst.share <= 1
const frame = await timed(common, caller(common, identity, '0x', 100))
say(
  `a CALL that does nothing costs ${((frame.ms * 1e6) / Number(frame.burnt - 21_000n)).toFixed(1)} ns/gas by itself\n` +
    `${natives.length} cases; ${worst.name} is the cheapest to abuse, ${worst.share.toFixed(2)} of ${scale.one.name}: ` +
    `the line ${isHeld ? 'holds' : 'is BROKEN'}`,
)
for (const fault of faults) say(fault)
if (!isHeld || faults.length > 0) process.exitCode = 1
