#!/usr/bin/env node
/**
 * The door of the command: hands the arguments to program.ts and ends the process with its exit
 * code. Nothing else happens here, so that everything else can be tested without a process.
 */
import { main } from './program.ts'

const write =
  (stream: NodeJS.WriteStream) =>
  (line: string): void => {
    stream.write(`${line}\n`)
  }

// A reader that goes away (`| head`) is no fault of the node; it goes on without being read.
process.stdout.on('error', () => undefined)
process.stderr.on('error', () => undefined)

const exitCode = await main(process.argv.slice(2), {
  out: write(process.stdout),
  err: write(process.stderr),
  isTerminal: process.stderr.isTTY,
})
// Everything worth keeping is on disk by now; idle sockets of wallets must not hold the process.
process.exit(exitCode)
