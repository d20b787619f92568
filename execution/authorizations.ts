/**
 * EIP-7702: writes the delegations of an authorization list. Synchronous and engine-neutral; an
 * authorization that is not good is skipped, never refused. Charges nothing: the intrinsic gas has
 * paid for new accounts, and what existed already comes back as a refund.
 */
import {
  concat,
  emptyCodeHash,
  fromHex,
  recoverAuthority,
  type Address,
  type Authorization,
  type Secp256k1,
} from '../primitives/index.ts'
import type { Journal } from '../state/index.ts'
import { codeOf, putCode } from './state-manager.ts'
import { isDelegation, maxNonce } from './transaction-rules.ts'

/** PER_EMPTY_ACCOUNT_COST - PER_AUTH_BASE_COST. */
const existingAccountRefund = 25_000n - 12_500n
const delegationMark = Uint8Array.of(0xef, 0x01, 0x00)
const nobody: Address = `0x${'00'.repeat(20)}`

export interface Authorized {
  /** Gas to refund. */
  readonly refund: bigint
  /** Recovered from good signatures, applied or not: warm from here on. */
  readonly authorities: readonly Address[]
}

/**
 * Applies the list in order; the sender's nonce must have been raised already. Nobody delegates to a
 * reserved address, nor from one: a native module is no code that another account could run.
 */
export function applyAuthorizations(
  journal: Journal,
  list: readonly Authorization[],
  chainId: bigint,
  curve: Secp256k1,
  isReserved: (address: Address) => boolean = () => false,
): Authorized {
  const authorities: Address[] = []
  let refund = 0n
  for (const authorization of list) {
    const { chainId: forChain, nonce, address } = authorization
    if ((forChain !== 0n && forChain !== chainId) || nonce === maxNonce) continue
    const authority = recoverAuthority(authorization, curve)
    if (!authority || isReserved(authority) || isReserved(address)) continue
    authorities.push(authority)
    const account = journal.account(authority)
    const code = codeOf(journal, authority)
    if ((code.length > 0 && !isDelegation(code)) || (account?.nonce ?? 0n) !== nonce) continue
    if (account) refund += existingAccountRefund
    const balance = account?.balance ?? 0n
    journal.setAccount(authority, { nonce: nonce + 1n, balance, codeHash: emptyCodeHash })
    if (address !== nobody) putCode(journal, authority, concat(delegationMark, fromHex(address)))
  }
  return { refund, authorities }
}
