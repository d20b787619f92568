/**
 * A fixed corpus of attributions by every method, as text lines whose SHA-256 must be the same on every
 * engine and in the Python oracle (test/fixtures/attribution/oracle.py makes the same lines). Run by
 * itself it prints the hash, so that other engines can be asked.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { createVectorIndex, strideOf } from '../../attribution/methods/distances.ts'
import { dexp, dlog } from '../../attribution/methods/exact-math.ts'
import type { Fraction } from '../../attribution/methods/fraction.ts'
import { knnShapley } from '../../attribution/methods/knn-shapley.ts'
import {
  factorise,
  gradientOf,
  type HeadData,
  hessianOf,
  hessianTimes,
  rowOf,
  trainHead,
} from '../../attribution/methods/linear-head.ts'
import {
  influences,
  influenceVector,
  rowGradient,
  whiten,
} from '../../attribution/methods/linear-influence.ts'
import { constantsOf } from '../../attribution/methods/ngram-constants.ts'
import { exactShares } from '../../attribution/methods/ngram-exact.ts'
import { ragShapley } from '../../attribution/methods/rag-shapley.ts'
import { buildSpanIndex, creditSpans } from '../../attribution/methods/span.ts'
import { suffixArray } from '../../attribution/methods/suffix-array.ts'
import { encodeCorpus, encodeQuery } from '../../attribution/methods/tokens.ts'

/** The same numbers in any language: a linear congruential generator, its upper bits. */
function createDraw(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 8) % below
  }
}

const view = new DataView(new ArrayBuffer(8))
function bits(x: number): string {
  view.setFloat64(0, x)
  return view.getBigUint64(0).toString(16).padStart(16, '0')
}
const allBits = (values: Float64Array): string => Array.from(values, bits).join(' ')
const say = ({ n, d }: Fraction): string => `${n}/${d}`

function mathLines(): string[] {
  const draw = createDraw(1)
  return Array.from({ length: 300 }, () => {
    const x = (draw(2 ** 24) - 2 ** 23) / 2 ** 17
    const y = (1 + draw(2 ** 24)) / 2 ** 10
    return `math ${bits(dexp(x))} ${bits(dlog(y))}`
  })
}

function knnLines(): string[] {
  const draw = createDraw(2)
  return Array.from({ length: 20 }, () => {
    const [count, dimensions, k] = [1 + draw(200), 1 + draw(40), 1 + draw(10)]
    const stride = strideOf(dimensions)
    const values = new Int8Array(count * stride)
    const labels = new Int32Array(count)
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < dimensions; j++) values[i * stride + j] = draw(7) - 3
      labels[i] = draw(3)
    }
    const query = Int8Array.from({ length: dimensions }, () => draw(7) - 3)
    const index = createVectorIndex({ count, dimensions, values })
    const shapley = knnShapley(index.distancesTo(query), labels, { label: draw(3), k })
    return `knn ${shapley.join(' ')} dot ${index.productsWith(query).join(' ')}`
  })
}

function ragLines(): string[] {
  const draw = createDraw(3)
  return Array.from({ length: 20 }, () => {
    const relevances = Array.from({ length: 1 + draw(30) }, () => draw(1_000))
    const sorted = relevances.toSorted((a, b) => b - a).map(BigInt)
    const { numerators, denominator } = ragShapley(sorted, 1 + draw(6))
    return `rag ${numerators.join(' ')} over ${denominator}`
  })
}

