/**
 * Block headers: the twenty-one fields of an Osaka header (earlier forks leave the last ones out),
 * their RLP and their hash. Says nothing about whether a header is valid; execution/header.ts does.
 */
import { fromHex, toHex, type Address, type Hex } from './bytes.ts'
import { keccak256 } from './keccak.ts'
import {
  asBytes,
  asInteger,
  asList,
  encodeRlp,
  RlpError,
  type RlpInput,
  type RlpItem,
} from './rlp.ts'

export interface Header {
  readonly parentHash: Hex
  readonly unclesHash: Hex
  readonly feeRecipient: Address
  readonly stateRoot: Hex
  readonly transactionsRoot: Hex
  readonly receiptsRoot: Hex
  readonly logsBloom: Hex
  readonly difficulty: bigint
  readonly number: bigint
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  /** Seconds since the Unix epoch. */
  readonly timestamp: bigint
  /** At most 32 bytes. */
  readonly extraData: Hex
  /** `mixHash` of proof of work. */
  readonly prevRandao: Hex
  /** 8 bytes. */
  readonly nonce: Hex
  /** Wei; from London on (EIP-1559). */
  readonly baseFeePerGas?: bigint
  /** From Shanghai on (EIP-4895). */
  readonly withdrawalsRoot?: Hex
  /** From Cancun on (EIP-4844). */
  readonly blobGasUsed?: bigint
  readonly excessBlobGas?: bigint
  /** From Cancun on (EIP-4788). */
  readonly parentBeaconBlockRoot?: Hex
  /** From Prague on (EIP-7685). */
  readonly requestsHash?: Hex
}

export function headerToRlp(header: Header): RlpInput {
  const required: RlpInput[] = [
    fromHex(header.parentHash),
    fromHex(header.unclesHash),
    fromHex(header.feeRecipient),
    fromHex(header.stateRoot),
    fromHex(header.transactionsRoot),
    fromHex(header.receiptsRoot),
    fromHex(header.logsBloom),
    header.difficulty,
    header.number,
    header.gasLimit,
    header.gasUsed,
    header.timestamp,
    fromHex(header.extraData),
    fromHex(header.prevRandao),
    fromHex(header.nonce),
  ]
  const since: readonly (RlpInput | undefined)[] = [
    header.baseFeePerGas,
    header.withdrawalsRoot && fromHex(header.withdrawalsRoot),
    header.blobGasUsed,
    header.excessBlobGas,
    header.parentBeaconBlockRoot && fromHex(header.parentBeaconBlockRoot),
    header.requestsHash && fromHex(header.requestsHash),
  ]
  return [...required, ...since.filter((item) => item !== undefined)]
}

/** Field counts a header may have, by fork: Frontier, London, Shanghai, Cancun, Prague. */
const headerLengths = new Set([15, 16, 17, 20, 21])

/** Throws RlpError. */
export function headerFromRlp(item: RlpItem | undefined): Header {
  const f = asList(item, 'header')
  if (!headerLengths.has(f.length)) throw new RlpError(`a header of ${f.length} fields`)
  const extraData = asBytes(f[12], 'extraData')
  if (extraData.length > 32) throw new RlpError('extraData is longer than 32 bytes')
  return {
    parentHash: toHex(asBytes(f[0], 'parentHash', 32)),
    unclesHash: toHex(asBytes(f[1], 'unclesHash', 32)),
    feeRecipient: toHex(asBytes(f[2], 'feeRecipient', 20)),
    stateRoot: toHex(asBytes(f[3], 'stateRoot', 32)),
    transactionsRoot: toHex(asBytes(f[4], 'transactionsRoot', 32)),
    receiptsRoot: toHex(asBytes(f[5], 'receiptsRoot', 32)),
    logsBloom: toHex(asBytes(f[6], 'logsBloom', 256)),
    difficulty: asInteger(f[7], 'difficulty'),
    number: asInteger(f[8], 'number', 8),
    gasLimit: asInteger(f[9], 'gasLimit', 8),
    gasUsed: asInteger(f[10], 'gasUsed', 8),
    timestamp: asInteger(f[11], 'timestamp', 8),
    extraData: toHex(extraData),
    prevRandao: toHex(asBytes(f[13], 'prevRandao', 32)),
    nonce: toHex(asBytes(f[14], 'nonce', 8)),
    ...(f.length >= 16 && { baseFeePerGas: asInteger(f[15], 'baseFeePerGas') }),
    ...(f.length >= 17 && { withdrawalsRoot: toHex(asBytes(f[16], 'withdrawalsRoot', 32)) }),
    ...(f.length >= 20 && {
      blobGasUsed: asInteger(f[17], 'blobGasUsed', 8),
      excessBlobGas: asInteger(f[18], 'excessBlobGas', 8),
      parentBeaconBlockRoot: toHex(asBytes(f[19], 'parentBeaconBlockRoot', 32)),
    }),
    ...(f.length >= 21 && { requestsHash: toHex(asBytes(f[20], 'requestsHash', 32)) }),
  }
}

export const hashHeader = (header: Header): Hex => toHex(keccak256(encodeRlp(headerToRlp(header))))
