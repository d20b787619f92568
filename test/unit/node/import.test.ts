/** Blocks to a file and back: `tributary export` and `tributary import`, plain and compressed. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { devnetGenesis, formatGenesis } from '../../../genesis/index.ts'
import { type Hex, silentLogger } from '../../../primitives/index.ts'
import { createNode } from '../../../node/node.ts'
import { main } from '../../../node/program.ts'
import { createHandClock } from '../../support/clock.ts'

let folder: string
let headHash: Hex
const at = (name: string): string => join(folder, name)

async function call(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []]
  const exitCode = await main(args, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    isTerminal: false,
  })
  return { exitCode, out: out.join('\n'), err: err.join('\n') }
}
const importFile = (name: string, ...more: string[]) =>
  call('import', '-g', at('genesis.json'), '--no-serve', '--json', ...more, at(name))

/** A chain of three empty blocks in `folder`/data, and its blocks in files. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-import-'))
  await writeFile(at('genesis.json'), formatGenesis(devnetGenesis()))
  const node = await createNode(
    {
      genesis: devnetGenesis(),
      datadir: at('data'),
      cacheBytes: 2 ** 22,
      keepStates: 'archive',
      sealing: { type: 'manual' },
      feeRecipient: `0x${'fe'.repeat(20)}`,
      host: '127.0.0.1',
      port: 0,
      allowedHosts: [],
      clientVersion: 'test',
    },
    { clock: createHandClock(), logs: { of: () => silentLogger }, onFault: () => undefined },
  )
  for (let i = 0; i < 3; i++) await node.sealer.seal()
  headHash = node.chain.head().hash
  await node.stop()
  for (const name of ['blocks.rlp', 'blocks.rlp.gz'])
    await call('export', at(name), '-d', at('data'))
})
afterAll(() => rm(folder, { recursive: true }))

test.each(['blocks.rlp', 'blocks.rlp.gz'])('%s: imported to the same head', async (name) => {
  const { exitCode, out } = await importFile(name)
  expect(exitCode).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ type: 'imported', blocks: 3, head: 3, hash: headHash })
})

test('a folder keeps the chain, and what it has is passed over', async () => {
  await call('export', at('two.rlp'), '-d', at('data'), '--to', '2')
  expect((await importFile('two.rlp', '-d', at('copy'))).out).toContain('"blocks":2')
  expect((await importFile('blocks.rlp', '-d', at('copy'))).out).toContain('"blocks":1')
  expect((await importFile('blocks.rlp', '-d', at('copy'))).out).toContain('"blocks":0')
})

test('a block that is not valid ends the import with its number and the reason', async () => {
  await call('export', at('last.rlp'), '-d', at('data'), '--from', '3')
  const { exitCode, err } = await importFile('last.rlp')
  expect(exitCode).toBe(1)
  expect(err).toMatch(/block 3 .* is refused: PARENT_UNKNOWN.*the chain ends at block 0/s)
})

test('damage is told with the number of the block in the file', async () => {
  const bytes = await readFile(at('blocks.rlp'))
  await writeFile(at('cut.rlp'), bytes.subarray(0, -5))
  await writeFile(at('text.rlp'), 'no blocks at all')
  expect((await importFile('cut.rlp')).err).toContain('block 4 of the file cannot be read')
  expect((await importFile('text.rlp')).err).toContain('block 1 of the file cannot be read')
  expect((await importFile('absent.rlp')).err).toContain('cannot read')
  await writeFile(at('cut.rlp.gz'), (await readFile(at('blocks.rlp.gz'))).subarray(0, -20))
  expect(await importFile('cut.rlp.gz')).toMatchObject({ exitCode: 1 })
})

test('another genesis is told as such', async () => {
  await writeFile(at('genesis.json'), formatGenesis(devnetGenesis({ gasLimit: 31_000_000n })))
  expect((await importFile('blocks.rlp')).err).toContain('belongs to another genesis')
})

test('export says what cannot be exported', async () => {
  expect((await call('export', at('x'), '-d', at('data'), '--to', '9')).err).toContain('head')
  expect((await call('export', at('x'), '-d', at('absent'))).err).toContain('no chain')
  expect((await call('export', at('no/folder'), '-d', at('data'))).err).toContain('cannot write')
})
