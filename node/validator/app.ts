/**
 * The chain as consensus sees it: builds proposals from the pool, judges those of others, commits what
 * is decided together with its certificate. Each block is executed once: the result is kept by hash
 * until the height is over. Knows no votes and no network.
 */
import { type App, commitCodec, type ValidatorSet } from '../../consensus/index.ts'
import {
  type BlockTemplate,
  type Chain,
  type ExecutedBlock,
  type Mempool,
  transactionsRootOf,
} from '../../execution/index.ts'
import {
  type Address,
  type Block,
  concat,
  decodeBlock,
  encodeBlock,
  fromHex,
  type Header,
  type Hex,
  invariant,
  NodeError,
  keccakHex,
  type Clock,
  toFixedBytes,
} from '../../primitives/index.ts'
import { seedsAfter } from '../seeds.ts'
import { decisionOf } from './decisions.ts'

export interface ConsensusAppOptions {
  /** The set of every height, until the staking module decides it. */
  readonly validators: ValidatorSet
  readonly feeRecipient: Address
  readonly blockTimeMs: number
}

export interface ConsensusAppPorts {
  readonly chain: Pick<Chain, 'head' | 'build' | 'validate' | 'commit' | 'store'>
  readonly mempool: Pick<Mempool, 'best' | 'remove'>
  readonly clock: Clock
  /** Wei; EIP-1559 on top of `parent`. */
  readonly baseFeeAfter: (parent: Header) => bigint
}

/** Results of execution kept for one height: two proposals a round for a few rounds. */
const maxKept = 16

export function createConsensusApp(options: ConsensusAppOptions, ports: ConsensusAppPorts): App {
  const { validators, blockTimeMs } = options
  const { chain, clock } = ports
  const kept = new Map<Hex, ExecutedBlock>()
  const keep = (executed: ExecutedBlock): void => {
    const [oldest] = kept.keys()
    if (kept.size >= maxKept && oldest !== undefined) kept.delete(oldest)
    kept.set(executed.block.hash, executed)
  }
  /** What is wrong with a block that has not been executed yet. */
  const execute = async (block: Block): Promise<string | undefined> => {
    const fault = policyFault(chain.head(), block, validators)
    if (fault !== undefined) return fault
    const verdict = await validateWithData(block, ports)
    if (verdict.type !== 'accept') return verdict.message
    keep(verdict.value)
    return undefined
  }

  return {
    next() {
      const { number, timestamp } = chain.head().header
      // A clock that is behind must not keep this validator out: it waits no longer than one block.
      const dueMs = Math.min(Number(timestamp) * 1_000, clock.nowMs()) + blockTimeMs
      return { height: number + 1n, validators, nextValidators: validators, dueMs }
    },
    async propose() {
      const executed = await build(options, ports)
      keep(executed)
      const { block } = executed
      return { blockHash: block.hash, timeMs: timeMsOf(block), block: encodeBlock(block) }
    },
    identify(bytes) {
      const decoded = decodeBlock(bytes)
      if (decoded.type !== 'accept' || bodyFault(decoded.value) !== undefined) return undefined
      return decoded.value.hash
    },
    async validate(_height, bytes) {
      const decoded = decodeBlock(bytes)
      if (decoded.type !== 'accept')
        return { valid: false, blockHash: null, reason: decoded.message }
      const block = decoded.value
      const fault = kept.has(block.hash) ? bodyFault(block) : await execute(block)
      if (fault === undefined)
        return { valid: true, blockHash: block.hash, timeMs: timeMsOf(block) }
      // Of another body under this header: the bytes are wrong, not the block that others may decide.
      const isBlock = bodyFault(block) === undefined
      return { valid: false, blockHash: isBlock ? block.hash : null, reason: fault }
    },
    async commit({ certificate, block: bytes }) {
      const executed = kept.get(certificate.blockHash) ?? (await executeAgain(bytes, ports))
      invariant(executed.block.hash === certificate.blockHash, 'the decided block is the certified')
      // A copy: what a codec gives is not for keeping, and a database in memory keeps it.
      await chain.commit({ ...executed, certificate: commitCodec.encode(certificate).slice() })
      kept.clear()
    },
    decision(height) {
      return decisionOf(chain.store, height)
    },
  }
}

/** The lists that a block of this chain has are the ones its header names; anybody may put others there. */
function bodyFault({ header, transactions, uncles, withdrawals }: Block): string | undefined {
  const fits =
    uncles.length === 0 &&
    (withdrawals === undefined) === (header.withdrawalsRoot === undefined) &&
    (withdrawals ?? []).length === 0 &&
    transactionsRootOf(transactions) === header.transactionsRoot
  return fits ? undefined : 'the body is not the one that its header names'
}

