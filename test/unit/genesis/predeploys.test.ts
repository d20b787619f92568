/** The contracts of block 0: that the bytecode is the right one, and that it runs. */
import { afterAll, describe, expect, test } from '@jest/globals'
import {
  domainSeparator,
  encodeFunctionData,
  getContractAddress,
  keccak256,
  pad,
  parseAbi,
  recoverTransactionAddress,
  serializeTransaction,
} from 'viem'
import { createChainSpec, createEngine } from '../../../execution/index.ts'
import { devnetGenesis, genesisCommit } from '../../../genesis/index.ts'
import { predeploys } from '../../../genesis/predeploys/all.ts'
import {
  type Address,
  fromHex,
  type Hex,
  nobleSecp256k1,
  toHex,
} from '../../../primitives/index.ts'
import { createJournal, openStore } from '../../../state/index.ts'

const codeAt = (address: Address): Hex =>
  predeploys.find((contract) => contract.address === address.toLowerCase())!.code

/** Published by the authors, or proven below; see the head of each file in genesis/predeploys. */
const codeHashes: Readonly<Record<Address, Hex>> = {
  '0x4e59b44847b379578588920ca78fbf26c0b4956c':
    '0x2fa86add0aed31f33a762c9d88e807c475bd51d0f52bd0955754b2608f7e4989',
  '0xca11bde05977b3631167028862be2a173976ca11':
    '0xd5c15df687b16f2ff992fc8d767b4216323184a2bbc6ee2f9c398c318e770891',
  '0xba5ed099633d3b313e4d5f7bdc1305d3c28ba5ed':
    '0xbd8a7ea8cfca7b4e5f5041d7d4b17bc317c5ce42cfbc42066a00cf26b43eb53f',
  '0x000000000022d473030f116ddee9f6b43ac78ba3':
    '0x3a46c06d53b980a583b7dad20cb1e1b511800941255b90f2fa327bdfae0bad1b',
  '0x0000000071727de22e5e9d8baf0edac6f37da032':
    '0x8db5ff695839d655407cc8490bb7a5d82337a86a6b39c3f0258aa6c3b582fc58',
  '0xefc2c1444ebcc4db75e7613d20c6a62ff67a167c':
    '0x283c9d14378f5f4c4e24045b87d621d48443fa5b4af7dd7180a599b3756a7689',
  '0x000f3df6d732807ef1319fb7b8bb8522d0beac02':
    '0xf57acd40259872606d76197ef052f3d35588dadf919ee1f0e3cb9b62d3f4b02c',
  '0x0000f90827f1c53a10cb7a02335b175320002935':
    '0x6e49e66782037c0555897870e29fa5e552daf4719552131a0abce779daec0a5d',
  '0x00000961ef480eb55e80d19ad83579a64c007002':
    '0x0345a365d2f4c5975b9f1599abe0a2ee76b7a3a731bc68781bd04c84e4858f50',
  '0x0000bbddc7ce488642fb579f8b00f3a590007251':
    '0x78c6cb5202685228bbcbfb992b1c4e116c7ec5ef11e25b8e92716cfc628ddd60',
}

test('every code has its hash', () => {
  const found = predeploys.map(({ address, code }) => [address, keccak256(code)])
  expect(Object.fromEntries(found)).toEqual(codeHashes)
})

