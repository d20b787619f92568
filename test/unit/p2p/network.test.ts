/** Networks of two or three over real libp2p on loopback: who meets, who parts, what goes through. */
import { afterEach, describe, expect, test } from '@jest/globals'
import {
  consensusLanes,
  type Network,
  type PeerMessage,
  validatorProofHash,
} from '../../../p2p/index.ts'
import {
  compactSignature,
  concat,
  fromHex,
  type Logger,
  nobleSecp256k1,
  publicKeyToAddress,
  reject,
  silentLogger,
} from '../../../primitives/index.ts'
import { addressOf, startNetwork, zeroHash } from '../../support/network.ts'
import { until } from '../../support/until.ts'

const running: Network[] = []
const start = async (...args: Parameters<typeof startNetwork>): Promise<Network> => {
  const network = await startNetwork(...args)
  running.push(network)
  return network
}
afterEach(async () => {
  await Promise.all(running.splice(0).map((network) => network.stop()))
})

const areFriends = (a: Network, b: Network) => async () =>
  a.friends().some(({ peerId }) => peerId === b.peerId) &&
  b.friends().some(({ peerId }) => peerId === a.peerId)

/** The claim of a validator's key on a peer id. */
const sealBy = (key: Uint8Array) => (peerId: string) => {
  const hash = validatorProofHash(new Uint8Array(32).fill(1), peerId)
  const signature = nobleSecp256k1.sign(hash, key)
  return concat(compactSignature(signature), Uint8Array.of(27 + signature.yParity))
}

/** Collects the warnings of a node. */
function warnings(): {
  readonly log: Logger
  readonly said: { facts: object; sentence: string }[]
} {
  const said: { facts: object; sentence: string }[] = []
  return {
    said,
    log: { ...silentLogger, warn: (facts, sentence) => void said.push({ facts, sentence }) },
  }
}

describe('who meets', () => {
  test('nodes of one chain become friends, and find a third through each other', async () => {
    const first = await start(1)
    const second = await start(2, {}, { bootnodes: [addressOf(first)] })
    const third = await start(3, {}, { bootnodes: [addressOf(first)] })
    await until(areFriends(second, third))
    expect(
      first
        .friends()
        .map(({ hello }) => hello.clientVersion)
        .toSorted(),
    ).toEqual(['test/2', 'test/3'])
  })

  test.each([
    ['another genesis', { genesisHash: new Uint8Array(32).fill(9) }, 'GENESIS_DIFFERS'],
    ['other rules', { forkDigest: new Uint8Array(8).fill(9) }, 'FORK_DIFFERS'],
  ])('nodes of %s part, both with the reason in the log', async (_, options, code) => {
    const ours = warnings()
    const theirs = warnings()
    const first = await start(1, { log: ours.log })
    await start(2, { log: theirs.log }, { ...options, bootnodes: [addressOf(first)] })
    await until(async () => ours.said.length > 0 && theirs.said.length > 0)
    expect(ours.said[0]).toMatchObject({ facts: { code } })
    expect(theirs.said[0]).toMatchObject({ facts: { code } })
    expect(first.friends()).toEqual([])
  })

  test('a validator key stands behind a peer id only with its seal over that id', async () => {
    const key = new Uint8Array(32).fill(7)
    const validator = publicKeyToAddress(nobleSecp256k1.publicKey(key))
    const seal = sealBy(key)
    const first = await start(1)
    const honest = await start(2, { validatorProof: seal }, { bootnodes: [addressOf(first)] })
    const stolen = seal(honest.peerId)
    const thief = await start(
      3,
      { validatorProof: () => stolen },
      { bootnodes: [addressOf(first)] },
    )
    await until(async () => first.friends().length === 2)
    const proven = new Map(first.friends().map((friend) => [friend.peerId, friend.validator]))
    expect(proven.get(honest.peerId)).toBe(validator)
    expect(proven.get(thief.peerId)).not.toBe(validator)
  })

  test('a friend that went away and came back at the same address is a friend again', async () => {
    const first = await start(1)
    const second = await startNetwork(2)
    const address = addressOf(second)
    first.add(address)
    await until(areFriends(first, second))
    await second.stop()
    await until(async () => first.friends().length === 0)
    const port = /tcp\/(\d+)/.exec(address)?.[1] ?? ''
    const again = await start(2, {}, { listen: [`/ip4/127.0.0.1/tcp/${port}`] })
    await until(areFriends(first, again))
    expect(again.peerId).toBe(second.peerId)
  })
})

describe('a node that has enough peers', () => {
  test('turns strangers away, and lets in validators and whom its operator named', async () => {
    const key = new Uint8Array(32).fill(7)
    const member = publicKeyToAddress(nobleSecp256k1.publicKey(key))
    const full = await start(1, { isValidator: (address) => address === member }, { maxPeers: 1 })
    const first = await start(2, {}, { bootnodes: [addressOf(full)] })
    await until(areFriends(full, first))
    const stranger = await start(3, {}, { bootnodes: [addressOf(full)] })
    const validator = await start(
      4,
      { validatorProof: sealBy(key) },
      { bootnodes: [addressOf(full)] },
    )
    await until(areFriends(full, validator))
    const named = await start(5)
    full.add(addressOf(named))
    await until(areFriends(full, named))
    await until(async () => stranger.friends().every(({ peerId }) => peerId !== full.peerId))
    expect(new Set(full.friends().map(({ peerId }) => peerId))).toEqual(
      new Set([first.peerId, validator.peerId, named.peerId]),
    )
  })
})

