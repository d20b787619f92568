/** Options that several commands share: where to listen, how to store, what to log. Parses nothing itself. */
import { type Command, Option } from 'commander'
import { listed, wholeNumber } from './flags.ts'

/** Port 0 lets the system choose; the URLs printed carry the real one. */
export const addServerOptions = (command: Command): Command =>
  command
    .optionsGroup('Server:')
    .option(
      '-p, --port <number>',
      'port of HTTP and WebSocket; 0: any',
      wholeNumber(0, 65_535),
      8545,
    )
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .addOption(
      new Option('--allow-host <name>', 'further Host header to accept (repeatable)')
        .argParser(listed)
        .default([], 'loopback names'),
    )
    .addOption(
      new Option('--metrics-port <number>', 'serve Prometheus metrics and /health here; 0: any')
        .argParser(wholeNumber(0, 65_535))
        .default(undefined, 'off'),
    )
    .option('--metrics-host <address>', 'address to serve them on', '127.0.0.1')

/** 64 GiB: more than any machine this runs on gives a cache. */
const maxCacheMb = 65_536

export const addStoreOptions = (command: Command): Command =>
  command
    .option('--prune <blocks>', 'keep only the states of so many past blocks', wholeNumber(1, 1e9))
    .option('--no-address-index', 'do not keep what explorers search by address (ots_ methods)')
    .option('--cache-mb <size>', 'memory for reading, in MiB', wholeNumber(1, maxCacheMb), 256)

export const logLevelHelp =
  'silent, error, warn, info or debug, for all or by module: info,rpc=debug (node, sealer, chain, rpc)'
