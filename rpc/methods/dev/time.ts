/** Time travel: the chain's clock moved, stopped for one block, or set to a beat. */
import { invalidParams } from '../../errors.ts'
import type { Context, MethodTable } from '../../method.ts'
import { required } from '../../params.ts'
import { devMethod, named, setter } from './dev-method.ts'
import { anyUint64 } from './params.ts'

/** Later than any contract asks for, and a number in JavaScript. */
const maxTimestamp = 2n ** 53n - 1n
/** Above it a number is milliseconds (ganache): the year 5138 in seconds. */
const maxSeconds = 100_000_000_000n

/** Throws RpcError -32602: a block must be younger than its parent. */
export function checkNextTimestamp({ api }: Context, timestamp: bigint): void {
  const { number, timestamp: last } = api.chain.head().header
  if (timestamp <= last)
    throw invalidParams(
      `Timestamp ${timestamp} is lower than or equal to previous block's timestamp ${last} (block ${number}); the next block takes ${last + 1n} at least`,
    )
  checkRange(timestamp)
}

function checkRange(timestamp: bigint): void {
  if (timestamp > maxTimestamp) throw invalidParams(`timestamp above ${maxTimestamp}`)
}

export const devTime: MethodTable = {
  /** Seconds in all, as a number (anvil). */
  ...named(
    ['evm_increaseTime', 'anvil_increaseTime'],
    devMethod([required('seconds', anyUint64)], ({ time }, _, seconds) => {
      checkRange(time.now() + seconds)
      return Number(time.increase(seconds))
    }),
  ),
  ...setter(
    ['anvil_setNextBlockTimestamp'],
    [required('timestamp', anyUint64)],
    ({ time }, context, timestamp) => {
      checkNextTimestamp(context, timestamp)
      time.setNext(timestamp)
    },
  ),
  /** Hardhat answers the time as decimal text. */
  evm_setNextBlockTimestamp: devMethod(
    [required('timestamp', anyUint64)],
    ({ time }, context, timestamp) => {
      checkNextTimestamp(context, timestamp)
      time.setNext(timestamp)
      return timestamp.toString()
    },
  ),
  /** Seconds by which the clock was moved, as anvil and ganache answer. */
  ...named(
    ['evm_setTime', 'anvil_setTime'],
    devMethod([required('timestamp', anyUint64)], ({ time }, _, value) => {
      const timestamp = value > maxSeconds ? value / 1_000n : value
      const before = time.now()
      time.set(timestamp)
      return Number(timestamp - before)
    }),
  ),
  ...setter(
    ['anvil_setBlockTimestampInterval'],
    [required('seconds', anyUint64)],
    ({ time }, _, seconds) => {
      checkRange(time.now() + seconds)
      time.setInterval(seconds)
    },
  ),
  anvil_getLastBlockWallTime: devMethod([], ({ time }) => Number(time.lastBlockAt())),
  anvil_removeBlockTimestampInterval: devMethod([], ({ time }) => time.setInterval(undefined)),
}
