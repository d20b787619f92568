/** Dice with a seed: the only source of chance in the simulator. Not for keys. */

export interface Rng {
  /** In [0, 1). */
  next(): number
  /** Whole number in [0, below). */
  below(below: number): number
  /** Whole number in [from, to]. */
  between(from: number, to: number): number
  chance(probability: number): boolean
  pick<item>(items: readonly item[]): item
  shuffle<item>(items: readonly item[]): item[]
  /** Independent dice, so that one part of a run does not disturb the rolls of another. */
  fork(name: string): Rng
}

/** sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, passes BigCrush. */
export function createRng(seed: number, name = ''): Rng {
  let a = 0x9e3779b9 ^ seed
  let b = 0x243f6a88 ^ hashText(name)
  let c = 0xb7e15162
  let d = 1
  const next32 = (): number => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return t >>> 0
  }
  for (let i = 0; i < 15; i++) next32()
  const next = (): number => next32() / 2 ** 32
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    next,
    below,
    between: (from, to) => from + below(to - from + 1),
    chance: (probability) => next() < probability,
    pick(items) {
      const item = items[below(items.length)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
    shuffle(items) {
      const list = [...items]
      for (let i = list.length - 1; i > 0; i--) {
        const j = below(i + 1)
        const [x, y] = [list[i], list[j]]
        if (x !== undefined && y !== undefined) [list[i], list[j]] = [y, x]
      }
      return list
    },
    fork: (child) => createRng(seed, `${name}/${child}`),
  }
}

/** FNV-1a, 32 bits. */
export function hashText(text: string, start = 0x811c9dc5): number {
  let hash = start
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
