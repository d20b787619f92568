/**
 * `tributary run`: a node on a genesis and a data folder. Takes part in consensus where the genesis
 * names validators; else it is the only producer of its chain (--block-time), or answers about a
 * chain that stands still.
 */
import type { Genesis } from '../../genesis/index.ts'
import type { ExitCode, Io } from '../exit.ts'
import { usageError } from '../failure.ts'
import type { RunFlags } from '../flags.ts'
import { createLifecycle } from '../lifecycle.ts'
import { createLoggers } from '../logger.ts'
import { type ConsensusOptions, createNode } from '../node.ts'
import { clientVersion, packageVersion, systemClock } from '../system.ts'
import { isPeerAddress } from '../validator/network.ts'
import { superviseBy } from '../validator/supervised.ts'
import { keepStatesOf, levelsOf, mebibytes, metricsOf } from './common.ts'
import { namedGenesis, readGenesis } from './genesis.ts'

export async function run(flags: RunFlags, io: Io): Promise<ExitCode> {
  const genesis = await genesisOf(flags)
  const logs = await createLoggers({ levels: levelsOf(flags, 'info'), isPretty: io.isTerminal })
  const log = logs.of('chain')
  const lifecycle = createLifecycle(logs.of('node'), process)
  const { blockTime } = flags
  const consensus = consensusOf(flags, genesis)
  const node = await createNode(
    {
      genesis,
      datadir: flags.datadir,
      cacheBytes: mebibytes(flags.cacheMb),
      keepStates: keepStatesOf(flags),
      addressIndex: flags.addressIndex,
      sealing:
        blockTime === undefined ? { type: 'manual' } : { type: 'interval', blockTimeMs: blockTime },
      ...(flags.feeRecipient && { feeRecipient: flags.feeRecipient }),
      rowsFrom: flags.rowsFrom,
      rowsQuotaBytes: mebibytes(flags.rowsQuotaMb),
      host: flags.host,
      port: flags.port,
      allowedHosts: flags.allowHost,
      ...metricsOf(flags),
      clientVersion: clientVersion(packageVersion()),
      ...(consensus && { consensus }),
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
  const urls = await node.start().catch(async (error: unknown) => {
    await node.stop()
    throw error
  })
  superviseBy(process, node, urls)
  return lifecycle.run(() => node.stop())
}

/** Where the genesis names validators, they decide; elsewhere nobody has peers. */
function consensusOf(flags: RunFlags, { tributary }: Genesis): ConsensusOptions | undefined {
  const { validatorKey, p2pPort, p2pHost, peer, maxPeers, mdns, blockTime } = flags
  if (tributary.validators.length === 0) {
    if (validatorKey === undefined && peer.length === 0) return undefined
    throw usageError(
      'this genesis names no validators (tributary.validators): leave out --validator-key and --peer',
    )
  }
  if (blockTime !== undefined)
    throw usageError(
      'the validators of this genesis decide when blocks are made (tributary.blockTimeMs): leave ' +
        'out --block-time',
    )
  for (const address of peer)
    if (!isPeerAddress(address))
      throw usageError(
        `--peer ${address} is no address of a node, such as ` +
          '/ip4/127.0.0.1/tcp/30303/p2p/12D3KooW...; a node says its own when it starts, and in ' +
          'admin_nodeInfo (enode)',
      )
  return {
    keyFile: validatorKey,
    network: { host: p2pHost, port: p2pPort, peers: peer, maxPeers, mdns: mdns ?? false },
  }
}

async function genesisOf({ genesis, network }: RunFlags): Promise<Genesis> {
  if (genesis !== undefined && network !== undefined)
    throw usageError('--genesis and --network both name the chain; leave one out')
  if (genesis !== undefined) return readGenesis(genesis)
  if (network !== undefined) return namedGenesis(network)
  throw usageError('name the chain: --genesis FILE or --network NAME')
}
