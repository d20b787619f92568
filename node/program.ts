/**
 * The command `tributary`: its commands, options and help. Every command is loaded when it is
 * called, so that help and mistakes are answered at once. Does no work itself.
 */
import { Command, CommanderError, Option } from 'commander'
import { addClientCommands } from './client-program.ts'
import { exitCodes, type ExitCode, type Io } from './exit.ts'
import {
  addressValue,
  bigNumber,
  type DbFlags,
  type DevFlags,
  type GuardFlags,
  listed,
  listedUrl,
  type ExportFlags,
  type ImportFlags,
  openAmount,
  pathValue,
  type RunFlags,
  seconds,
  wholeNumber,
} from './flags.ts'
import type { SnapshotTask } from './commands/snapshot.ts'
import { addServerOptions, addStoreOptions, logLevelHelp } from './options.ts'
import { packageVersion } from './system.ts'
import { wordsFor } from './help-words.ts'

/** Runs one command line (without node and script). Never throws; answers the exit code. */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  const done: { exitCode: ExitCode } = { exitCode: exitCodes.ok }
  try {
    const program = createProgram(io, (exitCode) => (done.exitCode = exitCode))
    await program.parseAsync(wordsFor(program, argv), { from: 'user' })
    return done.exitCode
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    const { explainFailure } = await import('./failure.ts')
    const { exitCode, text } = explainFailure(error)
    io.err(text)
    return exitCode
  }
}

const examples = `
Examples:
  $ tributary dev                               a devnet on http://127.0.0.1:8545, kept in ./.devnet
  $ tributary dev --ephemeral --block-time 2    nothing on disk, a block every 2 seconds
  $ tributary dev --validators 4                four validators that agree on each block
  $ tributary genesis print devnet > g.json     a genesis file to start from
  $ tributary genesis validate g.json           every fault in it, with its place
  $ tributary run --genesis g.json --datadir ./data --block-time 2
  $ tributary db check --datadir ./.devnet      recomputes every root of a stopped node
  $ tributary import -g genesis.json chain.rlp  runs a foreign chain's blocks, then answers about it
  $ tributary export --datadir ./.devnet c.rlp  the blocks of a stopped node, as geth writes them
  $ export TRIBUTARY_PRIVATE_KEY=0x...          who signs below; or --key-file, or --from on a devnet
  $ tributary data init --datanet 1 && tributary data add a.txt && tributary data push
  $ tributary ask 1 "Who wrote this?" --pay 0.1 pays for an answer; rewards explain says whom

Exit codes: 0 fine, 1 refused or faults found, 2 wrong usage, 70 a fault of the node, 130 forced.`

function createProgram(io: Io, end: (exitCode: ExitCode) => void): Command {
  const program = new Command('tributary')
    .description('An appchain node that measures, records and pays for the data behind AI answers.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .enablePositionalOptions() // `model answer --version 2` asks for no version of ours
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
    })
    .configureHelp({ helpWidth: 100 })
    .showHelpAfterError('Run it with --help to see what there is.')
    .exitOverride()
    .addHelpText('after', examples)
  addDev(program, io, end)
  addRun(program, io, end)
  addGenesis(program, io, end)
  addValidator(program, io, end)
  addDb(program, io, end)
  addSnapshot(program, io, end)
  addImport(program, io, end)
  addExport(program, io, end)
  addClientCommands(program, io, end)
  return program
}

const hexChainId = bigNumber(1n, 4_503_599_627_370_476n) // MetaMask's largest

