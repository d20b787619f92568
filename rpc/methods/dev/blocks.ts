/** Blocks on request: how many, when, with what in their headers, and which transactions wait. */
import { toHex } from '../../../primitives/index.ts'
import { formatBlock } from '../../format.ts'
import type { Json } from '../../format.ts'
import type { DevApi } from '../../dev-api.ts'
import { invalidParams, serverError } from '../../errors.ts'
import type { Context, MethodTable } from '../../method.ts'
import { address, flag, hash, optional, required } from '../../params.ts'
import { revertReason } from '../../revert.ts'
import { checkNextTimestamp } from './time.ts'
import { devMethod, named, setter } from './dev-method.ts'
import { mineOptions } from './mine-options.ts'
import { anyUint256, anyUint64, wordText } from './params.ts'

/** Minutes of work and 0.7 GB on disk: more is a slip of the finger, not a wish. */
const maxBlocks = 10n ** 8n
/** 136 years: times stay within 64 bits whatever is asked. */
const maxIntervalS = 2n ** 32n - 1n

/** Seconds between blocks, which are strictly younger one than the other. */
function checkInterval(seconds: bigint): bigint {
  if (seconds > maxIntervalS) throw invalidParams(`the longest interval is ${maxIntervalS} s`)
  return seconds === 0n ? 1n : seconds
}

function checkCount(count: bigint): bigint {
  if (count > maxBlocks) throw invalidParams(`at most ${maxBlocks} blocks at once, asked ${count}`)
  return count
}

/** One block, at the time asked for, or as many as asked for. */
async function mine(
  dev: DevApi,
  context: Context,
  options: { readonly timestamp?: bigint; readonly blocks?: bigint },
): Promise<void> {
  if (options.timestamp !== undefined) {
    checkNextTimestamp(context, options.timestamp)
    dev.time.setNext(options.timestamp)
  }
  await dev.blocks.mine(checkCount(options.blocks ?? 1n), 1n)
}

/** anvil's extra fields: what each transaction returned, and why it reverted. */
async function mineDetailed(
  dev: DevApi,
  context: Context,
  options: { readonly timestamp?: bigint; readonly blocks?: bigint },
): Promise<Json[]> {
  const blocks: Json[] = []
  if (options.timestamp !== undefined) {
    checkNextTimestamp(context, options.timestamp)
    dev.time.setNext(options.timestamp)
  }
  const count = options.blocks ?? 1n
  if (count > maxDetailed) throw invalidParams(`at most ${maxDetailed} blocks in detail`)
  for (let i = 0n; i < count; i++) {
    const { block, senders, outcomes } = await dev.blocks.mineOne()
    const formatted = formatBlock(block, senders, true)
    const transactions = formatted['transactions'] as readonly Json[]
    blocks.push({
      ...formatted,
      transactions: transactions.map((tx, at) => {
        const { status, returnData = new Uint8Array(0) } = outcomes[at] ?? {}
        const reason = status === 'revert' ? revertReason(returnData) : undefined
        return { ...tx, output: toHex(returnData), ...(reason && { revertReason: reason }) }
      }),
    })
  }
  return blocks
}
const maxDetailed = 256n

/** Seconds as anvil counts them. A thousand and more are milliseconds, as Hardhat counts. */
const beatMs = (value: bigint): number => Number(value < 1_000n ? value * 1_000n : value)
/** A timer holds 2^31 - 1 milliseconds. */
const maxBeatMs = 2_147_483_647n

const blockTime = (dev: DevApi, ms: number): void => {
  if (BigInt(ms) > maxBeatMs) throw invalidParams(`the longest interval is ${maxBeatMs} ms`)
  dev.blocks.setBlockTime(ms)
}

const many = [optional('blocks', anyUint256), optional('interval', anyUint64)] as const

