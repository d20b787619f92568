/** The data commands: a contributor's and a datanet owner's. Options and help only, as client-program.ts. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { addClientOptions, idValue, keyHelp } from './client-options.ts'
import type { ExitCode, Io } from './exit.ts'
import { openAmount, pathValue, wholeNumber } from './flags.ts'

type End = (exitCode: ExitCode) => void

export function addData(program: Command, io: Io, end: End): void {
  const data = program
    .command('data')
    .summary('contribute rows to a datanet')
    .description(
      'From files to an accepted batch: init, add, check, push, status, and the deposit back: decide, reclaim, retract; for a datanet’s owner: review, publish.',
    )
    .addHelpText('after', keyHelp)
  const commandOf = (name: string, text: string): Command =>
    addClientOptions(
      data
        .command(name)
        .description(text)
        .option('-f, --folder <folder>', 'working folder', pathValue, '.'),
    )
  addPolicy(
    commandOf('init', 'Begins a working folder for a datanet, or creates the datanet with it.')
      .optionsGroup('Datanet:')
      .option('--datanet <id>', 'a datanet that exists', idValue)
      .option('--create <name>', 'create one, with you as its owner')
      .option(
        '--licence <spdx>',
        'licence of the rows (default: the one the datanet wants, else CC0-1.0)',
        licenceValue,
      )
      .option(
        '--uri <uri>',
        'where people find out more; of a new datanet instead of its name',
        '',
      ),
  ).action(async (flags) => end(await (await import('./commands/init.ts')).initData(flags, io)))
  commandOf(
    'add <files...>',
    'Adds rows: .jsonl, .ndjson and .json row by row, .csv and .tsv with their header’s names as keys, .txt and .md by paragraph; each also as .gz, and folders of them.',
  ).action(async (files: string[], flags) =>
    end(await (await import('./commands/data.ts')).addData(files, flags, io)),
  )
  commandOf('check', 'Checks what waits to be pushed, and says what will be signed.').action(
    async (flags) => end(await (await import('./commands/data.ts')).checkData(flags, io)),
  )
  commandOf('push', 'Uploads the rows and submits their root as a batch, with the deposit.').action(
    async (flags) => end(await (await import('./commands/push.ts')).pushData(flags, io)),
  )
  addReview(data, io, end)
  addGate(data, io, end)
  commandOf(
    'status',
    'What became of each batch: its verdict, its deposit and what to do, the answers it shaped, its income.',
  ).action(async (flags) =>
    end(await (await import('./commands/batches.ts')).dataStatus(flags, io)),
  )
  addDeposits(data, io, end)
}

/** What a datanet's policy says, besides that its owner decides. */
const addPolicy = (command: Command): Command =>
  command
    .optionsGroup('Policy of a new datanet (it never changes):')
    .addOption(
      new Option('--deposit <open>', 'deposit of a batch').argParser(openAmount).default(0n, '0'),
    )
    .addOption(
      new Option('--deposit-per-kib <open>', 'and for each KiB of its rows')
        .argParser(openAmount)
        .default(0n, '0'),
    )
    .addOption(
      new Option('--penalty <bps>', 'part of it a rejected batch loses, in ten-thousandths')
        .argParser(wholeNumber(0, 10_000))
        .default(0),
    )
    .addOption(
      new Option('--price <open>', 'least fee of an answer of a model made from it')
        .argParser(openAmount)
        .default(0n, '0'),
    )
    .addOption(
      new Option('--review-blocks <n>', 'blocks a batch may wait for its verdict')
        .argParser(wholeNumber(1, 31_536_000))
        .default(86_400),
    )
    .addOption(
      new Option('--max-rows <n>', 'rows of a batch')
        .argParser(wholeNumber(1, 65_536))
        .default(65_536),
    )

/** What follows a verdict, or its absence. */
function addDeposits(data: Command, io: Io, end: End): void {
  const commandOf = (name: string, text: string): Command =>
    addClientOptions(data.command(name).argument('<batch>', 'the batch', idValue).description(text))
  commandOf('decide', 'Ends the review of a batch whose time is up; anybody may.').action(
    async (batchId: bigint, flags) =>
      end(await (await import('./commands/batches.ts')).decideBatch(batchId, flags, io)),
  )
  commandOf(
    'reclaim',
    'Takes back the deposit of a batch, when it is free, and withdraws it.',
  ).action(async (batchId: bigint, flags) =>
    end(await (await import('./commands/batches.ts')).reclaimDeposit(batchId, flags, io)),
  )
  commandOf('retract', 'Takes an accepted batch out, for ever; its contributor or the owner may.')
    .optionsGroup('Retraction:')
    .option('--reason <text>', 'up to 32 ASCII characters', reasonValue, '')
    .action(async (batchId: bigint, flags) =>
      end(await (await import('./commands/batches.ts')).retractBatch(batchId, flags, io)),
    )
}

function addGate(data: Command, io: Io, end: End): void {
  addClientOptions(
    data
      .command('gate')
      .argument('<batch>', 'the batch', idValue)
      .description('How much of a batch was there before it, as the chain has measured it.'),
  )
    .optionsGroup('Gate:')
    .option('--measure', 'measure what is left first; a copy’s deposit is half yours')
    .addHelpText(
      'after',
      `
Examples:
  tributary data gate 12
  tributary data gate 12 --measure --key-file key.json`,
    )
    .action(async (batchId: bigint, flags) =>
      end(await (await import('./commands/gate.ts')).showGate(batchId, flags, io)),
    )
}

/** The owner's side of a datanet: judging batches, publishing versions. */
function addReview(data: Command, io: Io, end: End): void {
  addClientOptions(
    data
      .command('review')
      .argument('<batch>', 'the batch', idValue)
      .description('Accepts or rejects a batch of your datanet (owner mode).'),
  )
    .optionsGroup('Verdict:')
    .option('--accept', 'take it')
    .option('--reject', 'refuse it; its contributor may lose part of the deposit')
    .option('--score <bps>', 'quality in ten-thousandths', wholeNumber(0, 10_000), 10_000)
    .option('--reason <text>', 'up to 32 ASCII characters', reasonValue, '')
    .action(async (batchId: bigint, flags) =>
      end(await (await import('./commands/review.ts')).reviewBatch(batchId, flags, io)),
    )
  addClientOptions(
    data
      .command('publish')
      .argument('<datanet>', 'the datanet', idValue)
      .description(
        'Publishes accepted batches as the next version of your datanet, in the order they were submitted.',
      ),
  )
    .optionsGroup('Version:')
    .addOption(
      new Option('--batch <id>', 'an accepted batch (repeatable)')
        .argParser((text: string, before: readonly bigint[]) => [...before, idValue(text)])
        .default([], 'all'),
    )
    .option('--uri <uri>', 'where people find out more', '')
    .action(async (datanetId: bigint, flags) =>
      end(await (await import('./commands/review.ts')).publishVersion(datanetId, flags, io)),
    )
}

function reasonValue(text: string): string {
  if (!/^[\x20-\x7e]{0,32}$/.test(text))
    throw new InvalidArgumentError('It must be up to 32 ASCII characters.')
  return text
}

/** SPDX identifiers are ASCII; 32 bytes are what a batch carries. */
function licenceValue(text: string): string {
  if (!/^[A-Za-z0-9.+-]{1,32}$/.test(text))
    throw new InvalidArgumentError('It must be an SPDX identifier such as CC0-1.0.')
  return text
}
