/** The benchmark's metrics against scipy's and scikit-learn's published answers. */
import { expect, test } from '@jest/globals'
import {
  auc,
  ceilingOf,
  datamodelingScore,
  pearson,
  ranksOf,
  spearman,
} from '../../../bench/accuracy/metrics.ts'

test('ranks, correlations and AUC are those of scipy and scikit-learn', () => {
  expect([...ranksOf([1, 2, 2, 3, 5])]).toEqual([1, 2.5, 2.5, 4, 5])
  expect(spearman([1, 2, 2, 3, 5], [2, 1, 4, 4, 3])).toBeCloseTo(0.394736842105, 12)
  expect(pearson([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 15)
  expect(pearson([1, 1, 1], [2, 4, 6])).toBeUndefined()
  expect(auc([0.1, 0.4, 0.35, 0.8, 0.4], (i) => i >= 2)).toBeCloseTo(0.75, 15)
})

test('a score that adds up what retraining gives has a datamodeling score of 1', () => {
  const subsets = [
    [0, 1],
    [1, 2],
    [2, 3],
    [0, 3],
  ].map((list) => Int32Array.from(list))
  const worth = [4, 1, 7, 2]
  const truth = subsets.map((subset) => subset.reduce((sum, i) => sum + (worth[i] ?? 0), 0))
  const { mean, leftOut } = datamodelingScore(subsets, [truth, [1, 1, 1, 1]], () => worth)
  expect(mean).toBeCloseTo(1, 15)
  expect(leftOut).toBe(1)
  expect(ceilingOf(0.711, 1)).toBeCloseTo(0.843, 3)
  expect(ceilingOf(0.711, 5)).toBeCloseTo(0.962, 3)
})
