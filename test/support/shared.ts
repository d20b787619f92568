/**
 * The public suites beside the repo (`../shared/conformance`). Where they are absent the tests that
 * need them are skipped, with one clear line; nothing in the product reads them.
 */
import { existsSync } from 'node:fs'
import { test } from '@jest/globals'

const root = new URL('../../../shared/conformance/', import.meta.url)

export const sharedFile = (path: string): URL => new URL(path, root)
export const hasShared: boolean = existsSync(root)

/** A test that needs the public suites. */
export const testWithShared: typeof test | typeof test.skip = hasShared ? test : test.skip

if (!hasShared)
  process.stderr.write(`skipped: ${root.pathname} is absent, so public suites are not run\n`)
