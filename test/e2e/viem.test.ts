/**
 * viem against the running devnet, over HTTP and over WebSocket: what a dapp does, from deploying a
 * contract to authorising by EIP-7702. `TRIBUTARY_E2E=anvil` asks anvil the same questions.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  encodeFunctionData,
  http,
  parseEther,
  parseGwei,
  publicActions,
  webSocket,
  type Abi,
  type Address,
  type Hex,
  type Log,
  type PublicClient,
  type Transport,
} from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { readArtifact } from '../support/solc.ts'
import { account, chainOf, isAnvil, startTarget, type Target } from '../support/target.ts'
import { until } from '../support/until.ts'

const token = readArtifact('Token')
const emitter = readArtifact('Emitter')
const reverter = readArtifact('Reverter')
const delegate = readArtifact('Delegate')

let target: Target
beforeAll(async () => {
  target = await startTarget()
}, 30_000)
afterAll(async () => {
  await target.stop()
})

const kinds = [
  { kind: 'http', index: 0, transport: (): Transport => http(target.httpUrl) },
  { kind: 'webSocket', index: 4, transport: (): Transport => webSocket(target.wsUrl) },
] as const

type Socketed = { readonly type: string; getRpcClient?(): Promise<{ close(): void }> }
/** viem keeps its sockets open; a test that ends closes them. */
const closeSocket = async (transport: Socketed): Promise<void> => {
  if (transport.type === 'webSocket') (await transport.getRpcClient?.())?.close()
}

/** What viem made of a call that must revert. */
const revertOf = async (promise: Promise<unknown>): Promise<ContractFunctionRevertedError> => {
  const error: unknown = await promise.catch((e: unknown) => e)
  const found =
    error instanceof BaseError
      ? error.walk((e) => e instanceof ContractFunctionRevertedError)
      : null
  if (!(found instanceof ContractFunctionRevertedError))
    throw new Error('not a revert', { cause: error })
  return found
}

