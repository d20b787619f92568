/**
 * Long work on rows, done beside the event loop: batches checked, indexes built, written and read in
 * threads (`index-thread.ts`), so that votes and answers never wait for it; a large index in a thread of
 * another process. Little work is done at once: a thread costs more than it. Builds one version at a time,
 * a client's when the chain needs none; knows no chain.
 */
import {
  createVersionBuilder,
  openVersionImage,
  type BuiltVersion,
} from '../../attribution/methods/index.ts'
import { invariant, NodeError, type Hex, type Logger } from '../../primitives/index.ts'
import { checkBatch, type CheckedBatch } from './check-batch.ts'
import type { IndexCalls, IndexNews, ThreadOptions } from './index-thread.ts'
import { openProcess } from './process.ts'
import { openThread, type Thread } from './thread.ts'

export interface IndexMaker {
  check(bytes: Uint8Array): Promise<CheckedBatch>
  /** Throws what `batches` throws, BATCH_INVALID, INDEX_BUSY. */
  make(order: IndexOrder): Promise<BuiltVersion>
  /** From its file; undefined when there is none, or a damaged one, which is gone then. */
  load(version: {
    readonly indexRoot: Hex
    readonly sizeBytes: bigint
  }): Promise<BuiltVersion | undefined>
  stop(): Promise<void>
}

export interface IndexOrder {
  /** For the log. */
  readonly what: Readonly<Record<string, unknown>>
  /** Of all batches, as they are: decides where the work is done. */
  readonly sizeBytes: bigint
  /** Makes way for what the chain needs, with INDEX_BUSY, as does a second one. */
  readonly isForClient?: boolean
  readonly batches: AsyncIterable<Uint8Array>
  /** Told of each batch as its rows are read; may throw. */
  readonly onBatch?: (batch: { readonly root: Hex; readonly rows: number }) => void
}

/** 64 KiB are read and indexed in a few milliseconds. */
const smallBytes = 65_536
/** 8 MiB take a second to index; a process takes a part of one to start. */
const largeBytes = 2 ** 23
/** Versions that wait for the one in the making. */
const maxWaiting = 64
/** A thread nobody has called for so long gives its memory back. */
const idleMs = 30_000
/** Between two lines of the log about one build. */
const reportEveryMs = 5_000

const threadUrl = new URL(
  import.meta.url.endsWith('.ts') ? './index-thread.ts' : './index-thread.js',
  import.meta.url,
)

export function createIndexMaker(
  options: ThreadOptions,
  log: Logger,
  /** Versions of so many bytes, or more, are made in a process of their own. */
  processFromBytes = largeBytes,
): IndexMaker {
  let isStopped = false
  const open = new Set<Thread<IndexCalls>>()
  const start = (facts: object = {}, isLarge = false): Thread<IndexCalls> => {
    if (isStopped) throw new NodeError('THREAD_ENDED', 'the node is shutting down')
    const onNews = (news: IndexNews): void =>
      'fault' in news
        ? log.warn({ ...facts, ...news }, 'an index cannot be kept in its file, or read from it')
        : log.info({ ...facts, ...news }, 'index in the making')
    const thread = (isLarge ? openProcess : openThread)<IndexCalls>(threadUrl, options, onNews)
    open.add(thread)
    return thread
  }
  const end = (thread: Thread<IndexCalls>): Promise<void> => {
    open.delete(thread)
    return thread.end()
  }
  const desk = createDesk(start, end)

  async function makeInThread(order: IndexOrder, signal?: AbortSignal): Promise<BuiltVersion> {
    const facts = { ...order.what, sizeBytes: order.sizeBytes.toString() }
    const thread = start(facts, order.sizeBytes >= BigInt(processFromBytes))
    signal?.addEventListener('abort', () => void end(thread))
    try {
      let [readBytes, toldMs] = [0, Date.now()]
      for await (const bytes of order.batches) {
        const batch = await thread.call('add', bytes)
        order.onBatch?.(batch)
        readBytes += bytes.length
        if (Date.now() - toldMs < reportEveryMs) continue
        toldMs = Date.now()
        const percent = Math.floor((100 * readBytes) / Number(order.sizeBytes))
        log.info({ ...facts, stage: 'reading', percent }, 'index in the making')
      }
      const built = openVersionImage(await thread.call('finish', undefined))
      invariant(built !== undefined, 'an image just made can be read')
      return built
    } finally {
      await end(thread)
    }
  }

  const line = createLine(makeInThread)

  return {
    check: async (bytes) =>
      bytes.length <= smallBytes ? checkBatch(bytes) : desk.call('check', bytes),
    async make(order) {
      if (order.sizeBytes <= BigInt(smallBytes)) return makeHere(order)
      return order.isForClient === true ? line.forClient(order) : line.forChain(order)
    },
    async load({ indexRoot, sizeBytes }) {
      // A small one has no file: it is made in less time than one is opened.
      if (options.folder === undefined || sizeBytes <= BigInt(smallBytes)) return undefined
      const image = await desk.call('load', indexRoot)
      return image && openVersionImage(image)
    },
    async stop() {
      isStopped = true
      desk.stop()
      await Promise.all([...open].map(end))
    },
  }
}