function addDev(program: Command, io: Io, end: (exitCode: ExitCode) => void): void {
  const dev = program
    .command('dev')
    .summary('start a devnet for one developer')
    .description('Starts a chain with funded accounts and instant blocks, and keeps it on disk.')
  addServerOptions(dev)
    .option('--i-know-this-is-public', 'allow a --host that others can reach')
    .optionsGroup('Accounts:')
    .option('-a, --accounts <number>', 'funded accounts', wholeNumber(1, 1000), 20)
    .addOption(
      new Option('--balance <open>', 'OPEN in each of them')
        .argParser(openAmount)
        .default(10_000n * 10n ** 18n, '10000'),
    )
    .option('-m, --mnemonic <words>', 'derive the accounts from these words')
    .optionsGroup('Blocks:')
    .option(
      '-b, --block-time <seconds>',
      'a block every so many seconds, instead of at once',
      seconds,
    )
    .option('--mixed', 'with --block-time: also at once for what arrives')
    .option('--no-mining', 'no blocks by themselves')
    .optionsGroup('Validators:')
    .option(
      '--validators <number>',
      'so many validators, each a process of its own',
      wholeNumber(1, 16),
    )
    .option(
      '--full-nodes <number>',
      'so many more nodes that follow the validators and do not vote',
      wholeNumber(0, 16),
      0,
    )
    .option('--kill-random <seconds>', 'kill one of them every so often; it starts again', seconds)
    .option(
      '--partition <seconds>',
      'cut their network in two every so often, for half of it',
      seconds,
    )
    .optionsGroup('Chain:')
    .addOption(numberOption('--chain-id <number>', 'chain id', hexChainId, 2679n))
    .addOption(
      numberOption('--gas-limit <gas>', 'gas of a block', bigNumber(5000n, 2n ** 53n), 30_000_000n),
    )
    .optionsGroup('Data:')
    .option('-d, --datadir <folder>', 'where the chain is kept', pathValue, './.devnet')
    .option('--ephemeral', 'keep everything in memory')
    .option('--reset', 'delete the chain in --datadir first')
    .option('--snapshot <name>', 'go back to a snapshot of --datadir (see below) first', pathValue)
    .option('--state <file>', "load anvil's state dump, and write it at the end", pathValue)
    .option('--seed-demo', 'begin an empty chain with a datanet, a model and paid answers')
    .option('--bare', 'begin with nothing, whatever --seed-demo says')
  addStoreOptions(dev)
    .optionsGroup('Output:')
    .option('--json', 'one JSON object per line; the first has accounts, keys and URLs')
    .option('--silent', 'print nothing')
    .option('--config-out <file>', 'write accounts, keys and URLs there as JSON', pathValue)
    .option('--log-level <levels>', logLevelHelp)
    .addHelpText('after', devExamples)
    .action(async (flags: DevFlags) => {
      if (flags.validators !== undefined) {
        const { devValidators } = await import('./commands/dev-validators.ts')
        return end(await devValidators(flags, flags.validators, io))
      }
      const { dev: run } = await import('./commands/dev.ts')
      return end(await run(flags, io))
    })
}

const devExamples = `
Examples:
  $ tributary dev --port 0 --ephemeral --json   for tests: a free port, one JSON object per line
  $ tributary dev --block-time 1 --mixed        instant blocks and a heartbeat
  $ tributary dev --snapshot funded             begin where the snapshot "funded" was saved

The chain is the same as before when it starts again: --reset or --ephemeral begin anew. A --datadir
belongs to one genesis; --accounts, --balance, --mnemonic, --chain-id and --gas-limit shape it.

Snapshots are whole chains kept under a name in --datadir, 64 at most. While the devnet runs:
dev_saveSnapshot, dev_loadSnapshot, dev_listSnapshots and dev_deleteSnapshot, each with the name (load
goes back to one in the running chain's past). When it is stopped: tributary snapshot --help.`

const numberOption = (
  flags: string,
  text: string,
  parse: (text: string) => bigint,
  preset: bigint,
): Option => new Option(flags, text).argParser(parse).default(preset, preset.toString())

