/**
 * Random call trees over all modules, each executed twice from the same state: results, logs, gas and
 * state must be equal. Calls of every kind, nested, with value, gas limits, failures that are swallowed
 * and arguments that are not what they should be. FUZZ_TREES and FUZZ_SEED lengthen or repeat a run.
 */
import { expect, test } from '@jest/globals'
import { type AbiParameter, toFunctionSelector } from 'viem'
import { moduleAbis, moduleAddresses, type ModuleName } from '../../../attribution/abi.ts'
import { devnetAddresses } from '../../../genesis/index.ts'
import { toHex, toWord, type Address, type Hex } from '../../../primitives/index.ts'
import { createDice } from '../../support/dice.ts'
import { createEconomy } from '../../support/economy.ts'
import { puppetCode, runSteps, step, type Step } from '../../support/puppet.ts'
import { alice, bob } from '../../support/world.ts'

const trees = Number(process.env['FUZZ_TREES'] ?? 60)
const seed = Number(process.env['FUZZ_SEED'] ?? 7)
const puppets: readonly Address[] = [`0x${'b0'.repeat(20)}`, `0x${'b1'.repeat(20)}`]
const modules = Object.keys(moduleAbis) as ModuleName[]
const maxDepth = 4

type Dice = ReturnType<typeof createDice>

/** A word that may be an id, an address, a length, or nothing at all. */
function randomWord(dice: Dice): string {
  const word = dice.pick([
    BigInt(dice.below(5)),
    BigInt(dice.pick(devnetAddresses)),
    BigInt(dice.pick(puppets)),
    32n * BigInt(dice.below(12)),
    2n ** BigInt(dice.below(256)),
    BigInt(dice.below(2 ** 31)),
  ])
  return toWord(word).slice(2)
}

/** Arguments by their types, mostly of the right shape. */
function randomArguments(dice: Dice, inputs: readonly AbiParameter[]): string {
  const heads = inputs.length + dice.below(2)
  return Array.from({ length: heads + dice.below(14) }, () => randomWord(dice)).join('')
}

function randomCall(dice: Dice): { readonly target: Address; readonly data: Hex } {
  const name = dice.pick(modules)
  const functions = moduleAbis[name].filter((item) => item.type === 'function')
  const chosen = dice.pick(functions)
  const full: Hex = `${toFunctionSelector(chosen)}${randomArguments(dice, chosen.inputs)}`
  const isCut = dice.below(8) === 0
  const data = isCut ? full.slice(0, 2 + 2 * dice.below(full.length / 2)) : full
  return { target: moduleAddresses[name], data: data as Hex }
}

function randomStep(dice: Dice, depth: number): Step {
  const isNested = depth < maxDepth && dice.below(3) === 0
  const more = {
    kind: dice.below(4),
    value: dice.below(3) === 0 ? BigInt(dice.below(2_000)) : 0n,
    gas: dice.below(3) === 0 ? BigInt(dice.below(300_000)) : 0n,
    mustSucceed: dice.below(6) === 0,
  }
  if (!isNested) {
    const { target, data } = randomCall(dice)
    return step(target, data, more)
  }
  return step(dice.pick(puppets), randomTree(dice, depth + 1), more)
}

const randomTree = (dice: Dice, depth: number): Hex =>
  runSteps(...Array.from({ length: 1 + dice.below(5) }, () => randomStep(dice, depth)))

/** A chain with something in every module, and what all trees did to it. */
async function runTrees() {
  const dice = createDice(seed)
  const economy = createEconomy()
  const { versionId } = await economy.held([[bob, ['one two three four', 'five six seven']]])
  const model = await economy.model(alice, versionId)
  const requestId = await economy.paid(bob, model, 5_000n)
  await economy.attributed(alice, requestId, versionId, 'one two six seven')
  for (const puppet of puppets) economy.deploy(puppet, puppetCode())
  const seen: string[] = []
  let [halts, logs] = [0, 0]
  for (let i = 0; i < trees; i++) {
    const outcome = await economy
      .call(dice.pick([alice, bob]), dice.pick(puppets), randomTree(dice, 0), {
        value: BigInt(dice.below(3_000)),
        gas: BigInt(60_000 + dice.below(4_000_000)),
      })
      .catch((error: unknown) => {
        if (error instanceof Error && /intrinsic|floor/.test(error.message)) return undefined
        throw error
      })
    if (!outcome) continue
    if (outcome.status === 'halt') halts++
    logs += outcome.logs.length
    const { status, gasUsed, returnData } = outcome
    seen.push(
      [status, gasUsed, toHex(returnData), ...outcome.logs.map(({ topics }) => topics[0])].join(
        ' ',
      ),
    )
    expect(await economy.owed()).toBe(economy.balance(moduleAddresses.rewards))
  }
  return { seen, digest: economy.digest(), halts, logs }
}

test(`${trees} random call trees run twice alike, and no wei is lost in them`, async () => {
  const first = await runTrees()
  expect(await runTrees()).toEqual(first)
  expect(first.seen.length).toBeGreaterThan(trees / 2)
}, 600_000)