/** Whose turn it is: one order at a time, the chain's in their order, a client's when there are none. */
function createLine(
  make: (order: IndexOrder, signal?: AbortSignal) => Promise<BuiltVersion>,
): Record<'forChain' | 'forClient', (order: IndexOrder) => Promise<BuiltVersion>> {
  let queue: Promise<unknown> = Promise.resolve()
  let waiting = 0
  const isIdle = (): boolean => waiting === 0
  let hasClient = false
  /** A client's order in work: ends it. */
  let oust: (() => void) | undefined
  let ofClient: Promise<unknown> = Promise.resolve()
  return {
    async forChain(order) {
      if (waiting === maxWaiting) throw busy(`${waiting} versions wait to be indexed`)
      waiting++
      oust?.()
      const made = Promise.all([queue, ofClient]).then(() => make(order))
      queue = made.catch(() => undefined)
      return made.finally(() => waiting--)
    },
    async forClient(order) {
      if (hasClient) throw busy('a version is being indexed for another client')
      hasClient = true
      const ousting = new AbortController()
      try {
        while (!isIdle()) await queue
        oust = () => ousting.abort()
        const made = make(order, ousting.signal)
        ofClient = made.catch(() => undefined)
        return await made
      } catch (error) {
        throw ousting.signal.aborted ? busy('indexes that the chain needs go first') : error
      } finally {
        oust = undefined
        hasClient = false
      }
    },
  }
}

const busy = (why: string): NodeError => new NodeError('INDEX_BUSY', `${why}: try again`)

async function makeHere({ batches, onBatch }: IndexOrder): Promise<BuiltVersion> {
  const builder = createVersionBuilder()
  for await (const bytes of batches) {
    const batch = builder.add(bytes)
    onBatch?.(batch)
  }
  return builder.finish()
}

/** One thread for short calls, opened when it is needed and ended when it has been idle. */
function createDesk(
  start: () => Thread<IndexCalls>,
  end: (thread: Thread<IndexCalls>) => Promise<void>,
) {
  let thread: Thread<IndexCalls> | undefined
  let working = 0
  let timer: NodeJS.Timeout | undefined
  const close = (): void => {
    if (thread) void end(thread)
    thread = undefined
  }
  return {
    async call<name extends keyof IndexCalls>(
      name: name,
      argument: Parameters<IndexCalls[name]>[0],
    ): Promise<Awaited<ReturnType<IndexCalls[name]>>> {
      clearTimeout(timer)
      thread ??= start()
      working++
      try {
        return await thread.call(name, argument)
      } catch (error) {
        if (error instanceof NodeError && error.code === 'THREAD_ENDED') close()
        throw error
      } finally {
        working--
        if (working === 0) timer = setTimeout(close, idleMs).unref()
      }
    },
    stop() {
      clearTimeout(timer)
      close()
    },
  }
}
