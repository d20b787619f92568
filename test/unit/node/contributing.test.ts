/**
 * The data commands against a devnet in this process: numbers come from the chain and not from a guess, what
 * was interrupted goes on, batches reviewed out of order are published, and deposits come back.
 */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createDevnet, type InProcessDevnet } from '../../../node/devnet.ts'
import { main } from '../../../node/program.ts'
import { until } from '../../support/until.ts'

let devnet: InProcessDevnet
let [root, httpUrl] = ['', '']
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tributary-contributing-'))
  devnet = await createDevnet()
  ;({ httpUrl } = await devnet.listen())
})
afterAll(async () => {
  await devnet.close()
  await rm(root, { recursive: true })
})

const request = (method: string, params: readonly unknown[] = []): Promise<unknown> =>
  devnet.provider.request({ method, params })

/** One command, signed by an account of the devnet; 0 owns the datanets. */
async function run(line: string, who = 0) {
  const [out, err]: [string[], string[]] = [[], []]
  const from = devnet.accounts[who]?.address ?? ''
  const exitCode = await main([...line.split(' '), '--rpc-url', httpUrl, '--from', from], {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    isTerminal: false,
  })
  return { exitCode, out: out.join('\n'), err: err.join('\n') }
}

/** The same, which must go well. */
async function ok(line: string, who = 0): Promise<string> {
  const { exitCode, out, err } = await run(line, who)
  expect([line, exitCode, err.replace(/^(warning|not on version|still in).*$/gm, '')]).toEqual([
    line,
    0,
    expect.not.stringContaining('error'),
  ])
  return out
}

const fact = (json: string): Record<string, unknown> => JSON.parse(json) as never

let folders = 0
/** A folder of a datanet, with a row of its own waiting. */
async function folderOf(datanet: string, text = `row ${folders} of nobody else at all`) {
  const folder = join(root, `folder-${++folders}`)
  await mkdir(folder)
  if (datanet !== '') await ok(`data init --datanet ${datanet} -f ${folder}`)
  else await ok(`data init --create mine -f ${folder} --json`)
  await stage(folder, text)
  return folder
}

async function stage(folder: string, text: string): Promise<void> {
  await writeFile(join(folder, 'more.txt'), text)
  await ok(`data add ${join(folder, 'more.txt')} -f ${folder}`)
}

const settingsOf = async (folder: string) =>
  fact(await readFile(join(folder, 'datanet.json'), 'utf8'))

/** Several commands whose transactions stand in one block. */
async function inOneBlock<value>(...works: readonly (() => Promise<value>)[]): Promise<value[]> {
  await request('evm_setAutomine', [false])
  const all = Promise.all(works.map((work) => work()))
  await until(async () => {
    const { pending } = (await request('txpool_status')) as { readonly pending: string }
    return Number(pending) === works.length
  })
  await request('evm_mine')
  await request('evm_setAutomine', [true])
  return all
}

test('two users in one block get each its own number: datanets, batches, models', async () => {
  const [a, b] = [join(root, 'a'), join(root, 'b')]
  await inOneBlock(
    () => ok(`data init --create one -f ${a}`, 1),
    () => ok(`data init --create two -f ${b}`, 2),
  )
  const ids = [await settingsOf(a), await settingsOf(b)].map(({ datanetId }) => Number(datanetId))
  expect(Math.abs((ids[0] ?? 0) - (ids[1] ?? 0))).toBe(1)
  for (const [folder, who] of [
    [a, 1],
    [b, 2],
  ] as const) {
    const hex = Number((await settingsOf(folder))['datanetId']).toString(16)
    const datanet = (await request('attr_getDatanet', [`0x${hex}`])) as { readonly owner: string }
    expect(datanet.owner.toLowerCase()).toBe(devnet.accounts[who]?.address.toLowerCase())
    await stage(folder, `row of ${folder}`)
  }

  const pushes = await inOneBlock(
    () => ok(`data push -f ${a} --json`, 1),
    () => ok(`data push -f ${b} --json`, 2),
  )
  for (const [i, folder] of [a, b].entries()) {
    const { batchId } = fact(pushes[i] ?? '')
    const known = JSON.parse(await readFile(join(folder, 'pushed.json'), 'utf8')) as {
      readonly batchId: string
    }[]
    expect(known.map((one) => one.batchId)).toEqual([batchId])
    expect(await ok(`data status -f ${folder}`, i + 1)).toContain(`batch ${String(batchId)}: 1 row`)
  }
  const manifest = join(root, 'model.json')
  await writeFile(manifest, '{}')
  const models = await inOneBlock(
    () => ok(`model register ${manifest} --json`, 1),
    () => ok(`model register ${manifest} --json`, 2),
  )
  expect(models.map((json) => fact(json)['assetId'])).toEqual(expect.arrayContaining(['1', '2']))
})

