/**
 * What a header may say given its parent: pure rules, from Frontier to the blob-only forks. Looks
 * at no body and no state (chain.ts compares those), and at no seal: whoever imports a proof-of-work
 * chain trusts its source, so difficulty is free before the merge.
 */
import { accept, emptyUnclesHash, reject, type Header, type Verdict } from '../primitives/index.ts'
import type { BlobParams, ChainSpec, Fork } from './chain-spec.ts'
import { blobBaseFee, gasPerBlob } from './transaction-rules.ts'

/** Base fee of London's first block, in wei (EIP-1559, INITIAL_BASE_FEE). */
export const initialBaseFee = 1_000_000_000n
/** Half the gas limit is the target (EIP-1559, ELASTICITY_MULTIPLIER). */
const elasticity = 2n
/** A full block raises the base fee by an eighth (EIP-1559, BASE_FEE_MAX_CHANGE_DENOMINATOR). */
const baseFeeChangeDenominator = 8n
/** The gas limit moves by less than a 1024th per block (Yellow Paper, 4.3.4). */
const gasLimitBoundDivisor = 1024n
/** Yellow Paper, 4.3.4. */
const minGasLimit = 5000n
/** geth's bound, 2^63 - 1: keeps the limit a signed 64-bit integer everywhere. */
const maxGasLimit = (1n << 63n) - 1n
/** Yellow Paper, 4.3.4. */
const maxExtraDataBytes = 32
/** EIP-7918, BLOB_BASE_COST: execution gas that a blob costs at least, in price. */
const blobBaseCost = 8192n

/** Base fee of the block after `parent` in wei (EIP-1559); undefined before London. */
export function nextBaseFee(parent: Header, spec: ChainSpec): bigint | undefined {
  if (!spec.isActive('london', parent.number + 1n, parent.timestamp)) return undefined
  if (parent.baseFeePerGas === undefined) return initialBaseFee
  const baseFee = parent.baseFeePerGas
  const target = parent.gasLimit / elasticity
  if (parent.gasUsed === target || target === 0n) return baseFee
  const distance = parent.gasUsed > target ? parent.gasUsed - target : target - parent.gasUsed
  const change = (baseFee * distance) / target / baseFeeChangeDenominator
  if (parent.gasUsed < target) return baseFee - change
  return baseFee + (change > 0n ? change : 1n)
}

/** The limit nearest to `wanted` that a child of `parent` may have. */
export function nextGasLimit(parent: Header, spec: ChainSpec, wanted: bigint): bigint {
  const base = gasLimitBase(parent, spec)
  const step = base / gasLimitBoundDivisor - 1n
  if (step <= 0n) return base
  const [low, high] = [base - step, base + step]
  const floor = low > minGasLimit ? low : minGasLimit
  return wanted < floor ? floor : wanted > high ? high : wanted
}

/** London's first block doubles the limit, so that its target is the old limit (EIP-1559). */
const gasLimitBase = (parent: Header, spec: ChainSpec): bigint =>
  parent.baseFeePerGas === undefined &&
  spec.isActive('london', parent.number + 1n, parent.timestamp)
    ? parent.gasLimit * elasticity
    : parent.gasLimit

/** Blob parameters in force in a block; undefined before Cancun. */
export function blobParamsAt(
  spec: ChainSpec,
  number: bigint,
  timestamp: bigint,
): BlobParams | undefined {
  return spec.isActive('cancun', number, timestamp)
    ? spec.blobParams(spec.forkAt(number, timestamp))
    : undefined
}

/**
 * `excessBlobGas` of a block at `timestamp` after `parent` (EIP-4844; EIP-7918 from Osaka on);
 * undefined before Cancun.
 */
export function nextExcessBlobGas(
  parent: Header,
  spec: ChainSpec,
  timestamp: bigint,
): bigint | undefined {
  const number = parent.number + 1n
  const params = blobParamsAt(spec, number, timestamp)
  if (!params) return undefined
  const parentExcess = parent.excessBlobGas ?? 0n
  const parentUsed = parent.blobGasUsed ?? 0n
  const target = BigInt(params.target) * gasPerBlob
  if (parentExcess + parentUsed < target) return 0n
  if (spec.isActive('osaka', number, timestamp)) {
    const reserve = blobBaseCost * (parent.baseFeePerGas ?? 0n)
    if (reserve > gasPerBlob * blobBaseFee(parentExcess, params)) {
      return parentExcess + (parentUsed * BigInt(params.max - params.target)) / BigInt(params.max)
    }
  }
  return parentExcess + parentUsed - target
}

