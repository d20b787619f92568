/** Accounts set by hand: balance, nonce, code, storage; and acting for accounts without their keys. */
import { type Address, type Hex, toHex } from '../../../primitives/index.ts'
import { stateFor } from '../../blocks.ts'
import { invalidParams, ParamError } from '../../errors.ts'
import type { Context, MethodTable } from '../../method.ts'
import { address, bytes, cannotUnmarshal, type Decoder, flag, required } from '../../params.ts'
import { setter } from './dev-method.ts'
import { anyUint256, anyUint64, word } from './params.ts'

/** EIP-2681. */
const maxNonce = 2n ** 64n - 2n

const who = required('address', address)

const signatureOfSomebody: Decoder<{ readonly signature: Hex; readonly signer: Address }> = {
  schema: { type: 'array', prefixItems: [bytes.schema, address.schema], minItems: 2, maxItems: 2 },
  decode(value, place) {
    if (!Array.isArray(value) || value.length !== 2)
      throw cannotUnmarshal('anything but [signature, address]', 'SignaturePair', place)
    const signature = bytes.decode(value[0], place)
    if (signature.length !== 65)
      throw new ParamError(`a signature has 65 bytes: r, s and v, not ${signature.length}`)
    return { signature: toHex(signature), signer: address.decode(value[1], place) }
  },
}

const balanceOf = ({ api }: Context, account: Address): bigint =>
  stateFor(api.chain, undefined).account(account)?.balance ?? 0n

export const devAccounts: MethodTable = {
  ...setter(
    ['anvil_setBalance', 'hardhat_setBalance', 'evm_setAccountBalance', 'tenderly_setBalance'],
    [who, required('wei', anyUint256)],
    (dev, _, account, balance) => dev.edit([{ address: account, balance }]),
  ),
  ...setter(
    ['anvil_addBalance', 'hardhat_addBalance', 'tenderly_addBalance'],
    [who, required('wei', anyUint256)],
    (dev, context, account, wei) => {
      const balance = balanceOf(context, account) + wei
      if (balance >= 2n ** 256n) throw invalidParams('the balance would be over 256 bits')
      return dev.edit([{ address: account, balance }])
    },
  ),
  ...setter(
    ['anvil_setNonce', 'hardhat_setNonce', 'evm_setAccountNonce'],
    [who, required('nonce', anyUint64)],
    (dev, _, account, nonce) => {
      if (nonce > maxNonce) throw invalidParams(`nonce is above ${maxNonce} (EIP-2681)`)
      return dev.edit([{ address: account, nonce }])
    },
  ),
  ...setter(
    ['anvil_setCode', 'hardhat_setCode', 'evm_setAccountCode'],
    [who, required('code', bytes)],
    (dev, _, account, code) => dev.edit([{ address: account, code }]),
  ),
  ...setter(
    ['anvil_setStorageAt', 'hardhat_setStorageAt', 'evm_setAccountStorageAt'],
    [who, required('slot', anyUint256), required('value', word)],
    (dev, _, account, slot, value) => dev.edit([{ address: account, slots: [[slot, value]] }]),
  ),
  ...setter(
    ['anvil_impersonateAccount', 'hardhat_impersonateAccount'],
    [who],
    ({ wallet }, _, account) => wallet.impersonate(account, true),
  ),
  ...setter(
    ['anvil_stopImpersonatingAccount', 'hardhat_stopImpersonatingAccount'],
    [who],
    ({ wallet }, _, account) => wallet.impersonate(account, false),
  ),
  ...setter(
    ['anvil_autoImpersonateAccount', 'hardhat_autoImpersonateAccount'],
    [required('isOn', flag)],
    ({ wallet }, _, isOn) => wallet.impersonateAll(isOn),
  ),
  /** As a pair (anvil): contracts that recover the signature's signer get the address. */
  ...setter(
    ['anvil_impersonateSignature'],
    [required('signatureAndAddress', signatureOfSomebody)],
    (dev, _, { signature, signer }) => dev.impersonateSignature(signature, signer),
  ),
}
