/**
 * The chain of committed blocks and the two ways to a next one: building it from offered
 * transactions, or validating a foreign one. Both end in an `ExecutedBlock`, which `commit` stores, so
 * nothing is executed twice. Decides no time, no fee recipient and no seed: the template says them.
 */
import { invariant, NodeError } from '../primitives/index.ts'
import type { Block, Header, Hex, Secp256k1, StateReader } from '../primitives/index.ts'
import { type AccountEdit, applyEdits, createJournal, type Store } from '../state/index.ts'
import { buildBlock } from './build.ts'
import type { ChainSpec } from './chain-spec.ts'
import { nextBaseFee } from './header.ts'
import type { Tracer } from './tracer.ts'
import type { BlockContext, Chain, Engine, ExecutedBlock } from './types.ts'
import { validateBlock } from './validate.ts'

export interface ChainPorts {
  readonly spec: ChainSpec
  /** Holds block 0 at least. */
  readonly store: Store
  readonly engine: Engine
  readonly secp256k1: Secp256k1
  /** Hears the transactions of blocks that are built here, whatever becomes of them. */
  readonly tracer?: Tracer
  /** Blocks carry what the address index stores. */
  readonly tracksAddresses?: boolean
}

/** BLOCKHASH sees so many ancestors (Yellow Paper, 9.4.2). */
const visibleAncestors = 256n

/** Throws NodeError CHAIN_EMPTY on the first use of a store without block 0. */
export function createChain(ports: ChainPorts): Chain {
  const { spec, store, engine } = ports
  const listeners = new Set<(executed: ExecutedBlock) => void>()
  const rollbackListeners = new Set<(head: Block) => void>()
  const head = (): Block => headOf(store)
  const hashes = createHashCache(store)
  const contextOf = (header: Header): BlockContext => ({
    header,
    blockHash: (number) => ancestorHash(header, number, (height) => hashes.at(height)),
  })
  const { tracer, ...others } = ports
  const parts = { ...others, contextOf }

  return {
    spec,
    store,
    engine,
    secp256k1: ports.secp256k1,
    head,
    contextOf,
    stateAt: createEditedView(store),
    validate: (block) => validateBlock(parts, head(), block),
    async build(template, offered) {
      if (template.parent.hash !== head().hash)
        throw new NodeError('NOT_ON_HEAD', 'a block can only be built on the head', {
          parent: template.parent.hash,
          head: head().hash,
        })
      return buildBlock({ ...parts, ...(tracer && { tracer }) }, template, offered)
    },
    async commit(executed) {
      const { block } = executed
      invariant(block.header.parentHash === head().hash, 'a committed block stands on the head')
      await store.commit(executed)
      hashes.keep(block)
      for (const listener of listeners) listener(executed)
    },
    onCommit(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async commitQuiet(count, intervalS) {
      const { header } = head()
      invariant(nextBaseFee(header, spec) === header.baseFeePerGas, 'the base fee stands still')
      await store.commitQuiet(count, intervalS)
    },
    edit: (edits) => store.edit(edits),
    async rollback(number) {
      await store.rollback(number)
      hashes.forget()
      for (const listener of rollbackListeners) listener(head())
    },
    onRollback(listener) {
      rollbackListeners.add(listener)
      return () => void rollbackListeners.delete(listener)
    },
  }
}

/** States as callers see them: what was set by hand since the head shows in the head's. */
function createEditedView(store: Store): Chain['stateAt'] {
  let made: { readonly edits: readonly AccountEdit[]; readonly state: StateReader } | undefined
  return (number) => {
    const state = store.stateAt(number)
    if (number !== headOf(store).header.number) return state
    const edits = store.editsBefore(number + 1n)
    if (edits.length === 0) return state
    // Made anew for each edit: whoever reads the one before must not see it change.
    if (made?.edits !== edits) {
      const journal = createJournal(state)
      applyEdits(journal, edits)
      made = { edits, state: journal }
    }
    return made.state
  }
}

function headOf(store: Store): Block {
  const head = store.head()
  if (!head) throw new NodeError('CHAIN_EMPTY', 'the store holds no block 0 yet')
  return head
}

/** The parent is in the header itself, so a block that is not committed yet has one too. */
function ancestorHash(
  header: Header,
  number: bigint,
  hashAt: (number: bigint) => Hex | undefined,
): Hex | undefined {
  if (number < 0n || number >= header.number) return undefined
  if (number < header.number - visibleAncestors) return undefined
  return number === header.number - 1n ? header.parentHash : hashAt(number)
}

/** Hashes of recent blocks, so that BLOCKHASH decodes none. */
function createHashCache(store: Store) {
  const recent = new Map<bigint, Hex>()
  return {
    at(number: bigint): Hex | undefined {
      if (number > headOf(store).header.number) return undefined
      return recent.get(number) ?? store.blockByNumber(number)?.block.hash
    },
    forget: () => recent.clear(),
    keep({ header, hash }: Block): void {
      recent.set(header.number, hash)
      recent.delete(header.number - 2n * visibleAncestors)
    },
  }
}
