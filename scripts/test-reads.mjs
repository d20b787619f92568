#!/usr/bin/env node
/**
 * `npm run test:reads [-- --runs 100] [-- --anvil]`: a dapp's test suites (test/fixtures/reads) again
 * and again, each run a process of its own, against one node started here: ours, or anvil for
 * comparison. Tells how many runs passed; exit code 1 when one did not.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const suites = ['ethers', 'viem'].map((name) => `${root}test/fixtures/reads/${name}.mjs`)
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '100' }, anvil: { type: 'boolean', default: false } },
})
const runs = Number(values.runs)
const chainId = '2679'

const command = values.anvil
  ? [
      `${root}node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil`,
      ['--port', '0', '--chain-id', chainId, '--hardfork', 'osaka'],
    ]
  : [process.execPath, [`${root}dist/node/cli.js`, 'dev', '--ephemeral', '--port', '0', '--json']]

/** Its first line that names where it listens. */
async function urlOf(node) {
  for await (const line of createInterface({ input: node.stdout })) {
    const found = /"httpUrl":"([^"]+)"/.exec(line)?.[1] ?? /Listening on (\S+)/.exec(line)?.[1]
    if (found === undefined) continue
    node.stdout.resume()
    return found.startsWith('http') ? found : `http://${found}`
  }
  throw new Error('the node ended before it listened; npm run build comes first')
}

/** What failed, as the test runner tells it; undefined when all passed. */
async function runSuites(url) {
  const all = suites.map((suite) => `await import(${JSON.stringify(suite)})`).join(';')
  const child = spawn(process.execPath, ['--input-type=module', '--eval', all], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '', DEVNET_URL: url, DEVNET_CHAIN_ID: chainId },
  })
  let text = ''
  child.stdout.on('data', (chunk) => (text += chunk))
  const [code] = await once(child, 'close')
  const passed = Number(/^# pass (\d+)/m.exec(text)?.[1] ?? 0)
  if (code === 0 && passed > 0) return { passed, failure: undefined }
  return { passed, failure: text.split('\n').filter((line) => /✖|not ok|Error/.test(line)) }
}

const node = spawn(command[0], command[1], { stdio: ['ignore', 'pipe', 'inherit'] })
try {
  const url = await urlOf(node)
  let good = 0
  let tests = 0
  for (let i = 1; i <= runs; i++) {
    const { passed, failure } = await runSuites(url)
    tests += passed
    if (failure === undefined) good++
    else process.stdout.write(`run ${i}: ${failure.slice(0, 5).join('\n  ')}\n`)
    if (i % 10 === 0 || i === runs) process.stdout.write(`${good} of ${i} runs passed\n`)
  }
  process.stdout.write(`${tests} tests passed in all\n`)
  process.exitCode = good === runs ? 0 : 1
} finally {
  node.kill('SIGTERM')
}
