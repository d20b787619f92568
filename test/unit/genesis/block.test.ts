/** Block 0: the hash geth gives the same file, and our devnet's, which must not move by accident. */
import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import {
  devnetGenesis,
  type Genesis,
  genesisChanges,
  genesisCommit,
  parseGenesis,
} from '../../../genesis/index.ts'
import {
  blockFromRlp,
  decodeRlpStream,
  emptyTrieRoot,
  type Hex,
} from '../../../primitives/index.ts'
import { openStore } from '../../../state/index.ts'
import { sharedFile, testWithShared } from '../../support/shared.ts'

async function blockZero(genesis: Genesis) {
  const store = await openStore({ cacheBytes: 2 ** 20, keepStates: 'archive' })
  try {
    const input = genesisCommit(genesis, store)
    await store.commit(input)
    expect(store.head()).toEqual(input.block)
    return input.block
  } finally {
    await store.close()
  }
}

testWithShared('the hash is the one geth-made blocks build on', async () => {
  const verdict = parseGenesis(readFileSync(sharedFile('rpc/tests/genesis.json'), 'utf8'))
  if (verdict.type !== 'accept') throw new Error(verdict.message)
  const [first] = decodeRlpStream(readFileSync(sharedFile('rpc/tests/chain.rlp')))
  const expected = blockFromRlp(first!)
  expect(expected.header.number).toBe(1n)
  expect((await blockZero(verdict.value)).hash).toBe(expected.header.parentHash)
})

/** A change here is another chain: every database of the devnet would be refused. */
test('the devnet keeps its hash', async () => {
  const block = await blockZero(devnetGenesis())
  expect({ hash: block.hash, stateRoot: block.header.stateRoot }).toMatchInlineSnapshot(`
{
  "hash": "0xe6ae731be8ac1db644886bc028cc69bdc085182855e86681f54d1d4caa83127e",
  "stateRoot": "0x51d18bcc0a4542da778df8f320e4b1f767d7cf63b42d5f0cc65c94b3d5c4bc37",
}
`)
})

test('the header has the fields of the forks that are active, and no others', async () => {
  const full = (await blockZero(devnetGenesis())).header
  expect(full).toMatchObject({
    baseFeePerGas: 1_000_000_000n,
    withdrawalsRoot: emptyTrieRoot,
    blobGasUsed: 0n,
    excessBlobGas: 0n,
    parentBeaconBlockRoot: `0x${'0'.repeat(64)}`,
    requestsHash: '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  })
  const old = await blockZero({ ...devnetGenesis(), config: { chainId: 1n } })
  expect(old.header).not.toHaveProperty('baseFeePerGas')
  expect(old.header).not.toHaveProperty('requestsHash')
  expect(old.withdrawals).toBeUndefined()
})

const rich = (genesis: Genesis) => [...genesis.alloc.values()].filter((one) => one.balance > 0n)

test('20 accounts with 10,000 OPEN by default, and whatever is asked for instead', () => {
  expect(rich(devnetGenesis())).toHaveLength(20)
  expect(rich(devnetGenesis())[0]?.balance).toBe(10_000_000_000_000_000_000_000n)
  expect(rich(devnetGenesis({ count: 3, balance: 7n })).map((one) => one.balance)).toEqual([
    7n,
    7n,
    7n,
  ])
  const address: Hex = `0x${'12'.repeat(20)}`
  expect(devnetGenesis({ addresses: [address] }).alloc.get(address)?.nonce).toBe(0n)
})

test('a module gets nonce 1 and its code, at a reserved address only', () => {
  const module = { address: `0x0a77${'0'.repeat(35)}1`, code: Uint8Array.of(0xfe) } as const
  const { accounts, codes } = genesisChanges(devnetGenesis(), [module])
  const account = accounts.get(module.address)
  expect(account).toMatchObject({ nonce: 1n, balance: 0n })
  expect(codes.get(account!.codeHash)).toEqual(module.code)
  const elsewhere = { ...module, address: `0x${'12'.repeat(20)}` } as const
  expect(() => genesisChanges(devnetGenesis(), [elsewhere])).toThrow('outside 0x0a77')
})
