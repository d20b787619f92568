/**
 * A newcomer at the command line of a real devnet: the owner's and the contributor's commands, and what
 * is said when something is not allowed. Every refusal says what to do and ends in another exit code.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { encodeFunctionData, toHex, type Hex } from 'viem'
import { moduleAbis, moduleAddresses } from '../../sdk/index.ts'
import { type Devnet, rpcCall, runCommand, startCommand, startDevnet } from '../support/node.ts'
import { until } from '../support/until.ts'

let devnet: Devnet
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-newcomer-'))
  devnet = await startDevnet(['--ephemeral', '--bare'])
}, 60_000)
afterAll(async () => {
  await devnet.stop()
  await rm(folder, { recursive: true })
})

/** One command; by default the first account signs. */
async function run(line: string, who = 0, ...more: readonly string[]) {
  const { code, stdout, stderr } = await runCommand(wordsOf(line, who, ...more))
  return { code, stdout, stderr }
}
function wordsOf(line: string, who: number, ...more: readonly string[]): readonly string[] {
  const from = devnet.accounts[who]?.address ?? ''
  return [...line.split(' '), ...more, '--rpc-url', devnet.httpUrl, '--from', from]
}
const said = (text: string | RegExp) => ({ code: 1, stderr: expect.stringMatching(text) })

test('from files to a version, and everything that is refused on the way', async () => {
  const data = join(folder, 'data')
  const rows = join(folder, 'rows.txt')
  await writeFile(rows, 'the ship sailed at dawn\n\nand nobody waved from the shore\n')
  expect(await run(`data init --create mine -f ${data}`)).toMatchObject({ code: 0 })
  const before = await rpcCall(devnet.httpUrl, 'eth_blockNumber')
  const again = await run(`data init --create mine -f ${data}`)
  expect(again).toMatchObject(said(/is there already; go on with it/))
  expect(await rpcCall(devnet.httpUrl, 'eth_blockNumber')).toBe(before)

  expect(await run(`data add ${rows} -f ${data}`)).toMatchObject({ code: 0 })
  expect(await run(`data check -f ${data}`)).toMatchObject({ code: 0 })
  const settings = join(data, 'datanet.json')
  const right = await readFile(settings, 'utf8')
  await writeFile(settings, right.replace('CC0-1.0', 'MIT'))
  for (const command of ['check', 'push'])
    expect(await run(`data ${command} -f ${data}`, 1)).toMatchObject(
      said(/takes rows under CC0-1.0, and these are under MIT/),
    )
  await writeFile(settings, right.replace('"1"', '"9"'))
  expect(await run(`data check -f ${data}`)).toMatchObject(said(/there is no datanet 9/))
  await writeFile(settings, right)

  expect(await run(`data push -f ${data}`, 1)).toMatchObject({ code: 0 })
  expect(await run('data publish 1')).toMatchObject({ code: 2 })
  expect(await run('data review 1')).toMatchObject({ code: 2 })
  expect(await run('data review 1 --accept', 1)).toMatchObject(
    said(/sign with the key of the owner/),
  )
  expect(await run('data review 7 --accept')).toMatchObject(said(/no batch 7; check the number/))
  expect(await run('data gate 999')).toMatchObject(said(/no batch 999; check the number/))
  expect(await run('data review 1 --accept')).toMatchObject({ code: 0 })
  expect(await run('data review 1 --reject')).toMatchObject(
    said(/it is accepted and would have to be pending/),
  )
  expect(await run('data publish 1')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('version 1 of datanet 1'),
  })
}, 120_000)

