/**
 * The thread that does the long work on rows: checks batches, builds the index of a version, keeps it in
 * a file, reads it back. A disk that fails is told as news: an index without a file is as good. Pure of
 * clocks and networks.
 */
import { parentPort, workerData } from 'node:worker_threads'
import {
  createVersionBuilder,
  openVersionImage,
  versionImage,
  versionImageVersion,
  type VersionStage,
} from '../../attribution/methods/index.ts'
import type { Hex } from '../../primitives/index.ts'
import { type DerivedFiles, openDerivedFiles } from '../../state/index.ts'
import { checkBatch, type CheckedBatch } from './check-batch.ts'
import { type AnswerMessage, type CallMessage, errorFacts } from './thread.ts'

export interface ThreadOptions {
  /** Absent: nothing is kept in files. */
  readonly folder?: string
  readonly quotaBytes: number
}

/** What can be called. */
export type IndexCalls = {
  readonly check: (bytes: Uint8Array) => CheckedBatch
  /** Rows of the next batch of the version in the making. */
  readonly add: (bytes: Uint8Array) => { readonly root: Hex; readonly rows: number }
  /** Builds the version, and keeps its file where the disk lets it. */
  readonly finish: (none: undefined) => SharedArrayBuffer
  /** From its file. */
  readonly load: (indexRoot: Hex) => SharedArrayBuffer | undefined
}

export type IndexNews =
  | { readonly stage: VersionStage | 'writing' }
  /** Of the whole process so far: the most memory it had, the time it took of the processors. */
  | { readonly stage: 'made'; readonly peakMiB: number; readonly cpuMs: number }
  /** What the disk said. */
  | { readonly fault: string }

const { folder, quotaBytes } = workerData as ThreadOptions
let builder = createVersionBuilder()

const say = (message: AnswerMessage): void => parentPort?.postMessage(message, [])
const tell = (news: IndexNews): void => say({ type: 'news', news })

/** undefined: there are no files, or the disk fails. */
function withFiles<result>(task: (files: DerivedFiles) => result): result | undefined {
  if (folder === undefined) return undefined
  try {
    const kind = { extension: '.index', version: versionImageVersion }
    return task(openDerivedFiles({ folder, quotaBytes, ...kind }))
  } catch (error) {
    tell({ fault: error instanceof Error ? error.message : String(error) })
    return undefined
  }
}

const calls: IndexCalls = {
  check: checkBatch,
  add: (bytes) => builder.add(bytes),
  finish() {
    const built = builder.finish((stage) => tell({ stage }))
    builder = createVersionBuilder()
    const image = versionImage(built)
    withFiles((files) => {
      tell({ stage: 'writing' })
      files.write(built.indexRoot.slice(2), new Uint8Array(image))
    })
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
    const cpuMs = Math.round((userCPUTime + systemCPUTime) / 1_000)
    tell({ stage: 'made', peakMiB: maxRSS >> 10, cpuMs })
    return image
  },
  load(indexRoot) {
    const image = withFiles((files) => files.read(indexRoot.slice(2)))
    // Another root inside than outside: a file that somebody has renamed.
    return image && openVersionImage(image)?.indexRoot === indexRoot ? image : undefined
  },
}

parentPort?.on('message', ({ id, name, argument }: CallMessage) => {
  try {
    say({ type: 'result', id, result: calls[name as keyof IndexCalls](argument as never) })
  } catch (error) {
    say({ type: 'error', id, error: errorFacts(error) })
  }
})
