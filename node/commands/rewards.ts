/**
 * `tributary rewards`: what an account has coming, why, and taking it. `explain` computes its answer
 * from the node's calls and logs, so it need not believe the node's own attr_explainReward.
 */
import { hexToBytes, zeroAddress, type Address, type Hex } from 'viem'
import { privateKeyToAddress } from 'viem/accounts'
import { NodeError } from '../../primitives/index.ts'
import { tokenBounds } from '../../attribution/methods/index.ts'
import {
  explained,
  mined,
  openClient,
  openReader,
  type ClientFlags,
  type Reader,
} from '../client.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import { usageError } from '../failure.ts'
import { readKey } from '../keystore.ts'
import { count, toAmountText, toJsonText } from '../text.ts'
import { reclaimableDeposits } from './batches.ts'

export interface ListFlags extends ClientFlags {
  readonly account?: Address
}

/** The account asked about: given, or the key's. */
async function accountOf(flags: ListFlags): Promise<Address> {
  const named = flags.account ?? flags.from
  if (named !== undefined) return named
  const key = await readKey(flags, process.env)
  if (key === undefined) throw usageError('whose rewards? give --account, or a key with --key-file')
  return privateKeyToAddress(key)
}

export async function listRewards(flags: ListFlags, io: Io): Promise<ExitCode> {
  const account = await accountOf(flags)
  const client = await openReader(flags)
  const pending = await explained(client.attribution.pending(account))
  const deposits = await reclaimableDeposits(client, account)
  if (flags.json) io.out(toJsonText({ ...pending, deposits }))
  else {
    for (const { module, amount } of pending.balances)
      io.out(`to withdraw from ${module}: ${toAmountText(amount)}`)
    for (const { requestId, leaf, amount } of pending.claimable)
      io.out(
        `to claim: ${toAmountText(amount)}, batch ${leaf.contributionId}, request ${requestId}`,
      )
    for (const { requestId, leaf, amount } of pending.provisional)
      io.out(
        `not settled yet: about ${toAmountText(amount)}, batch ${leaf.contributionId}, request ${requestId}`,
      )
    for (const { assetId, ancestorId, amount } of pending.lineage)
      io.out(
        `to claim as owner of model ${ancestorId}: ${toAmountText(amount)} earned by model ${assetId}`,
      )
    for (const { batchId, amount } of deposits)
      io.out(
        `deposit of batch ${batchId} to be had back: ${toAmountText(amount)}, by tributary data reclaim ${batchId}`,
      )
  }
  return exitCodes.ok
}

export async function explainRewards(name: Hex, flags: ListFlags, io: Io): Promise<ExitCode> {
  if (!/^0x[0-9a-fA-F]{64}$/.test(name)) throw usageError('give the hash of a request or a receipt')
  const client = await openReader(flags)
  const requests = await requestsNamed(client, name)
  for (const requestId of requests) {
    const reward = await explained(client.attribution.explain(requestId, flags.account))
    if (!reward) throw usageError(`no payment has request or receipt ${name}`)
    if (flags.json) io.out(toJsonText(reward))
    else printReward(reward, io)
  }
  return exitCodes.ok
}

/** Of a receipt; else the hash itself. */
async function requestsNamed(client: Reader, name: Hex): Promise<readonly Hex[]> {
  try {
    return await explained(client.attribution.requests(name))
  } catch (error) {
    if (error instanceof NodeError && error.code === 'MODULE_REFUSED') return [name]
    throw error
  }
}

type Reward = NonNullable<Awaited<ReturnType<Reader['attribution']['explain']>>>