test('a question that nobody answers ends with the reason, and its fee comes back', async () => {
  const manifest = join(folder, 'model.json')
  await writeFile(manifest, '{}')
  expect(await run(`model register ${manifest} --price 0.5 --source 1`)).toMatchObject({ code: 0 })
  expect(await run('model show 9', 0)).toMatchObject(said(/no model 9; check the number/))
  expect(await run('ask 1 hello --pay 0.1', 2)).toMatchObject(
    said(/0\.5 OPEN is wanted, 0\.1 OPEN was given/),
  )
  expect(await run('ask 1', 2, '')).toMatchObject({ code: 2 })
  const poor = await run('ask 1 hello --pay 100000', 2)
  expect(poor).toMatchObject(said(/insufficient funds/))
  const asked = await run('ask 1 hello', 2)
  expect(asked).toMatchObject({ code: 0, stderr: expect.stringMatching(/do not pay again/) })
  const [requestId = ''] = /0x[0-9a-f]{64}/.exec(asked.stdout) ?? []
  expect((await run(`rewards explain ${requestId}`)).stdout).toMatch(/waits in escrow/)
  expect(await run(`rewards refund ${requestId}`, 2)).toMatchObject(
    said(/too early: possible from/),
  )
  await rpcCall(devnet.httpUrl, 'hardhat_mine', ['0x400'])
  expect(await run(`rewards refund ${requestId}`, 2)).toMatchObject({ code: 0 })
  expect(await run(`rewards refund ${requestId}`, 2)).toMatchObject(
    said(/it is refunded and would have to be escrowed/),
  )
  expect(await run('rewards claim', 2)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('0.5 OPEN withdrawn'),
  })
  expect((await run(`rewards explain ${requestId}`)).stdout).toMatch(/was given back to/)
}, 120_000)

test('an answer that was recorded and not settled is settled by the same command', async () => {
  const asked = await run('ask 1 hello', 2)
  const [requestId = ''] = /0x[0-9a-f]{64}/.exec(asked.stdout) ?? []
  const [file, empty] = [join(folder, 'answer.txt'), join(folder, 'empty.txt')]
  await writeFile(file, 'the ship sailed at dawn')
  await writeFile(empty, '')
  const answer = `model answer ${requestId} --version 1 --file`
  expect(await run(`${answer} ${empty}`)).toMatchObject(said(/is empty/))
  expect(await run(`model answer 12 --version 1 --file ${file}`)).toMatchObject({ code: 2 })
  const data = encodeFunctionData({
    abi: moduleAbis.receipts,
    functionName: 'attribute',
    args: [requestId as Hex, 1n, 1, toHex('the ship sailed at dawn')],
  })
  const from = devnet.accounts[0]?.address
  await rpcCall(devnet.httpUrl, 'eth_sendTransaction', [
    { from, to: moduleAddresses.receipts, data },
  ])
  expect(await run(`rewards refund ${requestId}`, 2)).toMatchObject(
    said(/the request is answered: tributary model answer/),
  )
  expect(await run(`${answer} ${file}`)).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/was recorded before/),
  })
  expect((await run(`rewards explain ${requestId}`)).stdout).toMatch(/stakers: \S+ OPEN to nobody/)
}, 120_000)

test('a command that waits for a block says what it has sent', async () => {
  await rpcCall(devnet.httpUrl, 'evm_setAutomine', [false])
  const waiting = startCommand(wordsOf('ask 1 hello', 2))
  await until(() => /sent 0x[0-9a-f]{64}, waiting/.test(waiting.stderr()))
  await rpcCall(devnet.httpUrl, 'evm_setAutomine', [true])
  await rpcCall(devnet.httpUrl, 'evm_mine')
  expect(await waiting.end()).toEqual({ code: 0, signal: null })
}, 60_000)

test('who signs is asked for only where something is signed, and accounts the node has not are named', async () => {
  const bare = ['--rpc-url', devnet.httpUrl]
  expect(await runCommand(['rewards', 'list', ...bare])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/give --account/),
  })
  const stranger = `0x${'ab'.repeat(20)}`
  expect(await runCommand(['ask', '1', 'hello', '--from', stranger, ...bare])).toMatchObject(
    said(/insufficient funds|give --key-file/),
  )
  expect(await runCommand(['dev', '--full-nodes', '1'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/add --validators/),
  })
}, 60_000)
