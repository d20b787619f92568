/**
 * `npm run bench:sync [-- BLOCKS]`: how fast a fresh node catches up with a chain of BLOCKS (20,000) blocks, a
 * transfer in each, served by three validator processes on loopback, and whether it votes once it has.
 * The chain is made here first, block by block, with true certificates. Decides nothing.
 */
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cpus, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { createDigests, createValidatorSet, toSeal } from '../consensus/index.ts'
import { nextBaseFee } from '../execution/index.ts'
import { parseGenesis } from '../genesis/index.ts'
import { devnetKeys } from '../node/devnet-keys.ts'
import { chooseSecp256k1 } from '../node/crypto.ts'
import { createNode, type TributaryNode } from '../node/node.ts'
import { createConsensusApp } from '../node/validator/app.ts'
import {
  fromHex,
  invariant,
  publicKeyToAddress,
  silentLogger,
  toFixedBytes,
} from '../primitives/index.ts'
import { createHandClock } from '../test/support/clock.ts'
import { createSigner } from '../test/support/load.ts'
import { runCommand } from '../test/support/node.ts'
import { createValidatorNetwork, type ValidatorNetwork } from '../test/support/validators.ts'

const blocks = Number(process.argv[2] ?? 20_000)
const limitMs = 3_600_000

async function makeChain(network: ValidatorNetwork, datadir: string): Promise<void> {
  const genesis = parseGenesis(readFileSync(network.genesisFile, 'utf8'))
  invariant(genesis.type === 'accept', 'a genesis of our own can be read')
  const { validators: members } = genesis.value.tributary
  const validators = createValidatorSet(members)
  const clock = createHandClock()
  const nobody = `0x${'00'.repeat(20)}` as const
  const node = await createNode(
    {
      genesis: genesis.value,
      datadir,
      cacheBytes: 2 ** 28,
      keepStates: 'archive',
      sealing: { type: 'manual' },
      feeRecipient: nobody,
      host: '127.0.0.1',
      port: 0,
      allowedHosts: [],
      clientVersion: 'bench',
    },
    {
      clock,
      logs: { of: () => silentLogger },
      onFault(error) {
        throw error
      },
    },
  )
  const app = createConsensusApp(
    { validators, feeRecipient: nobody, blockTimeMs: 1_000 },
    {
      ...node,
      clock,
      baseFeeAfter: (parent) => nextBaseFee(parent, node.chain.spec) ?? 0n,
    },
  )
  const sealed = await sealer(node, validators)
  const [first] = devnetKeys
  invariant(first !== undefined, 'there are accounts')
  const signer = createSigner(first[1], Number(node.chain.spec.chainId), 0)
  for (let height = 1; height <= blocks; height++) {
    const verdict = node.mempool.add(fromHex(await signer.next(nobody, 1n)))
    invariant(verdict.type === 'accept', 'a transfer is taken')
    const { block, blockHash } = await app.propose(BigInt(height), 0)
    await app.commit({ certificate: sealed(BigInt(height), blockHash), block })
    if (height % 2_000 === 0) process.stderr.write(`made ${height} blocks\n`)
  }
  await node.stop()
}

/** Certificates by the first three of the test network's validators. */
async function sealer(node: TributaryNode, set: ReturnType<typeof createValidatorSet>) {
  const { secp256k1 } = await chooseSecp256k1(silentLogger)
  const genesisHash = node.chain.head().hash
  const digests = createDigests({ chainId: node.chain.spec.chainId, genesisHash })
  const keys = [0, 1, 2].map((index) => toFixedBytes(BigInt(1_000 + index), 32))
  const signers = keys.map((key) => {
    const voter = publicKeyToAddress(secp256k1.publicKey(key))
    return { key, voter, index: set.indexes.get(voter) ?? -1 }
  })
  return (height: bigint, blockHash: `0x${string}`) => {
    const seals = signers
      .map(({ key, voter, index }) => {
        const vote = { type: 'precommit', height, round: 0, blockHash, voter } as const
        return { index, seal: toSeal(secp256k1.sign(digests.of(vote, set.hash), key)) }
      })
      .toSorted((a, b) => a.index - b.index)
    return { type: 'commit', height, round: 0, blockHash, seals } as const
  }
}

async function main(): Promise<void> {
  const network = await createValidatorNetwork()
  try {
    const [first, second, third, late] = network.validators
    if (!first || !second || !third || !late) throw new Error('there are four')
    const made = join(network.folder, 'made')
    const startedMs = Date.now()
    await makeChain(network, made)
    const makingMs = Date.now() - startedMs
    for (const { index } of [first, second, third]) await giveChain(network, index, made)
    await Promise.all([first, second, third].map((validator) => validator.start()))
    await late.start()
    const fromMs = Date.now()
    while ((await late.height()) < blocks) {
      if (Date.now() - fromMs > limitMs) throw new Error(`only at ${await late.height()}`)
      await sleep(200)
    }
    const seconds = (Date.now() - fromMs) / 1_000
    const votesAfter = await heightsUntilVote(network)
    process.stdout.write(
      [
        `${cpus().length} cores, load ${(loadavg()[0] ?? 0).toFixed(1)}, Node ${process.version}`,
        `made ${blocks} blocks in ${(makingMs / 1_000).toFixed(0)} s`,
        `a fresh node has them after ${seconds.toFixed(1)} s: ${(blocks / seconds).toFixed(0)} blocks/s,`,
        `${(blocks / seconds).toFixed(0)} times the rate of a chain of 1 s (goal: at least 10)`,
        `it has signed ${votesAfter} heights after its tip`,
        '',
      ].join('\n'),
    )
  } finally {
    await network.stop()
  }
}

/** A copy of the chain, and a guard that knows how far its key has signed. */
async function giveChain(network: ValidatorNetwork, index: number, made: string): Promise<void> {
  const datadir = join(network.folder, String(index))
  cpSync(join(made, 'chain'), join(datadir, 'chain'), { recursive: true })
  const options = ['--genesis', network.genesisFile, '--datadir', datadir]
  const key = ['--validator-key', join(datadir, 'key'), '--above', String(blocks)]
  const { code, stderr } = await runCommand(['validator', 'guard', ...options, ...key])
  if (code !== 0) throw new Error(stderr)
}

/** By its own guard: a certificate holds the first seals that made it, and three are enough. */
async function heightsUntilVote({ validators }: ValidatorNetwork): Promise<number> {
  const [first, , , late] = validators
  const tips = async () => Promise.all([first?.height() ?? 0, late?.height() ?? 0])
  // The others have gone on meanwhile.
  let [start, own] = await tips()
  while (own < start) {
    await sleep(100)
    ;[start, own] = await tips()
  }
  for (;;) {
    const status = await late?.rpc<{ signed: { height: string } | null }>('attr_consensusStatus')
    const signed = Number(status?.signed?.height ?? 0)
    if (signed > start) return signed - start
    await sleep(100)
  }
}

await main()
