/**
 * What anvil's users do to a chain by hand and geth's cannot: tokens dealt, blocks reorganised, another
 * chain id, signatures made somebody's. The same calls to our devnet and to anvil; where ours differ
 * (error codes: geth has one for everything) the test says so.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type Abi, encodeDeployData, encodeFunctionData, type Hex, parseGwei } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { createDevnet } from '../../node/devnet.ts'
import { mnemonic, startAnvil } from '../support/target.ts'

interface Node {
  readonly url: string
  stop(): Promise<void>
}
interface Answer {
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string }
}

const token = (
  JSON.parse(
    readFileSync(new URL('../fixtures/contracts.json', import.meta.url), 'utf8'),
  ) as Record<'Token', { readonly abi: Abi; readonly bytecode: Hex }>
).Token
const people = [0, 1, 2].map((addressIndex) => mnemonicToAccount(mnemonic, { addressIndex }))
const [alice, bob, carol] = people.map(({ address }) => address) as [Hex, Hex, Hex]
const nobody: Hex = `0x${'12'.repeat(20)}`

const encode = (functionName: string, args: readonly unknown[]): Hex =>
  encodeFunctionData({ abi: token.abi, functionName, args })

/** A payment of nothing to bob. */
const sign = (by: 1 | 2, chainId: number, nonce: number) =>
  people[by]?.signTransaction({
    chainId,
    nonce,
    type: 'eip1559',
    maxFeePerGas: parseGwei('3'),
    maxPriorityFeePerGas: 1n,
    gas: 21_000n,
    to: bob,
    value: 7n,
  })

const starts = {
  ours: async (): Promise<Node> => {
    const devnet = await createDevnet({ chainId: 2679n })
    return { url: (await devnet.listen()).httpUrl, stop: () => devnet.close() }
  },
  anvil: async (): Promise<Node> => {
    const { httpUrl, stop } = await startAnvil([])
    return { url: httpUrl, stop }
  },
}

