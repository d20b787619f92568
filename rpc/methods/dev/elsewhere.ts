/**
 * Methods of anvil for what this chain does not have, answered as anvil answers where it is not that
 * chain either: no blob is ever found, and Tempo's fee tokens are refused with the reason.
 */
import { serverError } from '../../errors.ts'
import type { MethodTable } from '../../method.ts'
import { address, hash, required } from '../../params.ts'
import { devMethod } from './dev-method.ts'
import { anyUint256 } from './params.ts'

const refuse = (): never => {
  throw serverError('Not implemented: fee tokens are Tempo’s; here gas is paid in OPEN')
}
const user = required('address', address)
const token = required('token', address)

export const devElsewhere: MethodTable = {
  /** The pool takes no blob transactions (no data-availability layer), so there are no blobs. */
  anvil_getBlobByHash: devMethod([required('versionedHash', hash)], () => null),
  anvil_getBlobsByTransactionHash: devMethod([required('hash', hash)], () => null),
  anvil_setFeeToken: devMethod([user, token], refuse),
  anvil_setValidatorFeeToken: devMethod([user, token], refuse),
  anvil_setFeeAmmLiquidity: devMethod([user, token, required('amount', anyUint256)], refuse),
  anvil_dealTIP20: devMethod([user, token, required('balance', anyUint256)], refuse),
}
