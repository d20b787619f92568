/**
 * The one KZG operation the EVM needs, proof verification for the point evaluation precompile
 * (EIP-4844), over noble's BLS12-381. Commits to nothing and proves nothing: blobs have no home here.
 */
import { bls12_381 as curve } from '@noble/curves/bls12-381.js'
import type { KZG } from '@ethereumjs/util'

/** [tau]G2 of the KZG ceremony: second entry of `g2_monomial` in consensus-specs' trusted setup. */
const tauG2 =
  'b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2'

/** The library's port; everything but `verifyProof` throws. */
export const createKzg = (): KZG => ({
  verifyProof,
  blobToKzgCommitment: refuse,
  computeBlobProof: refuse,
  verifyBlobProofBatch: refuse,
  computeCells: refuse,
  computeCellsAndProofs: refuse,
  recoverCellsAndProofs: refuse,
  verifyCellKzgProofBatch: refuse,
})

/**
 * Whether the polynomial committed to has the value y at z: e(C - [y]G1, G2) = e(proof, [tau - z]G2).
 * Throws for points that are not on the curve or in the group, and for scalars not below the order.
 */
export function verifyProof(commitment: string, z: string, y: string, proof: string): boolean {
  try {
    return isProven(commitment, z, y, proof)
  } catch (cause) {
    throw new Error('C_KZG_BADARGS', { cause }) // the words by which the library knows bad input
  }
}

function isProven(commitment: string, z: string, y: string, proof: string): boolean {
  const { G1, G2 } = curve
  const committed = pointOf(commitment)
  const witness = pointOf(proof)
  const valueAtPoint = multiply(G1.Point.BASE, scalarOf(y))
  const shifted = tauPoint().subtract(multiply(G2.Point.BASE, scalarOf(z)))
  const pairs = [
    { g1: committed.subtract(valueAtPoint), g2: G2.Point.BASE.negate() },
    { g1: witness, g2: shifted },
  ].filter(({ g1, g2 }) => !g1.is0() && !g2.is0())
  if (pairs.length === 0) return true
  return curve.fields.Fp12.eql(curve.pairingBatch(pairs), curve.fields.Fp12.ONE)
}

let tau: InstanceType<typeof curve.G2.Point> | undefined

/** Made once, on first use: its group check costs as much as a good part of a proof. */
const tauPoint = () => (tau ??= curve.G2.Point.fromHex(tauG2))

function pointOf(hex: string): InstanceType<typeof curve.G1.Point> {
  return curve.G1.Point.fromHex(hex.slice(2)) // checks curve and group
}

function scalarOf(hex: string): bigint {
  const scalar = BigInt(hex)
  if (scalar >= curve.fields.Fr.ORDER) throw new Error('a scalar is not below the group order')
  return scalar
}

/** Of public scalars only: takes no care to hide them. 0 is allowed. */
const multiply = <point extends { multiplyUnsafe(scalar: bigint): point }>(
  base: point,
  scalar: bigint,
): point => base.multiplyUnsafe(scalar)

function refuse(): never {
  throw new Error('only KZG proof verification is supported')
}