/** Signed once, for every chain: signer and nonce 0 give the address, the signature the code. */
test.each([
  [
    'Multicall3',
    '0xca11bde05977b3631167028862be2a173976ca11',
    '0x608060405234801561001057600080fd5b50610ee0806100206000396000f3fe',
    { gasPrice: 100_000_000_000n, gas: 1_000_000n },
    {
      v: 28n,
      r: '0xedce47092c0f398cebf3ffc267f05c8e7076e3b89445e0fe50f6332273d4569b',
      s: '0x1b0b9d000e19b24c5869b0fc3b22b0d6fa47cd63316875cbbd577d76e6fde086',
    },
  ],
  [
    'EIP-4788',
    '0x000f3df6d732807ef1319fb7b8bb8522d0beac02',
    '0x60618060095f395ff3',
    { gasPrice: 1_000_000_000_000n, gas: 250_000n },
    { v: 27n, r: pad('0x539'), s: pad('0x1b9b6eb1f0') },
  ],
  [
    'EIP-2935',
    '0x0000f90827f1c53a10cb7a02335b175320002935',
    '0x60538060095f395ff3',
    { gasPrice: 1_000_000_000_000n, gas: 250_000n },
    { v: 27n, r: pad('0x539'), s: pad('0xaa12693182426612186309f02cfe8a80a0000') },
  ],
] as const)(
  '%s is what its creation transaction deploys',
  async (_, address, prefix, fees, seal) => {
    const data: Hex = `${prefix}${codeAt(address).slice(2)}`
    const raw = serializeTransaction({ type: 'legacy', nonce: 0, data, ...fees }, seal)
    const from = await recoverTransactionAddress({ serializedTransaction: raw })
    expect(getContractAddress({ from, nonce: 0n }).toLowerCase()).toBe(address)
  },
)

test('SenderCreator is the first contract of EntryPoint', () => {
  const from = '0x0000000071727De22E5E9d8BAf0edAc6f37da032'
  expect(getContractAddress({ from, nonce: 1n })).toBe('0xEFC2c1444eBCC4Db75e7613d20C6a62fF67A167C')
})