describe('a key of a validator', () => {
  test('opens the door of a full node for one peer: a newer one takes its place', async () => {
    const key = new Uint8Array(32).fill(7)
    const member = publicKeyToAddress(nobleSecp256k1.publicKey(key))
    const full = await start(1, { isValidator: (address) => address === member }, { maxPeers: 0 })
    const before = await start(2, { validatorProof: sealBy(key) })
    before.add(addressOf(full))
    await until(areFriends(full, before))
    const after = await start(3, { validatorProof: sealBy(key) })
    after.add(addressOf(full))
    await until(areFriends(full, after))
    await until(async () => full.friends().length === 1)
    expect(full.friends()[0]?.validator).toBe(member)
  })
})

describe('what goes through', () => {
  test('messages arrive whole and in order within a lane, however large', async () => {
    const got: PeerMessage[] = []
    const first = await start(1, { onConsensus: (message) => void got.push(message) })
    const second = await start(2, {}, { bootnodes: [addressOf(first)] })
    await until(areFriends(first, second))
    const sizes = [0, 1, 65_535, 131_072, 3]
    for (const [i, size] of sizes.entries())
      second.consensus.send(first.peerId, consensusLanes.block, new Uint8Array(size).fill(i))
    await until(async () => got.length === sizes.length)
    expect(got.map(({ payload, lane, peerId }) => [payload.length, lane, peerId])).toEqual(
      sizes.map((size) => [size, consensusLanes.block, second.peerId]),
    )
    expect(got.every(({ payload }, i) => payload.every((byte) => byte === i))).toBe(true)
  })

  test('a status is told at once and again when it changes', async () => {
    const told: bigint[] = []
    let tip = 5n
    const first = await start(1, { onStatus: (_, status) => void told.push(status.tip) })
    const second = await start(
      2,
      { status: () => ({ base: 0n, tip, tipHash: zeroHash }) },
      { bootnodes: [addressOf(first)] },
    )
    await until(async () => told.includes(5n))
    tip = 6n
    second.announce()
    await until(async () => told.includes(6n))
    expect(told.every((height) => height === 5n || height === 6n)).toBe(true)
  })

  test('a decided block is gossiped to nodes that are no neighbours; a rejected one goes no further', async () => {
    const heard: string[] = []
    const listen = (name: string) => ({
      onBlock: async (bytes: Uint8Array) => {
        heard.push(`${name}:${bytes[0] ?? 0}`)
        return bytes[0] === 66 ? reject('BLOCK_UNWANTED', 'a test says so') : undefined
      },
    })
    const first = await start(1, listen('first'), { maxPeers: 1 })
    const middle = await start(2, listen('middle'), { bootnodes: [addressOf(first)] })
    const last = await start(3, listen('last'), { bootnodes: [addressOf(middle)], maxPeers: 1 })
    await until(areFriends(first, middle))
    await until(areFriends(middle, last))
    await until(async () => {
      await first.publishBlock(Uint8Array.of(65, heard.length, Math.trunc(Date.now() / 100) % 256))
      return heard.includes('last:65')
    })
    await first.publishBlock(Uint8Array.of(66))
    await until(async () => heard.includes('middle:66'))
    await first.publishBlock(Uint8Array.of(67))
    await until(async () => heard.includes('last:67'))
    expect(heard).not.toContain('last:66')
  })

  test('a request is answered frame by frame, and may be read slowly', async () => {
    const first = await start(1, {
      async *answerSync(request) {
        for (let i = 0; i < (request[0] ?? 0); i++) yield new Uint8Array(2 ** 19).fill(i)
      },
    })
    const second = await start(2, {}, { bootnodes: [addressOf(first)] })
    await until(areFriends(first, second))
    const got: (number | undefined)[] = []
    for await (const part of second.askSync(first.peerId, Uint8Array.of(12))) got.push(part.at(-1))
    expect(got).toEqual(Array.from({ length: 12 }, (_, i) => i))
  })
})

describe('who is let go', () => {
  test('who gossips more than anybody has blocks', async () => {
    let heard = 0
    const first = await start(1, { onBlock: async () => void (heard += 1) })
    const second = await start(2, {}, { bootnodes: [addressOf(first)] })
    await until(areFriends(first, second))
    await until(async () => {
      await second.publishBlock(Uint8Array.of(heard, Math.trunc(Date.now() / 100) % 256))
      return heard > 0
    })
    for (let i = 0; i < 100; i++) await second.publishBlock(Uint8Array.of(1, 2, i))
    await until(async () => first.scoreOf(second.peerId) < -20)
    // 16 MiB at once, a quarter of one for each, and what came back while they were read.
    expect(heard).toBeLessThan(90)
  })

  test('senders of what is rejected are banned and do not come back', async () => {
    const first = await start(1, {
      onConsensus: () => reject('BAD_SEAL', 'no validator signed this'),
    })
    const liar = await start(2, {}, { bootnodes: [addressOf(first)] })
    await until(areFriends(first, liar))
    await until(async () => {
      liar.consensus.send(first.peerId, consensusLanes.vote, fromHex('0x01'))
      return first.scoreOf(liar.peerId) < -50
    })
    await until(async () => first.friends().length === 0)
    first.add(addressOf(liar))
    expect(first.friends()).toEqual([])
  })

  test('a message longer than its protocol allows costs the sender points, and is never kept', async () => {
    const got: PeerMessage[] = []
    const first = await start(1, { onTransactions: (message) => void got.push(message) })
    const second = await start(2, {}, { bootnodes: [addressOf(first)] })
    await until(areFriends(first, second))
    second.transactions.send(first.peerId, 2, new Uint8Array(200 * 1024))
    await until(async () => first.scoreOf(second.peerId) < -5)
    expect(got).toEqual([])
  })
})
