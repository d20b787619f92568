/**
 * Random call trees over all modules, each executed twice from the same state, and all of them as
 * transactions of a chain that a fresh node executes again from genesis: results, logs, gas and roots
 * must be equal. FUZZ_TREES and FUZZ_SEED lengthen or repeat a run. With FUZZ_DIGESTS=file the results'
 * hashes are written there, or compared with what another Node wrote (`npm run fuzz:nodes`).
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { moduleAddresses } from '../../../attribution/abi.ts'
import {
  decodeBlock,
  keccakHex,
  toHex,
  type Address,
  type Hex,
  type Verdict,
} from '../../../primitives/index.ts'
import { randomTree } from '../../support/call-trees.ts'
import { createDice } from '../../support/dice.ts'
import { bytesOf, createEconomy } from '../../support/economy.ts'
import { puppetCode } from '../../support/puppet.ts'
import { openNode, playTrees } from '../../support/tree-chain.ts'
import { alice, bob } from '../../support/world.ts'

const trees = Number(process.env['FUZZ_TREES'] ?? 40)
const seed = Number(process.env['FUZZ_SEED'] ?? 7)
const puppets: readonly Address[] = [`0x${'b0'.repeat(20)}`, `0x${'b1'.repeat(20)}`]

/** A chain with something in every module, and what all trees did to it. */
async function runTrees() {
  const dice = createDice(seed)
  const economy = createEconomy()
  const { versionId } = await economy.held([[bob, ['one two three four', 'five six seven']]])
  const model = await economy.model(alice, versionId)
  const requestId = await economy.paid(bob, model, 5_000n)
  await economy.attributed(alice, requestId, versionId, 'one two six seven')
  for (const puppet of puppets) economy.deploy(puppet, puppetCode())
  const seen: string[] = []
  let [halts, logs] = [0, 0]
  for (let i = 0; i < trees; i++) {
    const outcome = await economy
      .call(dice.pick([alice, bob]), dice.pick(puppets), randomTree(dice, puppets), {
        value: BigInt(dice.below(3_000)),
        gas: BigInt(60_000 + dice.below(4_000_000)),
      })
      .catch((error: unknown) => {
        if (error instanceof Error && /intrinsic|floor/.test(error.message)) return undefined
        throw error
      })
    if (!outcome) continue
    if (outcome.status === 'halt') halts++
    logs += outcome.logs.length
    const { status, gasUsed, returnData } = outcome
    seen.push(
      [status, gasUsed, toHex(returnData), ...outcome.logs.map(({ topics }) => topics[0])].join(
        ' ',
      ),
    )
    expect(await economy.owed()).toBe(economy.balance(moduleAddresses.rewards))
  }
  return { seen, digest: economy.digest(), halts, logs }
}

test(`${trees} random call trees run twice alike, and no wei is lost in them`, async () => {
  const first = await runTrees()
  expect(await runTrees()).toEqual(first)
  expect(first.seen.length).toBeGreaterThan(trees / 2)
  compareDigest('trees', keccakHex(bytesOf([...first.seen, first.digest].join('\n'))))
}, 3_600_000)

test(`${trees} random call trees in blocks come to the same roots when a fresh node executes them`, async () => {
  const played = await playTrees(await openNode(), createDice(seed + 1), trees)
  const fresh = await openNode()
  for (const block of played.blocks) {
    const verdict = await fresh.chain.validate(accepted(decodeBlock(block)))
    await fresh.chain.commit(accepted(verdict))
  }
  expect(fresh.chain.head()).toMatchObject({ hash: played.head })
  await fresh.stop()
  expect(played.failed).toBeGreaterThan(0)
  expect(played.logs).toBeGreaterThan(0)
  compareDigest('chain', played.head)
}, 3_600_000)

function accepted<value>(verdict: Verdict<value>): value {
  if (verdict.type !== 'accept') throw new Error(`${verdict.code}: ${verdict.message}`)
  return verdict.value
}

/** Writes a hash, or compares it with the one another run wrote. */
function compareDigest(name: string, digest: Hex): void {
  const file = process.env['FUZZ_DIGESTS']
  if (!file) return
  const known = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>)
    : {}
  const all = { ...known, [name]: known[name] ?? digest }
  writeFileSync(file, JSON.stringify(all))
  expect([name, process.version, digest]).toEqual([name, process.version, all[name]])
}
