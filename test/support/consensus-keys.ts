/** Validators with real keys: sets, votes, proposals and certificates that bear checking. */
import {
  type Checker,
  createChecker,
  createValidatorSet,
  partsHashOf,
  type Proposal,
  type QuorumCertificate,
  type SignedProposal,
  type SignedVote,
  splitBlock,
  toSeal,
  type ValidatorSet,
  type Vote,
} from '../../consensus/index.ts'
import {
  type Address,
  compareText,
  type Hex,
  keccak256,
  keccakHex,
  nobleSecp256k1,
  publicKeyToAddress,
} from '../../primitives/index.ts'

export type KeyPair = { readonly key: Uint8Array; readonly address: Address }

/** Keys of a set, in the set's order. */
export const keysOf = (count: number, name = 'validator'): readonly KeyPair[] =>
  Array.from({ length: count }, (_, index) => {
    const key = keccak256(new TextEncoder().encode(`${name} ${index}`))
    return { key, address: publicKeyToAddress(nobleSecp256k1.publicKey(key)) }
  }).toSorted((a, b) => compareText(a.address, b.address))

/** Four of them, each for sure. */
export function fourKeys(): readonly [KeyPair, KeyPair, KeyPair, KeyPair] {
  const [a, b, c, d] = keysOf(4)
  if (!a || !b || !c || !d) throw new Error('four keys are four')
  return [a, b, c, d]
}

export const setOfKeys = (keys: readonly KeyPair[], power = 1n): ValidatorSet =>
  createValidatorSet(keys.map(({ address }) => ({ address, power })))

export const checkerOf = (chainId = 2679n, genesisHash: Hex = `0x${'67'.repeat(32)}`): Checker =>
  createChecker({ chainId, genesisHash }, nobleSecp256k1)

export function sealed<message extends Vote | Proposal>(
  message: message,
  { key }: KeyPair,
  set: ValidatorSet,
  { digests }: Checker,
): message & { readonly seal: Hex } {
  return { ...message, seal: toSeal(nobleSecp256k1.sign(digests.of(message, set.hash), key)) }
}

export const votedBy = (
  pair: KeyPair,
  set: ValidatorSet,
  vote: Partial<Vote> = {},
  checker: Checker = checkerOf(),
): SignedVote =>
  sealed(
    {
      type: 'prevote',
      height: 1n,
      round: 0,
      blockHash: keccakHex(new Uint8Array(1)),
      voter: pair.address,
      ...vote,
    },
    pair,
    set,
    checker,
  )

export const proposedBy = (
  pair: KeyPair,
  set: ValidatorSet,
  block: Uint8Array,
  fields: Partial<Proposal> = {},
  checker: Checker = checkerOf(),
): SignedProposal =>
  sealed(
    {
      type: 'proposal',
      height: 1n,
      round: 0,
      validRound: -1,
      blockHash: keccakHex(block),
      partHashes: splitBlock(block).map(keccakHex),
      proposer: pair.address,
      ...fields,
    },
    pair,
    set,
    checker,
  )

export const partsHash = (proposal: Proposal): Hex => partsHashOf(proposal.partHashes)

/** A certificate signed by the validators at `signers`. */
export const certified = <type extends QuorumCertificate['type']>(
  type: type,
  keys: readonly KeyPair[],
  set: ValidatorSet,
  signers: readonly number[],
  fields: Partial<Omit<QuorumCertificate, 'type' | 'seals'>> = {},
  checker: Checker = checkerOf(),
) => {
  const base = { height: 1n, round: 0, blockHash: keccakHex(new Uint8Array(1)), ...fields }
  const voteType = type === 'commit' ? 'precommit' : 'prevote'
  const seals = signers.map((index) => {
    const pair = keys[index]
    if (pair === undefined) throw new Error(`no key ${index}`)
    return { index, seal: votedBy(pair, set, { ...base, type: voteType }, checker).seal }
  })
  return { type, ...base, seals }
}
