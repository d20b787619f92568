/**
 * Running tracers over transactions of the past and over calls: finds the block, executes it again on
 * its parent's state, gives each transaction a tracer of its own. Knows no method and no format.
 */
import {
  type Chain,
  type Engine,
  type Replayed,
  replayBlock,
  type Rerun,
  type Tracer,
} from '../execution/index.ts'
import {
  type Address,
  type Block,
  type Hex,
  nobleSecp256k1,
  recoverAuthority,
} from '../primitives/index.ts'
import type { StoredBlock } from '../state/index.ts'
import { createBreather } from './breathe.ts'
import { serverError } from './errors.ts'
import type { NodeApi } from './node-api.ts'
import type { Subject } from './tracers/tracer.ts'

export const traceTimeoutText = 'execution timeout'
/** Longer than this nobody waits for an answer (dispatch.ts). */
const maxRequestMs = 30_000

/** A transaction's place, with its block. Throws RpcError `transaction not found`. */
export function findTransaction({ store }: Chain, hash: Hex): { found: StoredBlock; at: number } {
  const place = store.transactionPlace(hash)
  const found = place && store.blockByNumber(place.blockNumber)
  if (!found) throw serverError('transaction not found')
  return { found, at: place.index }
}

export interface TraceRun {
  readonly timeoutMs: number
  /** First transaction that is traced; earlier ones run unheard. */
  readonly from?: number
  /** Hooks for one transaction. */
  readonly tracerOf: (subject: Subject) => Tracer
}

/** Transactions of a block with what they changed. Each has `timeoutMs` for itself. */
export async function* traceBlock(
  api: Pick<NodeApi, 'chain' | 'clock'>,
  { block, senders }: StoredBlock,
  { timeoutMs, from, tracerOf }: TraceRun,
): AsyncGenerator<Replayed & { readonly subject: Subject }> {
  if (block.header.number === 0n) throw serverError('genesis is not traceable')
  const startedMs = api.clock.nowMs()
  const subjects = new Map<number, Subject>()
  const replayed = replayBlock(api.chain, block, senders, {
    ...(from !== undefined && { from }),
    optionsOf: (rerun) => {
      const leftMs = Math.max(0, startedMs + maxRequestMs - api.clock.nowMs())
      const limit = { timeoutMs: Math.min(timeoutMs, leftMs), text: traceTimeoutText }
      const breathe = createBreather(api.clock, limit)
      if (rerun.index < (from ?? 0)) return { breathe }
      const subject = subjectOf(api.chain.engine, block, rerun)
      subjects.clear()
      subjects.set(rerun.index, subject)
      return { breathe, tracer: tracerOf(subject) }
    },
  })
  for await (const transaction of replayed) {
    const subject = subjects.get(transaction.index)
    if (subject) yield { ...transaction, subject }
  }
}

function subjectOf(engine: Engine, block: Block, rerun: Rerun): Subject {
  const { tx, sender, before, now, index } = rerun
  const { header } = block
  const authorities: Address[] = []
  for (const authorization of tx.type === 'setCode' ? tx.authorizationList : []) {
    const authority = recoverAuthority(authorization, nobleSecp256k1)
    if (authority) authorities.push(authority)
  }
  return {
    from: sender,
    to: tx.to,
    nonce: tx.nonce,
    gasLimit: tx.gasLimit,
    authorities,
    header,
    precompiles: engine.precompilesOf(header),
    before,
    now,
    place: { blockHash: block.hash, transactionHash: tx.hash, index },
  }
}
