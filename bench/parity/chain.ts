/**
 * The chain both nodes are given: the same signed transactions in the same order, one a block.
 * Deployments, transfers, a swap through three contracts, reverts, a delegation (EIP-7702).
 */
import { readFileSync } from 'node:fs'
import {
  type Abi,
  encodeDeployData,
  encodeFunctionData,
  getContractAddress,
  type Hex,
  keccak256,
  parseGwei,
} from 'viem'
import { ask } from '../rpc.ts'
import { accounts, chainId } from './nodes.ts'

interface Artifact {
  readonly abi: Abi
  readonly bytecode: Hex
}
const artifacts = JSON.parse(
  readFileSync(new URL('../../test/fixtures/contracts.json', import.meta.url), 'utf8'),
) as Record<'Token' | 'Pair' | 'Emitter' | 'Reverter' | 'Delegate', Artifact>

const [alice, bob, carol] = accounts as [
  (typeof accounts)[0],
  (typeof accounts)[0],
  (typeof accounts)[0],
]
export const people = { alice: alice.address, bob: bob.address, carol: carol.address }

/** Where the deployments end up: alice's first nonces. */
const deployed = (nonce: number) =>
  getContractAddress({ from: alice.address, nonce: BigInt(nonce) })
export const places = {
  gold: deployed(0),
  silver: deployed(1),
  pair: deployed(2),
  emitter: deployed(3),
  reverter: deployed(4),
  delegate: deployed(5),
}

export interface Sent {
  readonly name: string
  readonly hash: Hex
  readonly raw: Hex
}

interface Plan {
  readonly name: string
  readonly from: (typeof accounts)[number]
  readonly to?: Hex
  readonly data?: Hex
  readonly value?: bigint
  readonly delegatesTo?: Hex
}

const call = (name: keyof typeof artifacts, functionName: string, args: readonly unknown[]): Hex =>
  encodeFunctionData({ abi: artifacts[name].abi, functionName, args })
const deploy = (name: keyof typeof artifacts, args: readonly unknown[] = []): Hex =>
  encodeDeployData({ ...artifacts[name], args })

const plans: readonly Plan[] = [
  { name: 'gold', from: alice, data: deploy('Token', ['Gold', 'GLD']) },
  { name: 'silver', from: alice, data: deploy('Token', ['Silver', 'SLV']) },
  { name: 'pair', from: alice, data: deploy('Pair', [places.gold, places.silver]) },
  { name: 'emitter', from: alice, data: deploy('Emitter') },
  { name: 'reverter', from: alice, data: deploy('Reverter') },
  { name: 'delegate', from: alice, data: deploy('Delegate') },
  { name: 'transfer', from: alice, to: bob.address, value: 10n ** 17n },
  {
    name: 'mintGold',
    from: alice,
    to: places.gold,
    data: call('Token', 'mint', [places.pair, 10n ** 20n]),
  },
  {
    name: 'mintSilver',
    from: alice,
    to: places.silver,
    data: call('Token', 'mint', [places.pair, 10n ** 20n]),
  },
  {
    name: 'mintAlice',
    from: alice,
    to: places.gold,
    data: call('Token', 'mint', [alice.address, 10n ** 20n]),
  },
  { name: 'sync', from: alice, to: places.pair, data: call('Pair', 'sync', []) },
  {
    name: 'approve',
    from: alice,
    to: places.gold,
    data: call('Token', 'approve', [places.pair, 2n ** 255n]),
  },
  {
    name: 'swap',
    from: alice,
    to: places.pair,
    data: call('Pair', 'swap', [10n ** 18n, 1n, true, bob.address]),
  },
  { name: 'set', from: bob, to: places.emitter, data: call('Emitter', 'set', [42n, 'forty-two']) },
  { name: 'revert', from: bob, to: places.reverter, data: call('Reverter', 'reason', ['no luck']) },
  { name: 'custom', from: bob, to: places.reverter, data: call('Reverter', 'custom', [7n]) },
  { name: 'panic', from: bob, to: places.reverter, data: call('Reverter', 'panicAssert', []) },
  { name: 'burn', from: bob, to: places.reverter, data: call('Reverter', 'invalid', []) },
  {
    name: 'delegation',
    from: carol,
    to: carol.address,
    delegatesTo: places.delegate,
    data: call('Delegate', 'run', [
      [{ to: places.gold, value: 0n, data: call('Token', 'totalSupply', []) }],
    ]),
  },
]

/** Sends all to all, and answers with what was sent. */
export async function makeChain(urls: readonly string[]): Promise<readonly Sent[]> {
  const nonces = new Map<Hex, number>()
  const sent: Sent[] = []
  for (const plan of plans) {
    const { from, name } = plan
    const nonce = nonces.get(from.address) ?? 0
    nonces.set(from.address, nonce + (plan.delegatesTo ? 2 : 1))
    const raw = await sign(plan, nonce)
    for (const url of urls) await ask(url, 'eth_sendRawTransaction', [raw])
    sent.push({ name, raw, hash: keccak256(raw) })
  }
  return sent
}

async function sign(
  { from, to, data, value = 0n, delegatesTo }: Plan,
  nonce: number,
): Promise<Hex> {
  const common = {
    chainId,
    nonce,
    gas: 2_000_000n,
    value,
    maxFeePerGas: parseGwei('5'),
    maxPriorityFeePerGas: parseGwei('1'),
    ...(to && { to }),
    ...(data && { data }),
  }
  if (!delegatesTo) return from.signTransaction({ type: 'eip1559', ...common })
  const authorization = await from.signAuthorization?.({
    chainId,
    contractAddress: delegatesTo,
    nonce: nonce + 1,
  })
  return from.signTransaction({
    type: 'eip7702',
    ...common,
    authorizationList: authorization ? [authorization] : [],
  })
}
