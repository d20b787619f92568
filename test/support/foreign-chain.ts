/**
 * The chain of ethereum/execution-apis in a node of ours, freshly imported and served on a free port:
 * what the RPC suite is run against. In this process, so that a fault shows its stack.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseGenesis } from '../../genesis/index.ts'
import { readBlockFile } from '../../node/block-file.ts'
import { createNode } from '../../node/node.ts'
import { silentLogger } from '../../primitives/index.ts'
import { createHandClock } from './clock.ts'
import { sharedFile } from './shared.ts'

export interface ForeignChain {
  readonly httpUrl: string
  /** Errors the node logged: bugs. */
  readonly faults: readonly object[]
  stop(): Promise<void>
}

export async function startForeignChain(): Promise<ForeignChain> {
  const parsed = parseGenesis(readFileSync(sharedFile('rpc/tests/genesis.json'), 'utf8'))
  if (parsed.type !== 'accept') throw new Error(parsed.message)
  const faults: object[] = []
  const log = { ...silentLogger, error: (facts: object) => void faults.push(facts) }
  const node = await createNode(
    {
      genesis: parsed.value,
      datadir: undefined,
      cacheBytes: 2 ** 24,
      keepStates: 'archive',
      addressIndex: true,
      sealing: { type: 'manual' },
      feeRecipient: `0x${'00'.repeat(20)}`,
      host: '127.0.0.1',
      port: 0,
      allowedHosts: [],
      clientVersion: 'tributary/test',
      isTesting: true,
    },
    {
      clock: createHandClock(),
      logs: { of: () => log },
      onFault: (error) => void faults.push({ err: error }),
    },
  )
  for await (const block of readBlockFile(fileURLToPath(sharedFile('rpc/tests/chain.rlp')))) {
    const verdict = await node.chain.validate(block)
    if (verdict.type !== 'accept') throw new Error(`${block.header.number}: ${verdict.message}`)
    await node.chain.commit(verdict.value)
  }
  const { httpUrl } = await node.start()
  return { httpUrl, faults, stop: () => node.stop() }
}
