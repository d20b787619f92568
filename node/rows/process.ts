/**
 * A thread in a process of its own, called like one of this process (`thread.ts`): its memory is of large
 * pages, which a process gets only from its start; it is given back when the process ends; and its
 * priority is low. The process hosts the thread and passes on what both sides say (`thread-host.ts`).
 */
import { type ChildProcess, fork } from 'node:child_process'
import { assertNever, NodeError } from '../../primitives/index.ts'
import type { HostMessage } from './thread-host.ts'
import {
  brokenBy,
  callOver,
  type AnswerMessage,
  type Calls,
  type Carrier,
  type Thread,
} from './thread.ts'

const isSource = import.meta.url.endsWith('.ts')
const hostUrl = new URL(isSource ? './thread-host.ts' : './thread-host.js', import.meta.url)

/**
 * Large lists read here and there spend a fifth of their time on finding pages of 4 KiB. The C library of
 * Linux asks for large ones when it is told so at the start; who has told it something keeps it.
 */
export function withLargePages(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (process.platform !== 'linux') return environment
  return { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1', ...environment }
}

/** What is set for the node alone, its key and password too, is not for who sorts rows. */
const withoutSecrets = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('TRIBUTARY_')))

/** What the system refuses at once, and what it refuses a moment later, are one to the caller. */
function forkHost(args: readonly string[]): ChildProcess {
  try {
    return fork(hostUrl, args, {
      // From its sources it must first learn to read TypeScript.
      execArgv: isSource ? ['--import', 'tsx'] : [],
      env: withLargePages(withoutSecrets(process.env)),
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
  } catch (error) {
    throw brokenBy('a worker process cannot be started', error as Error)
  }
}

export function openProcess<calls extends Calls>(
  url: URL,
  data: unknown,
  onNews: (news: never) => void,
): Thread<calls> {
  const child = forkHost([url.href, JSON.stringify(data)])
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const carrier: Carrier = {
    // A process that is gone is told by its end.
    post(message) {
      if (child.connected) child.send(message, () => undefined)
    },
    listen(hear, ended) {
      child.on('message', gatherMemory(hear, ended))
      child.on('error', (error) => ended(brokenBy('a worker process broke', error)))
      child.on('exit', (code, signal) =>
        ended(
          new NodeError('THREAD_ENDED', `a worker process has ended (${signal ?? String(code)})`),
        ),
      )
    },
    hold(isHeld) {
      if (isHeld) {
        child.ref()
        child.channel?.ref()
      } else {
        child.unref()
        child.channel?.unref()
      }
    },
    async end() {
      // Never started: there is nobody to end, and a signal to nobody may reach anybody.
      if (child.pid === undefined) return
      child.ref()
      child.kill('SIGKILL')
      await gone
    },
  }
  return callOver(carrier, onNews)
}

/** Puts pieces together again; passes on the rest. */
function gatherMemory(
  hear: (message: AnswerMessage) => void,
  ended: (error: Error) => void,
): (message: unknown) => void {
  const memories = new Map<number, SharedArrayBuffer>()
  return (given) => {
    const message = given as HostMessage
    switch (message.type) {
      case 'memory':
        try {
          memories.set(message.id, new SharedArrayBuffer(message.length))
        } catch (error) {
          ended(brokenBy('there is no memory for what a worker process made', error as Error))
        }
        return
      case 'piece': {
        const memory = memories.get(message.id)
        if (memory) new Uint8Array(memory).set(message.bytes, message.at)
        return
      }
      case 'broken':
        return ended(new NodeError('THREAD_ENDED', `a worker process broke: ${message.message}`))
      case 'result': {
        const memory = memories.get(message.id)
        memories.delete(message.id)
        return hear(memory ? { ...message, result: memory } : message)
      }
      case 'error':
      case 'news':
        return hear(message)
      default:
        return assertNever(message)
    }
  }
}
