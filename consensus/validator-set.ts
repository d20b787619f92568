/**
 * Who votes at a height, with which power, and who proposes. Made once for a height, never changed.
 * Where sets come from (genesis, later staking) is not known here.
 */
import {
  compareText,
  concat,
  fromHex,
  invariant,
  keccakHex,
  NodeError,
  toWord,
  type Address,
  type Hex,
} from '../primitives/index.ts'

export type Validator = { readonly address: Address; readonly power: bigint }

export type ValidatorSet = {
  /** In ascending order of address. A validator's index is its place here. */
  readonly validators: readonly Validator[]
  readonly indexes: ReadonlyMap<Address, number>
  readonly totalPower: bigint
  /** keccak256(abi.encodePacked(address[], uint256[])): addresses, then powers, a word each. */
  readonly hash: Hex
  /** Indexes in the order of turns; one turn a (height + round), then from the start. */
  readonly turns: readonly number[]
}

/** Votes cost 60 us each to check; more validators would not make blocks of a second. */
export const maxValidators = 256
/** Powers fit 128 bits, so that sums of them, times three, fit a word of the EVM. */
export const maxPower = (1n << 128n) - 1n
/** Turns in a rotation. Powers are exact when they sum (over their common divisor) to no more. */
const maxTurns = 2048

/** Throws NodeError for an empty set, a validator named twice, a power that is not in 1..2^128-1. */
export function createValidatorSet(members: readonly Validator[]): ValidatorSet {
  const validators = members
    .map(({ address, power }) => ({ address, power }))
    .toSorted((a, b) => compareText(a.address, b.address))
  const indexes = new Map(validators.map(({ address }, index) => [address, index]))
  if (validators.length === 0 || validators.length > maxValidators)
    throw new NodeError(
      'VALIDATOR_COUNT',
      `a validator set has 1 to ${maxValidators} members, not ${validators.length}`,
    )
  if (indexes.size !== validators.length)
    throw new NodeError('VALIDATOR_TWICE', 'a validator stands twice in the set')
  for (const { address, power } of validators)
    if (power < 1n || power > maxPower)
      throw new NodeError('VALIDATOR_POWER', `power of ${address} is not in 1..2^128-1`, { power })
  return {
    validators,
    indexes,
    totalPower: validators.reduce((sum, { power }) => sum + power, 0n),
    hash: hashOf(validators),
    turns: takeTurns(shares(validators.map(({ power }) => power))),
  }
}

const hashOf = (validators: readonly Validator[]): Hex =>
  keccakHex(
    concat(
      ...validators.map(({ address }) => fromHex(toWord(BigInt(address)))),
      ...validators.map(({ power }) => fromHex(toWord(power))),
    ),
  )

/** More than two thirds. With six equal validators four are not enough. */
export const isQuorum = (set: ValidatorSet, power: bigint): boolean =>
  3n * power > 2n * set.totalPower
/** More than a third: at least one of them is honest. */
export const isSkip = (set: ValidatorSet, power: bigint): boolean => 3n * power > set.totalPower

export const powerOf = (set: ValidatorSet, index: number): bigint =>
  set.validators[index]?.power ?? 0n

/** Proposer of (height, round): weighted round-robin, a pure function of the set. */
export function proposerOf(set: ValidatorSet, height: bigint, round: number): Address {
  const turn = Number((height + BigInt(round)) % BigInt(set.turns.length))
  const proposer = set.validators[set.turns[turn] ?? -1]
  invariant(proposer !== undefined, 'a turn names a validator')
  return proposer.address
}

/** Powers as small integers, at least 1 each: exact over the common divisor, or cut to `maxTurns`. */
function shares(powers: readonly bigint[]): readonly number[] {
  const divisor = powers.reduce(gcd)
  const total = powers.reduce((sum, power) => sum + power, 0n)
  if (total / divisor <= BigInt(maxTurns)) return powers.map((power) => Number(power / divisor))
  return powers.map((power) => Math.max(1, Number((power * BigInt(maxTurns)) / total)))
}

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b))

/**
 * Smooth weighted round-robin: everybody gains its share, who has most (the lower index of equals)
 * takes the turn and pays the total. Turns of one validator lie as far apart as they can.
 */
function takeTurns(weights: readonly number[]): readonly number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const credit = weights.map(() => 0)
  return Array.from({ length: total }, () => {
    let best = 0
    for (const [index, weight] of weights.entries()) {
      credit[index] = (credit[index] ?? 0) + weight
      if ((credit[index] ?? 0) > (credit[best] ?? 0)) best = index
    }
    credit[best] = (credit[best] ?? 0) - total
    return best
  })
}
