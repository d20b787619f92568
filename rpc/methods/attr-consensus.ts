/**
 * attr_ about who decided: the certificate of a block, the validators of a height, and where consensus
 * stands. Null or empty on a chain with a lone producer. Verifies nothing: who asks can.
 */
import type { Chain } from '../../execution/index.ts'
import { blockNumber, type BlockRef } from '../block-ref.ts'
import { heightOf } from '../blocks.ts'
import { quantity } from '../format.ts'
import { method, type MethodTable } from '../method.ts'
import { required } from '../params.ts'

const block = required('block', blockNumber)

/** The decoder lets no hash through. */
const heightIn = (chain: Chain, ref: BlockRef): bigint =>
  ref.type === 'hash' ? chain.head().header.number : heightOf(chain, ref)

export const attrConsensus: MethodTable = {
  /** EIP-712 digests and the order of seals: docs/consensus.md. */
  attr_getCommitCertificate: method([block], ({ api }, ref) => {
    const certificate = api.consensus?.certificate(heightIn(api.chain, ref))
    if (!certificate) return null
    const { height, round, blockHash, validatorSetHash, seals } = certificate
    return { height: quantity(height), round: quantity(round), blockHash, validatorSetHash, seals }
  }),
  attr_getValidators: method([block], ({ api }, ref) => {
    const set = api.consensus?.validators(heightIn(api.chain, ref))
    if (!set) return null
    const members = set.members.map(({ address, power }) => ({ address, power: quantity(power) }))
    return { hash: set.hash, validators: members }
  }),
  attr_consensusStatus: method([], ({ api }) => {
    const status = api.consensus?.status()
    if (!status) return null
    const { height, round, step, signed } = status
    // Before its first round a height has round -1, which no quantity can say.
    const work = { height: quantity(height), round: quantity(Math.max(0, round)), step }
    if (!signed) return { ...work, signed: null }
    const last = { height: quantity(signed.height), round: quantity(signed.round) }
    return { ...work, signed: { ...last, step: signed.step } }
  }),
}
