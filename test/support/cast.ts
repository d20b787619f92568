/**
 * foundry's `cast` for end-to-end tests: the native binary (the npm wrapper hides exit codes), which npm installs on
 * Linux x64 only. Knows the environment it needs; asks nothing.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const castBinary = fileURLToPath(
  new URL('../../node_modules/@foundry-rs/cast-linux-amd64/bin/cast', import.meta.url),
)
export const hasCast = existsSync(castBinary)

const run = promisify(execFile)

export const castEnvironment = (url: string) => ({
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  ETH_RPC_URL: url,
  FOUNDRY_DISABLE_NIGHTLY_WARNING: '1',
  NO_COLOR: '1',
})

/** Standard output of cast, trimmed. Rejects, with `stderr`, when its exit code is not 0. */
export async function runCast(url: string, args: readonly string[]): Promise<string> {
  const options = { env: castEnvironment(url), timeout: 20_000 }
  return (await run(castBinary, [...args], options)).stdout.trim()
}