function addRun(program: Command, io: Io, end: (exitCode: ExitCode) => void): void {
  const run = program
    .command('run')
    .summary('run a node of a network')
    .description(
      'Opens a chain and serves JSON-RPC. Where the genesis names validators they decide its blocks, ' +
        'and --validator-key makes this node one of them. Elsewhere it is, with --block-time, the only ' +
        'producer of its chain.',
    )
    .optionsGroup('Chain:')
    .option('-g, --genesis <file>', "genesis file in geth's format")
    .option('-n, --network <name>', 'a named network instead of a file: devnet')
    .option('-b, --block-time <seconds>', 'produce a block every so many seconds', seconds)
    .option(
      '--fee-recipient <address>',
      'who gets priority fees and the stakers’ part of answers (default: the validator)',
      addressValue,
    )
    .optionsGroup('Consensus:')
    .option(
      '--validator-key <file>',
      'key to vote with (see `tributary validator keygen`)',
      pathValue,
    )
    .optionsGroup('Network:')
    .option('--p2p-host <address>', 'address other nodes connect to', '0.0.0.0')
    .option(
      '--p2p-port <number>',
      'port other nodes connect to; 0: any free one',
      wholeNumber(0, 65_535),
      30_303,
    )
    .addOption(
      new Option('--peer <multiaddr>', 'a node to stay connected to (repeatable)')
        .argParser(listed)
        .default([], 'none'),
    )
    .option('--max-peers <number>', 'most peers at a time', wholeNumber(1, 1_000), 50)
    .option('--mdns', 'find nodes of the same chain on the local network')
    .addOption(
      new Option(
        '--rows-from <url>',
        'a node to ask for rows of versions that are not here (repeatable)',
      )
        .argParser(listedUrl)
        .default([], 'none'),
    )
    .option(
      '--rows-quota-mb <number>',
      'MiB of rows kept; rows of published versions stay, others make room',
      wholeNumber(256, 2 ** 30),
      8_192,
    )
    .optionsGroup('Data:')
    .option('-d, --datadir <folder>', 'where the chain is kept', pathValue, './.tributary')
  addStoreOptions(run)
  addServerOptions(run)
    .optionsGroup('Output:')
    .option('--log-level <levels>', logLevelHelp)
    .action(async (flags: RunFlags) => {
      const { run: start } = await import('./commands/run.ts')
      end(await start(flags, io))
    })
}

function addValidator(program: Command, io: Io, end: (exitCode: ExitCode) => void): void {
  const validator = program.command('validator').description("A validator's key and its guard.")
  validator
    .command('keygen <file>')
    .description('Writes a new key that only its owner can read, and prints its address.')
    .action(async (file: string) => {
      const { generateKey } = await import('./commands/validator.ts')
      end(await generateKey(file, io))
    })
  validator
    .command('guard')
    .description(
      'The way out when a validator refuses to start for its guard or log: makes it sign only above ' +
        'a height. Choose one that no validator of the network has reached when the key last signed.',
    )
    .requiredOption('-g, --genesis <file>', "genesis file in geth's format")
    .requiredOption('--validator-key <file>', 'key that the guard is for', pathValue)
    .requiredOption('-d, --datadir <folder>', 'data folder of the validator', pathValue)
    .requiredOption('--above <height>', 'sign only above it', bigNumber(0n, 2n ** 48n))
    .action(async (flags: GuardFlags) => {
      const { raiseGuard } = await import('./commands/validator.ts')
      end(await raiseGuard(flags, io))
    })
}

function addGenesis(program: Command, io: Io, end: (exitCode: ExitCode) => void): void {
  const genesis = program.command('genesis').description('Checks and prints genesis files.')
  genesis
    .command('validate <file>')
    .description(
      'Names every fault of a genesis file with its place; exit code 1 when there is one.',
    )
    .action(async (file: string) => {
      const { validateGenesis } = await import('./commands/genesis.ts')
      end(await validateGenesis(file, io))
    })
  genesis
    .command('print <network>')
    .description('Prints the genesis file of a named network (devnet).')
    .action(async (network: string) => {
      const { printGenesis } = await import('./commands/genesis.ts')
      end(await printGenesis(network, io))
    })
}

function addDb(program: Command, io: Io, end: (exitCode: ExitCode) => void): void {
  const db = program.command('db').description('Looks into the database of a stopped node.')
  const addCommand = (name: 'info' | 'check', text: string): Command =>
    db
      .command(name)
      .description(text)
      .option('-d, --datadir <folder>', 'where the chain is kept', pathValue, './.devnet')
      .option('--json', 'print one JSON object')
      .action(async (flags: DbFlags) => {
        const { checkDatabase, describeDatabase } = await import('./commands/db.ts')
        end(await (name === 'info' ? describeDatabase : checkDatabase)(flags, io))
      })
  addCommand('info', 'Prints head, genesis, version and sizes.')
  addCommand(
    'check',
    'Compares the table files with their checksums, recomputes every root and follows every link; exit code 1 when one is wrong.',
  )
}

