/** Data a module misses is fetched and the transaction runs again: same result, same gas, nothing left over. */
import { describe, expect, test } from '@jest/globals'
import { encodeFunctionData, parseAbi } from 'viem'
import { createEngine } from '../../../../execution/evm.ts'
import { defineModule, layout, MissingData } from '../../../../execution/native/index.ts'
import {
  fromHex,
  invariant,
  nobleSecp256k1,
  NodeError,
  type Address,
  type StateReader,
} from '../../../../primitives/index.ts'
import { context, sender, spec, stateWith } from '../../../support/engine.ts'

const address: Address = `0x0a77${'0'.repeat(33)}0fd`
const abi = parseAbi([
  'event Answered(uint256 count)',
  'function answer(uint256 howMany) returns (uint256)',
])
const state = layout({ count: 'uint256' })

/** Answers once it has `howMany` things; each call writes before it looks. */
function createLibrary(fetch: (state: StateReader, have: Set<bigint>) => Promise<() => void>) {
  const have = new Set<bigint>()
  const module = defineModule({
    address,
    name: 'library',
    abi,
    handlers: {
      answer({ storage, log }, [howMany]) {
        const { count } = state(storage)
        count.set(count.get() + 1n)
        log('Answered', { count: count.get() })
        if (BigInt(have.size) < howMany)
          throw new MissingData('a thing', (inside) => fetch(inside, have))
        return count.get()
      },
    },
  })
  const natives = { modules: [module], isReserved: (one: Address) => one.startsWith('0x0a77') }
  return { have, engine: createEngine({ spec, secp256k1: nobleSecp256k1, natives }) }
}

async function ask(
  { engine }: ReturnType<typeof createLibrary>,
  howMany: bigint,
  journal = stateWith('0x'),
) {
  const codeHash = journal.putCode(Uint8Array.of(0xfe))
  if (!journal.account(address)) journal.setAccount(address, { nonce: 1n, balance: 0n, codeHash })
  const data = fromHex(encodeFunctionData({ abi, functionName: 'answer', args: [howMany] }))
  const verdict = await engine.runCall(journal, context, {
    from: sender,
    to: address,
    value: 0n,
    gas: 1_000_000n,
    gasPrice: 0n,
    data,
  })
  invariant(verdict.type === 'accept', 'the engine takes the call')
  return { outcome: verdict.value, changes: journal.changes(), depth: journal.depth() }
}

describe('missing data', () => {
  test('is fetched, and the result is that of a node which had it', async () => {
    const held = createLibrary(() => Promise.reject(new Error('not asked')))
    for (const thing of [1n, 2n, 3n]) held.have.add(thing)
    const seen: bigint[] = []
    let kept = 0
    const lacking = createLibrary((inside, have) => {
      seen.push(inside.storage(address, 0n))
      have.add(BigInt(have.size))
      kept++
      return Promise.resolve(() => void kept--)
    })
    const expected = await ask(held, 3n)
    expect(expected.outcome.status).toBe('success')
    expect(await ask(lacking, 3n)).toEqual(expected)
    // The fetcher sees the state inside the transaction, and each attempt began from the start.
    expect(seen).toEqual([1n, 1n, 1n])
    expect(kept).toBe(0)
  })

  test('that nobody has is an error of the node, never a revert; the state is as before', async () => {
    const library = createLibrary(() =>
      Promise.reject(new NodeError('DATA_MISSING', 'nobody has it')),
    )
    const journal = stateWith('0x')
    await expect(ask(library, 1n, journal)).rejects.toMatchObject({ code: 'DATA_MISSING' })
    expect(journal.depth()).toBe(0)
    expect(journal.storage(address, 0n)).toBe(0n)
    library.have.add(1n)
    expect((await ask(library, 1n, journal)).outcome.status).toBe('success')
  })

  test('that stays missing however often it is fetched ends in an error', async () => {
    let kept = 0
    const library = createLibrary(() => {
      kept++
      return Promise.resolve(() => void kept--)
    })
    // What the builder of a block and a validator take for "leave it out", not for a fault of theirs.
    await expect(ask(library, 1n)).rejects.toMatchObject({
      code: 'DATA_MISSING',
      message: expect.stringContaining('a thing is not at hand'),
    })
    expect(kept).toBe(0)
  })
})
