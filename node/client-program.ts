/**
 * The commands that speak to a node: data, model, ask, rewards. Options and help only; the work is in
 * commands/, loaded when called. No option takes a key: the command line is for everybody to read.
 */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ExitCode, Io } from './exit.ts'
import { addressValue, bigNumber, openAmount, pathValue, wholeNumber } from './flags.ts'

type End = (exitCode: ExitCode) => void

const idValue = bigNumber(1n, 2n ** 63n)

/** Where the node is, and whose key signs. */
const addClientOptions = (command: Command): Command =>
  command
    .optionsGroup('Node and key:')
    .addOption(
      new Option('--rpc-url <url>', 'JSON-RPC of a node')
        .env('TRIBUTARY_RPC_URL')
        .default('http://127.0.0.1:8545'),
    )
    .option('--key-file <file>', 'keystore (version 3) or a file with the hex key', pathValue)
    .option('--password-file <file>', 'password of the keystore', pathValue)
    .option('--from <address>', 'an account the node has unlocked (devnet)', addressValue)
    .option('--json', 'print JSON')

export function addClientCommands(program: Command, io: Io, end: End): void {
  addData(program, io, end)
  addModel(program, io, end)
  addAsk(program, io, end)
  addRewards(program, io, end)
}

const keyHelp = `
A key comes from --key-file, or from TRIBUTARY_PRIVATE_KEY in the environment; the password of a
keystore from --password-file or TRIBUTARY_PASSWORD.`

