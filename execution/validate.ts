/**
 * A foreign block against its parent, the head: header, body, every transaction, and every root that
 * execution leads to. Answers with a verdict whatever the block holds; only a broken store throws.
 */
import {
  accept,
  emptyUnclesHash,
  encodeBlock,
  encodeReceipt,
  encodeRlp,
  encodeWithdrawal,
  headerToRlp,
  ignore,
  isLowS,
  keccakHex,
  orderedRoot,
  recoverSender,
  reject,
  toHex,
  type Address,
  type Block,
  type Header,
  type Hex,
  type Receipt,
  type Refusal,
  type Secp256k1,
  type Transaction,
  type Verdict,
  type Withdrawal,
} from '../primitives/index.ts'
import { createJournal, type Store } from '../state/index.ts'
import type { ChainSpec } from './chain-spec.ts'
import { validateHeader } from './header.ts'
import { createBlockRun, type BlockRun, type Finished } from './process.ts'
import { requestsHashOf } from './requests.ts'
import type { BlockContext, Engine, ExecutedBlock, InvalidBlockCode } from './types.ts'

/** What executing a block takes; chain.ts puts it together. */
export interface ExecutionParts {
  readonly spec: ChainSpec
  readonly store: Store
  readonly engine: Engine
  readonly secp256k1: Secp256k1
  readonly contextOf: (header: Header) => BlockContext
  readonly tracksAddresses?: boolean
}

/** A whole block's RLP from Osaka on: 10 MiB less 2 MiB for the beacon block (EIP-7934). */
export const maxBlockBytes = 8_388_608
/** Uncles of one block and their age (Yellow Paper, 11.1). */
const maxUncles = 2
const maxUncleAge = 6n

type Refused = Refusal<InvalidBlockCode> | undefined

export async function validateBlock(
  parts: ExecutionParts,
  parent: Block,
  block: Block,
): Promise<Verdict<ExecutedBlock, InvalidBlockCode>> {
  const { header } = block
  if (header.parentHash !== parent.hash)
    return ignore('PARENT_UNKNOWN', `parent ${header.parentHash} is not the head ${parent.hash}`)
  const checked = validateHeader(parent.header, header, parts.spec)
  if (checked.type !== 'accept') return checked
  const bodyRefusal = checkBody(block, parts.spec)
  if (bodyRefusal) return bodyRefusal

  const journal = createJournal(parts.store.stateAt(parent.header.number))
  const updateNow = () => parts.store.computeUpdate(journal.changes())
  const run = createBlockRun({
    ...parts,
    journal,
    context: parts.contextOf(header),
    rootNow: () => updateNow().root,
  })
  await run.begin()
  const txRefusal = await applyAll(run, block, parts)
  if (txRefusal) return txRefusal
  const finished = await run.finish(block.uncles, block.withdrawals ?? [])
  if (finished.type !== 'accept') return finished
  // Roots are computed on the head; a commit during the execution is no fault of the block.
  const head = parts.store.head()?.hash
  if (head !== parent.hash)
    return ignore('PARENT_UNKNOWN', `the head moved from ${parent.hash} to ${head ?? 'none'}`)
  const resultRefusal = checkResults(header, run, finished.value)
  if (resultRefusal) return resultRefusal
  const update = updateNow()
  if (update.root !== header.stateRoot)
    return mismatch('STATE_ROOT_MISMATCH', 'state root', header.stateRoot, update.root)
  const { receipts, senders, outcomes, appearances } = run.progress()
  return accept({ block, receipts, senders, outcomes, update, ...(appearances && { appearances }) })
}

export const transactionsRootOf = (transactions: readonly Transaction[]): Hex =>
  orderedRoot(transactions.map((tx) => tx.raw))
export const receiptsRootOf = (receipts: readonly Receipt[]): Hex =>
  orderedRoot(receipts.map(encodeReceipt))
export const withdrawalsRootOf = (withdrawals: readonly Withdrawal[]): Hex =>
  orderedRoot(withdrawals.map(encodeWithdrawal))
const unclesHashOf = (uncles: readonly Header[]): Hex =>
  uncles.length === 0 ? emptyUnclesHash : keccakHex(encodeRlp(uncles.map(headerToRlp)))

