/** The same signed transactions for every node: made once, from the accounts all of them fund. */
import { encodeDeployData, encodeFunctionData, getContractAddress, type Abi } from 'viem'
import { readArtifact } from '../test/support/solc.ts'
import { deriveAccounts } from '../node/accounts.ts'
import { chooseSecp256k1 } from '../node/crypto.ts'
import {
  type Address,
  fromHex,
  type Hex,
  signingHash,
  toHex,
  withSignature,
} from '../primitives/index.ts'
import { accountCount, chainId, mnemonic } from './nodes.ts'

export interface Workload {
  readonly name: string
  /** Mined one by one before the clock starts. */
  readonly setUp: readonly Hex[]
  readonly raws: readonly Hex[]
}

const gwei = 10n ** 9n
const { secp256k1 } = await chooseSecp256k1()
const accounts = deriveAccounts(mnemonic, accountCount)

/** Signs in nonce order, by account. */
function createSigner() {
  const nonces = accounts.map(() => 0n)
  return (index: number, to: Address | null, data: Hex, gasLimit: bigint, value = 0n): Hex => {
    const account = accounts[index]
    const nonce = nonces[index]
    if (!account || nonce === undefined) throw new Error(`no account ${index}`)
    nonces[index] = nonce + 1n
    const tx = {
      type: 'feeMarket',
      chainId: BigInt(chainId),
      nonce,
      gasLimit,
      to,
      value,
      data: fromHex(data),
      accessList: [],
      maxFeePerGas: 100n * gwei,
      maxPriorityFeePerGas: gwei,
    } as const
    return toHex(
      withSignature(tx, secp256k1.sign(signingHash(tx), fromHex(account.privateKey))).raw,
    )
  }
}

const recipient = (i: number): Address =>
  `0x${(0x10_0000 + (i % 1_000)).toString(16).padStart(40, '0')}`
const deploy = (name: string, args: readonly unknown[] = []): Hex => {
  const { abi, bytecode } = readArtifact(name)
  return encodeDeployData({ abi: abi as Abi, bytecode, args })
}
/** Read once: what encodes calls must not be slower than what answers them. */
const abis = new Map<string, Abi>()
function call(name: string, functionName: string, args: readonly unknown[]): Hex {
  const abi = abis.get(name) ?? (readArtifact(name).abi as Abi)
  abis.set(name, abi)
  return encodeFunctionData({ abi, functionName, args })
}
const createdBy = (index: number, nonce: bigint): Address =>
  getContractAddress({ from: accounts[index]?.address ?? '0x', nonce }).toLowerCase() as Address

/** W1 of notes/execution.md. */
export function transfers(count: number): Workload {
  const sign = createSigner()
  const raws = Array.from({ length: count }, (_, i) =>
    sign(i % accountCount, recipient(i), '0x', 21_000n, 1n),
  )
  return { name: `${count} transfers`, setUp: [], raws }
}

/** W2. The token is the first account's first contract. */
export function tokenTransfers(count: number): Workload {
  const sign = createSigner()
  const token = createdBy(0, 0n)
  const setUp = [
    sign(0, null, deploy('Token', ['Bench', 'BEN']), 3_000_000n),
    sign(
      0,
      token,
      call('Token', 'mintMany', [accounts.map((a) => a.address), 10n ** 24n]),
      6_000_000n,
    ),
  ]
  const raws = Array.from({ length: count }, (_, i) =>
    sign(i % accountCount, token, call('Token', 'transfer', [recipient(i), 1n]), 80_000n),
  )
  return { name: `${count} ERC-20 transfers`, setUp, raws }
}

/** W4: swaps of a constant-product pair, five frames each. */
export function swaps(count: number): Workload {
  const sign = createSigner()
  const [tokenA, tokenB, pair] = [createdBy(0, 0n), createdBy(0, 1n), createdBy(0, 2n)]
  const everyone = [...accounts.map((a) => a.address), pair]
  const setUp = [
    sign(0, null, deploy('Token', ['A', 'A']), 3_000_000n),
    sign(0, null, deploy('Token', ['B', 'B']), 3_000_000n),
    sign(0, null, deploy('Pair', [tokenA, tokenB]), 4_000_000n),
    sign(0, tokenA, call('Token', 'mintMany', [everyone, 10n ** 24n]), 6_000_000n),
    sign(0, tokenB, call('Token', 'mintMany', [everyone, 10n ** 24n]), 6_000_000n),
    sign(0, pair, call('Pair', 'sync', []), 200_000n),
    ...accounts.flatMap((_, i) =>
      [tokenA, tokenB].map((token) =>
        sign(i, token, call('Token', 'approve', [pair, 2n ** 255n]), 100_000n),
      ),
    ),
  ]
  const raws = Array.from({ length: count }, (_, i) =>
    sign(
      i % accountCount,
      pair,
      call('Pair', 'swap', [10n ** 15n, 0n, i % 2 === 0, accounts[i % accountCount]?.address]),
      250_000n,
    ),
  )
  return { name: `${count} swaps`, setUp, raws }
}

/** Calls of the compute contract, which the first account deploys. */
export const compute = {
  deployment: (): Hex => createSigner()(0, null, deploy('Compute'), 3_000_000n),
  address: createdBy(0, 0n),
  loops: [
    { name: 'arithmetic', data: call('Compute', 'arith', [100_000n]) },
    { name: 'keccak', data: call('Compute', 'hashes', [12_000n]) },
    { name: 'memory', data: call('Compute', 'sieve', [14_000n]) },
  ],
} as const

export const tokenBalanceCall = (i: number) => ({
  to: createdBy(0, 0n),
  data: call('Token', 'balanceOf', [recipient(i)]),
})
export const firstAddress = accounts[0]?.address ?? '0x'