export const devBlocks: MethodTable = {
  /** ganache and anvil answer "0x0" too. */
  evm_mine: devMethod([optional('options', mineOptions)], async (dev, context, options) => {
    await mine(dev, context, options ?? {})
    return '0x0'
  }),
  ...named(
    ['evm_mine_detailed', 'anvil_mine_detailed'],
    devMethod([optional('options', mineOptions)], (dev, context, options) =>
      mineDetailed(dev, context, options ?? {}),
    ),
  ),
  ...setter(['anvil_mine', 'hardhat_mine'], many, ({ blocks }, _, count, interval) =>
    blocks.mine(checkCount(count ?? 1n), checkInterval(interval ?? 1n)),
  ),
  ...setter(['anvil_setAutomine', 'evm_setAutomine'], [required('isOn', flag)], (dev, _, isOn) =>
    dev.blocks.setAutomine(isOn),
  ),
  ...named(
    ['anvil_getAutomine', 'hardhat_getAutomine'],
    devMethod([], ({ blocks }) => blocks.isAutomine()),
  ),
  ...setter(['anvil_setIntervalMining'], [required('seconds', anyUint64)], (dev, _, seconds) =>
    blockTime(dev, Number(seconds) * 1_000),
  ),
  ...setter(['evm_setIntervalMining'], [required('interval', anyUint64)], (dev, _, interval) =>
    blockTime(dev, beatMs(interval)),
  ),
  anvil_getIntervalMining: devMethod([], ({ blocks }) => {
    const ms = blocks.blockTimeMs()
    return ms === undefined ? null : ms / 1_000
  }),
  ...setter(
    ['anvil_setCoinbase', 'hardhat_setCoinbase'],
    [required('address', address)],
    ({ blocks }, _, who) => blocks.setFeeRecipient(who),
  ),
  ...setter(
    ['anvil_setBlockGasLimit', 'evm_setBlockGasLimit'],
    [required('gas', anyUint64)],
    ({ blocks }, _, gas) => {
      if (gas < 5_000n || gas >= 2n ** 63n)
        throw invalidParams('a gas limit is from 5000 to 2^63 - 1')
      blocks.setGasLimit(gas)
    },
  ),
  ...setter(
    ['anvil_setNextBlockBaseFeePerGas', 'hardhat_setNextBlockBaseFeePerGas'],
    [required('wei', anyUint256)],
    ({ blocks }, _, wei) => blocks.setNextBaseFee(wei),
  ),
  ...setter(
    ['anvil_setNextBlockPrevRandao', 'anvil_setPrevRandao', 'hardhat_setPrevRandao'],
    [required('prevRandao', wordText)],
    ({ blocks }, _, value) => blocks.setNextPrevRandao(value),
  ),
  ...setter(
    ['anvil_setMinGasPrice', 'hardhat_setMinGasPrice'],
    [required('wei', anyUint256)],
    ({ blocks }, _, wei) => blocks.setMinGasPrice(wei),
  ),
  /** The hash when it was in the pool (anvil), or whether it was (Hardhat). */
  anvil_dropTransaction: devMethod([required('hash', hash)], ({ blocks }, _, txHash) =>
    blocks.drop(txHash) ? txHash : null,
  ),
  hardhat_dropTransaction: devMethod([required('hash', hash)], ({ blocks }, { api }, txHash) => {
    if (blocks.drop(txHash)) return true
    if (api.chain.store.transactionPlace(txHash))
      throw serverError(`Transaction ${txHash} cannot be dropped because it's already mined`)
    return false
  }),
  ...setter(['anvil_dropAllTransactions', 'hardhat_dropAllTransactions'], [], ({ blocks }) =>
    blocks.dropAll(),
  ),
  /** geth's name for it. */
  debug_clearTxpool: devMethod([], ({ blocks }) => {
    blocks.dropAll()
    return null
  }),
  ...setter(
    ['anvil_removePoolTransactions', 'hardhat_removePoolTransactions'],
    [required('address', address)],
    ({ blocks }, _, from) => blocks.dropAll(from),
  ),
}
