/** Mutants of what is proved: certificates, seals, the door, the bytes. */
import type { MutantTable } from './table.ts'

export const sealMutants: MutantTable = {
  'certificate.ts': [
    [
      'other votes stand in a certificate',
      'votesOf(votes, voteTypes[type], round, blockHash)',
      'votesOf(votes, voteTypes[type], round)',
    ],
    [
      'a certificate of a few',
      'if (!isQuorum(validators, powerOfVoters(validators, agreed)))',
      'if (agreed.length === 0)',
    ],
    [
      'no precommits as the reason',
      "if (hasAnyQuorum(votes, validators, 'precommit', round - 1))",
      "if (hasAnyQuorum(votes, validators, 'precommit', round))",
    ],
    [
      'a reason of one',
      'if (!isSkip(validators, powerOfVoters(validators, seen))) return undefined',
      'if (seen.length === 9) return undefined',
    ],
  ],
  'verify.ts': [
    [
      'a signer may repeat',
      'index >= 0 && index > (indexes[at - 1] ?? -1)',
      'index >= 0 && index >= (indexes[at - 1] ?? -1)',
    ],
    ['a third is a quorum', '  if (!isQuorum(set, power))\n', '  if (!isSkip(set, power))\n'],
    [
      'the light form: first seals only',
      'return firstBadSeal(checker, set, sealedVotes(certificate, set))',
      'return firstBadSeal(checker, set, sealedVotes(certificate, set).slice(0, 3))',
    ],
    [
      'no seal is checked',
      'if (made === signer) return undefined',
      'if (made !== undefined) return undefined',
    ],
    [
      'prevotes end a round',
      "vote.type === 'precommit' && vote.round === round - 1",
      'vote.round === round - 1',
    ],
    [
      'votes of the round before enter one',
      'votes.every((vote) => vote.round >= round)',
      'votes.every((vote) => vote.round >= round - 1)',
    ],
    [
      'two voters make a double vote',
      'first.voter === second.voter && first.blockHash',
      'first.blockHash',
    ],
    ['two rounds make a double vote', '    first.round === second.round &&\n', ''],
    [
      'a signer beyond the set',
      '(indexes.at(-1) ?? 0) >= set.validators.length',
      '(indexes.at(-1) ?? 0) > set.validators.length',
    ],
    ['the second seal of evidence is not checked', ' ?? checkSeal(checker, set, second)', ''],
  ],
  'digest.ts': [
    ['a seal has two forms', ' || !isLowS(signature.s)', ''],
    ['one vote for all chains', '      word(chainId),\n', '      word(0n),\n'],
    ['one vote for all genesis blocks', '      fromHex(genesisHash),\n', '      word(0n),\n'],
    [
      'one vote for all sets',
      'vote.blockHash,\n    validatorSetHash,',
      'vote.blockHash,\n    null,',
    ],
    ['prevotes are precommits', '{ prevote: 1, precommit: 2 }', '{ prevote: 1, precommit: 1 }'],
    ['rounds are not signed', 'vote.height,\n    vote.round,', 'vote.height,\n    0,'],
  ],
  'admit.ts': [
    [
      'votes that find no place are checked',
      '  if (!hasPlace(state, set, vote)) return',
      '  if (state.height < 0n) return',
    ],
    [
      'proposals that find no place are checked',
      '  if (isNow && !takesProposal(state, proposal))\n',
      '  if (isNow && state.height < 0n)\n',
    ],
    [
      'a round certificate is checked as often as it comes',
      'certificate.votes.every((vote) => !hasPlace(state, set, vote))',
      'certificate.votes.length === 0',
    ],
    [
      'a block that the certificate does not name passes',
      '  return identify(block) === certificate.blockHash\n',
      '  return identify(block) !== null\n',
    ],
    [
      'all rounds there are fill the log',
      '  if (!isLeap(state, set, vote)) return',
      '  if (state.height < 0n) return',
    ],
    [
      'leaps of the next height are measured from this round',
      '  const base = isNow ? state.round.round : 0\n',
      '  const base = state.round.round + 99_999\n',
    ],
    [
      'proposals of the next height are known by nobody',
      '    : state.future.proposals.filter((other) => other.proposal.round === round)\n',
      '    : []\n',
    ],
    [
      'any round of the next height',
      '(round > maxFutureRound || held.length >= maxVariants)',
      '(held.length >= maxVariants)',
    ],
    [
      'any number of proposals of the next height',
      '(round > maxFutureRound || held.length >= maxVariants)',
      '(round > maxFutureRound)',
    ],
    [
      'early parts come again and again',
      "  if (held.some(({ partsHash, index }) => partsHash === part.partsHash && index === part.index))\n    return ignore('KNOWN', 'the part is known')\n",
      '',
    ],
    [
      'early parts without end',
      '  if (held.length >= most && strays.length === 0)',
      '  if (held.length >= 999)',
    ],
    [
      'early parts are not what their proposal names',
      'if (proposal && (hash === undefined || keccakHex(part.bytes) !== hash))',
      'if (proposal && hash === undefined)',
    ],
    [
      'certificates of the next height come again and again',
      '      : state.future.certificates.some((held) => isSameCertificate(held, certificate))',
      '      : false',
    ],
    [
      'one certificate of the next height is enough',
      '  a.round === b.round &&\n  (a.type',
      '  (a.type',
    ],
    [
      'the set of the wrong height',
      'if (height === state.height + 1n) return state.nextValidators',
      'if (height === state.height + 1n) return state.validators',
    ],
    ['two heights ahead', 'if (height === state.height + 1n)', 'if (height <= state.height + 2n)'],
    [
      'wrong proposers pass',
      'if (proposerOf(set, height, round) !== proposer)',
      'if (!set.indexes.has(proposer))',
    ],
    [
      'unsealed votes pass',
      "return checkSeal(checker, set, vote) ?? accept({ type: 'vote', vote })",
      "return accept({ type: 'vote', vote })",
    ],
    [
      'unsealed proposals pass',
      '  const refusal = checkSeal(options, set, proposal)\n',
      '  const refusal = undefined as ReturnType<typeof checkSeal>\n',
    ],
    [
      'unchecked certificates pass',
      "return checkCertificate(checker, set, certificate) ?? accept({ type: 'certificate', certificate })",
      "return accept({ type: 'certificate', certificate })",
    ],
    [
      'synced blocks are trusted',
      '  const refusal = checkCertificate(checker, set, certificate)\n',
      '  const refusal = undefined as ReturnType<typeof checkCertificate>\n',
    ],
    [
      'known votes are checked again',
      "if (isHeld(state, set, vote)) return ignore('KNOWN', 'the vote is known')",
      '',
    ],
  ],
  'codec.ts': [
    [
      'a bitmap has two forms',
      "if (signers.at(-1) === 0) return { fault: 'has a bitmap with zeros behind' }",
      '',
    ],
    [
      'a set has two forms',
      "return isOrdered ? { value } : { fault: 'is not in the order of addresses' }",
      'return { value, isOrdered }',
    ],
  ],
}