test('a batch reviewed after a younger one was published still gets into a version', async () => {
  const folder = await folderOf('')
  const { datanetId } = await settingsOf(folder)
  const batches = [fact(await ok(`data push -f ${folder} --json`))['batchId']]
  for (const text of ['the second of them', 'a third one stands here']) {
    await stage(folder, text)
    batches.push(fact(await ok(`data push -f ${folder} --json`))['batchId'])
  }
  const [first = '', second = '', third = ''] = batches.map(String)
  await ok(`data review ${first} --accept`)
  const one = fact(await ok(`data publish ${String(datanetId)} --json`))
  await ok(`data review ${third} --accept`)
  const two = await run(`data publish ${String(datanetId)} --json`)
  expect(two.err).toContain(`still in review and older: ${second}.`)
  expect(fact(two.out)).toMatchObject({ parentId: one['versionId'], batchIds: [third] })

  await ok(`data review ${second} --accept`)
  const three = await run(`data publish ${String(datanetId)} --json`)
  expect(fact(three.out)).toMatchObject({
    parentId: one['versionId'],
    batchIds: [second, third],
  })
  expect(three.err).toContain(`appends ${third} once more`)
  expect(await ok(`data status -f ${folder}`)).toContain(`in version`)

  // What is taken out later takes nothing with it, either.
  await ok(`data retract ${first}`)
  await stage(folder, 'a fourth, and the last')
  const last = fact(await ok(`data push -f ${folder} --json`))['batchId']
  await ok(`data review ${String(last)} --accept`)
  expect(fact(await ok(`data publish ${String(datanetId)} --json`))).toMatchObject({
    parentId: '0',
    batchIds: [second, third, last],
  })
  const none = await run(`data publish ${String(datanetId)}`)
  expect(none).toMatchObject({ exitCode: 2, err: expect.stringContaining('has no accepted batch') })
})

test('a push that ended before the folder knew goes on with the batch that is there', async () => {
  const folder = await folderOf('')
  await copyFile(join(folder, 'rows.jsonl'), join(root, 'kept.jsonl'))
  const { batchId } = fact(await ok(`data push -f ${folder} --json`))
  await copyFile(join(root, 'kept.jsonl'), join(folder, 'rows.jsonl'))
  await rm(join(folder, 'pushed.json'))
  expect(await ok(`data push -f ${folder}`)).toContain(`batch ${String(batchId)} was submitted`)
  expect(await ok(`data status -f ${folder}`)).toContain(`batch ${String(batchId)}: 1 row, pending`)
  expect(await readFile(join(folder, 'rows.jsonl'), 'utf8')).toBe('')

  // One the chain does not know ends no list.
  const pushed = join(folder, 'pushed.json')
  const known = JSON.parse(await readFile(pushed, 'utf8')) as object[]
  await writeFile(pushed, JSON.stringify([{ ...known[0], batchId: '999' }, ...known]))
  const status = await run(`data status -f ${folder}`)
  expect(status.err).toContain('batch 999, which this folder pushed, is not on this chain')
  expect(status.out).toContain(`batch ${String(batchId)}: 1 row, pending`)

  // Of another account the same rows are refused, and who was first is said.
  await copyFile(join(root, 'kept.jsonl'), join(folder, 'rows.jsonl'))
  expect((await run(`data push -f ${folder}`, 3)).err).toMatch(
    new RegExp(`0x\\w+ submitted these very rows before, as batch ${String(batchId)}`),
  )
})

