/**
 * `tributary receipts`: what the chain checks about answers. Stated receipts and what is due on them, answering
 * and asking for answers, epochs of answers that are paid together. A provider who states many runs
 * `tributary provider run`, which does these by itself.
 */
import { readFile } from 'node:fs/promises'
import { bytesToHex, keccak256, type Address, type Hex } from 'viem'
import { NodeError } from '../../primitives/index.ts'
import { answerReceipt } from '../../sdk/index.ts'
import { explained, mined, openClient, openReader, type ClientFlags } from '../client.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import { usageError } from '../failure.ts'
import { count, toAmountText, toJsonText } from '../text.ts'

export interface AuditsFlags extends ClientFlags {
  readonly account?: Address
  readonly model?: bigint
}

const dueTexts = {
  draw: 'the blocks that draw are not over',
  window: 'doubts are open',
  answer: 'must be answered',
  settle: 'can be settled',
  expire: 'was not answered in time: anybody may end it',
  vote: 'validators vote on it',
} as const

/** Stated receipts that are not over. */
export async function listAudits(flags: AuditsFlags, io: Io): Promise<ExitCode> {
  const client = await openReader(flags)
  const { account: committer, model: assetId } = flags
  const only = { ...(committer && { committer }), ...(assetId !== undefined && { assetId }) }
  const { audits, olderTo } = await explained(client.attribution.audits(only))
  if (flags.json) io.out(toJsonText({ audits, olderTo }))
  else {
    for (const { receiptId, audit, due, dueBlock, bond, committer: by } of audits) {
      const when = dueBlock === undefined ? '' : `, block ${dueBlock}`
      io.out(`receipt ${receiptId} of ${by}: ${audit}, bond ${toAmountText(bond)}`)
      io.out(`  ${dueTexts[due]}${when}`)
    }
    if (audits.length === 0) io.out('no stated receipt is open')
    if (olderTo !== undefined) io.out(`older receipts than block ${olderTo} were not looked into`)
  }
  return exitCodes.ok
}

/** Has a receipt computed again from its answer: final if it is right, void if it is not. */
export async function answerAudit(
  receiptId: Hex,
  flags: ClientFlags & { readonly file: string },
  io: Io,
): Promise<ExitCode> {
  const bytes = await readFile(flags.file).catch((error: unknown) => {
    throw new NodeError('FILE_UNREADABLE', `cannot read ${flags.file}`, {}, error)
  })
  const client = await openClient(flags)
  const receipt = await explained(client.attribution.receipt(hashOf(receiptId)), 'receipt')
  if (!receipt) throw usageError(`there is no receipt ${receiptId}`)
  if (receipt.outputHash !== keccak256(bytes))
    throw new NodeError(
      'WRONG_ANSWER',
      `${flags.file} is not the answer of receipt ${receiptId}: its keccak256 must be ${receipt.outputHash}`,
    )
  const transactions = await explained(answerReceipt(client, receiptId, bytesToHex(bytes)))
  const after = await explained(client.attribution.receipt(receiptId), 'receipt')
  io.out(
    flags.json
      ? toJsonText({ receiptId, transactions, state: after?.state })
      : `receipt ${receiptId} is ${after?.state ?? 'unknown'}; next: tributary rewards list`,
  )
  return exitCodes.ok
}

/** IReceipts.Ground.Reveal. */
const reveal = 7

/** Asks to see the answer of a stated receipt, under a bond: whoever stated it shows it or loses. */
export async function askReveal(receiptId: Hex, flags: ClientFlags, io: Io): Promise<ExitCode> {
  const client = await openClient(flags)
  const value = await explained(client.receipts.read.challengeBond())
  const args = [hashOf(receiptId), reveal, '0x'] as const
  await explained(client.receipts.simulate.challenge(args, { value }))
  await mined(client, client.receipts.write.challenge(args, { value }))
  const audit = await explained(client.attribution.audit(receiptId), 'receipt')
  io.out(
    flags.json
      ? toJsonText({ receiptId, bond: value, lastBlock: audit?.dueBlock })
      : `receipt ${receiptId} must be answered up to block ${audit?.dueBlock ?? 'unknown'}; your bond is ${toAmountText(value)}`,
  )
  return exitCodes.ok
}

/** Lets a receipt fall that was not answered in time. */
export async function expireReceipt(receiptId: Hex, flags: ClientFlags, io: Io): Promise<ExitCode> {
  const client = await openClient(flags)
  const args = [hashOf(receiptId)] as const
  await explained(client.receipts.simulate.expire(args))
  await mined(client, client.receipts.write.expire(args))
  const balance = await explained(client.receipts.read.balanceOf([client.account.address]))
  io.out(
    flags.json
      ? toJsonText({ receiptId, balance })
      : `receipt ${receiptId} is void; ${toAmountText(balance)} are yours to withdraw from the receipts module`,
  )
  return exitCodes.ok
}

export interface EpochFlags extends ClientFlags {
  readonly model?: bigint
  readonly all?: boolean
}

export async function listEpochs(flags: EpochFlags, io: Io): Promise<ExitCode> {
  const client = await openReader(flags)
  const only = {
    ...(flags.model !== undefined && { assetId: flags.model }),
    ...(flags.all !== true && { isOpen: true }),
  }
  const ids = await explained(client.attribution.epochs(only))
  for (const id of ids) {
    const epoch = await explained(client.attribution.epoch(id), 'receipt')
    if (!epoch) continue
    if (flags.json) io.out(toJsonText(epoch))
    else {
      const { state, assetId, versionId, method, endBlock, entered, rows, totalRows } = epoch
      io.out(
        `epoch ${id}: model ${assetId}, version ${versionId}, ${method.name}, ${state}, until block ${endBlock}${epoch.isDue ? ' (can be closed)' : ''}`,
      )
      io.out(`  ${count(entered.length, 'answer')}, ${toAmountText(epoch.pool)} for rows`)
      for (const { row, batchId, net } of rows)
        io.out(`  row ${row} (batch ${batchId}): net ${net}`)
      if (totalRows > rows.length) io.out(`  and ${count(totalRows - rows.length, 'row')} more`)
    }
  }
  if (ids.length === 0 && !flags.json) io.out('no epoch is open')
  return exitCodes.ok
}

/** Ends an epoch whose time is over, so that its requests can be settled. */
export async function closeEpoch(receiptId: Hex, flags: ClientFlags, io: Io): Promise<ExitCode> {
  const client = await openClient(flags)
  const args = [hashOf(receiptId)] as const
  await explained(client.receipts.simulate.close(args))
  await mined(client, client.receipts.write.close(args))
  const leaves = (await explained(client.attribution.leaves(receiptId))) ?? []
  const requests = await explained(client.attribution.requests(receiptId), 'receipt')
  io.out(
    flags.json
      ? toJsonText({ receiptId, leaves: leaves.length, requests })
      : `epoch ${receiptId} is closed: ${count(leaves.length, 'part')}, ${count(requests.length, 'request')} to settle`,
  )
  return exitCodes.ok
}

function hashOf(text: Hex): Hex {
  if (!/^0x[0-9a-fA-F]{64}$/.test(text)) throw usageError('give the hash of a receipt')
  return text.toLowerCase() as Hex
}
