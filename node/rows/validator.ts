/**
 * A validator's account as the sender of its attestations: an ordinary transaction, signed here and put
 * into this node's pool. The key is shown to nobody.
 */
import {
  type Address,
  type Hex,
  type Logger,
  publicKeyToAddress,
  type Secp256k1,
  signingHash,
  type Verdict,
  withSignature,
} from '../../primitives/index.ts'
import type { Validator } from './attester.ts'

export interface ValidatorPorts {
  readonly secp256k1: Secp256k1
  readonly chainId: bigint
  readonly nextNonce: (account: Address) => bigint
  /** Wei. */
  readonly nextBaseFee: () => bigint
  readonly submit: (raw: Uint8Array) => Promise<Verdict<Hex>>
  readonly log: Logger
}

/**
 * Three slots and two logs are 150,000; each of sixteen retractions, looked for in a version and up to 64 parents
 * (attribution/datanet/versions.ts), half a million for the first and 40,000 for others.
 */
const attestationGas = 1_500_000n
/** 1 gwei: what wallets offer on a quiet chain. */
const tipWei = 10n ** 9n

export function createValidator(key: Uint8Array, ports: ValidatorPorts): Validator {
  const { secp256k1, chainId } = ports
  const address = publicKeyToAddress(secp256k1.publicKey(key))
  return {
    address,
    async send(to, data) {
      const unsigned = {
        type: 'feeMarket',
        chainId,
        nonce: ports.nextNonce(address),
        maxPriorityFeePerGas: tipWei,
        maxFeePerGas: 2n * ports.nextBaseFee() + tipWei,
        gasLimit: attestationGas,
        to,
        value: 0n,
        data,
        accessList: [],
      } as const
      const signature = secp256k1.sign(signingHash(unsigned), key)
      const verdict = await ports.submit(withSignature(unsigned, signature).raw)
      if (verdict.type === 'accept') return true
      const { code, message: reason } = verdict
      ports.log.warn({ code, reason }, 'an attestation was refused')
      return false
    },
  }
}
