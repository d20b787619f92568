/**
 * Call trees as transactions of a real chain in memory, with something in every module, and the same
 * blocks read from their bytes by another node: for the test that replays them.
 */
import { encodeFunctionData, getContractAddress, type Abi } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { moduleAbis, moduleAddresses, type ModuleName } from '../../attribution/abi.ts'
import { zeroWord } from '../../attribution/words.ts'
import { devnetGenesis } from '../../genesis/index.ts'
import { devnetKeys } from '../../node/devnet-keys.ts'
import { createNode } from '../../node/node.ts'
import {
  encodeBlock,
  fromHex,
  invariant,
  silentLogger,
  toWord,
  type Address,
  type Hex,
} from '../../primitives/index.ts'
import { randomTree } from './call-trees.ts'
import { createHandClock } from './clock.ts'
import type { createDice } from './dice.ts'
import { policy } from './economy.ts'
import { readArtifact } from './solc.ts'

type Sender = ReturnType<typeof senderAt>
const senderAt = (index: number) => {
  const key = devnetKeys[index]
  invariant(key !== undefined, 'a devnet has accounts')
  return { address: key[0], account: privateKeyToAccount(key[1]) }
}
const [alice, bob] = [senderAt(0), senderAt(1)]

/** A devnet in memory that makes a block when told. */
export const openNode = () =>
  createNode(
    {
      genesis: devnetGenesis(),
      datadir: undefined,
      cacheBytes: 2 ** 22,
      keepStates: 'archive',
      sealing: { type: 'manual' },
      feeRecipient: `0x${'fe'.repeat(20)}`,
      host: '127.0.0.1',
      port: 0,
      allowedHosts: [],
      clientVersion: 'test',
    },
    {
      clock: createHandClock(),
      logs: { of: () => silentLogger },
      onFault: (error) => {
        throw error
      },
    },
  )
type TreeNode = Awaited<ReturnType<typeof openNode>>

export interface Played {
  /** Bytes of all blocks after block 0. */
  readonly blocks: readonly Uint8Array[]
  readonly head: Hex
  readonly logs: number
  readonly failed: number
}

/** Plays the trees, some in each block, and stops the node. */
export async function playTrees(
  node: TreeNode,
  dice: ReturnType<typeof createDice>,
  trees: number,
): Promise<Played> {
  let [logs, failed] = [0, 0]
  const nonces = new Map<Address, number>()
  const send = async (
    who: Sender,
    to: Address | undefined,
    data: Hex,
    more: { readonly gas?: bigint; readonly value?: bigint } = {},
  ): Promise<void> => {
    const nonce = nonces.get(who.address) ?? 0
    const raw = await who.account.signTransaction({
      chainId: 2679,
      nonce,
      maxFeePerGas: 10n ** 12n,
      maxPriorityFeePerGas: 1n,
      gas: 3_000_000n,
      data,
      ...(to && { to }),
      ...more,
    })
    const verdict = await node.sealer.submit(fromHex(raw))
    // A gas limit below what the call data costs is no transaction at all.
    if (verdict.type === 'accept') nonces.set(who.address, nonce + 1)
  }
  const seal = async (): Promise<void> => {
    const { receipts } = await node.sealer.seal()
    logs += receipts.reduce((sum, receipt) => sum + receipt.logs.length, 0)
    failed += receipts.filter((receipt) => receipt.status === 0).length
  }
  const ask = (who: Sender, module: ModuleName, call: Call) => {
    const [functionName, args, value = 0n] = call
    const abi: Abi = moduleAbis[module]
    const data = encodeFunctionData({ abi, functionName, args })
    return send(who, moduleAddresses[module], data, { value })
  }
  const puppets = [0n, 1n].map(
    (nonce) => getContractAddress({ from: alice.address, nonce }).toLowerCase() as Address,
  )
  for (let i = 0; i < puppets.length; i++)
    await send(alice, undefined, readArtifact('Puppet').bytecode)
  for (const [module, call] of setUp) await ask(alice, module, call)
  await seal()
  for (let i = 0; i < trees; i++) {
    const options = {
      value: BigInt(dice.below(3_000)),
      gas: BigInt(60_000 + dice.below(4_000_000)),
    }
    const who = dice.pick([alice, bob])
    await send(who, dice.pick(puppets), randomTree(dice, puppets), options)
    if (i % 6 === 5 || i === trees - 1) await seal()
  }
  const { hash: head, header } = node.chain.head()
  const blocks = Array.from({ length: Number(header.number) }, (_, i) => {
    const stored = node.chain.store.blockByNumber(BigInt(i + 1))
    invariant(stored !== undefined, 'a chain has all its blocks')
    return encodeBlock(stored.block)
  })
  await node.stop()
  return { blocks, head, logs, failed }
}

type Call = readonly [name: string, args: readonly unknown[], value?: bigint]

/** A datanet with a version, a model, a paid question and a declared receipt. */
const setUp: readonly (readonly [ModuleName, Call])[] = [
  ['datanet', ['create', [zeroWord, '', { ...policy, depositPerBatch: 0n, depositPerKiB: 0n }]]],
  ['datanet', ['submit', [1n, toWord(1n), 3, 100n, zeroWord, zeroWord, '']]],
  ['datanet', ['review', [1n, true, 9_000, zeroWord]]],
  [
    'datanet',
    [
      'publish',
      [
        {
          datanetId: 1n,
          parentId: 0n,
          root: toWord(2n),
          corpusRoot: toWord(3n),
          indexRoot: toWord(4n),
          tokens: 9n,
          batchIds: [1n],
          uri: '',
        },
      ],
      10n ** 15n,
    ],
  ],
  [
    'lineage',
    [
      'register',
      [
        {
          kind: 0,
          contentHash: toWord(5n),
          manifestHash: zeroWord,
          uri: '',
          parents: [],
          sources: [{ versionId: 1n, edge: 0 }],
          termsFlags: 0,
          price: 100n,
          provider: alice.address,
        },
      ],
    ],
  ],
  ['rewards', ['pay', [1n, zeroWord, 0n, 0n], 5_000n]],
]
