/**
 * How well one list of numbers says another: Spearman with average ranks for ties (as scipy), Pearson,
 * AUC by ranks, and the linear datamodeling score. A constant list has no correlation: undefined, and
 * whoever averages says how many were left out.
 */
type Numbers = ArrayLike<number>

/** Average rank of ties, from 1. */
export function ranksOf(values: Numbers): Float64Array {
  const order = Int32Array.from({ length: values.length }, (_, i) => i).toSorted(
    (a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b,
  )
  const ranks = new Float64Array(values.length)
  for (let from = 0; from < order.length;) {
    let to = from + 1
    while (to < order.length && values[order[to] ?? 0] === values[order[from] ?? 0]) to++
    for (let i = from; i < to; i++) ranks[order[i] ?? 0] = (from + 1 + to) / 2
    from = to
  }
  return ranks
}

export function pearson(a: Numbers, b: Numbers): number | undefined {
  const [meanA, meanB] = [meanOf(a), meanOf(b)]
  let [product, squareA, squareB] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [(a[i] ?? 0) - meanA, (b[i] ?? 0) - meanB]
    product += x * y
    squareA += x * x
    squareB += y * y
  }
  return squareA === 0 || squareB === 0 ? undefined : product / Math.sqrt(squareA * squareB)
}

export const spearman = (a: Numbers, b: Numbers): number | undefined =>
  pearson(ranksOf(a), ranksOf(b))

/** Chance that a positive one scores above a negative one; ties count half. */
export function auc(scores: Numbers, isPositive: (index: number) => boolean): number {
  const ranks = ranksOf(scores)
  let [sum, positives] = [0, 0]
  for (const [i, rank] of ranks.entries())
    if (isPositive(i)) {
      sum += rank
      positives++
    }
  const negatives = ranks.length - positives
  return (sum - (positives * (positives + 1)) / 2) / (positives * negatives)
}

export function meanOf(values: Numbers): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0
  return sum / values.length
}

export interface Score {
  readonly mean: number
  readonly perQuery: readonly number[]
  /** Queries whose truth or prediction is constant. */
  readonly leftOut: number
}

/**
 * Linear datamodeling score: mean over queries of Spearman over subsets between the sum of the scores of
 * the subset's points and what retraining on the subset gave. `scoresOf(q)` by point, `truth[q]` by
 * subset.
 */
export function datamodelingScore(
  subsets: readonly Int32Array[],
  truth: readonly Numbers[],
  scoresOf: (query: number) => Numbers,
): Score {
  const perQuery: number[] = []
  for (const [q, outcomes] of truth.entries()) {
    const scores = scoresOf(q)
    const predicted = subsets.map((subset) => {
      let sum = 0
      for (const point of subset) sum += scores[point] ?? 0
      return sum
    })
    const found = spearman(predicted, outcomes)
    if (found !== undefined) perQuery.push(found)
  }
  return { mean: meanOf(perQuery), perQuery, leftOut: truth.length - perQuery.length }
}

/** What a perfect score would get when the truth is the mean of `runs` runs that agree by `rho` in pairs. */
export const ceilingOf = (rho: number, runs: number): number =>
  Math.sqrt((runs * rho) / (1 + (runs - 1) * rho))
