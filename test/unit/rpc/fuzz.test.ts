/**
 * Random requests against a devnet: no crash, no -32603, no unanswered call, memory within bounds. A
 * few seconds here; `npm run fuzz:rpc` goes on for ten minutes. RPC_FUZZ_SEED repeats a run.
 */
import { expect, test } from '@jest/globals'
import { methodsOf } from '../../../rpc/methods/index.ts'
import { systemClock } from '../../../node/system.ts'
import { createFuzzer, type Request, seeded } from '../../support/rpc-fuzz.ts'
import {
  alice,
  aliceAddress,
  type Answer,
  deployer,
  logger,
  post,
  startDevnet,
  word,
} from './devnet.ts'

const seconds = Number(process.env['RPC_FUZZ_SECONDS'] ?? 3)
const seed = Number(process.env['RPC_FUZZ_SEED'] ?? 7)
/** What the node may hold beyond its start, after any number of requests. */
const maxGrowthMb = 700
/** Waits for blocks that nobody makes, mines by the million, or ends what is fuzzed. */
const left = /^(eth_sendRawTransactionSync|eth_sendTransactionSync)$/

async function startTarget() {
  const net = await startDevnet({ type: 'automine' }, systemClock)
  const created = await net.send({ data: deployer(logger) })
  const receipt = await net.ask<{ contractAddress: string; blockHash: string }>(
    'eth_getTransactionReceipt',
    created,
  )
  const to = receipt.contractAddress
  const emitted = await net.send({ to: to as `0x${string}`, data: `0x${word(3)}` })
  const raw = await alice.signTransaction({
    chainId: 2679,
    type: 'eip1559',
    nonce: 2,
    gas: 21_000n,
    maxFeePerGas: 3_000_000_000n,
    maxPriorityFeePerGas: 1n,
    to: aliceAddress,
  })
  const call = { from: aliceAddress, to, data: `0x${word(2)}` }
  const known = [
    'latest',
    'pending',
    '0x0',
    '0x1',
    '0x2',
    true,
    false,
    aliceAddress,
    to,
    created,
    emitted,
    receipt.blockHash,
    raw,
    call,
    { blockHash: receipt.blockHash },
    { fromBlock: 'earliest', address: to },
    { tracer: 'callTracer', tracerConfig: { withLog: true } },
    { [to]: { code: '0x60016001fd', balance: '0x1' } },
  ]
  return { net, known }
}

test(
  'random requests are answered, whatever they hold',
  async () => {
    const { net, known } = await startTarget()
    const table = methodsOf(true)
    const names = Object.keys(table).filter((name) => !left.test(name))
    const make = createFuzzer(table, known, seeded(seed))
    const found: { request: Request; answer: Answer }[] = []
    const startedMs = performance.now()
    const startMb = process.memoryUsage().rss / 1e6
    let tried = 0
    // Every method twice at least, however busy the machine.
    while (tried < 2 * names.length || performance.now() - startedMs < seconds * 1_000) {
      const batch = Array.from({ length: 20 }, () => make(tried, names[tried++ % names.length]!))
      const answers = (await post(net.httpUrl, batch).catch((cause: unknown) => {
        throw new Error(`no answer to ${JSON.stringify(batch)}`, { cause })
      })) as Answer[]
      expect(answers.map(({ id }) => id)).toEqual(batch.map(({ id }) => id))
      for (const [i, answer] of answers.entries())
        if (answer.error?.code === -32603) found.push({ request: batch[i]!, answer })
    }
    process.stdout.write(`fuzz:rpc seed ${seed}: ${tried} requests in ${seconds} s\n`)
    expect({ seed, found: found.slice(0, 20), faults: net.faults.slice(0, 20) }).toEqual({
      seed,
      found: [],
      faults: [],
    })
    expect(process.memoryUsage().rss / 1e6 - startMb).toBeLessThan(maxGrowthMb)
    await net.stop()
  },
  (seconds + 120) * 1_000,
)
