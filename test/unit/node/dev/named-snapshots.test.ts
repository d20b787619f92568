/** Named states of a devnet: on disk, beside one another, over restarts; and what is refused. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createDevnet } from '../../../../node/devnet.ts'
import { chainFolder, snapshotsFolder } from '../../../../node/folders.ts'
import { main } from '../../../../node/program.ts'
import { checkStore, openStore } from '../../../../state/index.ts'

let datadir: string
beforeEach(async () => {
  datadir = await mkdtemp(join(tmpdir(), 'tributary-snapshots-'))
})
afterEach(() => rm(datadir, { recursive: true, force: true }))

const nobody = `0x${'ab'.repeat(20)}`

async function start(folder: string | undefined = datadir) {
  const { provider, close } = await createDevnet({
    ...(folder !== undefined && { datadir: folder }),
  })
  const ask = (method: string, ...params: readonly unknown[]) =>
    provider.request({ method, params: [...params] })
  return {
    ask,
    close,
    height: async () => Number(await ask('eth_blockNumber')),
    balance: async () => Number(await ask('eth_getBalance', nobody, 'latest')),
    code: async (method: string, ...params: readonly unknown[]) =>
      ask(method, ...params).catch((error: unknown) => (error as { code: number }).code),
  }
}

async function command(...argv: readonly string[]) {
  const lines: string[] = []
  const io = {
    out: (text: string) => void lines.push(text),
    err: (text: string) => void lines.push(text),
    isTerminal: false,
  }
  const exitCode = await main([...argv, '--datadir', datadir], io)
  return { exitCode, text: lines.join('\n') }
}

test('saved under names while it runs; loaded again from its own past, and after a restart', async () => {
  const first = await start()
  await first.ask('anvil_mine', 3)
  await first.ask('anvil_setBalance', nobody, '0x1') // not in a block yet
  expect(await first.ask('dev_saveSnapshot', 'funded')).toMatchObject({ name: 'funded', height: 3 })
  await first.ask('anvil_mine', 5)
  await first.ask('anvil_setBalance', nobody, '0x2')
  await first.ask('anvil_mine', 1)
  await first.ask('dev_saveSnapshot', 'later')
  await expect(first.ask('dev_saveSnapshot', 'later')).rejects.toThrow('already')
  expect(await first.ask('dev_loadSnapshot', 'funded')).toBe(true)
  expect([await first.height(), await first.balance()]).toEqual([3, 1])
  await first.ask('anvil_mine', 1)
  expect(await first.balance()).toBe(1)
  // The chain goes another way now.
  await expect(first.ask('dev_loadSnapshot', 'later')).rejects.toThrow('--snapshot later')
  const locked = await command('snapshot', 'load', 'later')
  expect(locked).toMatchObject({ exitCode: 1, text: expect.stringContaining('in use') })
  await first.close()

  expect(await command('snapshot', 'load', 'later')).toMatchObject({ exitCode: 0 })
  const second = await start()
  expect([await second.height(), await second.balance()]).toEqual([9, 2])
  expect(await second.ask('dev_listSnapshots')).toMatchObject([
    { name: 'funded', height: 3 },
    { name: 'later', height: 9 },
  ])
  await second.ask('dev_deleteSnapshot', 'later')
  await second.ask('anvil_mine', 1)
  await second.close()

  expect(await command('snapshot', 'save', 'third')).toMatchObject({ exitCode: 0 })
  expect((await command('snapshot', 'list')).text).toBe('funded  block 3\nthird  block 10')
  expect(await command('snapshot', 'load', 'funded')).toMatchObject({ exitCode: 0 })
  const store = await openStore({
    path: chainFolder(datadir),
    cacheBytes: 2 ** 22,
    keepStates: 'archive',
  })
  expect((await checkStore(store)).faults).toEqual([])
  await store.close()
  const third = await start()
  expect([await third.height(), await third.balance()]).toEqual([3, 1])
  await third.close()
}, 60_000)

test('what cannot be: bad names, unknown ones, too many, nothing on disk', async () => {
  const net = await start()
  for (const name of ['', '..', '../x', '.hidden', 'a/b', 'x'.repeat(65)])
    expect(await net.code('dev_saveSnapshot', name)).toBe(-32000)
  await expect(net.ask('dev_loadSnapshot', 'none')).rejects.toThrow('none was saved')
  for (let i = 0; i < 64; i++) {
    const folder = join(snapshotsFolder(datadir), `s${i}`)
    await mkdir(folder, { recursive: true })
    const about = { height: 0, hash: `0x${'00'.repeat(32)}`, timestamp: 0 }
    await writeFile(join(folder, 'about.json'), JSON.stringify(about))
  }
  await expect(net.ask('dev_saveSnapshot', 'more')).rejects.toThrow('delete one')
  expect(await readdir(snapshotsFolder(datadir))).toHaveLength(64)
  await net.close()

  const memory = await createDevnet()
  const request = { method: 'dev_saveSnapshot', params: ['x'] }
  await expect(memory.provider.request(request)).rejects.toThrow('--ephemeral')
  await memory.close()
})
