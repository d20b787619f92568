/**
 * The validator's key behind its double-sign guard, as the engine's Signer. The key leaves this file
 * in no form; every seal passes the guard.
 */
import { type Signer, toSeal } from '../../consensus/index.ts'
import { fromHex, type Hex, type Secp256k1 } from '../../primitives/index.ts'
import type { SignGuard } from '../../state/index.ts'
import type { ValidatorKey } from './keys.ts'

export function createSigner(
  { address, privateKey }: ValidatorKey,
  guard: SignGuard,
  secp256k1: Secp256k1,
): Signer {
  const seal = (digest: Hex): Hex => {
    return toSeal(secp256k1.sign(fromHex(digest), privateKey))
  }
  return {
    address,
    last: guard.last,
    raise: (height) => guard.raise(height),
    confirm: (height) => guard.confirm(height),
    sign: (statement) => guard.sign(statement, seal),
  }
}
