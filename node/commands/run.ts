/**
 * `tributary run`: a node on a genesis and a data folder. Until consensus lands it has no peers; it
 * is the only producer of its chain (--block-time), or answers about a chain that stands still.
 */
import type { Genesis } from '../../genesis/index.ts'
import type { ExitCode, Io } from '../exit.ts'
import { usageError } from '../failure.ts'
import type { RunFlags } from '../flags.ts'
import { createLifecycle } from '../lifecycle.ts'
import { createLoggers } from '../logger.ts'
import { createNode } from '../node.ts'
import { clientVersion, packageVersion, systemClock } from '../system.ts'
import { keepStatesOf, levelsOf, mebibytes } from './common.ts'
import { namedGenesis, readGenesis } from './genesis.ts'

export async function run(flags: RunFlags, io: Io): Promise<ExitCode> {
  const genesis = await genesisOf(flags)
  const logs = await createLoggers({ levels: levelsOf(flags, 'info'), isPretty: io.isTerminal })
  const log = logs.of('chain')
  const lifecycle = createLifecycle(logs.of('node'), process)
  const { blockTime } = flags
  const node = await createNode(
    {
      genesis,
      datadir: flags.datadir,
      cacheBytes: mebibytes(flags.cacheMb),
      keepStates: keepStatesOf(flags),
      sealing:
        blockTime === undefined ? { type: 'manual' } : { type: 'interval', blockTimeMs: blockTime },
      feeRecipient: flags.feeRecipient,
      host: flags.host,
      port: flags.port,
      allowedHosts: flags.allowHost,
      clientVersion: clientVersion(packageVersion()),
    },
    { clock: systemClock, logs, onFault: lifecycle.fail },
  )
  node.chain.onCommit(({ block: { hash, header, transactions } }) =>
    log.info(
      {
        height: header.number.toString(),
        hash,
        transactions: transactions.length,
        gasUsed: header.gasUsed.toString(),
      },
      'block committed',
    ),
  )
  await node.start().catch(async (error: unknown) => {
    await node.stop()
    throw error
  })
  return lifecycle.run(() => node.stop())
}

async function genesisOf({ genesis, network }: RunFlags): Promise<Genesis> {
  if (genesis !== undefined && network !== undefined)
    throw usageError('--genesis and --network both name the chain; leave one out')
  if (genesis !== undefined) return readGenesis(genesis)
  if (network !== undefined) return namedGenesis(network)
  throw usageError('name the chain: --genesis FILE or --network NAME')
}
