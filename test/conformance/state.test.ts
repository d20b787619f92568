/**
 * The official state tests (execution-spec-tests v5.4.0) through our engine, journal, store and trie.
 * Slow ones are not left out; all 241 files take well under a minute.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'

import {
  emptyTrieRoot,
  emptyUnclesHash,
  type Header,
  makeBlock,
  nobleSecp256k1,
  type StateChanges,
} from '../../primitives/index.ts'
import { openStore } from '../../state/index.ts'
import { hasShared, sharedFile } from '../support/shared.ts'
import { runStateTest, type StateFixture } from '../support/state-test.ts'

const secp256k1 = nobleSecp256k1
const root = sharedFile('state/')
const files = hasShared
  ? readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
      .map((entry) => `${entry.parentPath}/${entry.name}`.slice(fileURLToPath(root).length))
      .toSorted()
  : ['absent/']
const folders = [...new Set(files.map((file) => file.slice(0, file.lastIndexOf('/'))))]

const read = (file: string): Record<string, StateFixture> =>
  JSON.parse(readFileSync(new URL(file, root), 'utf8'))

/** A store in memory whose block 0 is `alloc`. */
async function openState(alloc: StateChanges) {
  const store = await openStore({ cacheBytes: 1_000_000, keepStates: 'archive' })
  const update = store.computeUpdate(alloc)
  const header: Header = {
    parentHash: `0x${'00'.repeat(32)}`,
    unclesHash: emptyUnclesHash,
    feeRecipient: `0x${'00'.repeat(20)}`,
    stateRoot: update.root,
    transactionsRoot: emptyTrieRoot,
    receiptsRoot: emptyTrieRoot,
    logsBloom: `0x${'00'.repeat(256)}`,
    difficulty: 0n,
    number: 0n,
    gasLimit: 0n,
    gasUsed: 0n,
    timestamp: 0n,
    extraData: '0x',
    prevRandao: `0x${'00'.repeat(32)}`,
    nonce: '0x0000000000000000',
  }
  const block = makeBlock({ header, transactions: [], uncles: [] })
  await store.commit({ block, receipts: [], senders: [], update })
  return store
}

const suite = hasShared ? describe : describe.skip

suite('official state tests', () => {
  test.each(folders.map((folder) => [folder]))(
    '%s',
    async (folder) => {
      const faults: string[] = []
      for (const file of files.filter((name) => name.startsWith(`${folder}/`)))
        for (const [name, fixture] of Object.entries(read(file))) {
          const result = await runStateTest(fixture, openState, secp256k1)
          if (result.ran === 0) faults.push(`${file} ${name}: nothing ran`)
          faults.push(...result.faults.map((fault) => `${file} ${name}: ${fault}`))
        }
      expect(faults).toEqual([])
    },
    120_000,
  )

  test('the suite is all there', () => {
    expect(files).toHaveLength(241)
  })
})

test('a wrong root, a wrong logs hash and a missing refusal are faults', async () => {
  expect((await runStateTest(miniature, openState, secp256k1)).faults).toEqual([])
  const change = (post: object): StateFixture => ({
    ...miniature,
    post: { Osaka: [{ ...miniature.post['Osaka']![0]!, ...post }] },
  })
  const wrong = [
    change({ hash: emptyTrieRoot }),
    change({ logs: emptyTrieRoot }),
    change({ expectException: 'TransactionException.NONCE_MISMATCH' }),
  ]
  const found = await Promise.all(wrong.map((w) => runStateTest(w, openState, secp256k1)))
  expect(found.map(({ faults }) => faults[0]?.replaceAll(/0x[0-9a-f]{64}/g, '#'))).toEqual([
    'Osaka 0: state root #, expected #',
    'Osaka 0: logs hash #, expected #',
    'Osaka 0: accepted, though TransactionException.NONCE_MISMATCH was expected',
  ])
})

/** One transfer of 1 wei; the root is what runTx of @ethereumjs/vm 10.1.3 leaves. */
const miniature: StateFixture = {
  env: {
    currentCoinbase: '0x00000000000000000000000000000000000000bb',
    currentGasLimit: '0x1c9c380',
    currentNumber: '0x1',
    currentTimestamp: '0x3e8',
    currentBaseFee: '0x7',
  },
  pre: {
    '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266': {
      nonce: '0x0',
      balance: '0xde0b6b3a7640000',
      code: '0x',
      storage: {},
    },
  },
  post: {
    Osaka: [
      {
        hash: '0xbdba43068ca84730f42425f5e5bc451b6102c0fe145c070de14e2f925d2eb247',
        logs: emptyUnclesHash,
        txbytes:
          '0x02f8620180010a8252089400000000000000000000000000000000000000aa0180c001a05f978f3a87619022705f79decda4b6ecf195ae09298ff320515849b09b41c80fa039995d38c1cdfcd43c3a5dd5386f1d6d88c7b52d38163a667393c2a4c7def9d0',
      },
    ],
  },
  config: { chainid: '0x1' },
}
