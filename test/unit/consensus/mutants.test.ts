/** The list of mutants fits the source: each text to replace stands once, or the mutant is no mutant. */
import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { mutants } from '../../mutants/list.ts'

const sourceOf = (file: string): string =>
  readFileSync(new URL(`../../../consensus/${file}`, import.meta.url), 'utf8')

test('every mutant replaces one place by another text', () => {
  const stale = mutants.filter(({ file, from, to }) => {
    return sourceOf(file).split(from).length !== 2 || from === to
  })
  expect(stale.map(({ file, name }) => `${file}: ${name}`)).toEqual([])
  expect(new Set(mutants.map(({ file, name }) => `${file} ${name}`)).size).toBe(mutants.length)
})

test('there are enough of them', () => {
  expect(mutants.length).toBeGreaterThanOrEqual(40)
})
