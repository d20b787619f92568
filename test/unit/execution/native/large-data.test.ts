/** What a transaction may ask its nodes to have at hand: the same everywhere, whatever a node has. */
import { describe, expect, test } from '@jest/globals'
import { encodeFunctionData, parseAbi } from 'viem'
import { createEngine } from '../../../../execution/evm.ts'
import {
  createLargeData,
  defineModule,
  maxLargeDataTokens,
} from '../../../../execution/native/index.ts'
import { fromHex, invariant, nobleSecp256k1, type Address } from '../../../../primitives/index.ts'
import { context, sender, spec, stateWith } from '../../../support/engine.ts'

const keyOf = (i: number) => `0x${i.toString(16).padStart(64, '0')}` as const

describe('large data', () => {
  test('one thing is always allowed, others up to a sum, each counted once', () => {
    const asked = createLargeData()
    expect(asked.allows(keyOf(1), 2n * maxLargeDataTokens)).toBe(true)
    expect(asked.allows(keyOf(2), 1n)).toBe(false)
    expect(asked.allows(keyOf(1), 2n * maxLargeDataTokens)).toBe(true)
    asked.begin()
    expect(asked.allows(keyOf(2), maxLargeDataTokens - 1n)).toBe(true)
    expect(asked.allows(keyOf(2), maxLargeDataTokens - 1n)).toBe(true)
    expect(asked.allows(keyOf(3), 1n)).toBe(true)
    expect(asked.allows(keyOf(4), 1n)).toBe(false)
  })

  test('however small, sixteen things are all of a transaction', () => {
    const asked = createLargeData()
    const answers = Array.from({ length: 20 }, (_, i) => asked.allows(keyOf(i), 1n))
    expect(answers.filter(Boolean)).toHaveLength(16)
  })

  test('the next call on the same state begins anew', async () => {
    const address: Address = `0x0a77${'0'.repeat(33)}0fd`
    const abi = parseAbi([
      'error LimitExceeded(bytes32 what, uint256 max)',
      'function ask(uint256 from, uint256 to) view returns (uint256)',
    ])
    const module = defineModule({
      address,
      name: 'asker',
      abi,
      handlers: {
        ask({ allowsLargeData }, [from, to]) {
          let allowed = 0n
          for (let i = from; i < to; i++) if (allowsLargeData(keyOf(Number(i)), 1n)) allowed++
          return allowed
        },
      },
    })
    const natives = { modules: [module], isReserved: (one: Address) => one.startsWith('0x0a77') }
    const engine = createEngine({ spec, secp256k1: nobleSecp256k1, natives })
    const journal = stateWith('0x')
    journal.setAccount(address, {
      nonce: 1n,
      balance: 0n,
      codeHash: journal.putCode(Uint8Array.of(0xfe)),
    })
    const ask = async (from: bigint, to: bigint): Promise<bigint> => {
      const data = fromHex(encodeFunctionData({ abi, functionName: 'ask', args: [from, to] }))
      const call = { from: sender, to: address, value: 0n, gas: 1_000_000n, gasPrice: 0n, data }
      const verdict = await engine.runCall(journal, context, call)
      invariant(verdict.type === 'accept' && verdict.value.status === 'success', 'it answers')
      return BigInt(`0x${Buffer.from(verdict.value.returnData).toString('hex')}`)
    }
    expect([await ask(0n, 20n), await ask(20n, 30n)]).toEqual([16n, 10n])
  })
})
