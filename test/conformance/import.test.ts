/**
 * The 54 blocks of ethereum/execution-apis, from proof of work to BPO2, through `validate`: headers,
 * fees, blobs, rewards, receipts and every root of a chain that is not ours.
 */
import { readFileSync } from 'node:fs'
import { describe, expect } from '@jest/globals'
import { createChain, createChainSpec, createEngine } from '../../execution/index.ts'
import { genesisCommit, parseGenesis } from '../../genesis/index.ts'
import {
  blockFromRlp,
  decodeRlpStream,
  makeBlock,
  nobleSecp256k1,
  type Block,
} from '../../primitives/index.ts'
import { openStore } from '../../state/index.ts'
import { sharedFile, testWithShared } from '../support/shared.ts'

async function foreignChain() {
  const parsed = parseGenesis(readFileSync(sharedFile('rpc/tests/genesis.json'), 'utf8'))
  if (parsed.type !== 'accept') throw new Error(parsed.message)
  const spec = createChainSpec(parsed.value.config)
  const store = await openStore({ cacheBytes: 1 << 24, keepStates: 'archive' })
  await store.commit(genesisCommit(parsed.value, store))
  const engine = createEngine({ spec, secp256k1: nobleSecp256k1 })
  return createChain({ spec, store, engine, secp256k1: nobleSecp256k1 })
}

const blocks = (): Block[] =>
  [...decodeRlpStream(readFileSync(sharedFile('rpc/tests/chain.rlp')))]
    .map(blockFromRlp)
    .filter(({ header }) => header.number > 0n)

describe('a foreign chain of all forks', () => {
  testWithShared('imports to the head that geth had', async () => {
    const chain = await foreignChain()
    for (const block of blocks()) {
      const verdict = await chain.validate(block)
      if (verdict.type !== 'accept')
        throw new Error(`block ${block.header.number}: ${verdict.code} ${verdict.message}`)
      await chain.commit(verdict.value)
    }
    expect(chain.head().header.number).toBe(54n)
    expect(chain.head().hash).toMatch(/^0xd226371d.*dcd7$/)
  })

  testWithShared('stops at a block whose state root is another', async () => {
    const chain = await foreignChain()
    const [first] = blocks()
    const forged = makeBlock({
      ...first!,
      header: { ...first!.header, stateRoot: `0x${'ab'.repeat(32)}` },
    })
    expect(await chain.validate(forged)).toMatchObject({ code: 'STATE_ROOT_MISMATCH' })
  })
})
