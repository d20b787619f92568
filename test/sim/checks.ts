/**
 * What must hold in every run: one block a height, made by the rules on its parent, with a certificate
 * that can be checked; no honest key ever signs two things for one step; and after the faults everybody
 * reaches the tip. Looks only at what nodes did, never at how.
 */
import {
  type Checker,
  type CommitCertificate,
  type Decision,
  isQuorum,
  type Statement,
  powerOf,
  type ValidatorSet,
  type Vote,
} from '../../consensus/index.ts'
import type { Address, Hex } from '../../primitives/index.ts'
import { decodeToy, type SetAt } from './app.ts'

/** A block as the checks see it. */
export interface SeenBlock {
  readonly hash: Hex
  readonly height: bigint
  readonly parent: Hex
  /** By its own bytes: header and body belong together, no rule is broken on purpose. */
  readonly isValid: boolean
}

const lookAtToy = (bytes: Uint8Array): SeenBlock | undefined => {
  const toy = decodeToy(bytes)
  return toy && { ...toy, isValid: toy.isValid && toy.hasItsBody }
}

export interface Violation {
  readonly rule:
    | 'agreement'
    | 'validity'
    | 'double-sign'
    | 'lock'
    | 'certificate'
    | 'liveness'
    | 'fault'
    | 'memory'
  readonly text: string
}

export interface Checks {
  onCommit(node: number, decision: Decision): void
  onSigned(node: number, statement: Statement): void
  /** An honest node's vote leaves it. */
  onVote(vote: Vote): void
  violate(rule: Violation['rule'], text: string): void
  readonly violations: readonly Violation[]
  /** Highest round in which each height was decided. */
  readonly rounds: ReadonlyMap<bigint, number>
  readonly blocks: ReadonlyMap<bigint, Hex>
}

export function createChecks(
  { digests, signerOf }: Checker,
  setAt: SetAt,
  faulty: readonly Address[],
  look: (block: Uint8Array) => SeenBlock | undefined = lookAtToy,
): Checks {
  const violations: Violation[] = []
  const blocks = new Map<bigint, Hex>()
  const rounds = new Map<bigint, number>()
  const signed = new Map<string, Hex>()
  const locks = createLocks(setAt, faulty)
  const violate = (rule: Violation['rule'], text: string): void => {
    violations.push({ rule, text })
  }
  return {
    violations,
    rounds,
    blocks,
    violate,
    onCommit(node, { certificate, block }) {
      const { height, round, blockHash } = certificate
      const before = blocks.get(height)
      if (before !== undefined && before !== blockHash)
        violate('agreement', `height ${height}: ${before} and, at node ${node}, ${blockHash}`)
      blocks.set(height, before ?? blockHash)
      rounds.set(height, Math.max(round, rounds.get(height) ?? 0))
      const seen = look(block)
      const isBlock = seen?.hash === blockHash && seen.isValid
      if (!isBlock || seen.height !== height)
        violate(
          'validity',
          `height ${height}: node ${node} committed a block that breaks the rules`,
        )
      if (height > 1n && seen?.parent !== blocks.get(height - 1n))
        violate('validity', `height ${height}: the block of node ${node} has another parent`)
      const validators = setAt(height)
      const fault = certificateFault(certificate, validators, (vote) =>
        signerOf(digests.of(vote, validators.hash), vote.seal),
      )
      if (fault !== undefined) violate('certificate', `height ${height}, node ${node}: ${fault}`)
    },
    onVote(vote) {
      const fault = locks.onVote(vote)
      if (fault !== undefined) violate('lock', fault)
    },
    onSigned(node, { height, round, step, digest }) {
      const key = `${node} ${height} ${round} ${step}`
      const before = signed.get(key)
      if (before !== undefined && before !== digest)
        violate(
          'double-sign',
          `node ${node} signed two ${step}s of height ${height}, round ${round}`,
        )
      signed.set(key, digest)
    },
  }
}

/** Own arithmetic, so that a fault of the core's is seen. */
function certificateFault(
  { height, round, blockHash, seals }: CommitCertificate,
  set: ValidatorSet,
  signerOf: (vote: {
    type: 'precommit'
    height: bigint
    round: number
    blockHash: Hex
    voter: Hex
    seal: Hex
  }) => Hex | undefined,
): string | undefined {
  const signers = new Set<number>()
  let power = 0n
  for (const { index, seal } of seals) {
    const validator = set.validators[index]
    if (!validator) return `signer ${index} is no validator`
    if (signers.has(index)) return `signer ${index} stands twice`
    const vote = {
      type: 'precommit',
      height,
      round,
      blockHash,
      voter: validator.address,
      seal,
    } as const
    if (signerOf(vote) !== validator.address) return `the seal of signer ${index} is not its own`
    signers.add(index)
    power += validator.power
  }
  return isQuorum(set, power) && 3n * power > 2n * set.totalPower
    ? undefined
    : 'no quorum has signed'
}

/**
 * The rule that agreement rests on: who has precommitted a block prevotes another one only after a polka
 * for that, not older than its precommit. Faulty validators count as if they had voted for everything.
 */
function createLocks(setAt: SetAt, faulty: readonly Address[]) {
  const locks = new Map<string, { readonly round: number; readonly blockHash: Hex }>()
  const prevotes = new Map<string, Set<Address>>()
  const hasPolka = (height: bigint, round: number, blockHash: Hex): boolean => {
    const set = setAt(height)
    const voters = new Set([...(prevotes.get(`${height} ${round} ${blockHash}`) ?? []), ...faulty])
    const power = [...voters].reduce(
      (sum, voter) => sum + powerOf(set, set.indexes.get(voter) ?? -1),
      0n,
    )
    return 3n * power > 2n * set.totalPower
  }
  return {
    onVote({ type, height, round, blockHash, voter }: Vote): string | undefined {
      if (blockHash === null) return undefined
      const key = `${voter} ${height}`
      const lock = locks.get(key)
      if (type === 'precommit') {
        if (!lock || round > lock.round) locks.set(key, { round, blockHash })
        return hasPolka(height, round, blockHash)
          ? undefined
          : `height ${height}, round ${round}: ${voter} precommits ${blockHash} without a polka`
      }
      const vote = `${height} ${round} ${blockHash}`
      prevotes.set(vote, (prevotes.get(vote) ?? new Set()).add(voter))
      if (!lock || lock.blockHash === blockHash || round <= lock.round) return undefined
      for (let earlier = lock.round; earlier < round; earlier++)
        if (hasPolka(height, earlier, blockHash)) return undefined
      return `height ${height}, round ${round}: ${voter} is locked on ${lock.blockHash} and prevotes ${blockHash}`
    },
  }
}