function printReward(reward: Reward, io: Io): void {
  const { payment, receipt, lines, evidence, epoch } = reward
  io.out(
    `request ${reward.requestId}: ${toAmountText(payment.amount)} by ${payment.payer}, ${payment.state}`,
  )
  if (receipt)
    io.out(
      `receipt ${receipt.receiptId}: ${receipt.method.name} (${receipt.class}), ${receipt.state}, version ${receipt.versionId}`,
    )
  if (epoch)
    io.out(
      `epoch ${epoch.receiptId}: ${count(epoch.requests, 'answer')} until block ${epoch.endBlock}, paid together; this one named ${count(epoch.rows.length, 'row')}`,
    )
  for (const { part, account, amount, leaf, isCredited } of lines) {
    const of = leaf
      ? `, batch ${leaf.contributionId} with weight ${leaf.weight} of ${receipt?.total ?? 0n}`
      : ''
    io.out(
      account === zeroAddress
        ? `  ${part}: ${toAmountText(amount)} to nobody: the block’s producer named no fee recipient`
        : `  ${part}: ${toAmountText(amount)} to ${account}${of}${isCredited ? '' : ', not claimed yet'}`,
    )
  }
  const answer = hexToBytes(evidence?.answer ?? '0x')
  const bounds = tokenBounds(answer)
  for (const { start, length, row, contributionId } of evidence?.spans ?? [])
    io.out(
      `  “${shown(answer.subarray(bounds[2 * start], bounds[2 * (start + length) - 1]))}” stands in row ${row} (batch ${contributionId})`,
    )
  io.out(`  ${restOf(reward)}`)
}

/** What no line accounts for: all of a fee that is not settled, nothing of one that is. */
function restOf({ payment, unexplained }: Reward): string {
  const amount = toAmountText(unexplained)
  if (payment.state === 'escrowed')
    return `${amount} waits in escrow; unanswered, it comes back from block ${payment.refundBlock} on`
  if (payment.state === 'refunded') return `${amount} was given back to ${payment.payer}`
  return `not accounted for: ${amount}`
}

const longestShown = 160

/** A piece of the answer; control characters are nothing for a terminal. */
function shown(bytes: Uint8Array): string {
  const text = new TextDecoder()
    .decode(bytes)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text
}

/** Gives the fee of a request without an answer back to its payer, and pays it out to the key's account. */
export async function refundRequest(name: Hex, flags: ClientFlags, io: Io): Promise<ExitCode> {
  if (!/^0x[0-9a-fA-F]{64}$/.test(name)) throw usageError('give the hash of a request')
  const client = await openClient(flags)
  const { result: amount } = await explained(client.rewards.simulate.refund([name]))
  await mined(client, client.rewards.write.refund([name]))
  const { payer } = await explained(client.rewards.read.payment([name]))
  io.out(
    flags.json
      ? toJsonText({ requestId: name, amount, payer })
      : `${toAmountText(amount)} are ${payer}’s again; take them: tributary rewards claim`,
  )
  return exitCodes.ok
}

/** Claims of one transaction; IRewards.claim takes 100. */
const maxClaims = 50

export async function claimRewards(flags: ListFlags, io: Io): Promise<ExitCode> {
  const client = await openClient(flags)
  const account = client.account.address
  const { claimable, lineage, balances } = await explained(client.attribution.pending(account))
  for (let i = 0; i < claimable.length; i += maxClaims) {
    const some = claimable.slice(i, i + maxClaims)
    await mined(
      client,
      client.rewards.write.claim([
        some.map(({ requestId }) => requestId),
        some.map(({ leaf: { clusterId, contributionId, weight } }) => ({
          clusterId,
          contributionId,
          weight,
        })),
        some.map(({ leaf }) => BigInt(leaf.index)),
        some.map(({ leaf }) => leaf.proof),
      ]),
    )
  }
  for (const { assetId, ancestorId } of lineage)
    await mined(client, client.rewards.write.claimLineage([assetId, ancestorId]))
  const earned = await explained(client.rewards.read.balanceOf([account]))
  if (earned > 0n) await mined(client, client.rewards.write.withdraw([account]))
  // Deposits and bonds that came back: each module pays out its own.
  const returned = balances.filter(({ module, amount }) => module !== 'rewards' && amount > 0n)
  for (const { module } of returned) {
    const sent =
      module === 'datanet'
        ? client.datanet.write.withdraw([account])
        : client.receipts.write.withdraw([account])
    await mined(client, sent)
  }
  const amount = returned.reduce((sum, balance) => sum + balance.amount, earned)
  io.out(
    flags.json
      ? toJsonText({ account, claimed: claimable.length, withdrawn: amount })
      : `${count(claimable.length, 'share')} claimed, ${toAmountText(amount)} withdrawn to ${account}`,
  )
  return exitCodes.ok
}
