/**
 * The command as a client of a node: one viem client with the native modules, reading and (with a key
 * or an unlocked account) writing. Every failure of the node or a module ends in one sentence.
 */
import {
  BaseError,
  ContractFunctionExecutionError,
  ContractFunctionRevertedError,
  createWalletClient,
  defineChain,
  http,
  HttpRequestError,
  isHex,
  publicActions,
  type Account,
  type Address,
  type Hex,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { getChainId } from 'viem/actions'
import { NodeError } from '../primitives/index.ts'
import { attributionActions, tributaryDevnet } from '../sdk/index.ts'
import { usageError } from './failure.ts'
import { readKey } from './keystore.ts'
import { refusalOfData, refusalText } from './refusals.ts'

export interface ClientFlags {
  readonly rpcUrl: string
  readonly keyFile?: string
  readonly passwordFile?: string
  /** An account the node has unlocked (a devnet's). */
  readonly from?: Address
  readonly json?: boolean
}

/** How often a mined transaction is asked for; a devnet has it at once. */
const pollMs = 250

/** Longer than a block takes where blocks are made. */
const tellMs = 3_000

/** The client that reads and writes. Throws NodeError KEY_UNREADABLE, USAGE, NODE_UNREACHABLE. */
export async function openClient(flags: ClientFlags, environment = process.env) {
  const key = await readKey(flags, environment)
  if (key !== undefined && flags.from !== undefined)
    throw usageError('give a key or --from, not both')
  const account = key === undefined ? flags.from : privateKeyToAccount(key)
  if (account === undefined)
    throw usageError(
      'this signs a transaction: give --key-file, set TRIBUTARY_PRIVATE_KEY, or on a devnet --from one of its accounts',
    )
  return connect(flags.rpcUrl, account)
}

/** A client for a key that is at hand (the devnet's own). */
export const connectAs = (url: string, key: Hex): Promise<Writer> =>
  connect(url, privateKeyToAccount(key))

/** The client that only reads. */
export const openReader = (flags: ClientFlags) => connect(flags.rpcUrl, undefined)

async function connect<account extends Account | Address | undefined>(
  url: string,
  account: account,
) {
  const transport = http(url, { retryCount: 0, timeout: 60_000 })
  const plain = createWalletClient({ transport, chain: tributaryDevnet })
  const id = await explained(getChainId(plain))
  const chain = defineChain({ ...tributaryDevnet, id, rpcUrls: { default: { http: [url] } } })
  return createWalletClient({ account, chain, transport, pollingInterval: pollMs })
    .extend(publicActions)
    .extend(attributionActions())
}

export type Writer = Awaited<ReturnType<typeof openClient>>
/** Any of the two: it is asked only. */
export type Reader = Awaited<ReturnType<typeof openReader>> | Writer

/** Waits until a transaction is in a block. Throws NodeError TX_FAILED when it failed there. */
export async function mined(client: Writer, sent: Promise<Hex>) {
  const hash = await explained(sent)
  // Who stops waiting now would send it twice, not knowing that it is on its way.
  const slow = setTimeout(() => process.stderr.write(`sent ${hash}, waiting for a block\n`), tellMs)
  const receipt = await explained(
    client.waitForTransactionReceipt({ hash, timeout: 120_000 }),
  ).finally(() => clearTimeout(slow))
  if (receipt.status === 'success') return receipt
  throw new NodeError('TX_FAILED', `transaction ${hash} failed in block ${receipt.blockNumber}`)
}

/**
 * The answer of a node, or its refusal as a NodeError with one sentence. `called`: which function of a module was asked,
 * where the client does not know by itself.
 */
export async function explained<value>(work: Promise<value>, called = ''): Promise<value> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof BaseError)) throw error
    throw new NodeError(...reasonOf(error, called), {}, error)
  }
}

function reasonOf(error: BaseError, called: string): [code: string, message: string] {
  const unreachable = error.walk((cause) => cause instanceof HttpRequestError)
  if (unreachable instanceof HttpRequestError)
    return [
      'NODE_UNREACHABLE',
      `no node answers at ${unreachable.url}; start one or give --rpc-url`,
    ]
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError)
  if (reverted instanceof ContractFunctionRevertedError) {
    const { errorName = reverted.reason ?? 'no reason given', args = [] } = reverted.data ?? {}
    const failed = error.walk((cause) => cause instanceof ContractFunctionExecutionError)
    const functionName = failed instanceof ContractFunctionExecutionError ? failed.functionName : ''
    return ['MODULE_REFUSED', refusalText({ functionName, errorName, args })]
  }
  const raw = revertDataOf(error)
  const refusal = raw && refusalOfData(raw, called)
  if (refusal !== undefined) return ['MODULE_REFUSED', refusal]
  return ['NODE_REFUSED', refusedText(error)]
}

/** Parts of what nodes say, and what to do about it. */
const cures: readonly (readonly [says: RegExp, cure: string])[] = [
  [/unknown account/i, 'the node has not this account: give --key-file, or --from one of its own'],
  [
    /eth_sendTransaction\S* (does not exist|is not available)/,
    'this node holds no keys: give --key-file instead of --from',
  ],
  [/oversized data/i, 'the file is too large for one transaction'],
]

/** viem's sentence may be of any mistake; what the node said is in the innermost cause. */
function refusedText(error: BaseError): string {
  const [sentence = ''] = error.shortMessage.split('\n')
  const { details } = error
  const said = details === '' || sentence.includes(details) ? sentence : `${sentence} ${details}`
  const cure = cures.find(([says]) => says.test(said))?.[1]
  return cure === undefined ? said : `${said}; ${cure}`
}

/** What a plain eth_call reverted with, as the node sent it. */
function revertDataOf(error: BaseError): Hex | undefined {
  const found = error.walk(
    (cause) => typeof cause === 'object' && cause !== null && 'data' in cause && isHex(cause.data),
  )
  const data = found && 'data' in found ? found.data : undefined
  return isHex(data) ? data : undefined
}