const timeMsOf = ({ header }: Block): number => Number(header.timestamp) * 1_000

/** Rows that a version needs come from other nodes; asked for again so often. */
const dataRetryMs = 1_000

/**
 * While rows are missing there is no verdict: the vote waits (and is nil by its timeout), the node does
 * not fail. A block whose height has passed meanwhile is judged by its parent, which is not the head.
 */
async function validateWithData(
  block: Block,
  { chain, clock }: Pick<ConsensusAppPorts, 'chain' | 'clock'>,
): Promise<Awaited<ReturnType<Chain['validate']>>> {
  for (;;) {
    try {
      return await chain.validate(block)
    } catch (error) {
      if (!(error instanceof NodeError) || error.code !== 'DATA_MISSING') throw error
      await new Promise<void>((resolve) => void clock.after(dataRetryMs, resolve))
    }
  }
}

/** After a restart the result of execution is gone, the decision is not. */
async function executeAgain(
  bytes: Uint8Array,
  ports: Pick<ConsensusAppPorts, 'chain' | 'clock'>,
): Promise<ExecutedBlock> {
  const decoded = decodeBlock(bytes)
  invariant(decoded.type === 'accept', 'a decided block can be read')
  const verdict = await validateWithData(decoded.value, ports)
  invariant(verdict.type === 'accept', 'a decided block is valid')
  return verdict.value
}

async function build(
  { feeRecipient, validators }: ConsensusAppOptions,
  { chain, mempool, clock, baseFeeAfter }: ConsensusAppPorts,
): Promise<ExecutedBlock> {
  const parent = chain.head()
  const now = BigInt(Math.floor(clock.nowMs() / 1_000))
  const { timestamp } = parent.header
  const template: BlockTemplate = {
    parent,
    timestamp: now > timestamp ? now : timestamp + 1n,
    feeRecipient,
    gasLimit: parent.header.gasLimit,
    withdrawals: [],
    ...consensusSeeds(parent, validators),
  }
  const { executed, refused } = await chain.build(
    template,
    mempool.best(baseFeeAfter(parent.header)),
  )
  for (const { tx, code } of refused) if (!mayFitLater.has(code)) mempool.remove(tx.hash)
  return executed
}

/** Refusals that another block can lift: no room, a predecessor without room, a base fee too high. */
const mayFitLater = new Set(['GAS_LIMIT_EXCEEDED', 'NONCE_TOO_HIGH', 'FEE_CAP_TOO_LOW'])

/**
 * Header fields that consensus fixes (DESIGN.md, 4): extraData is the hash of the next validator set,
 * the root that contracts read through EIP-4788 binds the parent's height, its set and its time in ms.
 */
function consensusSeeds(parent: Block, validators: ValidatorSet) {
  const { number, timestamp } = parent.header
  return {
    prevRandao: seedsAfter(parent).prevRandao,
    extraData: validators.hash,
    parentBeaconBlockRoot: keccakHex(
      concat(
        toFixedBytes(number, 32),
        fromHex(validators.hash),
        toFixedBytes(timestamp * 1_000n, 32),
      ),
    ),
  }
}

/** In seconds: what a clock can say (ECMA-262, Time Values), in ms still an exact number. */
const latestTimestamp = 8_640_000_000_000n

/** What execution does not check because on other chains it is free. */
function policyFault(
  parent: Block,
  { header, transactions, withdrawals }: Block,
  validators: ValidatorSet,
): string | undefined {
  if (header.timestamp > latestTimestamp) return 'the time is beyond what a clock can say'
  const seeds = consensusSeeds(parent, validators)
  if (header.extraData !== seeds.extraData)
    return 'extraData is not the hash of the next validator set'
  if (header.prevRandao !== seeds.prevRandao) return 'prevRandao does not follow from the parent'
  if (header.parentBeaconBlockRoot !== seeds.parentBeaconBlockRoot)
    return 'parentBeaconBlockRoot is not the consensus root'
  if (header.gasLimit !== parent.header.gasLimit) return 'the gas limit is not that of the chain'
  if (withdrawals && withdrawals.length > 0) return 'a withdrawal would make money of nothing'
  if (transactions.some(({ type }) => type === 'blob'))
    return 'blob transactions have no data layer here'
  return undefined
}