describe.each(kinds)('viem over $kind', ({ index, transport }) => {
  const owner = account(index)
  const other = account(index + 1)
  const connect = (from = owner) =>
    createWalletClient({
      account: from,
      chain: chainOf(target),
      transport: transport(),
      pollingInterval: 50,
    }).extend(publicActions)
  let client: ReturnType<typeof connect>
  beforeAll(() => {
    client = connect()
  })
  afterAll(async () => closeSocket(client.transport))

  const mined = async (hash: Hex) => client.waitForTransactionReceipt({ hash, timeout: 10_000 })
  const deploy = async (
    artifact: { abi: readonly unknown[]; bytecode: Hex },
    args: readonly unknown[] = [],
  ): Promise<Address> => {
    const hash = await client.deployContract({
      abi: artifact.abi as Abi,
      bytecode: artifact.bytecode,
      args,
    })
    const { contractAddress, status } = await mined(hash)
    expect(status).toBe('success')
    return contractAddress!
  }

  test('the chain introduces itself', async () => {
    expect(await client.getChainId()).toBe(2679)
    const block = await client.getBlock()
    expect(block.baseFeePerGas).toBeGreaterThan(0n)
    expect(await client.getBalance({ address: account(19).address })).toBe(parseEther('10000'))
  })

  test('a transfer moves the value and costs 21,000 gas', async () => {
    const to = privateKeyToAccount(generatePrivateKey()).address
    const before = await client.getBalance({ address: owner.address })
    const receipt = await mined(await client.sendTransaction({ to, value: parseEther('1.5') }))
    expect(receipt.gasUsed).toBe(21_000n)
    expect(await client.getBalance({ address: to })).toBe(parseEther('1.5'))
    expect(await client.getBalance({ address: owner.address })).toBe(
      before - parseEther('1.5') - receipt.gasUsed * receipt.effectiveGasPrice,
    )
    const transaction = await client.getTransaction({ hash: receipt.transactionHash })
    expect(transaction).toMatchObject({ type: 'eip1559', blockNumber: receipt.blockNumber })
    const block = await client.getBlock({ blockHash: receipt.blockHash, includeTransactions: true })
    expect(block.transactions[receipt.transactionIndex]).toMatchObject({ hash: transaction.hash })
  })

  test.each(['legacy', 'eip2930', 'eip1559'] as const)(
    'a %s transaction is mined',
    async (type) => {
      const fees =
        type === 'eip1559'
          ? { maxFeePerGas: parseGwei('20'), maxPriorityFeePerGas: parseGwei('1') }
          : { gasPrice: parseGwei('20') }
      const request = { to: other.address, value: 1n, type, ...fees }
      const hash = await client.sendTransaction(request as never)
      expect(await mined(hash)).toMatchObject({ status: 'success', type })
    },
  )

  test('an ERC-20 is deployed, written, read and estimated', async () => {
    const address = await deploy(token, ['Data', 'DAT'])
    const abi = token.abi as Abi
    expect(await client.getCode({ address })).toBe(token.deployedBytecode)
    expect(await client.readContract({ address, abi, functionName: 'symbol' })).toBe('DAT')
    await mined(
      await client.writeContract({
        address,
        abi,
        functionName: 'mint',
        args: [owner.address, 1000n],
      }),
    )
    const move = { address, abi, functionName: 'transfer', args: [other.address, 300n] } as const
    const gas = await client.estimateContractGas({ ...move, account: owner })
    const receipt = await mined(await client.writeContract({ ...move, gas }))
    expect(receipt.status).toBe('success')
    expect(receipt.gasUsed).toBeLessThanOrEqual(gas)
    expect(gas).toBeLessThan(receipt.gasUsed + receipt.gasUsed / 5n)
    const balance = { address, abi, functionName: 'balanceOf', args: [other.address] } as const
    expect(await client.readContract(balance)).toBe(300n)
    expect(await client.readContract({ ...balance, blockNumber: receipt.blockNumber - 1n })).toBe(
      0n,
    )
    const transfers = await client.getContractEvents({
      address,
      abi,
      eventName: 'Transfer',
      args: { to: other.address },
      fromBlock: 0n,
    })
    expect(transfers.map((log) => log.args)).toEqual([
      { from: owner.address, to: other.address, value: 300n },
    ])
    expect(transfers[0]).toMatchObject({ blockHash: receipt.blockHash, removed: false })
  })

  test('reverts come back with their reason', async () => {
    const address = await deploy(reverter)
    const abi = reverter.abi as Abi
    const ask = async (functionName: string, args: readonly unknown[] = []) =>
      revertOf(client.simulateContract({ address, abi, functionName, args, account: owner }))
    expect((await ask('reason', ['no luck today'])).reason).toBe('no luck today')
    expect((await ask('panicAssert')).reason).toBe('An `assert` condition failed.')
    expect((await ask('panicDivide', [0n])).reason).toMatch(/[Dd]ivision or modulo by zero/)
    expect((await ask('custom', [7n])).data).toMatchObject({
      errorName: 'Unlucky',
      args: [7n, owner.address],
    })
    const estimate = revertOf(
      client.estimateContractGas({
        address,
        abi,
        functionName: 'reason',
        args: ['dear'],
        account: owner,
      }),
    )
    expect((await estimate).reason).toBe('dear')
  })

  test('a reverted transaction is mined, paid for, and leaves nothing', async () => {
    const address = await deploy(reverter)
    const abi = reverter.abi as Abi
    const hash = await client.writeContract({
      address,
      abi,
      functionName: 'touchAndRevert',
      gas: 100_000n,
    })
    const receipt = await mined(hash)
    expect(receipt).toMatchObject({ status: 'reverted', logs: [] })
    expect(receipt.gasUsed).toBeGreaterThan(21_000n)
    expect(await client.readContract({ address, abi, functionName: 'touched' })).toBe(0n)
  })

  test('filters see blocks, transactions and logs once each', async () => {
    const address = await deploy(emitter)
    const abi = emitter.abi as Abi
    const blocks = await client.createBlockFilter()
    const logs = await client.createContractEventFilter({ address, abi, eventName: 'Changed' })
    const hash = await client.writeContract({ address, abi, functionName: 'set', args: [5n, 'a'] })
    const receipt = await mined(hash)
    expect(await client.getFilterChanges({ filter: blocks })).toContain(receipt.blockHash)
    const seen = await client.getFilterChanges({ filter: logs })
    expect(seen).toMatchObject([{ transactionHash: hash, args: { number: 5n, note: 'a' } }])
    expect(await client.getFilterChanges({ filter: logs })).toEqual([])
    expect(await client.getFilterLogs({ filter: logs })).toHaveLength(1)
    expect(await client.uninstallFilter({ filter: logs })).toBe(true)
    expect(await client.uninstallFilter({ filter: logs })).toBe(false)
  })

  test('fee history and fee estimates fit the chain', async () => {
    await mined(await client.sendTransaction({ to: other.address, value: 1n }))
    const history = await client.getFeeHistory({ blockCount: 4, rewardPercentiles: [10, 50, 90] })
    const head = await client.getBlock()
    const count = Math.min(4, Number(head.number) + 1)
    expect(history.baseFeePerGas).toHaveLength(count + 1)
    expect(history.gasUsedRatio).toHaveLength(count)
    expect(history.reward).toHaveLength(count)
    expect(history.baseFeePerGas.at(-2)).toBe(head.baseFeePerGas)
    expect(history.gasUsedRatio.at(-1)).toBeCloseTo(Number(head.gasUsed) / Number(head.gasLimit), 6)
    const fees = await client.estimateFeesPerGas()
    expect(fees.maxFeePerGas).toBeGreaterThanOrEqual(head.baseFeePerGas!)
    expect(await client.getGasPrice()).toBeGreaterThanOrEqual(history.baseFeePerGas.at(-1)!)
  })

  test('an account delegates by EIP-7702, acts as a contract, and takes it back', async () => {
    const address = await deploy(delegate)
    const eoa = account(index + 2)
    const abi = delegate.abi as Abi
    const authorization = await client.signAuthorization({ account: eoa, contractAddress: address })
    const data = encodeFunctionData({ abi, functionName: 'ping' })
    const hash = await client.sendTransaction({
      to: eoa.address,
      data,
      authorizationList: [authorization],
    })
    const receipt = await mined(hash)
    expect(receipt).toMatchObject({ status: 'success', type: 'eip7702' })
    expect(receipt.logs[0]?.address).toBe(eoa.address.toLowerCase())
    expect(await client.getCode({ address: eoa.address })).toBe(
      `0xef0100${address.slice(2).toLowerCase()}`,
    )
    expect(await client.getTransactionCount({ address: eoa.address })).toBe(1)
    expect(await client.getTransaction({ hash })).toMatchObject({
      authorizationList: [{ chainId: 2679, nonce: 0 }],
    })
    const to = privateKeyToAccount(generatePrivateKey()).address
    const steps = [
      { to, value: 3n, data: '0x' },
      { to, value: 4n, data: '0x' },
    ]
    await mined(
      await connect(eoa).writeContract({
        address: eoa.address,
        abi,
        functionName: 'run',
        args: [steps],
      }),
    )
    expect(await client.getBalance({ address: to })).toBe(7n)
    const back = await connect(eoa).signAuthorization({
      contractAddress: '0x0000000000000000000000000000000000000000',
      executor: 'self',
    })
    await mined(await connect(eoa).sendTransaction({ to: eoa.address, authorizationList: [back] }))
    expect(await client.getCode({ address: eoa.address })).toBeUndefined()
  })

  test('a nonce gap waits, is replaced for 10 % more, and fills in order', async () => {
    const eoa = account(index + 3)
    const wallet = connect(eoa)
    const nonce = await client.getTransactionCount({ address: eoa.address })
    const later = { to: other.address, value: 1n, gas: 21_000n, nonce: nonce + 1 }
    const fees = { maxFeePerGas: parseGwei('20'), maxPriorityFeePerGas: parseGwei('2') }
    const first = await wallet.sendTransaction({ ...later, ...fees })
    expect(await client.getTransaction({ hash: first })).toMatchObject({ blockNumber: null })
    const pending = { address: eoa.address, blockTag: 'pending' } as const
    expect(await client.getTransactionCount(pending)).toBe(nonce)
    const cheap = { ...later, ...fees, value: 2n, maxFeePerGas: parseGwei('21') }
    // anvil takes any higher price; geth and we ask for 10 % on both fees.
    const refused: unknown = isAnvil
      ? 'replacement transaction underpriced'
      : await wallet.sendTransaction(cheap).catch((e: unknown) => e)
    expect(String(refused)).toMatch(/replacement transaction underpriced/)
    const second = await wallet.sendTransaction({
      ...later,
      value: 3n,
      maxFeePerGas: parseGwei('22'),
      maxPriorityFeePerGas: parseGwei('2.2'),
    })
    const opener = await wallet.sendTransaction({ ...later, ...fees, nonce })
    await mined(opener)
    await mined(second)
    expect(await client.getTransactionCount(pending)).toBe(nonce + 2)
    await expect(client.getTransaction({ hash: first })).rejects.toThrow(/could not be found/)
    await expect(wallet.sendTransaction({ ...later, ...fees, nonce })).rejects.toThrow(
      /[Nn]once.*(lower|too low)/,
    )
  })
})

