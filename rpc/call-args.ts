/**
 * The call object of eth_call and its kin, with geth's rules on which fields go together. Decodes
 * and completes; runs nothing.
 */
import type { CallRequest } from '../execution/index.ts'
import { type Address, equalBytes } from '../primitives/index.ts'
import { serverError } from './errors.ts'
import { address, bytes, type Decoded, hash, list, struct, uint256, uint64 } from './params.ts'

/** Bounds what one call can make the node copy. */
const maxAccessEntries = 10_000
const maxBlobs = 128

const accessTuple = struct('types.AccessTuple', {
  address,
  storageKeys: list(hash, '[]common.Hash', maxAccessEntries),
})

const authorization = struct('types.SetCodeAuthorization', {
  chainId: uint256,
  address,
  nonce: uint64,
  yParity: uint64,
  r: uint256,
  s: uint256,
})

/** Fields a call does not need (type, nonce checks, blobs' contents) are let pass. */
export const callArgs = struct('ethapi.TransactionArgs', {
  from: address,
  to: address,
  gas: uint64,
  gasPrice: uint256,
  maxFeePerGas: uint256,
  maxPriorityFeePerGas: uint256,
  value: uint256,
  nonce: uint64,
  data: bytes,
  input: bytes,
  accessList: list(accessTuple, 'types.AccessList', maxAccessEntries),
  authorizationList: list(authorization, '[]types.SetCodeAuthorization', maxAccessEntries),
  chainId: uint256,
  maxFeePerBlobGas: uint256,
  blobVersionedHashes: list(hash, '[]common.Hash', maxBlobs),
})
export type CallArgs = Decoded<typeof callArgs>

/** Who calls when nobody is named. */
export const nobody: Address = `0x${'00'.repeat(20)}`

/** Everything but the gas. Throws RpcError -32000 in geth's words. */
export function completeCall(args: CallArgs, chainId: bigint): Omit<CallRequest, 'gas'> {
  checkFees(args)
  if (args.chainId !== undefined && args.chainId !== chainId)
    throw serverError(`chainId does not match node's (have=${args.chainId}, want=${chainId})`)
  if (args.data && args.input && !equalBytes(args.data, args.input))
    throw serverError(
      'both "data" and "input" are set and not equal. Please use "input" to pass transaction call data',
    )
  const data = args.input ?? args.data ?? new Uint8Array(0)
  return {
    from: args.from ?? nobody,
    to: args.to ?? null,
    gasPrice: args.gasPrice ?? args.maxFeePerGas ?? 0n,
    ...(args.gasPrice === undefined && {
      maxPriorityFeePerGas: args.maxPriorityFeePerGas ?? 0n,
    }),
    value: args.value ?? 0n,
    data,
    ...(args.blobVersionedHashes && { blobVersionedHashes: args.blobVersionedHashes }),
    accessList: (args.accessList ?? []).map((entry) => ({
      address: entry.address ?? nobody,
      storageKeys: entry.storageKeys ?? [],
    })),
    authorizationList: (args.authorizationList ?? []).map((entry) => ({
      chainId: entry.chainId ?? 0n,
      address: entry.address ?? nobody,
      nonce: entry.nonce ?? 0n,
      yParity: entry.yParity ?? 0n,
      r: entry.r ?? 0n,
      s: entry.s ?? 0n,
    })),
  }
}

function checkFees({ gasPrice, maxFeePerGas, maxPriorityFeePerGas }: CallArgs): void {
  const has1559 = maxFeePerGas !== undefined || maxPriorityFeePerGas !== undefined
  if (gasPrice !== undefined && has1559)
    throw serverError('both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified')
  if (maxFeePerGas !== undefined && (maxPriorityFeePerGas ?? 0n) > maxFeePerGas)
    throw serverError(
      `maxFeePerGas (${maxFeePerGas}) < maxPriorityFeePerGas (${maxPriorityFeePerGas ?? 0n})`,
    )
}
