/**
 * The process around a thread (`process.ts` starts it): passes on what both sides say, and ends with
 * whoever started it, whatever the thread is at. Its own thread does nothing else, so that it hears that.
 */
import { getPriority, setPriority } from 'node:os'
import { startWorker, type AnswerMessage } from './thread.ts'

/** What is said beside a thread's answers: shared memory ends at a process, so it goes in pieces. */
export type HostMessage =
  | AnswerMessage
  | { readonly type: 'memory'; readonly id: number; readonly length: number }
  | { readonly type: 'piece'; readonly id: number; readonly at: number; readonly bytes: Uint8Array }
  | { readonly type: 'broken'; readonly message: string }

/**
 * Steps below who started it: votes and answers of the node go first. A quarter of a processor is left to it
 * where all are asked for: a validator has to attest some day.
 */
const stepsBelow = 5
const lowestPriority = 19
/** A millisecond's copying for who receives it. */
const pieceBytes = 2 ** 20

const [url = '', data = ''] = process.argv.slice(2)

const say = (message: HostMessage): Promise<void> =>
  new Promise((resolve) => {
    if (!process.send) return resolve()
    process.send(message, undefined, undefined, () => resolve())
  })

/** One piece after the other has left, so that none pile up. */
async function sayInPieces(id: number, memory: SharedArrayBuffer): Promise<void> {
  await say({ type: 'memory', id, length: memory.byteLength })
  for (let at = 0; at < memory.byteLength; at += pieceBytes) {
    const length = Math.min(pieceBytes, memory.byteLength - at)
    await say({ type: 'piece', id, at, bytes: new Uint8Array(memory, at, length) })
  }
  await say({ type: 'result', id, result: undefined })
}

process.on('disconnect', () => process.exit())
// Whoever started it may have gone before there was somebody to hear it.
if (!process.connected) process.exit()

// A thread has the priority of the one that starts it. Where it may not be lowered the work is done all the same.
try {
  setPriority(Math.min(lowestPriority, getPriority() + stepsBelow))
} catch {
  // as it is
}
const worker = startWorker(new URL(url), JSON.parse(data))
process.on('message', (message) => worker.postMessage(message, []))
worker.on('message', (message: AnswerMessage) => {
  if (message.type === 'result' && message.result instanceof SharedArrayBuffer)
    void sayInPieces(message.id, message.result)
  else void say(message)
})
worker.on('exit', () => process.exit(1))
worker.on('error', (error: Error) => {
  const message: HostMessage = { type: 'broken', message: error.message }
  process.send?.(message, undefined, undefined, () => process.exit(1))
})
