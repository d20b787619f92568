/** docs/rpc.md says what the method tables say; `npm run docs:rpc` writes it anew. */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { methodsOf } from '../../../rpc/methods/index.ts'
import { resultSchemas } from '../../../rpc/results/index.ts'
import { openRpcDocument } from '../../../rpc/openrpc.ts'
import { rpcDocs } from '../../support/rpc-docs.ts'

const file = new URL('../../../docs/rpc.md', import.meta.url)
if (process.env['UPDATE_DOCS']) writeFileSync(file, rpcDocs())

test('docs/rpc.md is current (npm run docs:rpc)', () => {
  expect(readFileSync(file, 'utf8')).toBe(rpcDocs())
})

test('the OpenRPC document names every method once, with its parameters in order', () => {
  const { methods } = openRpcDocument(methodsOf(true), resultSchemas, 'x')
  expect(methods.map(({ name }) => name)).toEqual(Object.keys(methodsOf(true)).toSorted())
  const getProof = methods.find(({ name }) => name === 'eth_getProof')
  expect(getProof?.params.map(({ name, required }) => [name, required])).toEqual([
    ['address', true],
    ['storageKeys', true],
    ['block', false],
  ])
  // An optional parameter before a required one could not be left out by position.
  for (const { name, params } of methods) {
    const firstOptional = params.findIndex(({ required }) => !required)
    const late = firstOptional >= 0 && params.slice(firstOptional).some(({ required }) => required)
    expect({ name, late }).toEqual({ name, late: false })
  }
})
