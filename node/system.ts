/** The machine as the node sees it: its clock and the version of this package. No policy. */
import { readFileSync } from 'node:fs'
import type { Clock } from '../primitives/index.ts'

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs)
    return () => clearTimeout(timer)
  },
}

/** Beside the sources, or one folder further up when this file runs from dist/. */
const manifests = ['../package.json', '../../package.json']

/** Version of this package; `0.0.0` where its package.json was left out. */
export function packageVersion(): string {
  for (const manifest of manifests) {
    const version = versionIn(manifest)
    if (version !== undefined) return version
  }
  return '0.0.0'
}

function versionIn(manifest: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(new URL(manifest, import.meta.url), 'utf8'))
    const isOurs = typeof parsed === 'object' && parsed !== null && 'version' in parsed
    return isOurs && typeof parsed.version === 'string' ? parsed.version : undefined
  } catch {
    return undefined // not at this place; the next one is tried
  }
}

/** web3_clientVersion, in the shape `name/version/platform/runtime` that explorers parse. */
export const clientVersion = (version: string): string =>
  `tributary/v${version}/${process.platform}-${process.arch}/node${process.versions.node}`

/**
 * web3_clientVersion of a devnet. hardhat-network-helpers refuse to work with a node whose version
 * does not begin with `anvil` or `hardhat` (notes/rpc.md, section 9).
 */
export const devClientVersion = (version: string): string => `anvil/v${version}-tributary`
