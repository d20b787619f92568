/** A paid question, receipts stated for it, and what doubts need: for the tests of receipts. */
import { encodeAbiParameters, type PrivateKeyAccount } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { moduleAddresses } from '../../../../attribution/abi.ts'
import { buildSumTree, proveSumLeaf } from '../../../../attribution/methods/index.ts'
import { zeroAddress, zeroWord } from '../../../../attribution/words.ts'
import { devnetAddresses } from '../../../../genesis/index.ts'
import {
  invariant,
  keccakHex,
  toHex,
  type Address,
  type Hex,
} from '../../../../primitives/index.ts'
import { bytesOf, createEconomy, type Economy, type EconomyLeaf } from '../../../support/economy.ts'
import { alice, bob, Refused } from '../../../support/world.ts'

export const carol = devnetAddresses[2]!
export const dave = devnetAddresses[3]!
export const erin = devnetAddresses[4]!
export const treasury: Address = '0x0a77000000000000000000000000000000000010'
/** Where burnt wei are. */
export const nobody: Address = zeroAddress
export const ether = 10n ** 18n
/** `receipts.attesterBond`, `commitBond` and `challengeBond` of a devnet, in wei; and windows in blocks. */
export const [least, commitBond, challengeBond] = [10n * ether, ether / 10n, ether / 10n]
export const [attestedWindow, spanWindow, voteWindow] = [7_200, 300, 300]
export const method = { span: 1, attested: 2, declared: 3, ngrams: 7 } as const
export const ground = {
  replay: 0,
  badLeaf: 1,
  wrongSpans: 2,
  unavailable: 3,
  dispute: 4,
  wrongToken: 5,
  wrongOrder: 6,
  reveal: 7,
} as const
export const state = { committed: 1, challenged: 2, final: 3, void: 4 } as const
export const said = 'one two three seven eight'

/** Accounts with keys of their own, by ascending address as signatures must be. */
export const signers: readonly PrivateKeyAccount[] = [1, 2, 3]
  .map((n) => privateKeyToAccount(toHex(new Uint8Array(32).fill(n))))
  .toSorted((a, b) => (a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1))
export const addressOf = (signer: PrivateKeyAccount): Address =>
  signer.address.toLowerCase() as Address

const receiptType = [
  { name: 'requestId', type: 'bytes32' },
  { name: 'assetId', type: 'uint256' },
  { name: 'versionId', type: 'uint256' },
  { name: 'methodId', type: 'uint16' },
  { name: 'outputHash', type: 'bytes32' },
  { name: 'sumRoot', type: 'bytes32' },
  { name: 'total', type: 'uint64' },
  { name: 'leaves', type: 'uint32' },
  { name: 'evidenceHash', type: 'bytes32' },
] as const

export interface Case {
  readonly economy: Economy
  readonly versionId: bigint
  /** Of the version, and one of another version. */
  readonly batchIds: readonly bigint[]
  readonly stranger: bigint
  readonly requestId: Hex
  readonly indexRoot: Hex
}

/** alice owns model and datanet; bob and carol gave its rows; dave paid 10,000 wei for an answer. */
export async function createCase(
  ofBob = 'one two three four',
  ofCarol = 'five six seven eight',
): Promise<Case> {
  const economy = createEconomy()
  const { versionId, batchIds, indexRoot } = await economy.held([
    [bob, [ofBob]],
    [carol, [ofCarol]],
  ])
  const other = await economy.held([[erin, ['nine ten eleven twelve']]])
  const model = await economy.model(alice, versionId)
  const requestId = await economy.paid(dave, model, 10_000n)
  const stranger = other.batchIds[0]
  invariant(stranger !== undefined, 'a batch of another version')
  return { economy, versionId, batchIds, stranger, requestId, indexRoot }
}

export const leafOf = (contributionId: bigint, weight = 5n): EconomyLeaf => ({
  clusterId: contributionId,
  contributionId,
  weight,
})

/** A receipt over leaves, as a committer would state it. */
export function receiptOf(
  { requestId, versionId }: Case,
  methodId: number,
  leaves: readonly EconomyLeaf[],
) {
  const { root, total } = leaves.length > 0 ? buildSumTree(leaves) : { root: undefined, total: 0n }
  return {
    requestId,
    assetId: 1n,
    versionId,
    methodId,
    outputHash: keccakHex(bytesOf(said)),
    sumRoot: root ? toHex(root) : zeroWord,
    total,
    leaves: leaves.length,
    evidenceHash: zeroWord,
  }
}
type Receipt = ReturnType<typeof receiptOf>

export const sign = (signer: PrivateKeyAccount, message: Receipt): Promise<Hex> =>
  signer.signTypedData({
    domain: {
      name: 'Tributary',
      version: '1',
      chainId: 2679,
      verifyingContract: moduleAddresses.receipts,
    },
    types: { Receipt: receiptType },
    primaryType: 'Receipt',
    message,
  })

/** States the receipt with a bond; its id. */
export async function commit(
  { economy }: Case,
  receipt: Receipt,
  signatures: readonly Hex[] = [],
  value = commitBond,
): Promise<Hex> {
  const { result } = await economy.send(alice, 'receipts', 'commit', [receipt, signatures], {
    value,
  })
  return result
}

/** Data of a BadLeaf challenge. */
export function badLeaf(leaves: readonly EconomyLeaf[], index: number, leaf = leaves[index]): Hex {
  invariant(leaf !== undefined, 'a leaf')
  const proof = toHex(proveSumLeaf(buildSumTree(leaves), index))
  const components = [
    { name: 'clusterId', type: 'uint256' },
    { name: 'contributionId', type: 'uint256' },
    { name: 'weight', type: 'uint64' },
  ] as const
  return encodeAbiParameters(
    [{ type: 'tuple', components }, { type: 'uint256' }, { type: 'bytes' }],
    [leaf, BigInt(index), proof],
  )
}

export const challenge = (
  { economy }: Case,
  from: Address,
  receiptId: Hex,
  reason: number,
  data: Hex = '0x',
  value = challengeBond,
) => economy.send(from, 'receipts', 'challenge', [receiptId, reason, data], { value })

export const stateOf = async ({ economy }: Case, receiptId: Hex): Promise<number> =>
  (await economy.read('receipts', 'status', [receiptId])).state

/** What each may withdraw from the receipts module; of nobody, what was burnt. */
export const balances = ({ economy }: Case, ...who: readonly Address[]): Promise<bigint[]> =>
  Promise.all(
    who.map(async (one) =>
      one === nobody ? economy.balance(one) : economy.read('receipts', 'balanceOf', [one]),
    ),
  )

/** The module's money is what it owes: bonds of attesters and receipts, and balances. */
export async function surplus(
  { economy }: Case,
  receiptBonds: bigint,
  ...who: readonly Address[]
): Promise<bigint> {
  let owed = receiptBonds
  for (const one of [alice, bob, carol, dave, erin, treasury, ...signers.map(addressOf), ...who]) {
    owed += await economy.read('receipts', 'balanceOf', [one])
    owed += await economy.read('receipts', 'bondOf', [one])
  }
  return economy.balance(moduleAddresses.receipts) - owed
}

/** The refusal's name and arguments; undefined when there was none. */
export async function refusal(call: Promise<unknown>): Promise<unknown[] | undefined> {
  try {
    await call
    return undefined
  } catch (error) {
    if (error instanceof Refused) return [error.errorName, ...error.args]
    throw error
  }
}
