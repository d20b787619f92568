/**
 * The commands of who serves answers and of who watches them: receipts, provider. Options and help only; the
 * work is in commands/, loaded when called.
 */
import { type Command, Option } from 'commander'
import { addClientOptions, idValue, keyHelp } from './client-options.ts'
import type { ExitCode, Io } from './exit.ts'
import { addressValue, bigNumber, pathValue, wholeNumber } from './flags.ts'

type End = (exitCode: ExitCode) => void
type Hash = `0x${string}`

const load = () => import('./commands/receipts.ts')

export function addReceipts(program: Command, io: Io, end: End): void {
  const receipts = program
    .command('receipts')
    .summary('audits of answers, and answers paid together')
    .description('What the chain checks about answers: stated receipts, and epochs.')
    .addHelpText(
      'after',
      `
Examples:
  tributary receipts audits --account 0xPROVIDER
  tributary receipts answer 0xRECEIPT --file answer.txt
  tributary receipts reveal 0xRECEIPT --key-file key.json
${keyHelp}`,
    )
  const commandOf = (name: string, text: string): Command =>
    addClientOptions(receipts.command(name).description(text))
  commandOf('audits', 'Stated receipts that are not over: what is due on each, and until when.')
    .optionsGroup('Receipts:')
    .option('--account <address>', 'stated by this account', addressValue)
    .option('--model <id>', 'of this model', idValue)
    .action(async (flags) => end(await (await load()).listAudits(flags, io)))
  commandOf('answer <receiptId>', 'Has a stated receipt computed again from its answer.')
    .optionsGroup('Answer:')
    .requiredOption('--file <file>', 'the answer’s text', pathValue)
    .action(async (id: Hash, flags) => end(await (await load()).answerAudit(id, flags, io)))
  commandOf(
    'reveal <receiptId>',
    'Asks for the answer of a stated receipt, under a bond: shown in time, or the receipt falls.',
  ).action(async (id: Hash, flags) => end(await (await load()).askReveal(id, flags, io)))
  commandOf(
    'expire <receiptId>',
    'Lets a receipt fall that was not answered in time; half of its bond is yours.',
  ).action(async (id: Hash, flags) => end(await (await load()).expireReceipt(id, flags, io)))
  commandOf('epochs', 'Epochs that are open: their answers, and what rows are owed so far.')
    .optionsGroup('Epochs:')
    .option('--model <id>', 'of this model', idValue)
    .option('--all', 'closed ones too')
    .action(async (flags) => end(await (await load()).listEpochs(flags, io)))
  commandOf('close <receiptId>', 'Closes an epoch whose time is over.').action(
    async (id: Hash, flags) => end(await (await load()).closeEpoch(id, flags, io)),
  )
}

export function addProvider(program: Command, io: Io, end: End): void {
  const provider = program
    .command('provider')
    .summary('keep the receipts of a provider')
    .description('For who serves a model: what has a deadline is done in time.')
    .addHelpText('after', keyHelp)
  addClientOptions(
    provider
      .command('run')
      .description(
        'Watches the key’s receipts: answers what is drawn or asked for, settles, takes bonds back, closes epochs.',
      ),
  )
    .optionsGroup('Provider:')
    .requiredOption('--answers <folder>', 'where model answer --state keeps answers', pathValue)
    .addOption(
      new Option('--from-block <n>', 'first block to look at')
        .argParser(bigNumber(0n, 2n ** 63n))
        .default(0n, '0'),
    )
    .option('--poll-ms <ms>', 'how often a new block is looked for', wholeNumber(10, 60_000), 1000)
    .option('--once', 'do what is due now, and end')
    .addHelpText(
      'after',
      `
A receipt that is drawn, or asked for, and not answered within the window loses its bond. Nothing is kept
beside the answers: stop and start it as you like.

Examples:
  tributary provider run --answers answers --key-file key.json
  tributary provider run --answers answers --once --json`,
    )
    .action(async (flags) =>
      end(await (await import('./commands/provider.ts')).runProvider(flags, io)),
    )
}