describe.each(['ours', 'anvil'] as const)('%s', (name) => {
  const isOurs = name === 'ours'
  let node: Node
  beforeAll(async () => {
    node = await starts[name]()
  })
  afterAll(() => node.stop())

  async function call(method: string, ...params: readonly unknown[]): Promise<Answer> {
    const response = await fetch(node.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    return (await response.json()) as Answer
  }
  async function ask<value = unknown>(
    method: string,
    ...params: readonly unknown[]
  ): Promise<value> {
    const { result, error } = await call(method, ...params)
    if (error) throw new Error(`${method}: ${error.code} ${error.message}`)
    return result as value
  }
  /** The text. Ours come with geth's codes, anvil's with its own. */
  async function refusal(code: number, method: string, ...params: readonly unknown[]) {
    const { error } = await call(method, ...params)
    if (isOurs && error?.code !== code)
      throw new Error(`${method}: ${error?.code ?? 'no error'}, not ${code}`)
    return error?.message
  }
  const height = async () => Number(await ask<Hex>('eth_blockNumber'))
  const blockAt = (number: number) =>
    ask<{ hash: Hex; parentHash: Hex; transactions: { from: Hex; nonce: Hex; value: Hex }[] }>(
      'eth_getBlockByNumber',
      `0x${number.toString(16)}`,
      true,
    )

  describe('tokens', () => {
    let gold: Hex
    const read = async (functionName: string, ...args: readonly unknown[]) =>
      BigInt(await ask<Hex>('eth_call', { to: gold, data: encode(functionName, args) }, 'latest'))
    beforeEach(async () => {
      const data = encodeDeployData({ ...token, args: ['Gold', 'GLD'] })
      const hash = await ask<Hex>('eth_sendTransaction', { from: alice, data, gas: '0x1e8480' })
      await ask('evm_mine') // anvil answers before the block is there
      const receipt = await ask<{ contractAddress: Hex }>('eth_getTransactionReceipt', hash)
      gold = receipt.contractAddress
    })

    test.each(['anvil_dealERC20', 'anvil_setERC20Balance', 'hardhat_dealERC20'])(
      '%s sets a balance that can be spent, and nobody else’s',
      async (method) => {
        expect(await ask(method, bob, gold, '0x64')).toBe(
          isOurs && method.startsWith('hardhat_') ? true : null,
        )
        expect(await read('balanceOf', bob)).toBe(100n)
        expect(await read('balanceOf', carol)).toBe(0n)
        expect(await read('totalSupply')).toBe(0n)
        const data = encode('transfer', [carol, 40n])
        await ask('eth_sendTransaction', { from: bob, to: gold, data, gas: '0x30d40' })
        await ask('evm_mine')
        expect(await read('balanceOf', carol)).toBe(40n)
        await ask(method, bob, gold, '0x0')
        expect(await read('balanceOf', bob)).toBe(0n)
      },
    )

    test('anvil_setERC20Allowance lets the spender spend', async () => {
      await ask('anvil_dealERC20', alice, gold, '0x9')
      expect(await ask('anvil_setERC20Allowance', alice, bob, gold, '0x5')).toBeNull()
      expect(await read('allowance', alice, bob)).toBe(5n)
      const data = encode('transferFrom', [alice, bob, 5n])
      await ask('eth_sendTransaction', { from: bob, to: gold, data, gas: '0x30d40' })
      await ask('evm_mine')
      expect(await read('balanceOf', bob)).toBe(5n)
    })

    test('what answers no balance is refused', async () => {
      const text = await refusal(-32000, 'anvil_dealERC20', bob, nobody, '0x5')
      expect(text).toBe('Unable to set ERC20 balance, no slot found')
      const other = await refusal(-32000, 'anvil_setERC20Allowance', alice, bob, nobody, '0x5')
      expect(other).toBe('Unable to set ERC20 allowance, no slot found')
      expect((await call('anvil_dealERC20', bob)).error?.code).toBe(-32602)
    })
  })

  describe('blocks taken back', () => {
    test('anvil_rollback takes one back, or as many as it is told', async () => {
      await ask('anvil_mine', '0x5')
      const before = await height()
      expect(await ask('anvil_rollback', 3)).toBeNull()
      expect(await height()).toBe(before - 3)
      expect(await ask('anvil_rollback', null)).toBeNull()
      expect(await height()).toBe(before - 4)
      expect(await refusal(-32602, 'anvil_rollback', 1_000)).toBe(
        `Rollback depth must not exceed current chain height: current height ${before - 4}, depth 1000`,
      )
    })

    test('anvil_reorg puts other blocks there, with what is given in each', async () => {
      await ask('anvil_mine', '0x4')
      const at = await height()
      const old = [await blockAt(at - 1), await blockAt(at)]
      const nonce = Number(await ask<Hex>('eth_getTransactionCount', alice, 'latest'))
      const pay = (value: string) => ({ from: alice, to: bob, value })
      const pairs = [
        [pay('0x2'), 1],
        [pay('0x1'), 0],
        [pay('0x3'), 1],
      ]
      expect(await ask('anvil_reorg', 2, pairs)).toBeNull()
      expect(await height()).toBe(at)
      const [first, second] = [await blockAt(at - 1), await blockAt(at)]
      expect(first.hash).not.toBe(old[0]?.hash)
      expect(second.parentHash).toBe(first.hash)
      expect(first.parentHash).toBe((await blockAt(at - 2)).hash)
      const shown = [first, second].map(({ transactions }) =>
        transactions.map((tx) => [Number(tx.nonce), tx.value]),
      )
      expect(shown).toEqual([
        [[nonce, '0x1']],
        [
          [nonce + 1, '0x2'],
          [nonce + 2, '0x3'],
        ],
      ])
      expect(Number(await ask<Hex>('eth_getTransactionCount', alice, 'latest'))).toBe(nonce + 3)
      expect(await ask('eth_getBlockByHash', old[1]?.hash, false)).toBeNull()
    })

    test('anvil_reorg takes signed transactions, and refuses what cannot be', async () => {
      await ask('anvil_mine', '0x3')
      const at = await height()
      const nonce = Number(await ask<Hex>('eth_getTransactionCount', carol, 'latest'))
      const raw = await sign(2, 2679, nonce)
      await ask('anvil_reorg', 1, [[raw, 0]])
      const { transactions } = await blockAt(at)
      expect(transactions.map(({ from, value }) => [from.toLowerCase(), value])).toEqual([
        [carol.toLowerCase(), '0x7'],
      ])
      expect(await refusal(-32602, 'anvil_reorg', 1_000, [])).toBe(
        `Reorg depth must not exceed current chain height: current height ${at}, depth 1000`,
      )
      expect(await refusal(-32602, 'anvil_reorg', 2, [[{ from: alice, to: bob }, 2]])).toBe(
        'Block number for reorg tx will exceed the reorged chain height. Block number 2 must not exceed (depth-1) 1',
      )
      expect(await refusal(-32602, 'anvil_reorg', 2, [['0x00', 1]])).toBe(
        'Failed to decode transaction',
      )
      // anvil: No Signer available
      const stranger = await refusal(-32000, 'anvil_reorg', 2, [[{ from: nobody, to: bob }, 1]])
      expect(stranger).toBe(isOurs ? 'unknown account' : 'No Signer available')
      expect((await call('anvil_reorg', 2)).error?.code).toBe(-32602)
      expect(await height()).toBe(at)
    })
  })

  test('anvil_setChainId changes what is answered, run and taken from then on', async () => {
    /** CHAINID, as a word. */
    const seen = () => ask('eth_call', { data: '0x4660005260206000f3' }, 'latest')
    const nonce = Number(await ask<Hex>('eth_getTransactionCount', bob, 'latest'))
    const before = await ask<Hex>('eth_sendRawTransaction', await sign(1, 2679, nonce))
    expect(await ask('anvil_setChainId', 5)).toBeNull()
    expect([await ask('eth_chainId'), await ask('net_version')]).toEqual(['0x5', '5'])
    expect(await seen()).toBe(`0x${'5'.padStart(64, '0')}`)
    expect(
      (await call('eth_sendRawTransaction', await sign(1, 2679, nonce + 1))).error,
    ).toBeDefined()
    const hash = await ask<Hex>('eth_sendRawTransaction', await sign(1, 5, nonce + 1))
    await ask('evm_mine')
    expect(await ask('eth_getTransactionByHash', hash)).toMatchObject({ chainId: '0x5' })
    // What was signed for the id before can still be traced; anvil: invalid chain id for signer, and of the
    // new one now and then an empty trace.
    for (const one of isOurs ? [before, hash] : [])
      expect(await ask('debug_traceTransaction', one, { tracer: 'callTracer' })).toMatchObject({
        from: bob.toLowerCase(),
      })
    expect((await call('anvil_setChainId')).error?.code).toBe(-32602)
    await ask('anvil_setChainId', 2679)
    expect(await ask('eth_chainId')).toBe('0xa77')
  })

  test('anvil_impersonateSignature makes a signature somebody’s, for contracts', async () => {
    const [r, s] = ['1a'.repeat(32), '2b'.repeat(32)]
    const recover = (v: string) =>
      ask('eth_call', {
        to: `0x${'1'.padStart(40, '0')}`,
        data: `0x${'ee'.repeat(32)}${v.padStart(64, '0')}${r}${s}`,
      })
    expect(await ask('anvil_impersonateSignature', [`0x${r}${s}1b`, nobody])).toBeNull()
    expect(await recover('1b')).toBe(`0x${'0'.repeat(24)}${nobody.slice(2)}`)
    expect(await recover('1c')).not.toBe(`0x${'0'.repeat(24)}${nobody.slice(2)}`)
    expect((await call('anvil_impersonateSignature', `0x${r}${s}1b`, nobody)).error?.code).toBe(
      -32602,
    )
  })

  test('anybody’s transactions without a signature; the receipt as the answer', async () => {
    await ask('anvil_setBalance', nobody, '0xde0b6b3a7640000')
    const tx = { from: nobody, to: carol, value: '0x9', gas: '0x5208' }
    const hash = await ask<Hex>('eth_sendUnsignedTransaction', tx)
    await ask('evm_mine')
    expect(await ask('eth_getTransactionReceipt', hash)).toMatchObject({
      status: '0x1',
      from: nobody,
    })
    const receipt = await ask('eth_sendTransactionSync', { ...tx, from: bob })
    expect(receipt).toMatchObject({ status: '0x1', from: bob.toLowerCase() })
    expect((await call('eth_sendTransactionSync', tx)).error).toBeDefined()
    expect(await ask('eth_networkId')).toBe('2679')
    await ask('anvil_setAutomine', false)
    const waiting = await ask('eth_sendTransaction', { ...tx, from: bob })
    await ask(isOurs ? 'debug_clearTxpool' : 'anvil_dropAllTransactions') // anvil 1.8 has it
    expect(await ask('eth_getTransactionByHash', waiting)).toBeNull()
    await ask('anvil_setAutomine', true)
  })

  test('tenderly’s names for balances; no blob is ever found; Tempo’s tokens are not here', async () => {
    expect(await ask('tenderly_setBalance', nobody, '0x5')).toBeNull()
    expect(await ask('tenderly_addBalance', nobody, '0x2')).toBeNull()
    expect(await ask('eth_getBalance', nobody, 'latest')).toBe('0x7')
    expect(await ask('anvil_getBlobByHash', `0x${'ab'.repeat(32)}`)).toBeNull()
    expect(await ask('anvil_getBlobsByTransactionHash', `0x${'ab'.repeat(32)}`)).toBeNull()
    expect((await call('anvil_getBlobByHash', '0x12')).error?.code).toBe(-32602)
    expect(await refusal(-32000, 'anvil_setFeeToken', alice, bob)).toMatch(/^Not implemented/)
  })
})

describe('ours alone, as ganache and anvil 1.8 have it', () => {
  test('evm_addAccount knows an account by its address; it sends once it is unlocked', async () => {
    const { provider, close } = await createDevnet()
    const ask = (method: string, ...params: readonly unknown[]) =>
      provider.request({ method, params: [...params] })
    const send = () => ask('eth_sendTransaction', { from: nobody, to: alice, value: '0x1' })
    await ask('hardhat_setBalance', nobody, '0xde0b6b3a7640000')
    expect(await ask('evm_addAccount', nobody, 'secret')).toBe(true)
    expect(await ask('evm_addAccount', nobody, 'secret')).toBe(false)
    expect(await ask('eth_accounts')).toContain(nobody)
    await expect(send()).rejects.toThrow('unknown account')
    await expect(ask('personal_unlockAccount', nobody, 'guess')).rejects.toThrow('password')
    expect(await ask('personal_unlockAccount', nobody, 'secret', 300)).toBe(true)
    await send()
    expect(await ask('personal_lockAccount', nobody)).toBe(true)
    await expect(send()).rejects.toThrow('unknown account')
    expect(await ask('evm_removeAccount', nobody, 'secret')).toBe(true)
    expect(await ask('evm_removeAccount', nobody, 'secret')).toBe(false)
    expect(await ask('eth_accounts')).not.toContain(nobody)
    await expect(ask('personal_unlockAccount', nobody, 'secret')).rejects.toThrow('unknown account')
    expect(await ask('personal_unlockAccount', alice, '', null)).toBe(true)
    const wallMs = Number(await ask('anvil_getLastBlockWallTime')) * 1_000
    expect(Math.abs(wallMs - Date.now())).toBeLessThan(60_000)
    await close()
  })

  test('a reorganisation says which transactions the new blocks do not hold', async () => {
    const { provider, close } = await createDevnet()
    const ask = (method: string, ...params: readonly unknown[]) =>
      provider.request({ method, params: [...params] })
    await ask('anvil_mine', '0x3')
    const tx = { from: alice, to: bob, nonce: '0x7', gas: '0x5208' }
    await expect(ask('anvil_reorg', 2, [[tx, 1]])).rejects.toThrow(/without 0x.* in block 1: nonce/)
    expect(await ask('eth_blockNumber')).toBe('0x3')
    await close()
  })
})