/**
 * Whether `header` may follow `parent`. The parent's hash is the caller's to compare; the fault is
 * named in one sentence.
 */
export function validateHeader(
  parent: Header,
  header: Header,
  spec: ChainSpec,
): Verdict<Header, 'HEADER_INVALID'> {
  const fault =
    basicFault(parent, header) ??
    gasLimitFault(parent, header, spec) ??
    mergeFault(header, spec) ??
    presenceFault(header, spec) ??
    baseFeeFault(parent, header, spec) ??
    blobFault(parent, header, spec)
  return fault === undefined ? accept(header) : reject('HEADER_INVALID', fault)
}

type Fault = string | undefined

function basicFault(parent: Header, header: Header): Fault {
  if (header.number !== parent.number + 1n)
    return `number ${header.number} does not follow ${parent.number}`
  if (header.timestamp <= parent.timestamp)
    return `timestamp ${header.timestamp} is not above the parent's ${parent.timestamp}`
  const extraBytes = (header.extraData.length - 2) / 2
  if (extraBytes > maxExtraDataBytes)
    return `extraData has ${extraBytes} bytes, more than ${maxExtraDataBytes}`
  if (header.gasUsed > header.gasLimit)
    return `gasUsed ${header.gasUsed} is above the gas limit ${header.gasLimit}`
  return undefined
}

function gasLimitFault(parent: Header, header: Header, spec: ChainSpec): Fault {
  const base = gasLimitBase(parent, spec)
  const distance = header.gasLimit > base ? header.gasLimit - base : base - header.gasLimit
  if (header.gasLimit < minGasLimit) return `gas limit ${header.gasLimit} is below ${minGasLimit}`
  if (header.gasLimit > maxGasLimit) return `gas limit ${header.gasLimit} is above 2^63 - 1`
  if (distance !== 0n && distance >= base / gasLimitBoundDivisor)
    return `gas limit ${header.gasLimit} is too far from ${base}`
  return undefined
}

/** EIP-3675: what proof of work used is constant after it. */
function mergeFault(header: Header, spec: ChainSpec): Fault {
  if (!spec.isActive('paris', header.number, header.timestamp)) return undefined
  if (header.difficulty !== 0n) return `difficulty ${header.difficulty} after the merge`
  if (header.nonce !== '0x0000000000000000') return `nonce ${header.nonce} after the merge`
  if (header.unclesHash !== emptyUnclesHash) return 'uncles after the merge'
  return undefined
}

/** Fields that came with a fork: there from it on, and not before. */
const fieldForks: readonly (readonly [keyof Header, Fork])[] = [
  ['baseFeePerGas', 'london'],
  ['withdrawalsRoot', 'shanghai'],
  ['blobGasUsed', 'cancun'],
  ['excessBlobGas', 'cancun'],
  ['parentBeaconBlockRoot', 'cancun'],
  ['requestsHash', 'prague'],
]

function presenceFault(header: Header, spec: ChainSpec): Fault {
  for (const [field, fork] of fieldForks) {
    const isActive = spec.isActive(fork, header.number, header.timestamp)
    if (isActive && header[field] === undefined) return `${field} is missing`
    if (!isActive && header[field] !== undefined) return `${field} before ${fork}`
  }
  return undefined
}

function baseFeeFault(parent: Header, header: Header, spec: ChainSpec): Fault {
  const expected = nextBaseFee(parent, spec)
  if (header.baseFeePerGas === expected) return undefined
  return `base fee ${header.baseFeePerGas ?? 'missing'}, expected ${expected ?? 'none'}`
}

function blobFault(parent: Header, header: Header, spec: ChainSpec): Fault {
  const params = blobParamsAt(spec, header.number, header.timestamp)
  if (!params || header.blobGasUsed === undefined) return undefined
  if (header.blobGasUsed % gasPerBlob !== 0n)
    return `blobGasUsed ${header.blobGasUsed} is not a multiple of ${gasPerBlob}`
  if (header.blobGasUsed > BigInt(params.max) * gasPerBlob)
    return `blobGasUsed ${header.blobGasUsed} is more than ${params.max} blobs`
  const excess = nextExcessBlobGas(parent, spec, header.timestamp)
  if (header.excessBlobGas !== excess)
    return `excessBlobGas ${header.excessBlobGas ?? 'missing'}, expected ${excess ?? 'none'}`
  return undefined
}
