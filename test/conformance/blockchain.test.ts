/**
 * The official blockchain tests (execution-spec-tests v5.4.0) through `validate` and `commit`: every
 * block's header, body and roots, and the refusal of the invalid ones.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { nobleSecp256k1 } from '../../primitives/index.ts'
import { type BlockchainFixture, runBlockchainTest } from '../support/blockchain-test.ts'
import { hasShared, sharedFile } from '../support/shared.ts'

const root = sharedFile('blockchain/')
const files = hasShared
  ? readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
      .map((entry) => `${entry.parentPath}/${entry.name}`.slice(fileURLToPath(root).length))
      .toSorted()
  : ['absent/']
const folders = [...new Set(files.map((file) => file.slice(0, file.lastIndexOf('/'))))]

const read = (file: string): Record<string, BlockchainFixture> =>
  JSON.parse(readFileSync(new URL(file.replaceAll('%', '%25'), root), 'utf8'))

const suite = hasShared ? describe : describe.skip

suite('official blockchain tests', () => {
  test.each(folders.map((folder) => [folder]))(
    '%s',
    async (folder) => {
      const faults: string[] = []
      let ran = 0
      for (const file of files.filter((name) => name.startsWith(`${folder}/`)))
        for (const [name, fixture] of Object.entries(read(file))) {
          ran++
          const fault = await runBlockchainTest(fixture, nobleSecp256k1)
          if (fault !== undefined) faults.push(`${name}: ${fault}`)
        }
      expect(faults).toEqual([])
      expect(ran).toBeGreaterThan(0)
    },
    120_000,
  )

  test('a block with another root, and a last block that is another, are faults', async () => {
    const file = files.find((name) => name.includes('eip2935'))!
    const [fixture] = Object.values(read(file))
    const other = { ...fixture!, lastblockhash: `0x${'00'.repeat(32)}` as const }
    expect(await runBlockchainTest(other, nobleSecp256k1)).toMatch(/^last block 0x/)
    const refusing = {
      ...fixture!,
      blocks: fixture!.blocks.map((block) => ({ ...block, expectException: 'BlockException' })),
    }
    expect(await runBlockchainTest(refusing, nobleSecp256k1)).toMatch(/accepted, though/)
  })
})
