/**
 * Looks at batches and versions as the chain gets them: wants the rows of both, has the index of each
 * version built whose rows are here, and where this node has a validator's key, says so on chain, again
 * when nothing is heard of it. Never attests what it has not built, nor builds what is too large to be held; a version whose roots are not those
 * of its rows is told in the log and left alone. Work waits in a line, one version at a time.
 */
import { setImmediate } from 'node:timers/promises'
import { encodeFunctionData, toEventSelector } from 'viem/utils'
import { datanetAbi, moduleAddresses } from '../../attribution/abi.ts'
import { batchSource, mayAttest, versionLimit, versionSource } from '../../attribution/index.ts'
import type { Chain, ExecutedBlock } from '../../execution/index.ts'
import type { WantedRows } from '../../p2p/index.ts'
import { fromHex, type Address, type Hex, type Logger, NodeError } from '../../primitives/index.ts'
import type { NodeCorpora } from './corpora.ts'

/** Who attests: an account and the way its transactions take. */
export interface Validator {
  readonly address: Address
  /** False: refused, and worth another try later. */
  send(to: Address, data: Uint8Array): Promise<boolean>
}

export interface AttesterPorts {
  readonly chain: Pick<Chain, 'head' | 'stateAt'>
  readonly corpora: Pick<NodeCorpora, 'build'>
  readonly log: Logger
  readonly hasRows: (root: Hex) => boolean
  /** To be fetched in the background. */
  readonly want: (wanted: WantedRows) => void
  /** Absent: indexes are built and nothing is said. */
  readonly validator?: Validator
}

export interface Attester {
  onBlock(executed: ExecutedBlock): void
  /** Rows have come: versions that waited for them may be complete. */
  onRows(): void
  /** Looks at every batch and version there is, as after a start. */
  start(): Promise<void>
  /** Lets the version in work finish. */
  stop(): Promise<void>
}

/** Versions that wait; the oldest make room. */
const maxWaiting = 1_000
/** An attestation not heard of for so many blocks was lost, and is sent again. */
const resendBlocks = 20n
/** Before a version that could not be indexed (memory, a full disk) is tried again. */
const retryBlocks = 60n
/** Of a version whose rows are not here: only rows change anything. */
const untilRows = 2n ** 64n
/** Batches looked at after a start before others have a turn. */
const batchesAtOnce = 200

const selectorOf = (event: string): Hex =>
  toEventSelector(datanetAbi.find((item) => item.type === 'event' && item.name === event) as never)
const submitted = selectorOf('BatchSubmitted')
const published = selectorOf('VersionPublished')

export function createAttester(ports: AttesterPorts): Attester {
  /** By version: the block from which on it is looked at again. */
  const waiting = new Map<bigint, bigint>()
  let work: Promise<void> | undefined
  let isStopped = false
  /** Raised by what may change an answer, so that a round in work is followed by another. */
  let wanted = 0

  const wait = (versionId: bigint): void => {
    waiting.set(versionId, 0n)
    const [oldest] = waiting.keys()
    if (waiting.size > maxWaiting && oldest !== undefined) waiting.delete(oldest)
  }

  async function round(): Promise<void> {
    let seen: number
    do {
      seen = wanted
      for (const [versionId, lookAt] of Array.from(waiting)) {
        if (isStopped || lookAt > ports.chain.head().header.number) continue
        const next = await look(ports, versionId)
        if (next === 'done') waiting.delete(versionId)
        else waiting.set(versionId, next)
      }
    } while (seen !== wanted)
  }

  const begin = (): void => {
    wanted++
    if (work || isStopped || waiting.size === 0) return
    work = round()
      .catch((error: unknown) => ports.log.error({ err: error }, 'looking at versions failed'))
      .finally(() => {
        work = undefined
      })
  }

  return {
    onBlock({ receipts }) {
      const logs = receipts.flatMap((receipt) => receipt.logs)
      for (const { address, topics } of logs) {
        if (address !== moduleAddresses.datanet) continue
        if (topics[0] === submitted) wantBatch(ports, BigInt(topics[2] ?? 0))
        if (topics[0] === published) wait(BigInt(topics[2] ?? 0))
      }
      begin()
    },
    onRows() {
      for (const [versionId, lookAt] of waiting)
        if (lookAt === untilRows) waiting.set(versionId, 0n)
      begin()
    },
    async start() {
      const state = stateNow(ports)
      for (let id = 1n; versionSource(state, id) !== undefined; id++) wait(id)
      begin()
      for (let id = 1n; wantBatch(ports, id); id++) {
        if (Number(id) % batchesAtOnce === 0) await setImmediate()
        if (isStopped) return
      }
    },
    async stop() {
      isStopped = true
      await work
    },
  }
}

const stateNow = ({ chain }: Pick<AttesterPorts, 'chain'>) =>
  chain.stateAt(chain.head().header.number)

/** False: there is no such batch. */
function wantBatch(ports: AttesterPorts, batchId: bigint): boolean {
  const batch = batchSource(stateNow(ports), batchId)
  if (batch && batch.standing !== 'dropped' && !ports.hasRows(batch.root)) ports.want(batch)
  return batch !== undefined
}

/** The block from which on the version is to be looked at again. */
async function look(ports: AttesterPorts, versionId: bigint): Promise<bigint | 'done'> {
  const { corpora, log, validator } = ports
  const source = versionSource(stateNow(ports), versionId)
  if (!source || source.state === 'abandoned') return 'done'
  const most = versionLimit(stateNow(ports))
  if (source.state === 'external' && source.sizeBytes > most) {
    log.warn({ versionId, sizeBytes: source.sizeBytes, most }, 'a version is too large to be held')
    return 'done'
  }
  const missing = source.batches.filter(({ root }) => !ports.hasRows(root))
  for (const batch of missing) ports.want(batch)
  if (missing.length > 0) return untilRows
  try {
    await corpora.build(source)
  } catch (error) {
    if (!(error instanceof NodeError)) throw error
    if (error.code === 'DATA_MISSING') return untilRows
    if (error.code === 'INDEX_MISMATCH' || error.code === 'BATCH_INVALID') {
      log.warn({ ...error.facts, reason: error.message }, 'a version is not what it says')
      return 'done'
    }
    const { code, message: reason } = error
    log.warn({ versionId, code, reason }, 'a version cannot be indexed now')
    return ports.chain.head().header.number + retryBlocks
  }
  if (!validator || !mayAttest(stateNow(ports), versionId, validator.address)) return 'done'
  const { indexRoot } = source
  const isSent = await validator.send(moduleAddresses.datanet, attestation(versionId, indexRoot))
  if (isSent) log.info({ versionId, indexRoot }, 'version attested')
  return ports.chain.head().header.number + (isSent ? resendBlocks : 1n)
}

const attestation = (versionId: bigint, indexRoot: Hex): Uint8Array =>
  fromHex(
    encodeFunctionData({ abi: datanetAbi, functionName: 'attest', args: [versionId, indexRoot] }),
  )