test('viem hears new heads, logs and pending transactions over WebSocket', async () => {
  const chain = chainOf(target)
  const client = createWalletClient({
    account: account(10),
    chain,
    transport: webSocket(target.wsUrl),
  }).extend(publicActions)
  const reader: PublicClient = createPublicClient({ chain, transport: webSocket(target.wsUrl) })
  const abi = emitter.abi as Abi
  const deployed = await client.deployContract({ abi, bytecode: emitter.bytecode })
  const { contractAddress } = await client.waitForTransactionReceipt({ hash: deployed })
  const address = contractAddress!
  const heads: bigint[] = []
  const hashes: Hex[] = []
  const logs: Log[] = []
  const errors: Error[] = []
  const onError = (error: Error): void => void errors.push(error)
  const stops = [
    reader.watchBlocks({ onBlock: (block) => void heads.push(block.number), onError }),
    reader.watchPendingTransactions({
      onTransactions: (some) => void hashes.push(...some),
      onError,
    }),
    reader.watchContractEvent({ address, abi, onLogs: (some) => void logs.push(...some), onError }),
  ]
  // viem does not say when a subscription stands; but one socket is answered in order.
  await reader.getBlockNumber()
  await reader.getBlockNumber()
  const sent: Hex[] = []
  for (const value of [1n, 2n, 3n])
    sent.push(
      await client.writeContract({ address, abi, functionName: 'set', args: [value, 'ws'] }),
    )
  await until(() => logs.length >= 3 && heads.length >= 3 && hashes.length >= 3)
  for (const stop of stops) stop()
  expect(logs.map((log) => log.transactionHash)).toEqual(sent)
  expect(hashes).toEqual(sent)
  expect(heads).toEqual(heads.toSorted((a, b) => Number(a - b)))
  expect(errors).toEqual([])
  for (const one of [client, reader]) await closeSocket(one.transport)
}, 20_000)

