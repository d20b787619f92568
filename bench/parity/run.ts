/**
 * `npm run bench:parity`: the same calls to our devnet and to anvil in one run; every difference goes
 * to bench/parity.md with its reason. Ends with 1 when a difference has none.
 */
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { type Call, callsFor } from './calls.ts'
import { makeChain } from './chain.ts'
import { type Answer, type Difference, differences } from './compare.ts'
import { startAnvil, startOurs } from './nodes.ts'
import { reasonOf } from './reasons.ts'
import { report } from './report.ts'

/** A call whose answers differ. */
export interface Row {
  readonly call: Call
  readonly difference: Difference
  readonly reason: string | undefined
}

async function main(): Promise<number> {
  const [ours, anvil] = await Promise.all([startOurs(), startAnvil()])
  try {
    const calls = callsFor(await makeChain([ours.url, anvil.url]))
    const rows: Row[] = []
    let same = 0
    for (const call of calls) {
      const [left, right] = [await send(ours.url, call), await send(anvil.url, call)]
      const found = differences(left, right)
      if (found.length === 0) same++
      for (const difference of found)
        rows.push({ call, difference, reason: reasonOf(call, difference) })
    }
    writeFileSync(new URL('../parity.md', import.meta.url), report(calls.length, same, rows))
    const open = rows.filter(({ reason }) => reason === undefined)
    for (const { call, difference } of open)
      process.stdout.write(
        `${call.method} ${JSON.stringify(call.params)}\n  ${difference.path}: ${difference.ours} | ${difference.anvil}\n`,
      )
    process.stdout.write(
      `${calls.length} calls, ${same} the same, ${open.length} differences without a reason\n`,
    )
    return open.length === 0 ? 0 : 1
  } finally {
    await Promise.all([ours.stop(), anvil.stop()])
  }
}

/** The whole answer but its envelope. */
function send(url: string, { method, params }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const out = request(url, { method: 'POST', headers: { 'content-type': 'application/json' } })
    out.once('error', reject)
    out.once('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('end', () => {
        const { result, error } = JSON.parse(Buffer.concat(chunks).toString()) as Answer
        resolve(error === undefined ? { result } : { error })
      })
    })
    out.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))
  })
}

process.exitCode = await main()
