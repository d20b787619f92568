/**
 * Faulty validators that follow no protocol: they know everything they receive, hold their own key and
 * say to each peer whatever hurts. Never more than a third of the power but in controls.
 */
import {
  createDigests,
  encodePacket,
  partsHashOf,
  proposerOf,
  type Message,
  type Proposal,
  type SigningDomain,
  splitBlock,
  toSeal,
  type Vote,
  type CommitCertificate,
  type Seal,
  type SignedVote,
} from '../../consensus/index.ts'
import { keccakHex, toHex, type Hex } from '../../primitives/index.ts'
import { encodeToy, genesisHash, type SetAt, toyHash } from './app.ts'
import { addressOf, decodeOnce, encodeOnce, toyCurve } from './curve.ts'
import type { Rng } from './rng.ts'
import type { World } from './world.ts'

export interface Actor {
  boot(): void
  receive(message: Uint8Array, from: number): void
}

export interface ActorPorts {
  readonly index: number
  readonly nodes: number
  readonly domain: SigningDomain
  readonly setAt: SetAt
  readonly world: World
  readonly dice: Rng
  readonly send: (to: number, message: Uint8Array) => void
  /** What faulty validators have agreed on: which half hears which value. */
  readonly plan: Plan
}

/** Joint knowledge of all attackers of a run. */
export interface Plan {
  /** Two blocks a (height, round), for the two halves. */
  readonly blocks: Map<string, readonly [Uint8Array, Uint8Array]>
  readonly heads: Map<bigint, { readonly hash: Hex; readonly timeMs: number }>
  readonly half: (node: number) => 0 | 1
}

export const createPlan = (nodes: number, dice: Rng): Plan => {
  const order = dice.shuffle(Array.from({ length: nodes }, (_, i) => i))
  const half = Math.floor(nodes / 2)
  return {
    blocks: new Map(),
    heads: new Map(),
    half: (node) => (order.indexOf(node) < half ? 0 : 1),
  }
}

const messagePacket = (message: Message): Uint8Array => encodePacket({ type: 'message', message })
function messageIn(bytes: Uint8Array): Message | undefined {
  const heard = decodeOnce(bytes)
  return heard.type === 'accept' && heard.value.type === 'message' ? heard.value.message : undefined
}
const wantPacket = (height: bigint): Uint8Array => encodePacket({ type: 'want', height })

function createMouth({ index, domain, setAt }: ActorPorts) {
  const digests = createDigests(domain)
  const seal = (message: Vote | Proposal): Hex =>
    toSeal(toyCurve.sign(digests.of(message, setAt(message.height).hash), Uint8Array.of(index)))
  return {
    vote(vote: Omit<Vote, 'voter'>): SignedVote {
      const { type, height, round, blockHash } = vote
      const whole = { type, height, round, blockHash, voter: addressOf(index) }
      return { type, height, round, blockHash, voter: whole.voter, seal: seal(whole) }
    },
    proposal(
      height: bigint,
      round: number,
      block: Uint8Array,
      fields: Partial<Proposal> = {},
    ): readonly Message[] {
      const parts = splitBlock(block)
      const partHashes = parts.map((part) => keccakHex(part))
      const partsHash = partsHashOf(partHashes)
      const proposal: Proposal = {
        type: 'proposal',
        height,
        round,
        validRound: -1,
        blockHash: fields.blockHash ?? toyHash(block),
        proposer: addressOf(index),
        ...fields,
        partHashes,
      }
      return [
        { ...proposal, seal: seal(proposal) },
        ...parts.map(
          (bytes, at) => ({ type: 'part', height, partsHash, index: at, bytes }) as const,
        ),
      ]
    },
  }
}

/**
 * Offers each half of the honest validators another block and votes for whatever a half was offered;
 * where somebody else proposes, votes for it to one half and nil to the other. With `isOneHeader` the two
 * have one header and so one hash, and one of them another body.
 */
