/** A genesis as the text of a genesis.json: what geth would read, and what parseGenesis reads back. */
import { compareText, toWord } from '../primitives/index.ts'
import type { Genesis, GenesisAccount } from './types.ts'

export function formatGenesis(genesis: Genesis): string {
  const { alloc, config, tributary, ...head } = genesis
  const accounts = [...alloc].toSorted(([a], [b]) => compareText(a, b))
  const file = {
    config,
    ...head,
    alloc: Object.fromEntries(accounts.map(([address, account]) => [address, plain(account)])),
    tributary,
  }
  return `${JSON.stringify(file, integers, 2)}\n`
}

const plain = ({ balance, nonce, code, storage }: GenesisAccount) => ({
  balance,
  ...(nonce !== 0n && { nonce }),
  ...(code !== '0x' && { code }),
  ...(storage.size > 0 && {
    storage: Object.fromEntries([...storage].map(([slot, value]) => [toWord(slot), toWord(value)])),
  }),
})

/** geth reads fork heights and chain ids as JSON numbers only, everything else as 0x-hex too. */
function integers(this: unknown, key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  const isNumber =
    /(?:Block|Time|Fraction)$|^(?:chainId|terminalTotalDifficulty|period|epoch)$/.test(key)
  return isNumber && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : `0x${value.toString(16)}`
}
