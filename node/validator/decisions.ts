/** Committed blocks with their certificates, as consensus and sync hand them on. Reads the store only. */
import { commitCodec, type Decision } from '../../consensus/index.ts'
import type { Chain } from '../../execution/index.ts'
import { encodeBlock, invariant } from '../../primitives/index.ts'

/** Undefined for a block that is not here, or was made without votes. */
export function decisionOf(store: Chain['store'], height: bigint): Decision | undefined {
  const stored = store.blockByNumber(height)
  const bytes = store.certificate(height)
  if (!stored || !bytes) return undefined
  const certificate = commitCodec.decode(bytes)
  invariant(certificate.type === 'accept', 'a stored certificate can be read')
  return { certificate: certificate.value, block: encodeBlock(stored.block) }
}
