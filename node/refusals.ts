/**
 * What a module's refusal means for the person at the command, and what to do about it. The names are
 * the errors of contracts/interfaces/IModuleErrors.sol; an unknown one is shown as it is.
 */
import { decodeErrorResult, hexToBigInt, type Hex } from 'viem'
import { moduleAbis } from '../attribution/abi.ts'
import {
  assetStates,
  batchStates,
  paymentStates,
  receiptStates,
  shortText,
  versionStates,
} from '../attribution/views/index.ts'
import { toAmountText } from './text.ts'

/** The error a call ended in. */
export interface Refusal {
  /** The function that was called. */
  readonly functionName: string
  readonly errorName: string
  readonly args: readonly unknown[]
}

/** Which words a function's BadState numbers stand for. */
const statesOf: Readonly<Record<string, readonly string[]>> = {
  review: batchStates,
  commitVerdict: batchStates,
  revealVerdict: batchStates,
  decide: batchStates,
  retract: batchStates,
  reclaim: batchStates,
  publish: batchStates,
  attest: versionStates,
  abandon: versionStates,
  retire: assetStates,
  register: assetStates,
  pay: assetStates,
  refund: paymentStates,
  settle: paymentStates,
  claim: paymentStates,
  attribute: paymentStates,
  commit: paymentStates,
  challenge: receiptStates,
  answer: receiptStates,
  answerInPieces: receiptStates,
  expire: receiptStates,
  finalize: receiptStates,
  enter: paymentStates,
  close: receiptStates,
  fold: receiptStates,
  unbond: receiptStates,
}

/** What to do about an argument that is not allowed. */
const cures: Readonly<Record<string, string>> = {
  licence: 'the datanet takes rows under another licence; tributary data check names it',
  versionId:
    'the model was not made from that version; tributary model show ID lists those it was made from',
  methodId:
    'attr_methods says which methods the module runs itself, and which can be stated or answered',
  batchIds:
    'batches go in ascending order, are of this datanet and newer than those of the parent; tributary data publish finds the parent that fits',
  parentId: 'the parent is of another datanet, or one of its batches was taken out since',
  sources: 'each version once, and none that was abandoned',
  refundBlock: 'it must lie ahead',
  leaves: 'they do not fit together',
}

/** One sentence with the cure in it, and the error's own name for who looks it up. */
export function refusalText(refusal: Refusal): string {
  const { errorName, args } = refusal
  const sentence = sentenceOf(refusal)
  if (sentence !== undefined) return `refused: ${sentence} (${errorName})`
  return `refused: ${errorName}(${args.map(String).join(', ')})`
}

/** The same from the bytes a call reverted with; undefined when no module says such a thing. */
export function refusalOfData(data: Hex, functionName: string): string | undefined {
  try {
    // Every module has the errors of IModuleErrors.
    const { errorName, args } = decodeErrorResult({ abi: moduleAbis.registry, data })
    return refusalText({ functionName, errorName, args: args ?? [] })
  } catch {
    return undefined
  }
}

function sentenceOf({ functionName, errorName, args }: Refusal): string | undefined {
  const [first, second] = args
  switch (errorName) {
    case 'NotAuthorized':
      return `${String(first)} may not do this; sign with the key of the owner (or provider, curator, validator)`
    case 'NotFound':
      return `there is no ${thingOf(functionName)} ${idText(first)}; check the ${isNumber(first) ? 'number' : 'hash'}`
    case 'AlreadyExists':
      if (functionName === 'refund')
        return 'the request is answered: tributary model answer, by its provider, settles what is left'
      return `${thingOf(functionName)} ${idText(first)} is there already; nothing is left to do, or choose another`
    case 'BadState':
      return `it is ${stateName(functionName, first)} and would have to be ${stateName(functionName, second)}`
    case 'LimitExceeded':
      return `${shortText(first as Hex)} is above the limit of ${String(second)}`
    case 'InvalidArgument':
      return argumentText(shortText(first as Hex))
    case 'BadProof':
      return 'the proof, seal or signature does not fit what is on the chain'
    case 'DeadlinePassed':
      return `too late: block ${String(first)} was the last one for this`
    case 'TooEarly':
      return `too early: possible from block ${String(first)} on`
    case 'InsufficientValue':
      return `${toAmountText(second as bigint)} is wanted, ${toAmountText(first as bigint)} was given`
    case 'TermsViolated':
      return `the terms of ${String(first)} do not grant what is claimed for this (bits ${String(second)})`
    case 'NotHeld':
      return `version ${String(first)} is not held yet: validators attest it once they have its rows; wait, or give the node its rows`
    case 'ModulePaused':
      return 'the module is paused; ways out for your money stay open'
    case 'TransferFailed':
      return `${String(first)} does not take money; withdraw to another account`
    default:
      return undefined
  }
}

const argumentText = (what: string): string =>
  `${what} is not allowed as it is${cures[what] === undefined ? '' : `: ${cures[what]}`}`

/** What a function's NotFound and AlreadyExists are mostly of; parents and versions are named by their arguments. */
const things: Readonly<Record<string, string>> = {
  asset: 'model',
  pay: 'model',
  register: 'source or parent',
  batch: 'batch',
  review: 'batch',
  reclaim: 'batch',
  retract: 'batch',
  decide: 'batch',
  publish: 'datanet, parent or batch',
  submit: 'datanet or batch',
  datanet: 'datanet',
  version: 'version',
  receipt: 'receipt',
  attest: 'version',
  settle: 'request',
  refund: 'request',
  payment: 'request',
  attribute: 'request, version or method',
}
const thingOf = (functionName: string): string => things[functionName] ?? 'entry'

const isNumber = (id: unknown): boolean => hexToBigInt(id as Hex) < 2n ** 64n
const idText = (id: unknown): string => (isNumber(id) ? String(hexToBigInt(id as Hex)) : String(id))

const stateName = (functionName: string, state: unknown): string =>
  statesOf[functionName]?.[Number(state)] ?? `in state ${String(state)}`
