/**
 * What a provider sends so that a stated receipt is paid: the receipt itself (`stateAnswer`), and its answer again
 * when it is drawn or asked for (`answerReceipt`), in pieces where it is too long for one transaction. Nothing is
 * remembered here: how far pieces have come is asked of the chain, so whoever begins anew goes on.
 */
import {
  BaseError,
  ContractFunctionRevertedError,
  keccak256,
  zeroHash,
  type Account,
  type Chain,
  type Client,
  type Hex,
  type Transport,
} from 'viem'
import { estimateContractGas, waitForTransactionReceipt, writeContract } from 'viem/actions'
import { moduleAbis, moduleAddresses } from '../attribution/abi.ts'
import { events, read, type ChainReader } from '../attribution/views/index.ts'
import { NodeError } from '../primitives/index.ts'
import { claimTokens } from './claim.ts'
import { createChainReader } from './reader.ts'

type Signer = Client<Transport, Chain | undefined, Account>

/** EIP-7825: gas of one transaction. */
const maxTransactionGas = 16_777_216n
/** IReceipts.methods: n-gram shares, whose answers may be repeated in pieces. */
const ngramMethod = 7
/** IReceipts.State. */
const [committed, challenged] = [1, 2]
/** Tokens of the first piece that is tried; halved until it fits. */
const firstPiece = 512
const receipts = { address: moduleAddresses.receipts, abi: moduleAbis.receipts } as const

export interface StatedAnswer {
  readonly requestId: Hex
  readonly versionId: bigint
  readonly methodId: number
  readonly answer: Hex
}

/** The receipt that is true of an answer, and the bond it is stated under: of n-grams computed here, else by the node. */
export async function makeReceipt(client: Client, stated: StatedAnswer) {
  const { requestId, versionId, methodId, answer } = stated
  const reader = await createChainReader(client)
  const { assetId } = await read(reader, 'rewards', 'payment', [requestId])
  const bond = await read(reader, 'receipts', 'bondFor', [requestId, methodId])
  const { leaves, sumRoot, total, evidenceHash } =
    methodId === ngramMethod
      ? await claimTokens(client, reader, versionId, answer)
      : await previewed(reader, stated)
  const receipt = {
    requestId,
    assetId,
    versionId,
    methodId,
    outputHash: keccak256(answer),
    sumRoot,
    total,
    leaves: leaves.length,
    evidenceHash,
  }
  return { receipt, bond, leaves }
}

async function previewed(reader: ChainReader, { versionId, methodId, answer }: StatedAnswer) {
  const args = [versionId, methodId, answer] as const
  const [, leaves, sumRoot, total] = await read(reader, 'receipts', 'preview', args)
  return { leaves, sumRoot, total, evidenceHash: zeroHash }
}

/** States the receipt of an answer under its bond; its id. Keep the answer: it may be drawn. */
export async function stateAnswer(client: Signer, stated: StatedAnswer): Promise<Hex> {
  const { receipt, bond } = await makeReceipt(client, stated)
  const args = [receipt, []] as const
  await send(client, { functionName: 'commit', args, value: bond })
  return read(await createChainReader(client), 'receipts', 'receiptOf', [stated.requestId])
}

/**
 * Has a stated receipt computed again, which ends its audit; the number of transactions. Throws NodeError ANSWER_TOO_LONG
 * where not even one token fits, and viem's errors for what the module refuses.
 */
export async function answerReceipt(client: Signer, receiptId: Hex, answer: Hex): Promise<number> {
  const { methodId } = await read(await createChainReader(client), 'receipts', 'status', [
    receiptId,
  ])
  const whole = { functionName: 'answer', args: [receiptId, answer, '0x'] } as const
  if (methodId !== ngramMethod || (await fits(client, whole))) {
    await send(client, whole)
    return 1
  }
  let tokens = firstPiece
  for (let sent = 0; ;) {
    const piece = await nextPiece(client, receiptId, answer, tokens)
    if (!piece) return sent
    if (await fits(client, piece)) {
      await send(client, piece)
      sent++
    } else if (tokens > 1) tokens = Math.ceil(tokens / 2)
    else
      throw new NodeError(
        'ANSWER_TOO_LONG',
        `not even one token of receipt ${receiptId} fits a transaction; is this its answer?`,
      )
  }
}

/** From where the signer's last piece ended; undefined when there is nothing left to answer. */
async function nextPiece(client: Signer, receiptId: Hex, answer: Hex, tokens: number) {
  const reader = await createChainReader(client)
  const { state } = await read(reader, 'receipts', 'status', [receiptId])
  if (state !== committed && state !== challenged) return undefined
  const by = client.account.address
  const [, , done] = await read(reader, 'receipts', 'audit', [receiptId, by])
  const last = (await events(reader, 'receipts', 'AnswerRepeated', { receiptId, by })).at(-1)
  const sums = done === 0 ? '0x' : (last?.args.sums ?? '0x')
  return { functionName: 'answerInPieces', args: [receiptId, answer, tokens, sums] } as const
}

type Call =
  | { readonly functionName: 'answer'; readonly args: readonly [Hex, Hex, Hex] }
  | { readonly functionName: 'answerInPieces'; readonly args: readonly [Hex, Hex, number, Hex] }
  | {
      readonly functionName: 'commit'
      readonly args: readonly [Awaited<ReturnType<typeof makeReceipt>>['receipt'], readonly Hex[]]
      readonly value: bigint
    }

/** Whether it succeeds within a transaction's gas. Throws what the module refuses it for. */
async function fits(client: Signer, call: Call): Promise<boolean> {
  try {
    return (await gasOf(client, call)) <= maxTransactionGas
  } catch (error) {
    if (error instanceof BaseError && isTooMuch(error)) return false
    throw error
  }
}

/** By gas, or by the module's own limit for an answer at once. */
function isTooMuch(error: BaseError): boolean {
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError)
  if (reverted instanceof ContractFunctionRevertedError)
    return reverted.data?.errorName === 'LimitExceeded'
  return /out of gas|gas required exceeds/i.test(error.message)
}

const gasOf = (client: Signer, call: Call): Promise<bigint> =>
  estimateContractGas(client, { ...receipts, ...call, account: client.account } as never)

/** Waits until it is in a block. Throws NodeError TX_FAILED when it failed there. */
async function send(client: Signer, call: Call): Promise<void> {
  const hash = await writeContract(client, {
    ...receipts,
    ...call,
    account: client.account,
    chain: client.chain,
  } as never)
  const { status, blockNumber } = await waitForTransactionReceipt(client, { hash })
  if (status !== 'success')
    throw new NodeError('TX_FAILED', `transaction ${hash} failed in block ${blockNumber}`)
}
