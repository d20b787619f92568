/** Random numbers that can be repeated: for tests that run long random sequences. */

/** Mulberry32, by a seed. */
export function createDice(seed: number) {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const below = (n: number): number => next() % n
  return {
    /** 0 to n - 1. */
    below,
    /** From 0, below 1. */
    fraction: (): number => next() / 2 ** 32,
    pick<item>(items: readonly item[]): item {
      const found = items[below(items.length)]
      if (found === undefined) throw new Error('nothing to pick from')
      return found
    },
  }
}
