/**
 * The commands that speak to a node: data (data-program.ts), model, ask, rewards. Options and help only;
 * the work is in commands/, loaded when called. No option takes a key: the command line is for everybody to read.
 */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ExitCode, Io } from './exit.ts'
import { addClientOptions, idValue, keyHelp } from './client-options.ts'
import { addData } from './data-program.ts'
import { addProvider, addReceipts } from './provider-program.ts'
import { addressValue, openAmount, pathValue, wholeNumber } from './flags.ts'

type End = (exitCode: ExitCode) => void

export function addClientCommands(program: Command, io: Io, end: End): void {
  addData(program, io, end)
  addModel(program, io, end)
  addAsk(program, io, end)
  addRewards(program, io, end)
  addReceipts(program, io, end)
  addProvider(program, io, end)
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
    .option('--provider <address>', 'who serves it (default: you)', addressValue)
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
    .option('--enter', 'add it to the open epoch: paid with others when that is closed')
    .option(
      '--state <folder>',
      'state its receipt under a bond, and keep the answer in this folder for an audit',
      pathValue,
    )
    .addHelpText(
      'after',
      `
Examples:
  tributary model answer 0xREQUEST --file answer.txt --version 2
  tributary model answer 0xREQUEST --file answer.bin --version 3 --method 4 --enter
  tributary model answer 0xREQUEST --file long.txt --version 2 --method 7 --state answers`,
    )
    .action(async (requestId: `0x${string}`, flags) =>
      end(await (await import('./commands/model.ts')).answer(requestId, flags, io)),
    )
  addCertify(model, io, end)
}

function addCertify(model: Command, io: Io, end: End): void {
  addClientOptions(
    model
      .command('certify')
      .argument('<id>', 'the model', idValue)
      .argument('<head>', 'file with the bytes of its head, which are the model’s content')
      .description('Shows the chain that a trained head is the optimum of its version’s rows.'),
  )
    .optionsGroup('Head:')
    .requiredOption('--version <id>', 'datanet version it was trained on', idValue)
    .addHelpText(
      'after',
      `
Example:
  tributary model certify 3 head.bin --version 2`,
    )
    .action(async (id: bigint, head: string, flags) =>
      end(await (await import('./commands/gate.ts')).certifyHead(id, head, flags, io)),
    )
}

function addAsk(program: Command, io: Io, end: End): void {
  addClientOptions(
    program
      .command('ask')
      .argument('<model>', 'the model', idValue)
      .argument('<question>', 'only its hash goes on the chain')
      .summary('pay a model for an answer')
      .description(
        'Pays for one answer into escrow. The question itself goes to nobody: send it with the request to ' +
          'whoever serves the model, and the answer comes from there.',
      )
      .addHelpText('after', keyHelp),
  )
    .optionsGroup('Request:')
    .option('--pay <open>', 'fee in OPEN (default: the price of the model)', openAmount)
    .addOption(
      new Option('--wait-s <seconds>', 'how long to wait for the answer’s receipt')
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
    addClientOptions(rewards.command(name).description(text))
  const accountOf = (name: string, text: string): Command =>
    commandOf(name, text).option('--account <address>', 'whose (default: the key’s)', addressValue)
  accountOf('list', 'Balances, shares to claim, and what is not settled yet.').action(
    async (flags) => end(await (await import('./commands/rewards.ts')).listRewards(flags, io)),
  )
  accountOf('explain <hash>', 'From a fee to every account that got a part of it, and why.').action(
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
