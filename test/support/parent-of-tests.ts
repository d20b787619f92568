/** Starts a process that is busy for ever, says its number, and waits to be killed. */
import { openProcess } from '../../node/rows/process.ts'
import type { TestCalls } from './thread-of-tests.ts'

const url = new URL('./thread-of-tests.ts', import.meta.url)
const busy = openProcess<TestCalls>(url, {}, (pid) => process.stdout.write(`${String(pid)}\n`))
await busy.call('spin', undefined)