describe('in a block', () => {
  const opened = openStore({ cacheBytes: 2 ** 22, keepStates: 'archive' })
  afterAll(async () => (await opened).close())

  async function createBench(chainId = 2679n) {
    const store = await opened
    const genesis = devnetGenesis()
    if (store.head() === undefined) await store.commit(genesisCommit(genesis, store))
    const spec = createChainSpec({ ...genesis.config, chainId })
    const engine = createEngine({ spec, secp256k1: nobleSecp256k1 })
    const journal = createJournal(store.stateAt(0n))
    const parent = store.head()!
    const header = { ...parent.header, number: 1n, timestamp: parent.header.timestamp + 1n }
    const context = { header, blockHash: () => parent.hash }
    const call = async (to: Address, data: Hex) => {
      const from: Address = `0x${'12'.repeat(20)}`
      const request = { from, to, data: fromHex(data), gas: 5_000_000n, gasPrice: 0n, value: 0n }
      const verdict = await engine.runCall(journal, context, request)
      if (verdict.type !== 'accept') throw new Error(verdict.message)
      return { status: verdict.value.status, data: toHex(verdict.value.returnData) }
    }
    const system = (to: Address, data: Hex) =>
      engine.runSystemCall(journal, context, to, fromHex(data))
    return { call, system, parent, header }
  }

  const salt: Hex = `0x${'07'.repeat(32)}`
  /** Deploys 32 bytes of code, all 0 but the last. */
  const initCode: Hex = '0x602a5f5260205ff3'
  const deployer = '0x4e59b44847b379578588920ca78fbf26c0b4956c'

  test('the deployer creates by CREATE2 and answers the address', async () => {
    const { call } = await createBench()
    const expected = getContractAddress({
      opcode: 'CREATE2',
      from: deployer,
      salt,
      bytecode: initCode,
    })
    expect(await call(deployer, `${salt}${initCode.slice(2)}`)).toEqual({
      status: 'success',
      data: expected.toLowerCase(),
    })
  })

  test('Multicall3 calls others', async () => {
    const { call } = await createBench()
    const to = '0xca11bde05977b3631167028862be2a173976ca11'
    const abi = parseAbi([
      'function aggregate3((address target, bool allowFailure, bytes callData)[] calls) payable returns ((bool success, bytes returnData)[])',
      'function getChainId() view returns (uint256)',
    ])
    const callData = encodeFunctionData({ abi, functionName: 'getChainId' })
    const args = [[{ target: to, allowFailure: false, callData }]] as const
    const result = await call(to, encodeFunctionData({ abi, functionName: 'aggregate3', args }))
    expect(result.status).toBe('success')
    expect(BigInt(`0x${result.data.slice(-64)}`)).toBe(2679n)
  })

  test('CreateX computes addresses', async () => {
    const { call } = await createBench()
    const to = '0xba5Ed099633D3B313e4D5F7bdc1305d3c28ba5Ed'
    const abi = parseAbi(['function computeCreate2Address(bytes32,bytes32) view returns (address)'])
    const args = [salt, keccak256(initCode)] as const
    const data = encodeFunctionData({ abi, functionName: 'computeCreate2Address', args })
    const expected = getContractAddress({ opcode: 'CREATE2', from: to, salt, bytecode: initCode })
    expect(await call(to, data)).toEqual({
      status: 'success',
      data: pad(expected.toLowerCase() as Hex),
    })
  })

  test.each([2679n, 31_337n])("Permit2's domain is right on chain %s", async (chainId) => {
    const { call } = await createBench(chainId)
    const to = '0x000000000022d473030f116ddee9f6b43ac78ba3'
    const domain = { name: 'Permit2', chainId, verifyingContract: to } as const
    expect(await call(to, '0x3644e515')).toEqual({
      status: 'success',
      data: domainSeparator({ domain }),
    })
  })

  test('EntryPoint counts nonces, is unlocked, and reaches its SenderCreator', async () => {
    const { call } = await createBench()
    const to = '0x0000000071727de22e5e9d8baf0edac6f37da032'
    const abi = parseAbi([
      'function getNonce(address sender, uint192 key) view returns (uint256)',
      'function getSenderAddress(bytes initCode)',
      'function handleOps((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes)[] ops, address beneficiary)',
    ])
    const nonce = encodeFunctionData({ abi, functionName: 'getNonce', args: [to, 3n] })
    expect(await call(to, nonce)).toEqual({
      status: 'success',
      data: pad('0x30000000000000000', { size: 32 }),
    })
    const beneficiary: Address = `0x${'be'.repeat(20)}`
    const none = encodeFunctionData({ abi, functionName: 'handleOps', args: [[], beneficiary] })
    expect((await call(to, none)).status).toBe('success')
    const factory: Hex = `${deployer}${salt.slice(2)}${initCode.slice(2)}`
    const asked = encodeFunctionData({ abi, functionName: 'getSenderAddress', args: [factory] })
    const answer = await call(to, asked)
    expect(answer.status).toBe('revert')
    expect(answer.data.slice(0, 10)).toBe('0x6ca7b806') // SenderAddressResult(address)
  })

  test('EIP-4788 and EIP-2935 keep what the block tells them', async () => {
    const { call, system, parent, header } = await createBench()
    const roots = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02'
    const history = '0x0000f90827f1c53a10cb7a02335b175320002935'
    const root: Hex = `0x${'ab'.repeat(32)}`
    expect((await system(roots, root)).status).toBe('success')
    expect((await system(history, parent.hash)).status).toBe('success')
    const at = pad(`0x${header.timestamp.toString(16)}`, { size: 32 })
    expect(await call(roots, at)).toEqual({ status: 'success', data: root })
    expect(await call(history, pad('0x0'))).toEqual({ status: 'success', data: parent.hash })
  })

  test.each([
    '0x00000961ef480eb55e80d19ad83579a64c007002',
    '0x0000bbddc7ce488642fb579f8b00f3a590007251',
  ] as const)('%s asks its least fee, and gives no requests', async (address) => {
    const { call, system } = await createBench()
    const requests = await system(address, '0x')
    expect([requests.status, toHex(requests.returnData)]).toEqual(['success', '0x'])
    expect(await call(address, '0x')).toEqual({ status: 'success', data: pad('0x1') })
  })
})
