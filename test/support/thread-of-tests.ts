/** A thread that does what the tests of threads and processes need: tells where it is, breaks, never ends. */
import { getPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { errorFacts, type AnswerMessage, type CallMessage } from '../../node/rows/thread.ts'
import { NodeError } from '../../primitives/index.ts'

export type TestCalls = {
  readonly place: (none: undefined) => {
    readonly pid: number
    readonly priority: number
    readonly tunables: string | undefined
    readonly data: unknown
  }
  /** So many bytes: 0, 1, 2, ... */
  readonly memory: (length: number) => SharedArrayBuffer
  readonly echo: (bytes: Uint8Array) => Uint8Array
  readonly refuse: (none: undefined) => never
  /** Nobody catches what it throws. */
  readonly break: (none: undefined) => never
  readonly spin: (none: undefined) => never
}

const say = (message: AnswerMessage): void => parentPort?.postMessage(message, [])

const calls: Omit<TestCalls, 'break'> = {
  place: () => ({
    pid: process.pid,
    priority: getPriority(),
    tunables: process.env['GLIBC_TUNABLES'],
    data: workerData,
  }),
  memory(length) {
    const memory = new SharedArrayBuffer(length)
    new Uint8Array(memory).forEach((_, i, bytes) => (bytes[i] = i))
    return memory
  },
  echo: (bytes) => bytes,
  refuse() {
    throw new NodeError('ODD', 'no', { why: 'a test' })
  },
  spin() {
    say({ type: 'news', news: process.pid })
    for (;;);
  },
}

parentPort?.on('message', ({ id, name, argument }: CallMessage) => {
  if (name === 'break') throw new Error('broken by a test')
  try {
    say({ type: 'result', id, result: calls[name as keyof typeof calls](argument as never) })
  } catch (error) {
    say({ type: 'error', id, error: errorFacts(error) })
  }
})
