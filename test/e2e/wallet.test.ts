/**
 * A page with an injected wallet (EIP-1193, as MetaMask's), through viem: plain transactions to each
 * module that takes them, typed data (EIP-712) that attesters sign, and the structs the modules answer.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  createWalletClient,
  custom,
  encodeFunctionData,
  keccak256,
  parseEther,
  publicActions,
  stringToHex,
  zeroHash,
  type EIP1193RequestFn,
  type Hex,
  type HDAccount,
  type TypedDataDefinition,
} from 'viem'
import {
  attributionActions,
  moduleAbis,
  moduleAddresses,
  tributaryDevnet,
} from '../../sdk/index.ts'
import { rpcCall, startDevnet, type Devnet } from '../support/node.ts'
import { account } from '../support/target.ts'

let devnet: Devnet
beforeAll(async () => {
  devnet = await startDevnet(['--ephemeral', '--seed-demo'])
}, 90_000)
afterAll(() => devnet.stop())

interface WalletTransaction {
  readonly to: Hex
  readonly data?: Hex
  readonly value?: Hex
}

/** What a wallet does: shows its account, fills and signs what it is asked to, passes the rest on. */
const injected = (owner: HDAccount) => ({
  request: (async ({ method, params = [] }: { method: string; params?: readonly unknown[] }) => {
    if (method === 'eth_requestAccounts' || method === 'eth_accounts') return [owner.address]
    if (method === 'eth_signTypedData_v4')
      return owner.signTypedData(JSON.parse(params[1] as string) as TypedDataDefinition)
    if (method === 'eth_sendTransaction') return sendAs(owner, params[0] as WalletTransaction)
    return rpcCall(devnet.httpUrl, method, params)
  }) as EIP1193RequestFn,
})

const ask = <result>(method: string, ...params: readonly unknown[]) =>
  rpcCall<result>(devnet.httpUrl, method, params)

async function sendAs(owner: HDAccount, { to, data, value }: WalletTransaction): Promise<Hex> {
  const gas = await ask<Hex>('eth_estimateGas', { from: owner.address, to, data, value })
  const raw = await owner.signTransaction({
    chainId: 2679,
    type: 'eip1559',
    to,
    nonce: Number(await ask<Hex>('eth_getTransactionCount', owner.address, 'pending')),
    gas: BigInt(gas),
    maxFeePerGas: parseEther('5', 'gwei'),
    maxPriorityFeePerGas: parseEther('1', 'gwei'),
    ...(data && { data }),
    ...(value && { value: BigInt(value) }),
  })
  return ask<Hex>('eth_sendRawTransaction', raw)
}

async function connect(index: number) {
  const provider = injected(account(index))
  const [address] = (await provider.request({ method: 'eth_requestAccounts' })) as [Hex]
  return createWalletClient({
    account: address,
    chain: tributaryDevnet,
    transport: custom(provider),
    pollingInterval: 50,
  })
    .extend(publicActions)
    .extend(attributionActions())
}
type Page = Awaited<ReturnType<typeof connect>>

async function done(page: Page, sent: Promise<Hex>): Promise<void> {
  const receipt = await page.waitForTransactionReceipt({ hash: await sent })
  expect(receipt.status).toBe('success')
}

test('plain transactions to registry, datanet, lineage, receipts and rewards', async () => {
  const [authority, user] = [await connect(0), await connect(1)]
  const until = (await authority.getBlockNumber()) + 100n
  const { datanet } = moduleAddresses
  const pausing = [datanet, true, until, stringToHex('drill', { size: 32 })] as const
  await done(authority, authority.registry.write.setPaused(pausing))
  expect(await user.registry.read.info([datanet])).toMatchObject({ paused: true })
  const policy = {
    mode: 0,
    quorumBps: 0,
    reviewBlocks: 10,
    revealBlocks: 0,
    depositPerBatch: 0n,
    depositPerKiB: 0n,
    penaltyBps: 0,
    maxBatchRows: 10,
    licence: zeroHash,
    termsHash: zeroHash,
    termsFlags: 0,
    pricePerQuery: 0n,
  }
  const creation = [zeroHash, 'wallet', policy] as const
  await expect(user.datanet.write.create(creation)).rejects.toThrow('ModulePaused')
  await done(authority, authority.registry.write.setPaused([datanet, false, 0n, zeroHash]))
  await done(user, user.datanet.write.create(creation))
  expect(await user.datanet.read.datanet([2n])).toMatchObject({ owner: account(1).address, policy })
  const model = {
    kind: 0,
    contentHash: keccak256('0x04'),
    manifestHash: zeroHash,
    uri: '',
    parents: [],
    sources: [{ versionId: 1n, edge: 0 }],
    termsFlags: 0,
    price: parseEther('0.05'),
    provider: user.account.address,
  }
  await done(user, user.lineage.write.register([model]))
  expect(await user.lineage.read.asset([2n])).toMatchObject({ owner: account(1).address })
  await done(user, user.receipts.write.bond({ value: 1n }))
  expect(await user.receipts.read.bondOf([user.account.address])).toBe(1n)
  await done(
    user,
    user.rewards.write.pay([1n, keccak256('0x01'), 0n, 0n], { value: parseEther('0.1') }),
  )
  expect(await user.rewards.read.totals()).toHaveLength(3)
})