function textLines(): string[] {
  const draw = createDraw(4)
  const vocabulary = 9
  const documents = Array.from({ length: 12 }, () =>
    Array.from({ length: 5 + draw(40) }, () => Math.min(draw(vocabulary), draw(vocabulary))),
  )
  const tokens = Int32Array.from(documents.flatMap((document) => [...document, vocabulary]))
  const owners = documents.flatMap((document, i) => [...document.map(() => i), i])
  const order = suffixArray(tokens, vocabulary + 1)
  const text = { tokens, documents: Int32Array.from(owners), order, vocabulary }
  const constants = constantsOf(text, 4)
  return Array.from({ length: 40 }, (_, i) => {
    const history = Int32Array.from({ length: draw(5) }, () => draw(vocabulary))
    const asked = { history, symbol: draw(vocabulary) }
    const rule = i % 2 === 0 ? 'proportional' : 'first-come'
    const { probability, base, shares } = exactShares(text, constants, asked, rule)
    const list = [...shares].map(([document, share]) => `${document}:${say(share)}`)
    return `ngram ${say(probability)} ${say(base)} ${list.join(' ')}`
  })
}

function spanLines(): string[] {
  const draw = createDraw(5)
  const words = (length: number): Uint8Array =>
    new TextEncoder().encode(Array.from({ length }, () => `w${draw(12)}`).join(' '))
  const index = buildSpanIndex(encodeCorpus(Array.from({ length: 20 }, () => words(30))))
  return Array.from({ length: 20 }, () => {
    const query = encodeQuery(words(40), index.corpus.vocabulary)
    const credits = creditSpans(index, query, 2)
    return `span ${credits.map(({ document, weight }) => `${document}:${weight}`).join(' ')}`
  })
}

/** Attribution notes, section 5: 60 steps down the gradient, the weights' FNV-1a. */
export function descentHash(): string {
  const [count, dimensions, classes] = [200, 17, 4]
  const features = new Float64Array(count * dimensions)
  for (let i = 0; i < count; i++)
    for (let j = 0; j < dimensions; j++)
      features[i * dimensions + j] =
        (j === 16 ? 64 : ((31 * i + 17 * j + 7 * i * j) % 255) - 127) / 64
  const labels = Uint8Array.from({ length: count }, (_, i) => (5 * i + Math.floor(i / 7)) % 4)
  const data: HeadData = { count, dimensions, classes, features, labels, lambda: 0.01 }
  const weights = new Float64Array(classes * dimensions)
  for (let step = 0; step < 60; step++) {
    const gradient = gradientOf(data, weights)
    for (let i = 0; i < weights.length; i++) weights[i]! -= 0.5 * gradient[i]!
  }
  let hash = 2_166_136_261
  for (const weight of weights) {
    view.setFloat64(0, weight)
    for (const at of [4, 0]) hash = Math.imul(hash ^ view.getUint32(at), 16_777_619)
  }
  return (hash >>> 0).toString(16).padStart(8, '0')
}

function headLines(): string[] {
  const draw = createDraw(6)
  const [count, dimensions, classes] = [60, 5, 3]
  const features = new Float64Array(count * dimensions)
  const labels = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    labels[i] = draw(classes)
    for (let j = 0; j < dimensions; j++)
      features[i * dimensions + j] =
        j === dimensions - 1 ? 1 : (draw(200) - 100 + 40 * (labels[i] === j ? 1 : 0)) / 64
  }
  const data: HeadData = { count, dimensions, classes, features, labels, lambda: 0.015625 }
  const { weights, steps } = trainHead(data)
  const factor = factorise(hessianOf(data, weights))
  const lines = [`descent ${descentHash()}`, `head ${steps} ${allBits(weights)}`]
  for (let i = 0; i < 6; i++) {
    const gradient = rowGradient(data, weights, rowOf(data, i), labels[i]!)
    const vector = influenceVector(factor, gradient)
    const { values, shift } = whiten(factor, gradient)
    lines.push(
      `influence ${allBits(influences(data, weights, vector))}`,
      `product ${allBits(hessianTimes(data, weights, vector))}`,
      `whitened ${values.join(' ')} shift ${shift}`,
    )
  }
  return lines
}

export const attributionCorpus = (): string[] => [
  ...mathLines(),
  ...knnLines(),
  ...ragLines(),
  ...textLines(),
  ...spanLines(),
  ...headLines(),
]

export const corpusHash = (): string =>
  bytesToHex(sha256(new TextEncoder().encode(attributionCorpus().join('\n'))))
