/**
 * A new block on the head from offered transactions: takes what fits in the order offered, leaves the
 * rest. Executes each transaction once; the result is ready to be committed. Says nothing about the
 * order: the mempool offers best first.
 */
import {
  emptyTrieRoot,
  emptyUnclesHash,
  makeBlock,
  NodeError,
  toHex,
  type Address,
  type Header,
} from '../primitives/index.ts'
import { applyEdits, createJournal } from '../state/index.ts'
import type { ChainSpec } from './chain-spec.ts'
import { nextBaseFee, nextExcessBlobGas } from './header.ts'
import { createBlockRun, type BlockRun } from './process.ts'
import { requestsHashOf } from './requests.ts'
import { transactionGas } from './transaction-rules.ts'
import type { Tracer } from './tracer.ts'
import type { BlockTemplate, BuiltBlock, PooledTransaction } from './types.ts'
import {
  maxBlockBytes,
  receiptsRootOf,
  transactionsRootOf,
  withdrawalsRootOf,
  type ExecutionParts,
} from './validate.ts'

/** Room kept for header, withdrawals and list heads below the size limit of EIP-7934. */
const bodyReserveBytes = 65_536
const zeroBloom = toHex(new Uint8Array(256))

/** Throws NodeError TEMPLATE_INVALID when no block with this time can follow the parent. */
export async function buildBlock(
  parts: ExecutionParts & { readonly tracer?: Tracer },
  template: BlockTemplate,
  offered: Iterable<PooledTransaction>,
): Promise<BuiltBlock> {
  const draft = draftHeader(template, parts.spec)
  const journal = createJournal(parts.store.stateAt(template.parent.header.number))
  applyEdits(journal, parts.store.editsBefore(draft.number))
  const run = createBlockRun({
    ...parts,
    journal,
    context: parts.contextOf(draft),
    rootNow: () => parts.store.computeUpdate(journal.changes()).root,
  })
  await run.begin()
  const refused = await fill(run, draft.gasLimit, offered)
  const finished = await run.finish([], template.withdrawals)
  if (finished.type !== 'accept') throw new NodeError(finished.code, finished.message)
  const update = parts.store.computeUpdate(journal.changes())
  const { transactions, senders, receipts, outcomes, gasUsed, blobGasUsed, appearances } =
    run.progress()
  const header: Header = {
    ...draft,
    stateRoot: update.root,
    transactionsRoot: transactionsRootOf(transactions),
    receiptsRoot: receiptsRootOf(receipts),
    logsBloom: toHex(finished.value.logsBloom),
    gasUsed,
    ...(draft.blobGasUsed !== undefined && { blobGasUsed }),
    ...(draft.requestsHash && { requestsHash: requestsHashOf(finished.value.requests) }),
  }
  const block = makeBlock({
    header,
    transactions,
    uncles: [],
    ...(header.withdrawalsRoot && { withdrawals: template.withdrawals }),
  })
  return {
    executed: {
      block,
      receipts,
      senders,
      outcomes,
      update,
      ...(appearances && { appearances }),
    },
    requests: finished.value.requests,
    refused,
  }
}

/** The header as transactions see it: roots, bloom and gas used are still empty. */
function draftHeader(template: BlockTemplate, spec: ChainSpec): Header {
  const { parent, timestamp } = template
  const number = parent.header.number + 1n
  if (timestamp <= parent.header.timestamp)
    throw new NodeError('TEMPLATE_INVALID', 'a block must be younger than its parent', {
      timestamp,
      parent: parent.header.timestamp,
    })
  const baseFee = template.baseFeePerGas ?? nextBaseFee(parent.header, spec)
  const excessBlobGas = nextExcessBlobGas(parent.header, spec, timestamp)
  return {
    parentHash: parent.hash,
    unclesHash: emptyUnclesHash,
    feeRecipient: template.feeRecipient,
    stateRoot: emptyTrieRoot,
    transactionsRoot: emptyTrieRoot,
    receiptsRoot: emptyTrieRoot,
    logsBloom: zeroBloom,
    difficulty: 0n,
    number,
    gasLimit: template.gasLimit,
    gasUsed: 0n,
    timestamp,
    extraData: template.extraData,
    prevRandao: template.prevRandao,
    nonce: '0x0000000000000000',
    ...(baseFee !== undefined &&
      spec.isActive('london', number, timestamp) && { baseFeePerGas: baseFee }),
    ...(spec.isActive('shanghai', number, timestamp) && {
      withdrawalsRoot: withdrawalsRootOf(template.withdrawals),
    }),
    ...(excessBlobGas !== undefined && {
      blobGasUsed: 0n,
      excessBlobGas,
      parentBeaconBlockRoot: template.parentBeaconBlockRoot,
    }),
    ...(spec.isActive('prague', number, timestamp) && { requestsHash: requestsHashOf([]) }),
  }
}

/**
 * Takes transactions until no more can fit. One that does not fit in what is left waits, and its
 * sender's later ones with it; one that can stand in no block of this size is refused.
 */
async function fill(
  run: BlockRun,
  gasLimit: bigint,
  offered: Iterable<PooledTransaction>,
): Promise<BuiltBlock['refused']> {
  const refused: BuiltBlock['refused'][number][] = []
  const skipped = new Set<Address>()
  let bytesLeft = maxBlockBytes - bodyReserveBytes
  for (const tx of offered) {
    if (run.gasLeft() < transactionGas) break
    if (skipped.has(tx.from)) continue
    const fits = tx.gasLimit <= run.gasLeft() && tx.raw.length <= bytesLeft
    if (!fits && tx.gasLimit <= gasLimit) {
      skipped.add(tx.from)
      continue
    }
    const verdict = await applyUnlessMissing(run, tx)
    if (verdict === 'missing') {
      skipped.add(tx.from)
      continue
    }
    if (verdict.type === 'accept') {
      bytesLeft -= tx.raw.length
      continue
    }
    skipped.add(tx.from)
    refused.push({ tx, code: verdict.code, message: messageOf(verdict, tx, gasLimit) })
  }
  return refused
}

/** A transaction whose data nobody has now waits: others may have it, and later this node too. */
async function applyUnlessMissing(run: BlockRun, tx: PooledTransaction) {
  try {
    return await run.apply(tx, tx.from)
  } catch (error) {
    if (error instanceof NodeError && error.code === 'DATA_MISSING') return 'missing'
    throw error
  }
}

const messageOf = (
  { code, message }: { readonly code: string; readonly message: string },
  tx: PooledTransaction,
  gasLimit: bigint,
): string =>
  code === 'GAS_LIMIT_EXCEEDED' && tx.gasLimit > gasLimit ? 'exceeds block gas limit' : message
