/** What every command that speaks to a node can be told: where the node is, and whose key signs. */
import { type Command, Option } from 'commander'
import { addressValue, bigNumber, pathValue } from './flags.ts'

export const idValue = bigNumber(1n, 2n ** 63n - 1n)

/** Where the node is, and whose key signs. */
export const addClientOptions = (command: Command): Command =>
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

export const keyHelp = `
A key comes from --key-file, or from TRIBUTARY_PRIVATE_KEY in the environment; the password of a
keystore from --password-file or TRIBUTARY_PASSWORD.`