const receiptTypes = {
  Receipt: [
    { name: 'requestId', type: 'bytes32' },
    { name: 'assetId', type: 'uint256' },
    { name: 'versionId', type: 'uint256' },
    { name: 'methodId', type: 'uint16' },
    { name: 'outputHash', type: 'bytes32' },
    { name: 'sumRoot', type: 'bytes32' },
    { name: 'total', type: 'uint64' },
    { name: 'leaves', type: 'uint32' },
    { name: 'evidenceHash', type: 'bytes32' },
  ],
} as const

test('two bonded attesters sign a receipt as typed data, and the module knows them', async () => {
  const [asker, provider] = [await connect(2), await connect(16)]
  const attesters = [await connect(3), await connect(4)]
  for (const attester of attesters)
    await done(attester, attester.receipts.write.bond({ value: parseEther('10') }))
  const input = keccak256('0x02')
  await done(asker, asker.rewards.write.pay([1n, input, 7n, 0n], { value: parseEther('0.2') }))
  const requestId = await asker.rewards.read.requestIdOf([asker.account.address, 7n, 1n, input])
  const [sumRoot, total] = await asker.proofs.read.merkleSumRoot([[1n], [1n], [5n]])
  const receipt = {
    requestId,
    assetId: 1n,
    versionId: 2n,
    methodId: 2,
    outputHash: keccak256('0x03'),
    sumRoot,
    total,
    leaves: 1,
    evidenceHash: zeroHash,
  }
  const byAddress = attesters.toSorted((a, b) =>
    BigInt(a.account.address) < BigInt(b.account.address) ? -1 : 1,
  )
  const signatures: Hex[] = []
  for (const attester of byAddress)
    signatures.push(
      await attester.signTypedData({
        domain: {
          name: 'Tributary',
          version: '1',
          chainId: 2679,
          verifyingContract: moduleAddresses.receipts,
        },
        types: receiptTypes,
        primaryType: 'Receipt',
        message: receipt,
      }),
    )
  const value = await provider.receipts.read.commitBond()
  const unsorted = provider.receipts.simulate.commit([receipt, signatures.toReversed()], { value })
  await expect(unsorted).rejects.toThrow(/BadProof|NotAuthorized|InvalidArgument/)
  await done(provider, provider.receipts.write.commit([receipt, signatures], { value }))
  const receiptId = await provider.receipts.read.receiptOf([requestId])
  expect(await provider.receipts.read.status([receiptId])).toMatchObject({
    state: 1,
    class_: 1,
    total: 5n,
    committer: account(16).address,
  })

  // After its window the fee is settled and claimed; whoever asks sees the leaf that was shown then.
  await ask('hardhat_mine', '0x1c21')
  await done(asker, asker.rewards.write.settle([requestId, []]))
  expect(await asker.attribution.leaves(receiptId)).toBeUndefined()
  const leaf = { clusterId: 1n, contributionId: 1n, weight: 5n }
  const proof = '0x00000001' // one leaf, no siblings
  await done(asker, asker.rewards.write.claim([[requestId], [leaf], [0n], [proof]]))
  const explained = await asker.attribution.explain(requestId)
  expect(explained).toMatchObject({ unexplained: 0n, leaves: [{ ...leaf, index: 0 }] })
  expect(explained?.lines.filter(({ part }) => part === 'data')).toMatchObject([
    { isCredited: true, leaf },
  ])
})

test('modules that only answer take a plain transaction too, and give their structs', async () => {
  const user = await connect(6)
  const data = encodeFunctionData({
    abi: moduleAbis.proofs,
    functionName: 'similarity',
    args: ['0xff', '0xff'],
  })
  await done(user, user.sendTransaction({ to: moduleAddresses.proofs, data }))
  expect(await user.proofs.read.similarity(['0xff', '0xff'])).toBe(10_000)
  const key = stringToHex('rewards.dataBps', { size: 32 })
  const get = encodeFunctionData({ abi: moduleAbis.params, functionName: 'get', args: [key] })
  await done(user, user.sendTransaction({ to: moduleAddresses.params, data: get }))
  expect(await user.params.read.info([key])).toMatchObject({ key, minDelay: 43_200n })
})
