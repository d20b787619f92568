/** A thread in a process of its own: the same calls, other memory, and it goes with whoever started it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { getPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { openProcess } from '../../../../node/rows/process.ts'
import type { Thread } from '../../../../node/rows/thread.ts'
import type { TestCalls } from '../../../support/thread-of-tests.ts'

const url = new URL('../../../support/thread-of-tests.ts', import.meta.url)
let thread: Thread<TestCalls>
beforeAll(() => {
  thread = openProcess<TestCalls>(url, { of: 'the test' }, () => undefined)
})
afterAll(() => thread.end())

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('it is another process, of low priority, with large pages where Linux has them', async () => {
  const place = await thread.call('place', undefined)
  expect(place.pid).not.toBe(process.pid)
  expect(place.data).toEqual({ of: 'the test' })
  expect(place.priority).toBe(Math.min(19, getPriority() + 5))
  const told = process.env['GLIBC_TUNABLES']
  const isLinux = process.platform === 'linux'
  expect(place.tunables).toBe(told ?? (isLinux ? 'glibc.malloc.hugetlb=1' : undefined))
})

test('bytes go there, and come back as they are, shared memory in pieces to the last byte', async () => {
  const bytes = Uint8Array.of(1, 2, 3)
  expect([...(await thread.call('echo', bytes))]).toEqual([1, 2, 3])
  for (const length of [0, 1, 2 ** 20, 3 * 2 ** 20 + 7]) {
    const memory = await thread.call('memory', length)
    expect(memory.byteLength).toBe(length)
    expect(new Uint8Array(memory).every((byte, i) => byte === (i & 0xff))).toBe(true)
  }
})

test('what a call throws keeps its code and facts', async () => {
  await expect(thread.call('refuse', undefined)).rejects.toMatchObject({
    code: 'ODD',
    message: 'no',
    facts: { why: 'a test' },
  })
})

test('ended in the middle of work, it is gone when that is said, and its calls fail', async () => {
  let busy: Thread<TestCalls> | undefined
  let spinning: Promise<unknown> | undefined
  const pid = await new Promise<number>((started) => {
    busy = openProcess<TestCalls>(url, {}, started)
    spinning = busy.call('spin', undefined).catch((error: unknown) => error)
  })
  await busy?.end()
  expect(isThere(pid)).toBe(false)
  expect(await spinning).toMatchObject({ code: 'THREAD_ENDED' })
  await expect(busy?.call('place', undefined)).rejects.toMatchObject({ code: 'THREAD_ENDED' })
})

test('killed with its parent, in the middle of work', async () => {
  const file = fileURLToPath(new URL('../../../support/parent-of-tests.ts', import.meta.url))
  const parent = spawn(process.execPath, ['--import', 'tsx', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [said] = (await once(parent.stdout, 'data')) as [Buffer]
  const pid = Number(said)
  expect(isThere(pid)).toBe(true)
  const closed = once(parent, 'close')
  parent.kill('SIGKILL')
  // Both write to one pipe, which closes when the last of them is gone: else the test's time is up.
  await closed
  expect(parent.signalCode).toBe('SIGKILL')
})

test('a fault that nobody catches is told with its words', async () => {
  const broken = openProcess<TestCalls>(url, {}, () => undefined)
  await expect(broken.call('break', undefined)).rejects.toMatchObject({
    code: 'THREAD_ENDED',
    message: expect.stringContaining('broken by a test'),
  })
})
