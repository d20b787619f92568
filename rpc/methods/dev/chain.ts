/** The devnet as a whole: moments to go back to, what it says of itself, a new beginning. */
import { randomBytes } from 'node:crypto'
import { toHex } from '../../../primitives/index.ts'
import { invalidParams, serverError } from '../../errors.ts'
import { quantity } from '../../format.ts'
import type { DevApi } from '../../dev-api.ts'
import type { Context, MethodTable } from '../../method.ts'
import { type Decoder, flag, isObject, optional, required, text } from '../../params.ts'
import { devMethod, named, setter } from './dev-method.ts'
import { anyUint64 } from './params.ts'

/** anvil shows it so that tools see whether it is still the same run. */
const instanceId = toHex(randomBytes(32))

const metadata = (dev: DevApi, { api }: Context) => {
  const { header, hash } = api.chain.head()
  return {
    clientVersion: api.clientVersion,
    chainId: Number(api.chain.spec.chainId),
    instanceId,
    latestBlockNumber: Number(header.number),
    latestBlockHash: hash,
    forkedNetwork: null,
    snapshots: Object.fromEntries(
      dev.snapshots.list().map(([id, height, at]) => [quantity(id), [Number(height), at]]),
    ),
  }
}

/** What anvil and Hardhat fork with; this devnet has no upstream. */
const forking: Decoder<boolean> = {
  schema: { type: 'object' },
  /** viem names a fork without a URL where none is meant. */
  decode: (value) =>
    isObject(value) && isObject(value['forking']) && value['forking']['jsonRpcUrl'] !== undefined,
}

/** MetaMask's largest: 2^53 - 39 over 2, so that v stays a number. */
const maxChainId = 4_503_599_627_370_476n

const noFork = () => serverError('forking is not available: this devnet is a chain of its own')

export const devChain: MethodTable = {
  ...named(
    ['evm_snapshot', 'anvil_snapshot'],
    devMethod([], async ({ snapshots }) => quantity(await snapshots.take())),
  ),
  ...named(
    ['evm_revert', 'anvil_revert'],
    devMethod([required('id', anyUint64)], ({ snapshots }, _, id) => snapshots.revert(Number(id))),
  ),
  ...setter(
    ['anvil_reset', 'hardhat_reset'],
    [optional('options', forking)],
    (dev, _, isForkWanted) => {
      if (isForkWanted) throw noFork()
      return dev.reset()
    },
  ),
  ...setter(['anvil_setChainId'], [required('chainId', anyUint64)], (dev, _, chainId) => {
    if (chainId === 0n || chainId > maxChainId)
      throw invalidParams(`a chain id is from 1 to ${maxChainId}, MetaMask's largest`)
    dev.setChainId(chainId)
  }),
  ...setter(['anvil_setRpcUrl'], [required('url', text)], () => {
    throw noFork()
  }),
  ...setter(
    ['anvil_setLoggingEnabled', 'hardhat_setLoggingEnabled'],
    [required('isOn', flag)],
    (dev, _, isOn) => dev.setLogging(isOn),
  ),
  ...named(['anvil_metadata', 'hardhat_metadata'], devMethod([], metadata)),
  anvil_nodeInfo: devMethod([], (_, { api, fees }) => {
    const { header, hash } = api.chain.head()
    const next = api.nextBlock()
    return {
      currentBlockNumber: quantity(header.number),
      currentBlockTimestamp: Number(header.timestamp),
      currentBlockHash: hash,
      hardFork: api.chain.spec.forkAt(header.number, header.timestamp),
      transactionOrder: 'fees',
      environment: {
        baseFee: quantity(next.baseFeePerGas ?? 0n),
        chainId: Number(api.chain.spec.chainId),
        gasLimit: quantity(next.gasLimit),
        gasPrice: quantity(fees.gasPrice()),
      },
      forkConfig: { forkUrl: null, forkBlockNumber: null, forkRetryBackoff: null },
    }
  }),
  /** As net_version says it. */
  eth_networkId: devMethod([], (_, { api }) => api.chain.spec.chainId.toString()),
  anvil_getGenesisTime: devMethod([], (_, { api }) =>
    Number(api.chain.store.blockByNumber(0n)?.block.header.timestamp ?? 0n),
  ),
}