export function createSplitter(ports: ActorPorts, isOneHeader = false): Actor {
  const { index, nodes, setAt, world, plan, send } = ports
  const mouth = createMouth(ports)
  const done = new Set<string>()
  const everybody = Array.from({ length: nodes }, (_, i) => i).filter((i) => i !== index)
  const say = (to: number, messages: readonly Message[]): void => {
    for (const message of messages) send(to, messagePacket(message))
  }
  const offer = (height: bigint, round: number): void => {
    const key = `${height} ${round}`
    const parent = plan.heads.get(height - 1n)
    if (!parent || done.has(`offer ${key}`)) return
    done.add(`offer ${key}`)
    const block = (salt: number, body = salt): Uint8Array =>
      encodeToy(
        {
          height,
          parent: parent.hash,
          timeMs: Math.max(parent.timeMs + 1, Math.floor(world.nowMs())),
          salt,
          isValid: true,
        },
        body,
      )
    const pair = plan.blocks.get(key) ?? [block(1), isOneHeader ? block(1, 2) : block(2)]
    plan.blocks.set(key, pair)
    for (const to of everybody) say(to, mouth.proposal(height, round, pair[plan.half(to)]))
  }
  const support = (
    height: bigint,
    round: number,
    values: readonly [Hex | null, Hex | null],
  ): void => {
    const key = `${height} ${round} ${values.join()}`
    if (done.has(key)) return
    done.add(key)
    const votes = values.map((blockHash) =>
      (['prevote', 'precommit'] as const).map((type) =>
        messagePacket(mouth.vote({ type, height, round, blockHash })),
      ),
    )
    for (const to of everybody) for (const vote of votes[plan.half(to)] ?? []) send(to, vote)
  }
  return {
    boot: () => undefined,
    receive(bytes) {
      const message = messageIn(bytes)
      if (!message || message.type === 'part') return
      const { height, round } = message
      const proposer = proposerOf(setAt(height), height, round)
      if (message.type === 'commit') {
        if (proposerOf(setAt(height + 1n), height + 1n, 0) === addressOf(index))
          offer(height + 1n, 0)
        return
      }
      if (proposer === addressOf(index)) offer(height, round)
      const pair = plan.blocks.get(`${height} ${round}`)
      if (pair) support(height, round, [toyHash(pair[0]), toyHash(pair[1])])
      else if (message.type === 'proposal') support(height, round, [message.blockHash, null])
    },
  }
}

/**
 * What an honest node would send, but one victim a height gets what it proposes with another body under the
 * header. Knows nothing of blocks, so that these may be real; of one part, as those of the simulator are.
 */
export function garbleForOne(
  ports: ActorPorts,
  otherBody: (block: Uint8Array) => Uint8Array,
): (to: number | 'all', message: Uint8Array) => void {
  const { index, nodes, send } = ports
  const mouth = createMouth(ports)
  const proposals = new Map<Hex, Proposal>()
  const victimAt = (height: bigint): number =>
    (index + 1 + Number(height % BigInt(nodes - 1))) % nodes
  /** Undefined: as it is. */
  const forged = (message: Message): readonly Message[] | undefined => {
    if (message.type === 'proposal' && message.proposer === addressOf(index)) {
      proposals.set(partsHashOf(message.partHashes), message)
      return []
    }
    const proposal = message.type === 'part' ? proposals.get(message.partsHash) : undefined
    if (message.type !== 'part' || !proposal) return undefined
    return mouth.proposal(proposal.height, proposal.round, otherBody(message.bytes), proposal)
  }
  return (to, bytes) => {
    const message = messageIn(bytes)
    const victim = message && victimAt(message.height)
    const instead = message && forged(message)
    for (let peer = 0; peer < nodes; peer++) {
      if (peer === index || (to !== 'all' && to !== peer)) continue
      if (peer !== victim || !instead) send(peer, bytes)
      else for (const other of instead) send(peer, messagePacket(other))
    }
  }
}

/** Proposes in everybody's turn, and supports what it proposed. */
export function createUsurper(ports: ActorPorts): Actor {
  const { index, nodes, world, plan, send, setAt } = ports
  const mouth = createMouth(ports)
  const done = new Set<string>()
  return {
    boot: () => undefined,
    receive(bytes) {
      const heard = messageIn(bytes)
      if (!heard || heard.type === 'part') return
      const { type, height: at, round: in_ } = heard
      const [height, round] = type === 'commit' ? [at + 1n, 0] : [at, in_]
      const parent = plan.heads.get(height - 1n)
      if (!parent || done.has(`${height} ${round}`)) return
      done.add(`${height} ${round}`)
      const timeMs = Math.max(parent.timeMs + 1, Math.floor(world.nowMs()))
      const isOurs = proposerOf(setAt(height), height, round) === addressOf(index)
      const salt = isOurs ? 1 : usurpedSalt
      const block = encodeToy({
        height,
        parent: parent.hash,
        timeMs,
        salt,
        isValid: true,
      })
      for (let to = 0; to < nodes; to++)
        if (to !== index)
          for (const message of mouth.proposal(height, round, block))
            send(to, messagePacket(message))
    },
  }
}
/** By this the checks know a block whose proposer had no turn. */
export const usurpedSalt = 2 ** 31