test('interval blocks: the pending nonce counts what waits, and a replacement wins', async () => {
  const slow = await startTarget(['--block-time', '6'])
  try {
    const wallet = createWalletClient({
      account: account(0),
      chain: chainOf(slow),
      transport: http(slow.httpUrl),
      pollingInterval: 100,
    }).extend(publicActions)
    const to = account(1).address
    const fees = { gas: 21_000n, maxPriorityFeePerGas: parseGwei('1') }
    const low = { ...fees, maxFeePerGas: parseGwei('10') }
    const first = await wallet.sendTransaction({ to, value: 1n, nonce: 0, ...low })
    const second = await wallet.sendTransaction({ to, value: 2n, nonce: 1, ...low })
    const pending = { address: account(0).address, blockTag: 'pending' } as const
    expect(await wallet.getTransactionCount(pending)).toBe(2)
    expect(await wallet.getTransactionCount({ address: account(0).address })).toBe(0)
    const better = await wallet.sendTransaction({
      to,
      value: 3n,
      nonce: 1,
      gas: 21_000n,
      maxFeePerGas: parseGwei('12'),
      maxPriorityFeePerGas: parseGwei('1.2'),
    })
    const receipts = await Promise.all([
      wallet.waitForTransactionReceipt({ hash: first }),
      wallet.waitForTransactionReceipt({ hash: better }),
    ])
    expect(receipts.map((receipt) => receipt.status)).toEqual(['success', 'success'])
    await expect(wallet.getTransactionReceipt({ hash: second })).rejects.toThrow(
      /could not be found/,
    )
    expect(await wallet.getBalance({ address: to })).toBe(parseEther('10000') + 4n)
  } finally {
    await slow.stop()
  }
}, 30_000)
