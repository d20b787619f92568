/** The compiled contracts in the fixtures are what the sources in contracts/ compile to today. */
import { expect, test } from '@jest/globals'
import { compileContracts, readArtifact } from '../support/solc.ts'

test('test/fixtures/contracts.json matches contracts/*.sol', () => {
  const compiled = compileContracts()
  expect(Object.keys(compiled).toSorted()).toEqual([
    'AskModel',
    'CommitVerifier',
    'Compute',
    'Delegate',
    'Emitter',
    'Ledger',
    'MockReceipts',
    'MockRewards',
    'Pair',
    'ProofsTwin',
    'Puppet',
    'Reverter',
    'RewardsTwin',
    'Token',
  ])
  for (const [name, artifact] of Object.entries(compiled))
    expect(readArtifact(name)).toEqual(artifact)
}, 60_000)
