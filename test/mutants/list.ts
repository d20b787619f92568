/**
 * Mutants of the consensus core: small wrongs, each a text that stands once in a file and what it
 * becomes. A mutant that no test notices is a rule that no test holds. `npm run mutants` applies
 * them one by one; `test/unit/consensus/mutants.test.ts` sees that each still fits the source.
 */
import { coreMutants } from './core.ts'
import { ruleMutants } from './rules.ts'
import { sealMutants } from './seals.ts'

export type Mutant = {
  /** What the mutant does wrong, in a few words. */
  readonly name: string
  /** Below `consensus/`. */
  readonly file: string
  readonly from: string
  readonly to: string
}

export const mutants: readonly Mutant[] = Object.entries({
  ...ruleMutants,
  ...coreMutants,
  ...sealMutants,
}).flatMap(([file, entries]) => entries.map(([name, from, to]) => ({ name, file, from, to })))
