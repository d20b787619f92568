/**
 * Random call trees over all native modules: calls of every kind, nested through puppets, with value,
 * gas limits, failures that are swallowed and arguments that are not what they should be.
 */
import { type AbiParameter, toFunctionSelector } from 'viem'
import { moduleAbis, moduleAddresses, type ModuleName } from '../../attribution/abi.ts'
import { devnetAddresses } from '../../genesis/index.ts'
import { toWord, type Address, type Hex } from '../../primitives/index.ts'
import type { createDice } from './dice.ts'
import { runSteps, step, type Step } from './puppet.ts'

const modules = Object.keys(moduleAbis) as ModuleName[]
const maxDepth = 4

type Dice = ReturnType<typeof createDice>

/** A word that may be an id, an address, a length, or nothing at all. */
function randomWord(dice: Dice, puppets: readonly Address[]): string {
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
function randomArguments(
  dice: Dice,
  puppets: readonly Address[],
  inputs: readonly AbiParameter[],
): string {
  const heads = inputs.length + dice.below(2)
  return Array.from({ length: heads + dice.below(14) }, () => randomWord(dice, puppets)).join('')
}

function randomCall(
  dice: Dice,
  puppets: readonly Address[],
): { readonly target: Address; readonly data: Hex } {
  const name = dice.pick(modules)
  const functions = moduleAbis[name].filter((item) => item.type === 'function')
  const chosen = dice.pick(functions)
  const full: Hex = `${toFunctionSelector(chosen)}${randomArguments(dice, puppets, chosen.inputs)}`
  const isCut = dice.below(8) === 0
  const data = isCut ? full.slice(0, 2 + 2 * dice.below(full.length / 2)) : full
  return { target: moduleAddresses[name], data: data as Hex }
}

function randomStep(dice: Dice, puppets: readonly Address[], depth: number): Step {
  const isNested = depth < maxDepth && dice.below(3) === 0
  const more = {
    kind: dice.below(4),
    value: dice.below(3) === 0 ? BigInt(dice.below(2_000)) : 0n,
    gas: dice.below(3) === 0 ? BigInt(dice.below(300_000)) : 0n,
    mustSucceed: dice.below(6) === 0,
  }
  if (!isNested) {
    const { target, data } = randomCall(dice, puppets)
    return step(target, data, more)
  }
  return step(dice.pick(puppets), randomTree(dice, puppets, depth + 1), more)
}

/** What one puppet is told to do. */
export const randomTree = (dice: Dice, puppets: readonly Address[], depth = 0): Hex =>
  runSteps(...Array.from({ length: 1 + dice.below(5) }, () => randomStep(dice, puppets, depth)))
