/**
 * `tributary provider run`: watches the key's receipts and does what is due at each block (provider/keeper.ts). A
 * drawn receipt that nobody answers costs its bond, so whoever states receipts keeps this running.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { explained, openClient, type ClientFlags } from '../client.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import { createLifecycle } from '../lifecycle.ts'
import { sameLevel } from '../log-levels.ts'
import { createLoggers } from '../logger.ts'
import { NodeError } from '../../primitives/index.ts'
import { readAnswer } from '../provider/answers.ts'
import { createKeeper } from '../provider/keeper.ts'

export interface ProviderFlags extends ClientFlags {
  readonly answers: string
  /** Ends when what was due is done. */
  readonly once?: boolean
  readonly fromBlock: bigint
  readonly pollMs: number
}

const now = (): number => performance.now()

export async function runProvider(flags: ProviderFlags, io: Io): Promise<ExitCode> {
  const client = await openClient(flags)
  const logs = await createLoggers({ levels: sameLevel('info'), isPretty: io.isTerminal })
  const log = logs.of('node')
  const answerOf = (hash: `0x${string}`) => readAnswer(flags.answers, hash)
  const keeper = createKeeper({ client, log, answerOf, now }, flags.fromBlock)
  if (flags.once === true) {
    let [done, failed, isMore] = [0, 0, true]
    while (isMore) {
      const looked = await keeper.look()
      done += looked.done
      failed = looked.failed
      isMore = looked.isMore && looked.done > 0
    }
    io.out(flags.json ? JSON.stringify({ done, failed }) : `${done} done, ${failed} refused`)
    return failed === 0 ? exitCodes.ok : exitCodes.refused
  }
  const lifecycle = createLifecycle(log, process)
  const stop = new AbortController()
  const watching = (async () => {
    let seen = -1n
    while (!stop.signal.aborted) {
      try {
        const head = await explained(client.getBlockNumber({ cacheTime: 0 }))
        if (head !== seen) {
          const { isMore } = await keeper.look()
          seen = isMore ? -1n : head
        }
      } catch (error) {
        if (!(error instanceof NodeError)) throw error
        log.warn({ reason: error.message }, 'the node does not answer, trying again')
      }
      await sleep(flags.pollMs, undefined, { signal: stop.signal }).catch(() => undefined)
    }
  })()
  watching.catch(lifecycle.fail)
  log.info(
    { account: client.account.address, answers: flags.answers },
    'watching receipts of this account',
  )
  return lifecycle.run(async () => {
    stop.abort()
    await watching
  })
}
