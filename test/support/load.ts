/**
 * Transactions signed by hand for tests that put a devnet under load: transfers, and calls of a
 * contract that writes a slot per call. Signing is viem's, so that our own codec is not its judge.
 */
import { privateKeyToAccount } from 'viem/accounts'

type Hex = `0x${string}`

/**
 * Creation code of a contract whose every call stores the block number under the next free key:
 * SLOAD(0) + 1 -> SSTORE(0, n), SSTORE(n, NUMBER). Written out, so that no compiler is needed.
 */
export const counterCreation: Hex = (() => {
  // PUSH0 SLOAD PUSH1 1 ADD DUP1 PUSH0 SSTORE NUMBER SWAP1 SSTORE STOP
  const runtime = '5f54600101805f5543905500'
  const length = (runtime.length / 2).toString(16).padStart(2, '0')
  // PUSH1 length DUP1 PUSH1 9 PUSH0 CODECOPY PUSH0 RETURN
  return `0x60${length}8060095f395ff3${runtime}`
})()

export interface Signer {
  /** Raw bytes of the account's next transaction; counts nonces by itself. */
  next(to: Hex | null, value: bigint, data?: Hex): Promise<Hex>
  readonly address: Hex
}

export function createSigner(privateKey: Hex, chainId: number, nonce: number): Signer {
  const account = privateKeyToAccount(privateKey)
  let next = nonce
  return {
    address: account.address,
    next: (to, value, data) =>
      account.signTransaction({
        type: 'eip1559',
        chainId,
        nonce: next++,
        to,
        value,
        gas: 200_000n,
        maxFeePerGas: 100n * 10n ** 9n,
        maxPriorityFeePerGas: 1n,
        ...(data && { data }),
      }),
  }
}
