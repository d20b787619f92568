/**
 * The precompile that recovers a signer (0x01), with an answer of our own for signatures that a
 * devnet's owner gave to somebody: contracts then take them for that account's. On no other chain.
 */
import type { PrecompileFunc } from '@ethereumjs/evm'
import { type Address, concat, fromHex, type Hex, toHex } from '../primitives/index.ts'

/** Signature as r, s and v (27 or 28), 65 bytes, to whom it stands for. */
export type Signers = ReadonlyMap<Hex, Address>

const place = `${'00'.repeat(19)}01`
/** Yellow Paper, appendix E.1. */
const recoverGas = 3_000n

/** Puts the answers before the table's own. */
export function impersonateSigners(
  precompiles: Map<string, PrecompileFunc>,
  signers: Signers,
): void {
  const usual = precompiles.get(place)
  if (!usual) return
  precompiles.set(place, (input) => {
    const signer = signers.get(signatureOf(input.data))
    if (signer === undefined || input.gasLimit < recoverGas) return usual(input)
    const returnValue = concat(new Uint8Array(12), fromHex(signer))
    return { executionGasUsed: recoverGas, returnValue }
  })
}

/** The input is hash, v, r, s; what is missing is zero. */
function signatureOf(data: Uint8Array): Hex {
  const input = new Uint8Array(128)
  input.set(data.subarray(0, 128))
  return toHex(concat(input.subarray(64, 128), input.subarray(63, 64)))
}