test('deposits: said, decided when the time is up, and taken back by the command', async () => {
  const folder = join(root, 'deposits')
  await ok(
    `data init --create d -f ${folder} --deposit 1 --deposit-per-kib 0.5 --penalty 5000 --review-blocks 20`,
  )
  await stage(folder, 'one that is refused')
  const check = await ok(`data check -f ${folder}`, 4)
  expect(check).toContain('under CC0-1.0, deposit 1.5 OPEN')
  const refused = String(fact(await ok(`data push -f ${folder} --json`, 4))['batchId'])
  expect(await ok(`data status -f ${folder}`)).toMatch(/pending, to be reviewed up to block \d+/)
  await ok(`data review ${refused} --reject`)
  expect(await ok(`data status -f ${folder}`)).toContain(
    `  deposit 0.75 OPEN, of it 0.75 OPEN to be had back\n  next: tributary data reclaim ${refused}`,
  )
  expect(await ok('rewards list', 4)).toContain(
    `deposit of batch ${refused} to be had back: 0.75 OPEN`,
  )
  expect(await ok(`data reclaim ${refused}`, 4)).toContain('0.75 OPEN of the deposit')
  expect(await run(`data reclaim ${refused}`, 4)).toMatchObject({
    exitCode: 1,
    err: expect.stringContaining('has no deposit'),
  })

  await stage(folder, 'one that nobody looks at')
  const forgotten = String(fact(await ok(`data push -f ${folder} --json`, 4))['batchId'])
  expect((await run(`data decide ${forgotten}`)).err).toContain('too early')
  await request('hardhat_mine', ['0x20'])
  expect(await ok(`data status -f ${folder}`)).toContain(`next: tributary data decide ${forgotten}`)
  expect(await ok(`data decide ${forgotten}`)).toContain(`batch ${forgotten} is expired`)
  // By somebody else: it is the contributor's all the same.
  expect(await ok(`data reclaim ${forgotten}`)).toContain('tributary rewards claim')
  expect(await ok('rewards claim', 4)).toContain('1.5 OPEN withdrawn')
})

test('a folder knows its chain, a datanet is looked at first, and a licence is one', async () => {
  const folder = await folderOf('')
  const settings = join(folder, 'datanet.json')
  const right = await readFile(settings, 'utf8')
  await writeFile(settings, right.replace(/"0x[0-9a-f]{64}"/, `"0x${'12'.repeat(32)}"`))
  for (const command of ['check', 'push'])
    expect((await run(`data ${command} -f ${folder}`)).err).toContain(
      'the folder is of another chain; begin in another folder',
    )
  const other = join(root, 'other')
  expect((await run(`data init --datanet 999 -f ${other}`)).err).toContain(
    'there is no datanet 999 on this chain',
  )
  const { datanetId } = await settingsOf(folder)
  expect(
    (await run(`data init --datanet ${String(datanetId)} --licence MIT -f ${other}`)).err,
  ).toContain('takes rows under CC0-1.0, not under MIT')
  expect((await run(`data status -f ${other}`)).err).toContain('is no data folder')
})

test('more than a batch may hold goes in several, and others’ rows are told of', async () => {
  const folder = join(root, 'parts')
  await ok(`data init --create parts -f ${folder} --max-rows 2`)
  const words = 'the ship sailed at dawn across the grey water and nobody waved from the long shore'
  await stage(folder, Array.from({ length: 3 }, (_, i) => `${i} ${words}`).join('\n\n'))
  const pushed = await run(`data push -f ${folder} --json`, 5)
  expect(pushed.err).toContain('3 rows go in 2 batches')
  const [first, second] = pushed.out.split('\n').map(fact)
  expect(Number(second?.['batchId'])).toBe(Number(first?.['batchId']) + 1)
  expect(await readFile(join(folder, 'rows.jsonl'), 'utf8')).toBe('')

  const other = join(root, 'copies')
  const { datanetId } = await settingsOf(folder)
  await ok(`data init --datanet ${String(datanetId)} -f ${other}`)
  await stage(other, `0 ${words}\n\n1 ${words}.`)
  expect((await run(`data check -f ${other}`, 6)).err).toMatch(
    new RegExp(`about \\d+ % of these rows stands in batch ${String(first?.['batchId'])}, which`),
  )
})

test('a model without data, and the same manifest again, are warned of', async () => {
  const manifest = join(root, 'plain.json')
  await writeFile(manifest, '{"plain":true}')
  expect((await run(`model register ${manifest}`, 7)).err).toContain('without --source no data')
  expect((await run(`model register ${manifest}`, 7)).err).toMatch(
    /registered already, as model \d/,
  )
})
