/**
 * Traces that geth recorded, to the letter: the suite itself holds most of them to their schema only.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { type ForeignChain, startForeignChain } from '../../support/foreign-chain.ts'
import { hasShared, sharedFile, testWithShared } from '../../support/shared.ts'

interface Exchange {
  readonly name: string
  readonly request: string
  readonly answer: unknown
}

function recorded(method: string): Exchange[] {
  const folder = sharedFile(`rpc/tests/${method}/`)
  return readdirSync(folder).flatMap((name) => {
    const lines = readFileSync(new URL(name, folder), 'utf8').split('\n')
    const requests = lines.filter((line) => line.startsWith('>> ')).map((line) => line.slice(3))
    const answers = lines.filter((line) => line.startsWith('<< ')).map((line) => line.slice(3))
    return requests.map((request, i) => ({
      name: `${method}/${name}`,
      request,
      answer: JSON.parse(answers[i] ?? 'null') as unknown,
    }))
  })
}

describe('traces recorded from geth', () => {
  let chain: ForeignChain
  beforeAll(async () => {
    if (hasShared) chain = await startForeignChain()
  })
  afterAll(() => chain?.stop())

  testWithShared('are ours, step for step', async () => {
    const exchanges = [
      ...recorded('debug_traceTransaction'),
      ...recorded('debug_traceBlockByNumber'),
      ...recorded('debug_traceBlockByHash'),
    ]
    expect(exchanges.length).toBeGreaterThan(8)
    for (const { name, request, answer } of exchanges) {
      const response = await fetch(chain.httpUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: request,
      })
      expect({ name, answer: await response.json() }).toEqual({ name, answer })
    }
  })
})
