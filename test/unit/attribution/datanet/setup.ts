/** A chain with the datanet module and the steps its tests share. */
import { datanetAbi, moduleAddresses } from '../../../../attribution/abi.ts'
import { createDatanet } from '../../../../attribution/datanet/index.ts'
import { noCorpora } from '../../../../node/modules.ts'
import type { NativeModule } from '../../../../execution/native/index.ts'
import type { Address, Hex } from '../../../../primitives/index.ts'
import { addressOf, authority, createModules } from '../../../support/modules.ts'

export const module = { address: moduleAddresses.datanet, abi: datanetAbi }
export const word = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`
export const batchStates = { accepted: 2, rejected: 3, expired: 4 }
export const owner = addressOf(0x101)
export const alice = addressOf(0x102)
export const bob = addressOf(0x103)
export const carol = addressOf(0x104)
export const dave = addressOf(0x105)

export const policy = {
  mode: 0,
  quorumBps: 5_000,
  reviewBlocks: 10,
  revealBlocks: 5,
  depositPerBatch: 100n,
  depositPerKiB: 10n,
  penaltyBps: 4_000,
  maxBatchRows: 1_000,
  licence: word(0),
  termsHash: word(7),
  termsFlags: 3,
  pricePerQuery: 50n,
}

/** Of one MiB begun. */
export const versionDeposit = 10n ** 15n

interface Offer {
  readonly rows?: number
  readonly sketch?: Hex
  readonly from?: Address
}

export function createDatanetChain(others: readonly NativeModule[] = []) {
  const chain = createModules(
    [createDatanet({ corpora: noCorpora }), ...others],
    [owner, alice, bob, carol, dave, authority],
  )
  const create = async (more: object = {}) =>
    (
      await chain.call(module, 'create', [word(1), 'ipfs://meta', { ...policy, ...more }], {
        from: owner,
      })
    ).result
  /** 2,048 bytes: the deposit is 120. */
  const submit = async (datanetId: bigint, root: Hex, offer: Offer = {}) => {
    const { rows = 3, sketch = word(0), from = alice } = offer
    const args = [datanetId, root, rows, 2_048n, sketch, word(0), ''] as const
    return (await chain.call(module, 'submit', args, { from, value: 120n })).result
  }
  const review = (batchId: bigint, accept: boolean) =>
    chain.call(module, 'review', [batchId, accept, 9_000, word(0xacc)], { from: owner })
  return {
    ...chain,
    create,
    submit,
    review,
    async accepted(datanetId: bigint, root: Hex, offer: Offer = {}) {
      const batchId = await submit(datanetId, root, offer)
      await review(batchId, true)
      return batchId
    },
    async publish(datanetId: bigint, batchIds: readonly bigint[], more: object = {}) {
      const publication = {
        datanetId,
        parentId: 0n,
        root: word(0xaa),
        corpusRoot: word(0xbb),
        indexRoot: word(0xcc),
        tokens: 100n,
        batchIds,
        uri: '',
        ...more,
      }
      return (
        await chain.call(module, 'publish', [publication], { from: owner, value: versionDeposit })
      ).result
    },
    batch: async (id: bigint) => (await chain.call(module, 'batch', [id], { from: dave })).result,
    version: async (id: bigint) =>
      (await chain.call(module, 'version', [id], { from: dave })).result,
    owed: async (who: Address) =>
      (await chain.call(module, 'balanceOf', [who], { from: dave })).result,
  }
}
