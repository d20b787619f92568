/**
 * A worker thread that answers calls: a name and arguments there, a result or an error back, one at a
 * time. Errors keep their code and facts. Knows nothing of what is called. Whoever answers may also be
 * elsewhere (`process.ts`): what both need of each other is the carrier.
 */
import { Worker } from 'node:worker_threads'
import { NodeError } from '../../primitives/index.ts'

/** What both sides say. */
export interface CallMessage {
  readonly id: number
  readonly name: string
  readonly argument: unknown
}
export type AnswerMessage =
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: ErrorFacts }
  | { readonly type: 'news'; readonly news: unknown }

interface ErrorFacts {
  readonly message: string
  /** Of a NodeError. */
  readonly code?: string
  readonly facts?: Readonly<Record<string, unknown>>
}

/** Calls by name: what goes in and what comes out. */
export type Calls = Readonly<Record<string, (argument: never) => unknown>>

export interface Thread<calls extends Calls> {
  /** Bytes are copied, shared memory is not. Throws what the call threw. */
  call<name extends keyof calls & string>(
    name: name,
    argument: Parameters<calls[name]>[0],
  ): Promise<Awaited<ReturnType<calls[name]>>>
  /** At once; calls in work fail. */
  end(): Promise<void>
}

/** The way to who answers, and back. */
export interface Carrier {
  post(message: CallMessage): void
  /** Once, before the first call. */
  listen(hear: (message: AnswerMessage) => void, ended: (error: Error) => void): void
  /** Whether this process stays for its sake. */
  hold(isHeld: boolean): void
  end(): Promise<void>
}

/** From its sources (tests, benchmarks) a thread must first learn to read TypeScript; a build is JavaScript. */
export function startWorker(url: URL, workerData: unknown): Worker {
  if (!url.pathname.endsWith('.ts')) return new Worker(url, { workerData })
  const file = JSON.stringify(url.href)
  const code = `import('tsx/esm/api').then(({ register }) => (register(), import(${file})))`
  return new Worker(code, { eval: true, workerData })
}

export function openThread<calls extends Calls>(
  url: URL,
  data: unknown,
  onNews: (news: never) => void = () => undefined,
): Thread<calls> {
  const worker = startWorker(url, data)
  const carrier: Carrier = {
    post: (message) => worker.postMessage(message, []),
    listen(hear, ended) {
      worker.on('message', hear)
      worker.on('error', (error) => ended(brokenBy('a worker thread broke', error)))
      worker.on('exit', () => ended(new NodeError('THREAD_ENDED', 'a worker thread has ended')))
    },
    hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
    end: async () => void (await worker.terminate()),
  }
  return callOver(carrier, onNews)
}

export const brokenBy = (what: string, error: Error): NodeError =>
  new NodeError('THREAD_ENDED', `${what}: ${error.message}`, {}, error)

export function callOver<calls extends Calls>(
  carrier: Carrier,
  onNews: (news: never) => void,
): Thread<calls> {
  const waiting = new Map<number, PromiseWithResolvers>()
  let calls = 0
  let ended: Error | undefined

  carrier.hold(false) // nothing to do for it is no reason to stay
  carrier.listen(
    (message) => {
      if (message.type === 'news') return onNews(message.news as never)
      const call = waiting.get(message.id)
      waiting.delete(message.id)
      if (waiting.size === 0) carrier.hold(false)
      if (message.type === 'result') call?.resolve(message.result)
      else call?.refuse(toError(message.error))
    },
    (error) => {
      ended ??= error
      for (const { refuse } of waiting.values()) refuse(ended)
      waiting.clear()
    },
  )

  return {
    call(name, argument) {
      return new Promise((resolve, refuse) => {
        if (ended) return refuse(ended)
        const id = calls++
        waiting.set(id, { resolve: resolve as (result: unknown) => void, refuse })
        carrier.hold(true)
        carrier.post({ id, name, argument })
      })
    },
    end: () => carrier.end(),
  }
}

interface PromiseWithResolvers {
  readonly resolve: (result: unknown) => void
  readonly refuse: (error: Error) => void
}

const toError = ({ message, code, facts }: ErrorFacts): Error =>
  code === undefined ? new Error(message) : new NodeError(code, message, facts ?? {})

export function errorFacts(error: unknown): ErrorFacts {
  if (error instanceof NodeError)
    return { message: error.message, code: error.code, facts: error.facts }
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}
