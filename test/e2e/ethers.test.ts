/**
 * ethers v6 against the running devnet, over HTTP (which it batches) and over WebSocket.
 * `TRIBUTARY_E2E=anvil` asks anvil the same questions.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  Contract,
  ContractFactory,
  type ContractTransactionReceipt,
  type ContractTransactionResponse,
  isError,
  type JsonRpcApiProvider,
  JsonRpcProvider,
  type Log,
  parseEther,
  parseUnits,
  Wallet,
  WebSocketProvider,
} from 'ethers'
import { readArtifact, type Artifact } from '../support/solc.ts'
import { isAnvil, privateKey, startTarget, type Target } from '../support/target.ts'
import { until } from '../support/until.ts'

let target: Target
beforeAll(async () => {
  target = await startTarget()
}, 30_000)
afterAll(async () => {
  await target.stop()
})

const abiOf = (artifact: Artifact): string => JSON.stringify(artifact.abi)
const token = readArtifact('Token')
const emitter = readArtifact('Emitter')
const reverter = readArtifact('Reverter')
const delegate = readArtifact('Delegate')

/** ethers keeps every answer for 250 ms, also nonces; a chain that seals at once is faster than that. */
const kinds = [
  {
    kind: 'http',
    index: 0,
    connect: () =>
      new JsonRpcProvider(target.httpUrl, undefined, { cacheTimeout: -1, pollingInterval: 50 }),
  },
  {
    kind: 'webSocket',
    index: 4,
    connect: () => new WebSocketProvider(target.wsUrl, undefined, { cacheTimeout: -1 }),
  },
] as const

const gwei = (text: string): bigint => parseUnits(text, 'gwei')

/** The error of a call that must revert. */
const failing = async (contract: Contract, name: string, ...args: unknown[]) => {
  const error: unknown = await contract
    .getFunction(name)
    .staticCall(...args)
    .catch((e: unknown) => e)
  if (!isError(error, 'CALL_EXCEPTION')) throw new Error('not a revert', { cause: error })
  return error
}

