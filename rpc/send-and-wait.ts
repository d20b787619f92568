/**
 * eth_sendRawTransactionSync (EIP-7966): sends, and answers with the receipt once the block is
 * committed, or with an error that names the hash when that takes too long.
 */
import type { Chain } from '../execution/index.ts'
import type { Clock, Hex } from '../primitives/index.ts'
import { RpcError, serverError } from './errors.ts'
import type { Context } from './method.ts'
import { readReceipt } from './transactions.ts'

/** geth's --rpc.txsync.defaulttimeout and .maxtimeout. */
const defaultWaitMs = 20_000n
const maxWaitMs = 60_000n

export async function sendAndWait(
  context: Context,
  raw: Uint8Array,
  timeoutMs: bigint | undefined,
): Promise<unknown> {
  const verdict = await context.api.submit(raw)
  if (verdict.type !== 'accept') throw serverError(verdict.message)
  return waitForReceipt(context, verdict.value, timeoutMs)
}

/** Throws RpcError 4, with the hash as data, when no block has it in time. */
export async function waitForReceipt(
  context: Context,
  hash: Hex,
  timeoutMs: bigint | undefined,
): Promise<unknown> {
  const { chain, clock } = context.api
  const asked = timeoutMs === undefined || timeoutMs === 0n ? defaultWaitMs : timeoutMs
  const waitMs = asked < maxWaitMs ? asked : maxWaitMs
  await untilMined(chain, clock, hash, Number(waitMs))
  const receipt = readReceipt(context, hash)
  if (receipt) return receipt
  throw new RpcError(
    4,
    `The transaction was added to the transaction pool but wasn't processed in ${Number(waitMs) / 1000}s`,
    hash,
  )
}

/** Also resolves when the time is up. */
function untilMined(chain: Chain, clock: Clock, hash: Hex, waitMs: number): Promise<void> {
  if (chain.store.transactionPlace(hash)) return Promise.resolve()
  return new Promise((resolve) => {
    const end = (): void => {
      stopListening()
      stopClock()
      resolve()
    }
    const stopClock = clock.after(waitMs, end)
    const stopListening = chain.onCommit(({ block }) => {
      if (block.transactions.some((tx) => tx.hash === hash)) end()
    })
  })
}
