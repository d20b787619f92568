/**
 * `npm run bench:index`: what the address index costs. The same blocks of 600 token transfers with and without it, in
 * process, in turn: processor time of making and committing a block, and bytes on disk. Decides nothing.
 */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { devnetGenesis } from '../genesis/index.ts'
import { deriveAccounts } from '../node/accounts.ts'
import { chainFolder } from '../node/folders.ts'
import { createNode } from '../node/node.ts'
import { systemClock } from '../node/system.ts'
import { silentLogger } from '../primitives/index.ts'
import { accountCount, blockGasLimit, chainId, mnemonic } from './nodes.ts'
import { tokenTransfers } from './transactions.ts'

const blockSize = 600
/** The first of them is compilation. */
const blocks = 6
const { setUp, raws } = tokenTransfers(blocks * blockSize)
const accounts = deriveAccounts(mnemonic, accountCount)

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

/** In turn, so that what else the machine does meets both. */
const rounds = 3

interface Cost {
  /** Of making and committing each block. */
  readonly blocksMs: readonly number[]
  readonly diskBytes: number
}

async function costOf(addressIndex: boolean): Promise<Cost> {
  const datadir = await mkdtemp(join(tmpdir(), 'tributary-index-'))
  const node = await createNode(
    {
      genesis: devnetGenesis({
        addresses: accounts.map(({ address }) => address),
        balance: 10n ** 22n,
        chainId: BigInt(chainId),
        gasLimit: BigInt(blockGasLimit),
      }),
      datadir,
      cacheBytes: 2 ** 28,
      keepStates: 'archive',
      addressIndex,
      sealing: { type: 'manual' },
      feeRecipient: `0x${'00'.repeat(20)}`,
      host: '127.0.0.1',
      port: 0,
      allowedHosts: [],
      clientVersion: 'anvil/bench',
      dev: { privateKeys: [] },
    },
    { clock: systemClock, logs: { of: () => silentLogger }, onFault: () => undefined },
  )
  const ask = (method: string, params: readonly unknown[] = []) =>
    node.provider.request({ method, params })
  await node.run()
  for (const raw of setUp) {
    await ask('eth_sendRawTransaction', [raw])
    await ask('evm_mine')
  }
  const took: number[] = []
  for (let i = 0; i < blocks; i++) {
    for (const raw of raws.slice(i * blockSize, (i + 1) * blockSize))
      await ask('eth_sendRawTransaction', [raw])
    const before = cpuMs()
    await ask('evm_mine')
    took.push(cpuMs() - before)
  }
  await node.stop()
  const diskBytes = await sizeOf(chainFolder(datadir))
  await rm(datadir, { recursive: true })
  return { blocksMs: took.slice(1), diskBytes }
}

async function sizeOf(folder: string): Promise<number> {
  const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

const median = (list: readonly number[]): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0

await costOf(true) // compiles everything
const costs: { readonly without: Cost; readonly kept: Cost }[] = []
for (let round = 0; round < rounds; round++)
  costs.push({ without: await costOf(false), kept: await costOf(true) })
const [without, kept] = (['without', 'kept'] as const).map((which) => ({
  blockMs: median(costs.flatMap((cost) => cost[which].blocksMs)),
  diskBytes: median(costs.map((cost) => cost[which].diskBytes)),
})) as [Record<'blockMs' | 'diskBytes', number>, Record<'blockMs' | 'diskBytes', number>]
const perTransaction = (kept.diskBytes - without.diskBytes) / (blocks * blockSize)
process.stdout
  .write(`| a block of ${blockSize} token transfers | without | with the address index | more |
|---|---|---|---|
| CPU ms to make and commit it | ${without.blockMs.toFixed(0)} | ${kept.blockMs.toFixed(0)} | ${((kept.blockMs / without.blockMs - 1) * 100).toFixed(0)} % |
| bytes on disk, whole chain | ${without.diskBytes} | ${kept.diskBytes} | ${perTransaction.toFixed(0)} a transaction |
`)