const withFolder = (command: Command): Command =>
  command
    .option('-d, --datadir <folder>', 'where the chain is kept', pathValue, './.devnet')
    .option('--json', 'print JSON objects')

function addSnapshot(program: Command, io: Io, end: (exitCode: ExitCode) => void): void {
  const snapshot = program
    .command('snapshot')
    .description('Named states of a stopped devnet: whole chains kept beside the one in use.')
  const addTask = (task: SnapshotTask, text: string): Command =>
    withFolder(snapshot.command(`${task} <name>`).description(text)).action(
      async (name: string, flags: DbFlags) => {
        const { changeSnapshots } = await import('./commands/snapshot.ts')
        end(await changeSnapshots(task, name, flags, io))
      },
    )
  addTask('save', 'Keeps the chain as it is under a name.')
  addTask('load', 'Puts a snapshot in the place of the chain; the snapshot stays.')
  addTask('delete', 'Deletes a snapshot.')
  withFolder(
    snapshot.command('list').description('Names the snapshots, with their heights.'),
  ).action(async (flags: DbFlags) => {
    const { showSnapshots } = await import('./commands/snapshot.ts')
    end(await showSnapshots(flags, io))
  })
}

function addImport(program: Command, io: Io, end: (exitCode: ExitCode) => void): void {
  const command = program
    .command('import <file>')
    .summary('run the blocks of a file, then answer about them')
    .description(
      "Executes and checks every block of a file of RLP blocks (geth's export format, also .gz), then " +
        'serves JSON-RPC about the chain. No blocks are made. Proof-of-work seals are not checked; ' +
        'every root is. Blocks the folder has already are passed over, so an import can be resumed.',
    )
    .optionsGroup('Chain:')
    .requiredOption('-g, --genesis <file>', "genesis file in geth's format")
    .optionsGroup('Data:')
    .option('-d, --datadir <folder>', 'keep the chain there (default: in memory)', pathValue)
    .option(
      '--rows <folder>',
      'rows that blocks of a chain with attribution refer to (default: FILE.rows, if it is there)',
      pathValue,
    )
    .addOption(
      new Option('--rows-from <url>', 'a node to ask for those that are not there (repeatable)')
        .argParser(listedUrl)
        .default([], 'none'),
    )
  addStoreOptions(command)
  addServerOptions(command)
    .option('--no-serve', 'end when the last block is in')
    .optionsGroup('Output:')
    .option('--json', 'one JSON object per line: progress, then "ready" with the URLs')
    .option('--log-level <levels>', logLevelHelp)
    .action(async (file: string, flags: ImportFlags) => {
      const { importChain } = await import('./commands/import.ts')
      end(await importChain(file, flags, io))
    })
}

function addExport(program: Command, io: Io, end: (exitCode: ExitCode) => void): void {
  program
    .command('export <file>')
    .summary('write blocks of a stopped node to a file')
    .description(
      "Writes blocks as RLP, one after the other (geth's format); .gz is compressed. Rows that the blocks " +
        'of a chain with attribution refer to go beside it, to FILE.rows. What a cheat of a devnet ' +
        '(anvil_setBalance and its like) changed is in no block, and such a chain does not import.',
    )
    .option('-d, --datadir <folder>', 'where the chain is kept', pathValue, './.devnet')
    .addOption(numberOption('--from <height>', 'first block', blockHeight, 0n))
    .option('--to <height>', 'last block (default: the head)', blockHeight)
    .action(async (file: string, flags: ExportFlags) => {
      const { exportChain } = await import('./commands/export.ts')
      end(await exportChain(file, flags, io))
    })
}

const blockHeight = bigNumber(0n, 2n ** 53n)