function addData(program: Command, io: Io, end: End): void {
  const data = program
    .command('data')
    .summary('contribute rows to a datanet')
    .description(
      'From files to an accepted batch: init, add, check, push, status; for a datanet’s owner: review, publish.',
    )
    .addHelpText('after', keyHelp)
  const commandOf = (name: string, text: string): Command =>
    addClientOptions(
      data
        .command(name)
        .description(text)
        .option('-f, --folder <folder>', 'working folder', pathValue, '.'),
    )
  commandOf('init', 'Begins a working folder for a datanet, or creates the datanet with it.')
    .optionsGroup('Datanet:')
    .option('--datanet <id>', 'a datanet that exists', idValue)
    .option('--create <name>', 'create one, with you as its owner')
    .option('--licence <spdx>', 'licence of the rows', licenceValue, 'CC0-1.0')
    .option('--uri <uri>', 'where people find out more', '')
    .action(async (flags) => end(await (await import('./commands/data.ts')).initData(flags, io)))
  commandOf(
    'add <files...>',
    'Adds rows: .jsonl and .json row by row, .txt and .md by paragraph.',
  ).action(async (files: string[], flags) =>
    end(await (await import('./commands/data.ts')).addData(files, flags, io)),
  )
  commandOf('check', 'Checks what waits to be pushed, and says what will be signed.').action(
    async (flags) => end(await (await import('./commands/data.ts')).checkData(flags, io)),
  )
  commandOf('push', 'Uploads the rows and submits their root as a batch, with the deposit.').action(
    async (flags) => end(await (await import('./commands/data.ts')).pushData(flags, io)),
  )
  addReview(data, io, end)
  commandOf(
    'status',
    'What became of each batch: its verdict, the answers it shaped, its income.',
  ).action(async (flags) => end(await (await import('./commands/data.ts')).dataStatus(flags, io)))
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
      .description('Publishes accepted batches as the next version of your datanet.'),
  )
    .optionsGroup('Version:')
    .addOption(
      new Option('--batch <id>', 'an accepted batch (repeatable; default: all not published yet)')
        .argParser((text: string, before: readonly bigint[]) => [...before, idValue(text)])
        .default([]),
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

function parentValue(text: string, before: readonly (readonly [bigint, number])[]) {
  const match = /^(\d{1,18}):(\d{1,7})$/.exec(text)
  const share = Number(match?.[2])
  if (!match || share > 1_000_000)
    throw new InvalidArgumentError(
      'It must be ID:SHARE, the share in millionths, such as 3:200000.',
    )
  return [...before, [BigInt(match[1] ?? ''), share] as const]
}

function addModel(program: Command, io: Io, end: End): void {
  const model = program
    .command('model')
    .summary('register and look at models')
    .description('Models as assets of the chain: what they were made from, and what they earn.')
    .addHelpText('after', keyHelp)
  addClientOptions(
    model
      .command('register <manifest>')
      .description('Registers a model; the file’s hash becomes its name on the chain.'),
  )
    .optionsGroup('Model:')
    .addOption(
      new Option('--source <versionId>', 'datanet version it was trained on (repeatable)')
        .argParser((text: string, before: readonly bigint[]) => [...before, idValue(text)])
        .default([]),
    )
    .addOption(
      new Option('--parent <id:share>', 'model it was made from, and its share in millionths')
        .argParser(parentValue)
        .default([]),
    )
    .addOption(
      new Option('--price <open>', 'least fee of an answer, in OPEN')
        .argParser(openAmount)
        .default(0n, '0'),
    )
    .option('--provider <address>', 'who serves it', addressValue)
    .option('--uri <uri>', 'where people find out more', '')
    .action(async (manifest: string, flags) =>
      end(await (await import('./commands/model.ts')).registerModel({ ...flags, manifest }, io)),
    )
  addClientOptions(
    model
      .command('show')
      .argument('<id>', 'the model', idValue)
      .description('What a model is and earned.'),
  ).action(async (id: bigint, flags) =>
    end(await (await import('./commands/model.ts')).showModel(id, flags, io)),
  )
  addClientOptions(
    model
      .command('answer <requestId>')
      .description(
        'The provider’s side of a request: records the attribution of an answer, settles the fee.',
      ),
  )
    .optionsGroup('Answer:')
    .requiredOption('--file <file>', 'the answer’s text', pathValue)
    .requiredOption('--version <id>', 'datanet version to attribute it to', idValue)
    .option('--method <id>', 'attribution method', wholeNumber(1, 65_535), 1)
    .action(async (requestId: `0x${string}`, flags) =>
      end(await (await import('./commands/model.ts')).answer(requestId, flags, io)),
    )
}

function addAsk(program: Command, io: Io, end: End): void {
  addClientOptions(
    program
      .command('ask')
      .argument('<model>', 'the model', idValue)
      .argument('<question>', 'only its hash goes on the chain')
      .summary('pay a model for an answer')
      .description('Pays for one answer into escrow and waits for its receipt.')
      .addHelpText('after', keyHelp),
  )
    .optionsGroup('Request:')
    .option('--pay <open>', 'fee in OPEN (default: the price of the model)', openAmount)
    .addOption(
      new Option('--wait-s <seconds>', 'how long to wait for the answer')
        .argParser(wholeNumber(0, 3600))
        .default(0),
    )
    .action(async (model: bigint, question: string, flags) =>
      end(await (await import('./commands/model.ts')).ask(model, question, flags, io)),
    )
}

function addRewards(program: Command, io: Io, end: End): void {
  const rewards = program
    .command('rewards')
    .summary('what you earned, why, and taking it')
    .description('Rewards of contributors and model owners.')
    .addHelpText('after', keyHelp)
  const commandOf = (name: string, text: string): Command =>
    addClientOptions(
      rewards.command(name).description(text).option('--account <address>', 'whose', addressValue),
    )
  commandOf('list', 'Balances, shares to claim, and what is not settled yet.').action(
    async (flags) => end(await (await import('./commands/rewards.ts')).listRewards(flags, io)),
  )
  commandOf('explain <hash>', 'From a fee to every account that got a part of it, and why.').action(
    async (hash: `0x${string}`, flags) =>
      end(await (await import('./commands/rewards.ts')).explainRewards(hash, flags, io)),
  )
  commandOf('refund <requestId>', 'Takes back the fee of a request that nobody answered.').action(
    async (requestId: `0x${string}`, flags) =>
      end(await (await import('./commands/rewards.ts')).refundRequest(requestId, flags, io)),
  )
  commandOf('claim', 'Claims all shares of the key’s account and withdraws the balance.').action(
    async (flags) => end(await (await import('./commands/rewards.ts')).claimRewards(flags, io)),
  )
}
