/**
 * One line per block and per transaction, for people or (--json) for programs. Pure: gives lines,
 * prints nothing.
 */
import { effectiveGasPrice, toHex, type Hex } from '../primitives/index.ts'
import { type ExecutedBlock, toChecksum, type TransactionOutcome } from '../execution/index.ts'
import { moduleFunction } from '../rpc/index.ts'
import { explainRevert } from './revert.ts'
import { count, groupDigits, shorten, toAmountText, toGweiText } from './text.ts'

/** Transactions of one block that get a line; a full block would scroll the story away. */
const maxLines = 50

type Row = {
  readonly tx: ExecutedBlock['block']['transactions'][number]
  readonly from: Hex
  readonly outcome: TransactionOutcome
}

function rowsOf({ block, senders, outcomes }: ExecutedBlock): Row[] {
  return block.transactions.flatMap((tx, i) => {
    const [from, outcome] = [senders[i], outcomes[i]]
    return from && outcome ? [{ tx, from, outcome }] : []
  })
}

export function blockLines(executed: ExecutedBlock): string[] {
  const { header, transactions, hash } = executed.block
  const rows = rowsOf(executed)
  const facts = [
    `block ${groupDigits(header.number)} ${shorten(hash)}`,
    count(transactions.length, 'transaction'),
    `${groupDigits(header.gasUsed)} gas`,
    `base fee ${toGweiText(header.baseFeePerGas ?? 0n)} gwei`,
    timeOf(header.timestamp),
  ]
  const rest = rows.length - maxLines
  return [
    facts.join('  '),
    ...rows.slice(0, maxLines).map(transactionLine),
    ...(rest > 0 ? [`  … and ${rest} more`] : []),
  ]
}

const timeOf = (timestamp: bigint): string =>
  new Date(Number(timestamp) * 1000).toISOString().slice(11, 19)

function transactionLine({ tx, from, outcome }: Row): string {
  const target =
    tx.to === null
      ? outcome.status === 'success' && outcome.contractAddress
        ? `creates ${toChecksum(outcome.contractAddress)}`
        : 'creates nothing'
      : `-> ${shorten(tx.to)}`
  const call = (tx.to && moduleFunction(tx.to, tx.data)) ?? selectorOf(tx.to, tx.data)
  return [
    `  ${tx.hash}`,
    `${shorten(from)} ${target}`,
    ...(call === undefined ? [] : [`calls ${call}`]),
    ...(tx.value > 0n ? [toAmountText(tx.value)] : []),
    `${groupDigits(outcome.gasUsed)} gas`,
    ...resultOf(outcome, tx.to),
  ].join('  ')
}

const selectorOf = (to: Hex | null, data: Uint8Array): Hex | undefined =>
  to === null || data.length < 4 ? undefined : toHex(data.subarray(0, 4))

function resultOf({ status, error, returnData }: TransactionOutcome, to: Hex | null): string[] {
  if (status === 'success') return []
  return [
    status === 'revert' ? `REVERTED: ${explainRevert(returnData, to)}` : `FAILED: ${error ?? ''}`,
  ]
}

/** The same facts, one JSON object per line; amounts as decimal strings, in wei. */
export function blockJsonLines(executed: ExecutedBlock): string[] {
  const { header, transactions, hash } = executed.block
  const baseFee = header.baseFeePerGas ?? 0n
  return [
    {
      type: 'block',
      number: Number(header.number),
      hash,
      timestamp: Number(header.timestamp),
      transactions: transactions.length,
      gasUsed: header.gasUsed.toString(),
      baseFeePerGas: baseFee.toString(),
    },
    ...rowsOf(executed).map(({ tx, from, outcome }) => ({
      type: 'transaction',
      hash: tx.hash,
      blockNumber: Number(header.number),
      from,
      to: tx.to,
      value: tx.value.toString(),
      selector: selectorOf(tx.to, tx.data) ?? null,
      status: outcome.status,
      gasUsed: outcome.gasUsed.toString(),
      gasPrice: effectiveGasPrice(tx, baseFee).toString(),
      contractAddress: outcome.contractAddress ?? null,
      reason: resultOf(outcome, tx.to)[0]?.replace(/^[A-Z]+: /, '') ?? null,
    })),
  ].map((line) => JSON.stringify(line))
}
