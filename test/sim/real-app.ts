/**
 * The simulator's chain where it is to be real: the node's own application on the real chain, with
 * execution, state and pool, one database in memory for each validator, which survives its crashes.
 * Blocks hold transfers that are in every pool from the start. Of the faulty validators only those that put
 * another body under a header are here: the others know toys only.
 */
import { type App, createValidatorSet, type Decision } from '../../consensus/index.ts'
import { createMempool, nextBaseFee } from '../../execution/index.ts'
import { createConsensusApp } from '../../node/validator/app.ts'
import { decisionOf } from '../../node/validator/decisions.ts'
import {
  type Address,
  type Clock,
  decodeBlock,
  encodeBlock,
  nobleSecp256k1,
} from '../../primitives/index.ts'
import { type ChainParts, feeRecipient, openChain, signBy, transfer } from '../support/chain.ts'
import type { SetAt, Work } from './app.ts'
import type { SeenBlock } from './checks.ts'
import { addressOf } from './curve.ts'
import type { SimOptions } from './options.ts'
import { simulate, type SimResult } from './simulation.ts'

export interface RealChain {
  /** In work. */
  height(): bigint
  decisions(): readonly Decision[]
  /** A process opens it, with the same database as the one before. */
  open(ports: {
    readonly clock: Clock
    readonly work: Work
    readonly onCommit: (decision: Decision) => void
  }): App
}

export interface RealWorld {
  readonly setAt: SetAt
  readonly look: (block: Uint8Array) => SeenBlock | undefined
  /** The same header over another body. */
  readonly otherBody: (block: Uint8Array) => Uint8Array
  readonly chains: readonly RealChain[]
}

const payee: Address = `0x${'aa'.repeat(20)}`
const accounts = 4
/** Of each account: some blocks have several, some none. */
const transfers = 12

/** A run with real blocks; afterwards nodes of one height must have one state, with the transfers in it. */
export async function simulateReal(options: SimOptions): Promise<SimResult> {
  const parts = await Promise.all(
    Array.from({ length: options.nodes }, () => openChain({ accounts })),
  )
  const raws = Array.from({ length: accounts * transfers }, (_, i) =>
    signBy(i % accounts, transfer(BigInt(Math.floor(i / accounts)), { to: payee })),
  ).map(({ raw }) => raw)
  const set = createValidatorSet(parts.map((_, i) => ({ address: addressOf(i), power: 100n })))
  const chains = parts.map((each) => realChain(each, raws, () => set, options.blockTimeMs))
  const byzantine = options.byzantine.filter(({ strategy }) => strategy === 'other-body')
  const result = await simulate(
    { ...options, byzantine },
    { isReal: true, real: { setAt: () => set, look, otherBody, chains } },
  )
  const honest = parts.filter((_, index) => byzantine.every(({ node }) => node !== index))
  const faults = compare(honest, raws.length)
  for (const { store } of parts) await store.close()
  return {
    ...result,
    violations: [
      ...result.violations,
      ...faults.map((text) => ({ rule: 'agreement', text }) as const),
    ],
  }
}

function realChain(
  { chain, store }: ChainParts,
  raws: readonly Uint8Array[],
  setAt: SetAt,
  blockTimeMs: number,
): RealChain {
  const height = (): bigint => chain.head().header.number + 1n
  const mempool = createMempool({
    chain,
    secp256k1: nobleSecp256k1,
    blockGasLimit: () => chain.head().header.gasLimit,
  })
  chain.onCommit((executed) => mempool.onBlock(executed))
  for (const raw of raws) mempool.add(raw)
  return {
    height,
    decisions: () =>
      Array.from({ length: Number(height()) - 1 }, (_, i) =>
        decisionOf(store, BigInt(i + 1)),
      ).filter((decision) => decision !== undefined),
    open({ clock, work, onCommit }) {
      const app = createConsensusApp(
        { validators: setAt(1n), feeRecipient, blockTimeMs },
        {
          chain,
          mempool,
          clock,
          baseFeeAfter: (parent) => nextBaseFee(parent, chain.spec) ?? 0n,
        },
      )
      return {
        ...app,
        propose: (at, round) => work('propose', () => app.propose(at, round)),
        validate: (at, block) => work('validate', () => app.validate(at, block)),
        commit: (decision) =>
          work('commit', async () => {
            await app.commit(decision)
            onCommit(decision)
          }),
      }
    },
  }
}

function look(bytes: Uint8Array): SeenBlock | undefined {
  const decoded = decodeBlock(bytes)
  if (decoded.type !== 'accept') return undefined
  const { hash, header } = decoded.value
  return { hash, height: header.number, parent: header.parentHash, isValid: true }
}

/** With a withdrawal, which this chain has none of. */
function otherBody(bytes: Uint8Array): Uint8Array {
  const decoded = decodeBlock(bytes)
  if (decoded.type !== 'accept') throw new Error(decoded.message)
  const withdrawal = { index: 0n, validatorIndex: 0n, address: payee, amount: 1n }
  return encodeBlock({ ...decoded.value, withdrawals: [withdrawal] })
}

/**
 * Nodes of one height have one state root; the transfers have happened, once, as every state says (a store
 * refuses a block whose root is not that of its own state).
 */
function compare(parts: readonly ChainParts[], count: number): string[] {
  const roots = new Map<bigint, string>()
  const faults: string[] = []
  for (const [node, { chain }] of parts.entries()) {
    const { number, stateRoot } = chain.head().header
    const other = roots.get(number)
    if (other !== undefined && other !== stateRoot) faults.push(`block ${number} has two states`)
    roots.set(number, stateRoot)
    const balance = chain.stateAt(number).account(payee)?.balance ?? 0n
    if (balance !== BigInt(count)) faults.push(`node ${node}: ${balance} transfers of ${count}`)
  }
  return faults
}
