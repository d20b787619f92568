/**
 * exp and log that are the same bits on every machine. ECMAScript leaves `Math.exp` and `Math.log` to
 * the implementation, and engines differ; + - * / on doubles are exact everywhere (IEEE 754, round to
 * nearest even), so these are made of them alone, in a fixed order. Attribution notes, 2.1. Refuses to
 * be the closest double: up to one unit in the last place beside it.
 */

// oxlint-disable approx-constant -- the specification's digits, not the platform's constants
/** ln 2 in two parts, the first with its last 32 bits zero (fdlibm). */
const ln2High = 6.9314718036912381649e-1
const ln2Low = 1.90821492927058770002e-10
const inverseLn2 = 1.442695040888963387
/** A little more than the square root of 2: a mantissa above it is halved. */
const rootOfTwo = 1.4142135623730951

const expDegree = 13
/** 1 / n!, each the rounded quotient. */
const inverseFactorials = Float64Array.from({ length: expDegree + 1 }, (_, n) => {
  let factorial = 1
  for (let i = 2; i <= n; i++) factorial *= i
  return 1 / factorial
})

const leastPower = -1_022
/** 2^-1022 ... 2^1023. */
const powersOfTwo = ((): Float64Array => {
  const powers = new Float64Array(2_046)
  powers[-leastPower] = 1
  for (let k = 1; k <= 1_023; k++) powers[k - leastPower] = powers[k - 1 - leastPower]! * 2
  for (let k = -1; k >= leastPower; k--) powers[k - leastPower] = powers[k + 1 - leastPower]! / 2
  return powers
})()

/** 2^k for whole k from -1022 to 1023, from a table: `**` is pow, which engines may round as they like. */
export const powerOfTwo = (k: number): number => powersOfTwo[k - leastPower]!

/** e^x; 0 below -700, e^700 above 700. */
export function dexp(x: number): number {
  if (x < -700) return 0
  const bounded = x > 700 ? 700 : x
  const k = Math.floor(bounded * inverseLn2 + 0.5)
  const r = bounded - k * ln2High - k * ln2Low
  let p = inverseFactorials[expDegree]!
  for (let n = expDegree - 1; n >= 0; n--) p = p * r + inverseFactorials[n]!
  return p * powersOfTwo[k - leastPower]!
}

const word = new DataView(new ArrayBuffer(8))

/** ln x of a normal x > 0; a RangeError for anything else. */
export function dlog(x: number): number {
  if (!(x >= 2.2250738585072014e-308 && x < Infinity))
    throw new RangeError('dlog takes a normal number above 0')
  word.setFloat64(0, x)
  let exponent = (word.getUint16(0) >>> 4) - 1_023
  let mantissa = x / powersOfTwo[exponent - leastPower]!
  if (mantissa > rootOfTwo) {
    mantissa /= 2
    exponent++
  }
  const s = (mantissa - 1) / (mantissa + 1)
  const z = s * s
  let p = 0
  for (let k = 23; k >= 1; k -= 2) p = p * z + 1 / k
  return 2 * s * p + exponent * ln2Low + exponent * ln2High
}