/** What the header says of the lists below it. Validity of an uncle's own header is not checked. */
function checkBody(block: Block, spec: ChainSpec): Refused {
  const { header, transactions, uncles, withdrawals } = block
  const txRoot = transactionsRootOf(transactions)
  if (txRoot !== header.transactionsRoot)
    return mismatch('BODY_MISMATCH', 'transactions root', header.transactionsRoot, txRoot)
  const unclesHash = unclesHashOf(uncles)
  if (unclesHash !== header.unclesHash)
    return mismatch('BODY_MISMATCH', 'uncles hash', header.unclesHash, unclesHash)
  if (uncles.length > maxUncles || uncles.some((uncle) => !isUncleAge(header, uncle)))
    return reject('BODY_MISMATCH', 'too many uncles, or too old ones')
  const withdrawalsRoot = withdrawals && withdrawalsRootOf(withdrawals)
  if (withdrawalsRoot !== header.withdrawalsRoot)
    return mismatch(
      'BODY_MISMATCH',
      'withdrawals root',
      header.withdrawalsRoot ?? 'none',
      withdrawalsRoot ?? 'none',
    )
  const isBounded = spec.isActive('osaka', header.number, header.timestamp)
  const sizeBytes = isBounded ? encodeBlock(block).length : 0
  if (sizeBytes > maxBlockBytes)
    return reject('BODY_MISMATCH', `block of ${sizeBytes} bytes, more than ${maxBlockBytes}`)
  return undefined
}

const isUncleAge = (header: Header, uncle: Header): boolean =>
  uncle.number < header.number && uncle.number >= header.number - maxUncleAge

async function applyAll(run: BlockRun, block: Block, parts: ExecutionParts): Promise<Refused> {
  for (const [index, tx] of block.transactions.entries()) {
    const sender = senderOf(tx, block.header, parts)
    const verdict = sender
      ? await run.apply(tx, sender)
      : reject('INVALID_SENDER', 'invalid transaction v, r, s values')
    if (verdict.type !== 'accept')
      return reject('TRANSACTION_INVALID', `transaction ${index}: ${verdict.message}`, {
        hash: tx.hash,
        code: verdict.code,
      })
  }
  return undefined
}

/** Undefined for a signature that is none, or that the fork refuses (EIP-2, EIP-155). */
function senderOf(
  tx: Transaction,
  { number, timestamp }: Header,
  { spec, secp256k1 }: ExecutionParts,
): Address | undefined {
  if (spec.isActive('homestead', number, timestamp) && !isLowS(tx.signature.s)) return undefined
  if (tx.chainId !== undefined && tx.chainId !== spec.chainId) return undefined
  return recoverSender(tx, secp256k1)
}

/** What execution left against what the header says, cheapest comparison first. */
function checkResults(header: Header, run: BlockRun, finished: Finished): Refused {
  const { gasUsed, blobGasUsed, receipts } = run.progress()
  if (gasUsed !== header.gasUsed)
    return mismatch('GAS_USED_MISMATCH', 'gas used', header.gasUsed, gasUsed)
  if (header.blobGasUsed !== undefined && blobGasUsed !== header.blobGasUsed)
    return mismatch('GAS_USED_MISMATCH', 'blob gas used', header.blobGasUsed, blobGasUsed)
  const bloom = toHex(finished.logsBloom)
  if (bloom !== header.logsBloom)
    return mismatch('BLOOM_MISMATCH', 'bloom', header.logsBloom, bloom)
  const receiptsRoot = receiptsRootOf(receipts)
  if (receiptsRoot !== header.receiptsRoot)
    return mismatch('RECEIPTS_ROOT_MISMATCH', 'receipts root', header.receiptsRoot, receiptsRoot)
  const requestsHash = requestsHashOf(finished.requests)
  if (header.requestsHash !== undefined && requestsHash !== header.requestsHash)
    return mismatch('REQUESTS_MISMATCH', 'requests hash', header.requestsHash, requestsHash)
  return undefined
}

const mismatch = <const code extends InvalidBlockCode>(
  code: code,
  what: string,
  header: string | bigint,
  computed: string | bigint,
): Refusal<code> =>
  reject(code, `${what} ${header} in the header, ${computed} computed`, { header, computed })
