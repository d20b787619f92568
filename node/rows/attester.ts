/**
 * Looks at published versions: builds the index of each whose rows are here, and where this node has a
 * validator's key, says so on chain. Never attests what it has not built; a version whose roots are not
 * those of its rows is told in the log and left alone. Work waits in a line, one version at a time.
 */
import { encodeFunctionData, toEventSelector } from 'viem/utils'
import { datanetAbi, moduleAddresses } from '../../attribution/abi.ts'
import { mayAttest, versionSource } from '../../attribution/index.ts'
import type { Chain, ExecutedBlock } from '../../execution/index.ts'
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
  /** Absent: indexes are built and nothing is said. */
  readonly validator?: Validator
}

export interface Attester {
  onBlock(executed: ExecutedBlock): void
  /** Rows have come: versions that waited for them may be complete. */
  onRows(): void
  /** Looks at every version there is, as after a start. */
  start(): void
  /** Lets the version in work finish. */
  stop(): Promise<void>
}

/** Versions that wait for rows; the oldest make room. */
const maxWaiting = 1_000
const published = toEventSelector(
  datanetAbi.find((item) => item.type === 'event' && item.name === 'VersionPublished') as never,
)

export function createAttester(ports: AttesterPorts): Attester {
  const waiting = new Set<bigint>()
  let work: Promise<void> | undefined
  let isStopped = false
  /** Raised by what may change an answer, so that a round in work is followed by another. */
  let wanted = 0

  const wait = (versionId: bigint): void => {
    waiting.add(versionId)
    const [oldest] = waiting
    if (waiting.size > maxWaiting && oldest !== undefined) waiting.delete(oldest)
  }

  async function round(): Promise<void> {
    let seen: number
    do {
      seen = wanted
      for (const versionId of Array.from(waiting))
        if (!isStopped && (await look(ports, versionId))) waiting.delete(versionId)
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
      for (const { address, topics } of logs)
        if (address === moduleAddresses.datanet && topics[0] === published)
          wait(BigInt(topics[2] ?? 0))
      begin()
    },
    onRows: begin,
    start() {
      const state = stateNow(ports)
      for (let id = 1n; versionSource(state, id) !== undefined; id++) wait(id)
      begin()
    },
    async stop() {
      isStopped = true
      await work
    },
  }
}

const stateNow = ({ chain }: AttesterPorts) => chain.stateAt(chain.head().header.number)

/** True when nothing more is to be done about the version. */
async function look(ports: AttesterPorts, versionId: bigint): Promise<boolean> {
  const { corpora, log, validator } = ports
  const source = versionSource(stateNow(ports), versionId)
  if (!source || source.state === 'abandoned') return true
  try {
    await corpora.build(source)
  } catch (error) {
    if (!(error instanceof NodeError)) throw error
    if (error.code === 'INDEX_MISMATCH' || error.code === 'BATCH_INVALID') {
      log.warn({ ...error.facts, reason: error.message }, 'a version is not what it says')
      return true
    }
    if (error.code !== 'DATA_MISSING')
      log.warn(
        { versionId, code: error.code, reason: error.message },
        'a version cannot be indexed now',
      )
    return false
  }
  if (!validator || !mayAttest(stateNow(ports), versionId, validator.address)) return true
  const isSent = await validator.send(
    moduleAddresses.datanet,
    attestation(versionId, source.indexRoot),
  )
  if (!isSent) return false
  log.info({ versionId, indexRoot: source.indexRoot }, 'version attested')
  return true
}

const attestation = (versionId: bigint, indexRoot: Hex): Uint8Array =>
  fromHex(
    encodeFunctionData({ abi: datanetAbi, functionName: 'attest', args: [versionId, indexRoot] }),
  )