describe.each(kinds)('ethers over $kind', ({ index, connect }) => {
  let provider: JsonRpcApiProvider
  let wallet: Wallet
  let other: Wallet
  beforeAll(() => {
    provider = connect()
    wallet = new Wallet(privateKey(index), provider)
    other = new Wallet(privateKey(index + 1), provider)
  })
  afterAll(async () => {
    await Promise.resolve(provider.destroy())
  })

  type Calls = Record<string, (...args: unknown[]) => Promise<ContractTransactionResponse>>
  const deploy = async (artifact: Artifact, ...args: unknown[]): Promise<Contract> => {
    const factory = new ContractFactory(abiOf(artifact), artifact.bytecode, wallet)
    const contract = (await factory.deploy(...args)) as Contract
    await contract.waitForDeployment()
    return contract
  }
  const write = async (
    contract: Contract,
    name: string,
    ...args: unknown[]
  ): Promise<ContractTransactionReceipt> =>
    (await (await (contract as unknown as Calls)[name]!(...args)).wait())!

  test('network, balance, block and fees', async () => {
    expect((await provider.getNetwork()).chainId).toBe(2679n)
    const [balance, block, fees] = await Promise.all([
      provider.getBalance(new Wallet(privateKey(19)).address),
      provider.getBlock('latest'),
      provider.getFeeData(),
    ])
    expect(balance).toBe(parseEther('10000'))
    expect(block!.baseFeePerGas).toBeGreaterThan(0n)
    expect(fees.maxFeePerGas).toBeGreaterThan(block!.baseFeePerGas!)
    const history = (await provider.send('eth_feeHistory', ['0x2', 'latest', [50]])) as {
      baseFeePerGas: string[]
      oldestBlock: string
    }
    expect(history.baseFeePerGas.length).toBe(block!.number === 0 ? 2 : 3)
  })

  test('a transfer, its receipt and its block', async () => {
    const to = Wallet.createRandom().address
    const sent = await wallet.sendTransaction({ to, value: 12_345n })
    const receipt = (await sent.wait())!
    expect(receipt).toMatchObject({ status: 1, gasUsed: 21_000n, to })
    expect(await provider.getBalance(to)).toBe(12_345n)
    expect(await provider.getTransactionCount(wallet.address)).toBe(sent.nonce + 1)
    const block = (await provider.getBlock(receipt.blockNumber, true))!
    expect(block.prefetchedTransactions.map((transaction) => transaction.hash)).toContain(sent.hash)
  })

  test.each([0, 1, 2])('type %i is mined', async (type) => {
    const fees = type === 2 ? {} : { gasPrice: parseUnits('20', 'gwei') }
    const sent = await wallet.sendTransaction({ to: other.address, value: 1n, type, ...fees })
    expect(await sent.wait()).toMatchObject({ status: 1, type })
  })

  test('an ERC-20 is deployed, written, read, estimated and searched', async () => {
    const contract = await deploy(token, 'Data', 'DAT')
    await write(contract, 'mint', wallet.address, 1000n)
    const transfer = contract.getFunction('transfer')
    const gas = await transfer.estimateGas(other.address, 300n)
    const receipt = await write(contract, 'transfer', other.address, 300n, { gasLimit: gas })
    expect(receipt.status).toBe(1)
    const balanceOf = contract.getFunction('balanceOf')
    expect(await balanceOf(other.address)).toBe(300n)
    expect(await balanceOf(other.address, { blockTag: receipt.blockNumber - 1 })).toBe(0n)
    const found = await contract.queryFilter(
      contract.filters['Transfer']!(null, other.address),
      0,
      'latest',
    )
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({ transactionHash: receipt.hash, index: 0 })
  })

  test('reverts come back with their reason', async () => {
    const contract = await deploy(reverter)
    expect((await failing(contract, 'reason', 'no luck')).reason).toBe('no luck')
    expect((await failing(contract, 'custom', 7n)).revert).toMatchObject({ name: 'Unlucky' })
    expect((await failing(contract, 'panicDivide', 0n)).reason).toMatch(/Panic.*DIVIDE_BY_ZERO/)
    const error: unknown = await contract
      .getFunction('reason')
      .estimateGas('dear')
      .catch((e: unknown) => e)
    expect(isError(error, 'CALL_EXCEPTION') && error.reason).toBe('dear')
    const mined: unknown = await write(contract, 'touchAndRevert', { gasLimit: 100_000n }).catch(
      (e: unknown) => e,
    )
    expect(isError(mined, 'CALL_EXCEPTION') && mined.receipt).toMatchObject({ status: 0 })
    expect(await contract.getFunction('touched')()).toBe(0n)
  })

  test('an account delegates by EIP-7702 and acts as a contract', async () => {
    const contract = await deploy(delegate)
    const eoa = new Wallet(privateKey(index + 2), provider)
    const address = await contract.getAddress()
    const authorization = await eoa.authorize({ address })
    const sent = await wallet.sendTransaction({
      type: 4,
      to: eoa.address,
      data: contract.interface.encodeFunctionData('ping'),
      authorizationList: [authorization],
    })
    const receipt = (await sent.wait())!
    expect(receipt).toMatchObject({ status: 1, type: 4 })
    expect(receipt.logs[0]?.address).toBe(eoa.address)
    expect(await provider.getCode(eoa.address)).toBe(`0xef0100${address.slice(2).toLowerCase()}`)
    const back = (await provider.getTransaction(sent.hash))!
    expect(back.authorizationList?.[0]).toMatchObject({ address, nonce: 0n, chainId: 2679n })
  })

  test('a nonce gap waits, is replaced, and fills in order', async () => {
    const eoa = new Wallet(privateKey(index + 3), provider)
    const nonce = await eoa.getNonce()
    const later = { to: other.address, value: 1n, nonce: nonce + 1, gasLimit: 21_000n }
    const low = { maxFeePerGas: gwei('20'), maxPriorityFeePerGas: gwei('2') }
    const high = { maxFeePerGas: gwei('22'), maxPriorityFeePerGas: gwei('2.2') }
    const first = await eoa.sendTransaction({ ...later, ...low })
    expect(await eoa.getNonce('pending')).toBe(nonce)
    const cheap = { ...later, ...low, value: 2n, maxFeePerGas: gwei('21') }
    // anvil takes any higher price; geth and we ask for 10 % on both fees.
    const refused: unknown = isAnvil
      ? { code: 'REPLACEMENT_UNDERPRICED' }
      : await eoa.sendTransaction(cheap).catch((e: unknown) => e)
    expect(refused).toMatchObject({ code: 'REPLACEMENT_UNDERPRICED' })
    const second = await eoa.sendTransaction({ ...later, ...high, value: 2n })
    const opener = await eoa.sendTransaction({ ...later, ...low, nonce })
    expect([(await opener.wait())!.status, (await second.wait())!.status]).toEqual([1, 1])
    expect(await provider.getTransactionReceipt(first.hash)).toBeNull()
    await expect(eoa.sendTransaction({ ...later, ...low, nonce })).rejects.toMatchObject({
      code: 'NONCE_EXPIRED',
    })
    const poor = new Wallet(Wallet.createRandom().privateKey, provider)
    await expect(
      poor.sendTransaction({ to: other.address, value: 1n, nonce: 0, gasLimit: 21_000n, ...low }),
    ).rejects.toMatchObject({ code: 'INSUFFICIENT_FUNDS' })
  })

  test('events are heard as they happen', async () => {
    const contract = await deploy(emitter)
    const heads: number[] = []
    const notes: string[] = []
    const raw: Log[] = []
    const address = await contract.getAddress()
    await provider.on('block', (head: number) => void heads.push(head))
    await contract.on(
      'Changed',
      (_by: string, _number: bigint, note: string) => void notes.push(note),
    )
    await provider.on({ address }, (log: Log) => void raw.push(log))
    // ethers tells of no subscription that it stands: events are made until each listener heard one.
    let sent = 0
    await until(async () => {
      await write(contract, 'set', BigInt(sent), `n${sent++}`)
      return heads.length > 1 && notes.length > 1 && raw.length > 1
    })
    await until(() => notes.at(-1) === `n${sent - 1}` && raw.length >= notes.length)
    expect(notes).toEqual(notes.map((_, i) => `n${sent - notes.length + i}`))
    expect(new Set(raw.map((log) => log.transactionHash)).size).toBe(raw.length)
    await provider.removeAllListeners()
    await contract.removeAllListeners()
    // ethers cancels subscriptions without waiting; requests sent after them are answered after them.
    for (let i = 0; i < 3; i++) await provider.send('eth_chainId', [])
  }, 20_000)
})
