/**
 * What `dev` prints when it is ready: accounts, keys, URLs, how a wallet joins. Pure text; nothing
 * here waits, and the node answers before this is printed.
 */
import { toChecksum } from '../execution/index.ts'
import { assertNever, type Hex } from '../primitives/index.ts'
import type { Sealing } from './beat.ts'
import type { DemoFacts } from './demo/demo.ts'
import { demoJson, demoLines } from './demo/report.ts'
import { groupDigits, toGweiText, toOpenText } from './text.ts'

export interface DevAccount {
  readonly address: Hex
  readonly privateKey: Hex
  /** Wei, at the head. */
  readonly balance: bigint
}

export interface DevFacts {
  readonly version: string
  readonly accounts: readonly DevAccount[]
  readonly mnemonic: string
  readonly chainId: bigint
  readonly httpUrl: string
  readonly wsUrl: string
  readonly metricsUrl?: string
  readonly genesisHash: Hex
  readonly head: bigint
  readonly gasLimit: bigint
  /** Wei, of the next block. */
  readonly baseFee: bigint
  readonly sealing: Sealing
  /** Undefined: everything in memory. */
  readonly datadir: string | undefined
  /** What --seed-demo played. */
  readonly demo?: DemoFacts
}

export function devBanner(facts: DevFacts): string {
  const { accounts, chainId, httpUrl, wsUrl } = facts
  return [
    `Tributary ${facts.version}, a devnet for one developer`,
    '',
    'Accounts',
    ...accounts.map(
      ({ address, balance }, i) =>
        `${label(i)} ${toChecksum(address)}  ${toOpenText(balance)} OPEN`,
    ),
    '',
    'Private keys',
    ...accounts.map(({ privateKey }, i) => `${label(i)} ${privateKey}`),
    '',
    `Mnemonic   ${facts.mnemonic}`,
    "Path       m/44'/60'/0'/0/N",
    'WARNING    These keys are known to everybody. Never send real money to them.',
    '',
    `Chain id   ${chainId} (0x${chainId.toString(16)})`,
    `HTTP       ${httpUrl}`,
    `WebSocket  ${wsUrl}`,
    ...(facts.metricsUrl === undefined ? [] : [`Metrics    ${facts.metricsUrl}/metrics`]),
    `Head       block ${groupDigits(facts.head)}`,
    `Gas limit  ${groupDigits(facts.gasLimit)} per block`,
    `Base fee   ${toGweiText(facts.baseFee)} gwei`,
    `Blocks     ${sealingText(facts.sealing)}`,
    `Data       ${facts.datadir === undefined ? 'in memory, gone when this stops' : `${facts.datadir} (kept; --reset starts anew)`}`,
    '',
    'MetaMask   Networks > Add a custom network:',
    '             Network name     Tributary devnet',
    `             RPC URL          ${httpUrl}`,
    `             Chain ID         ${chainId}`,
    '             Currency symbol  OPEN',
    '           Add account or wallet > Import private key: one of the keys above.',
    '           After --reset or --ephemeral a wallet still counts the old transactions:',
    '           Settings > Advanced > Clear activity tab data.',
    '',
    ...(facts.demo ? demoLines(facts.demo, httpUrl) : []),
    'Ctrl-C stops.',
    '',
  ].join('\n')
}

/** The last line after Ctrl-C: what became of the chain. */
export const stopLine = (head: bigint, datadir: string | undefined): string =>
  `Stopped at block ${groupDigits(head)}; the chain is ` +
  (datadir === undefined ? 'gone, as --ephemeral wants' : `kept in ${datadir}`)

const label = (index: number): string => `(${index})`.padStart(5)

export function sealingText(sealing: Sealing): string {
  switch (sealing.type) {
    case 'automine':
      return 'one at once for what arrives'
    case 'interval':
      return `one every ${sealing.blockTimeMs / 1000} s`
    case 'mixed':
      return `one at once for what arrives, and one every ${sealing.blockTimeMs / 1000} s`
    case 'manual':
      return 'none by itself (--no-mining)'
    default:
      return assertNever(sealing)
  }
}

/** The first line of `--json`, and the content of `--config-out`. */
export const devJson = (facts: DevFacts): string =>
  JSON.stringify({
    type: 'ready',
    version: facts.version,
    chainId: Number(facts.chainId),
    httpUrl: facts.httpUrl,
    wsUrl: facts.wsUrl,
    ...(facts.metricsUrl !== undefined && { metricsUrl: facts.metricsUrl }),
    genesisHash: facts.genesisHash,
    head: Number(facts.head),
    mnemonic: facts.mnemonic,
    accounts: facts.accounts.map(({ address, privateKey, balance }) => ({
      address,
      privateKey,
      balance: balance.toString(),
    })),
    gasLimit: facts.gasLimit.toString(),
    baseFeePerGas: facts.baseFee.toString(),
    sealing: facts.sealing,
    datadir: facts.datadir ?? null,
    ...(facts.demo && { demo: demoJson(facts.demo) }),
  })