/** Votes of rounds and heights that do not exist, by the hundred, rubbish, and other people's messages. */
export function createFlooder(ports: ActorPorts): Actor {
  const { index, nodes, world, dice, send } = ports
  const mouth = createMouth(ports)
  const heard: Uint8Array[] = []
  let height = 1n
  const flood = (): void => {
    const to = dice.below(nodes)
    if (to !== index)
      for (let i = 0; i < 4; i++) {
        const round = dice.chance(0.5) ? dice.below(2 ** 31) : dice.below(20)
        const at = height + BigInt(dice.chance(0.8) ? 0 : dice.below(1_000_000))
        const blockHash = dice.chance(0.3) ? null : toHex(new Uint8Array(32).fill(dice.below(256)))
        const type = dice.chance(0.5) ? 'prevote' : 'precommit'
        send(to, messagePacket(mouth.vote({ type, height: at, round, blockHash })))
      }
    if (to !== index && dice.chance(0.2)) send(to, rubbish(dice))
    const old = heard[dice.below(Math.max(1, heard.length))]
    if (to !== index && old) send(to, old)
    world.after(100, flood)
  }
  return {
    boot: () => void world.after(100, flood),
    receive(bytes) {
      if (heard.length < 200) heard.push(bytes)
      else heard[dice.below(200)] = bytes
      const message = messageIn(bytes)
      if (message && message.height > height) ({ height } = message)
    },
  }
}

function rubbish(dice: Rng): Uint8Array {
  const bytes = new Uint8Array(dice.below(300))
  for (let i = 0; i < bytes.length; i++) bytes[i] = dice.below(256)
  return bytes
}

/** Claims to be far ahead and answers questions with decisions that nobody made. */
export function createPoisoner(ports: ActorPorts): Actor {
  const { index, nodes, world, dice, send, plan, domain, setAt } = ports
  const mouth = createMouth(ports)
  const digests = createDigests(domain)
  const claim = (): void => {
    for (let to = 0; to < nodes; to++)
      if (to !== index) send(to, wantPacket(BigInt(dice.between(10, 1_000_000))))
    world.after(1_000, claim)
  }
  const forge = (height: bigint): Uint8Array => {
    const parent = plan.heads.get(height - 1n)?.hash ?? genesisHash
    const block = encodeToy({
      height,
      parent,
      timeMs: Math.floor(world.nowMs()),
      salt: 666,
      isValid: true,
    })
    const blockHash = toyHash(block)
    const vote = mouth.vote({ type: 'precommit', height, round: 0, blockHash })
    const validators = setAt(height)
    const own = validators.indexes.get(vote.voter) ?? 0
    const all = (seal: Hex): Seal[] => validators.validators.map((_, at) => ({ index: at, seal }))
    const makeSeals = dice.pick<() => Seal[]>([
      () => [{ index: own, seal: vote.seal }],
      () => all(vote.seal),
      () => {
        const digest = digests.of({ ...vote, voter: addressOf(99) }, validators.hash)
        return all(toSeal(toyCurve.sign(digest, Uint8Array.of(99))))
      },
      () => validators.validators.map(() => ({ index: own, seal: vote.seal })),
    ])
    const seals = makeSeals()
    const certificate: CommitCertificate = { type: 'commit', height, round: 0, blockHash, seals }
    // One with a signer twice has no bytes: the bitmap cannot say it. The rule must hold without that.
    return encodeOnce({ type: 'decision', certificate, block })
  }
  return {
    boot: () => void world.after(100, claim),
    receive(bytes, from) {
      if (bytes[0] === 2)
        for (let at = 0; at < 3; at++) send(from, forge(heightIn(bytes) + BigInt(at)))
    },
  }
}

const heightIn = (bytes: Uint8Array): bigint => {
  let height = 0n
  for (const byte of bytes.subarray(3)) height = height * 256n + BigInt(byte)
  return bytes[2] !== undefined && bytes[2] < 0x80 ? BigInt(bytes[2]) : height
}
