/**
 * The part of a check that goes through the state: every trie node against the reference in its
 * parent up to the head's state root, every leaf against the flat entry, every code against its hash.
 */
import {
  emptyCodeHash,
  emptyTrieRoot,
  encodeRlp,
  equalBytes,
  keccakHex,
  NodeError,
  toHex,
  type Account,
  type Block,
  type Hex,
} from '../primitives/index.ts'
import type { Findings } from './check.ts'
import type { Database } from './database.ts'
import { decodeAccount } from './flat.ts'
import { keys, tableRange, valueOf, type TableName } from './tables.ts'
import { pathToBytes, referTo, type Reference, type TriePath } from './trie-node.ts'
import { packPath, walkNodes, type TrieNodes } from './trie.ts'

interface Totals {
  accounts: number
  slots: number
  trieNodes: number
}

const reportEvery = 1_000

export async function checkState(
  db: Database,
  head: Block | undefined,
  findings: Findings,
): Promise<Totals> {
  const totals: Totals = { accounts: 0, slots: 0, trieNodes: 0 }
  const trie = diskTrie(db, (path) => keys.accountNode(path))
  const leaves = checkedLeaves(trie, head?.header.stateRoot ?? emptyTrieRoot, 'accounts', {
    findings,
    totals,
  })
  const flat = presentEntries(db, 'a')
  await compare(leaves, flat, 'account', findings, async (hash, value) => {
    const account = accountOf(hash, value, findings)
    if (!account) return
    checkCode(db, hash, account, findings)
    await checkStorage(db, hash, account.storageRoot, { findings, totals })
    if (totals.accounts++ % reportEvery === 0) findings.progress('state', totals.accounts)
  })
  await checkCodes(db, findings)
  await checkCounts(db, totals, findings)
  return totals
}

/** Reads past the caches: what stands on disk is what is checked. */
const diskTrie = (db: Database, keyOf: (packed: Uint8Array) => Uint8Array): TrieNodes => ({
  get: (path) => db.get(keyOf(packPath(path))),
})

interface Tally {
  readonly findings: Findings
  readonly totals: Totals
}

/** Leaves in key order, each on a chain of right hashes from `root`; ends at the first damage. */
function* checkedLeaves(
  nodes: TrieNodes,
  root: Hex,
  name: string,
  { findings, totals }: Tally,
): Generator<readonly [Uint8Array, Uint8Array]> {
  /** References of children not yet visited; at most 15 for each level of the way. */
  const expected = new Map<TriePath, Reference>()
  const record = nodes.get('')
  const found = record ? keccakHex(record) : emptyTrieRoot
  if (found !== root) {
    findings.add('trie', `the trie of ${name} has root ${found}, not ${root}`)
    return
  }
  try {
    for (const [at, node] of walkNodes(nodes)) {
      totals.trieNodes++
      const bytes = nodes.get(at)
      const reference = expected.get(at)
      expected.delete(at)
      if (at !== '' && !(bytes && reference && equalBytes(referTo(bytes), reference)))
        findings.add('trie', `the trie of ${name}: the node at ${at} is not what its parent names`)
      if (node.type === 'extension') expected.set(at + node.path, node.child)
      if (node.type === 'branch')
        node.children.forEach((child, nibble) => {
          if (child) expected.set(at + nibble.toString(16), child)
        })
      if (node.type === 'leaf') yield [pathToBytes(at + node.path), node.value]
    }
  } catch (error) {
    if (!(error instanceof NodeError)) throw error
    findings.add('trie', `the trie of ${name}: ${error.message} (${JSON.stringify(error.facts)})`)
  }
}

/** Flat entries that hold something: hashed key without the table's part, and the value. */
async function* presentEntries(
  db: Database,
  table: 'a' | 's',
  prefix: Uint8Array = new Uint8Array(0),
): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
  for await (const [key, version] of db.range(tableRange(table, prefix))) {
    const value = valueOf(version)
    if (value.length > 0) yield [key.subarray(1 + prefix.length), value]
  }
}

/** Walks both in key order; whatever stands on one side only, or differs, is a fault. */
async function compare(
  leaves: Iterator<readonly [Uint8Array, Uint8Array]>,
  flat: AsyncIterable<readonly [Uint8Array, Uint8Array]>,
  what: string,
  findings: Findings,
  each: (hash: Uint8Array, value: Uint8Array) => Promise<void> | void,
): Promise<void> {
  let leaf = leaves.next()
  for await (const [hash, value] of flat) {
    while (!leaf.done && toHex(leaf.value[0]) < toHex(hash)) {
      findings.add('flat', `the ${what} ${toHex(leaf.value[0])} is in the trie only`)
      leaf = leaves.next()
    }
    if (leaf.done || !equalBytes(leaf.value[0], hash)) {
      findings.add('flat', `the ${what} ${toHex(hash)} is not in the trie`)
    } else {
      const inTrie = leaf.value[1]
      const asStored = what === 'account' ? value : encodeRlp(value)
      if (!equalBytes(inTrie, asStored))
        findings.add('flat', `the ${what} ${toHex(hash)} differs from the trie`)
      leaf = leaves.next()
    }
    await each(hash, value)
  }
  for (; !leaf.done; leaf = leaves.next())
    findings.add('flat', `the ${what} ${toHex(leaf.value[0])} is in the trie only`)
}

function accountOf(hash: Uint8Array, value: Uint8Array, findings: Findings): Account | undefined {
  try {
    return decodeAccount(value)
  } catch {
    findings.add('flat', `the account ${toHex(hash)} cannot be read`)
    return undefined
  }
}

function checkCode(db: Database, hash: Uint8Array, account: Account, findings: Findings): void {
  if (account.codeHash === emptyCodeHash) return
  const code = db.get(keys.code(account.codeHash))
  if (!code) findings.add('code', `the code ${account.codeHash} of ${toHex(hash)} is missing`)
}

/** Code of earlier states too. */
async function checkCodes(db: Database, findings: Findings): Promise<void> {
  for await (const [key, code] of db.range(tableRange('c'))) {
    const hash = toHex(key.subarray(1))
    if (keccakHex(code) !== hash) findings.add('code', `the code ${hash} is wrong`)
  }
}

async function checkStorage(
  db: Database,
  owner: Uint8Array,
  root: Hex,
  tally: Tally,
): Promise<void> {
  // Strays of an account without storage show in the totals; an iterator each would cost minutes.
  if (root === emptyTrieRoot) return
  const trie = diskTrie(db, (path) => keys.storageNode(owner, path))
  const leaves = checkedLeaves(trie, root, `storage of ${toHex(owner)}`, tally)
  const flat = presentEntries(db, 's', owner)
  await compare(leaves, flat, 'slot', tally.findings, () => {
    tally.totals.slots++
  })
}

/** What no account leads to: slots without an owner, nodes that no trie uses. */
async function checkCounts(db: Database, totals: Totals, findings: Findings): Promise<void> {
  let slots = 0
  for await (const [key] of presentEntries(db, 's')) if (key.length > 0) slots++
  if (slots !== totals.slots)
    findings.add('flat', `${slots} slots are stored, but accounts have ${totals.slots}`)
  const nodes = (await count(db, 't')) + (await count(db, 'o'))
  if (nodes !== totals.trieNodes)
    findings.add('trie', `${nodes} trie nodes are stored, but the tries use ${totals.trieNodes}`)
}

async function count(db: Database, table: TableName): Promise<number> {
  let entries = 0
  for await (const [key] of db.range(tableRange(table))) if (key.length > 0) entries++
  return entries
}
