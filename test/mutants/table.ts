/** How mutants are written down. */

/** File below `consensus/` -> what the mutant does wrong, a text of the file, what it becomes. */
export type MutantTable = Readonly<
  Record<string, readonly (readonly [name: string, from: string, to: string])[]>
>
