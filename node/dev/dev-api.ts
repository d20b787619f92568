/**
 * A devnet's side of JSON-RPC, put together from its parts: keys, blocks by hand, the chain's clock,
 * snapshots. Only a node made with `dev` has one. What moves the chain waits for the block in work.
 */
import type { Chain, Mempool, Tracer } from '../../execution/index.ts'
import {
  type Address,
  type Clock,
  type Header,
  type Hex,
  NodeError,
  type Secp256k1,
} from '../../primitives/index.ts'
import type { DevApi, DevBlocks, DevTime } from '../../rpc/index.ts'
import { blockTimeOf, type Sealing } from '../beat.ts'
import type { Sealer } from '../sealer.ts'
import { dumpState, readDump } from './state-dump.ts'
import { mineMany } from './mine-many.ts'
import { deleteSnapshot, listSnapshots, pointOf, saveSnapshot } from './named-snapshots.ts'
import type { OpenStore } from '../../state/index.ts'
import { reorg } from './reorg.ts'
import type { SettingsStore } from './settings.ts'
import { createSnapshots, emptyPool, type Snapshots } from './snapshots.ts'
import { createWallet } from './wallet.ts'

export interface DevOptions {
  /** Of the unlocked accounts. Never logged. */
  readonly privateKeys: readonly Hex[]
  /** Told each line that contracts print with console.log. */
  readonly onConsole?: (text: string) => void
  /** Told when anvil_setLoggingEnabled changes what is printed. */
  readonly onLogging?: (isOn: boolean) => void
}

export interface DevPorts {
  readonly secp256k1: Secp256k1
  readonly chain: Chain
  readonly mempool: Mempool
  readonly sealer: Sealer
  readonly settings: SettingsStore
  readonly clock: Clock
  /** Undefined: nothing on disk. */
  readonly datadir: string | undefined
  readonly store: OpenStore
  readonly tracer: Tracer | undefined
  /** Whose a signature is, as the engine sees it. */
  readonly signers: Map<Hex, Address>
  /** Wei of the block after, by EIP-1559. */
  readonly baseFeeAfter: (parent: Header) => bigint
}

/** A test gives a handful; the oldest make room. */
const maxSigners = 10_000

export function createDevApi(options: DevOptions, ports: DevPorts): DevApi {
  const { chain, mempool, sealer, settings } = ports
  const wallet = createWallet(options.privateKeys, ports)
  const snapshots = createSnapshots(ports)
  const blocks = createDevBlocks(ports)
  const atStart = { sealing: sealer.sealing(), settings: settings.get() }
  return {
    wallet,
    ...(ports.tracer && { tracer: ports.tracer }),
    blocks,
    time: createDevTime(settings, ports),
    snapshots: {
      take: () => sealer.exclusively(async () => snapshots.take()),
      revert: (id) => sealer.exclusively(() => snapshots.revert(id)),
      list: () => snapshots.list(),
    },
    ...(ports.datadir !== undefined && { named: createNamed(ports.datadir, snapshots, ports) }),
    edit: (edits) =>
      sealer.exclusively(async () => {
        await chain.edit(edits)
        mempool.reset()
      }),
    dumpState: () => sealer.exclusively(() => dumpState(chain)),
    loadState: (dump) => loadState(dump, blocks, ports),
    reset: () =>
      sealer.exclusively(async () => {
        await chain.rollback(0n)
        emptyPool(mempool)
        snapshots.clear()
        wallet.stopImpersonating()
        settings.restore(atStart.settings)
        ports.signers.clear()
        sealer.setSealing(atStart.sealing)
      }),
    setChainId(chainId) {
      settings.set({ chainId })
      mempool.reset()
    },
    impersonateSignature(signature, signer) {
      ports.signers.delete(signature)
      ports.signers.set(signature, signer)
      const [oldest] = ports.signers.keys()
      if (ports.signers.size > maxSigners && oldest) ports.signers.delete(oldest)
    },
    setLogging: (isOn) => options.onLogging?.(isOn),
  }
}

function createNamed(
  datadir: string,
  snapshots: Snapshots,
  { chain, mempool, sealer, store }: DevPorts,
): NonNullable<DevApi['named']> {
  return {
    save: (name) => sealer.exclusively(() => saveSnapshot(datadir, name, store)),
    load: (name) =>
      sealer.exclusively(async () => {
        const { height, edits } = await pointOf(datadir, name, store)
        await chain.rollback(height)
        if (edits.length > 0) await chain.edit(edits)
        emptyPool(mempool)
        snapshots.clear() // theirs may lie in blocks that are gone
      }),
    list: () => listSnapshots(datadir),
    remove: (name) => deleteSnapshot(datadir, name),
  }
}

/** Sets the dump's accounts; where it comes from further up, the chain goes on from its height. */
async function loadState(
  bytes: Uint8Array,
  blocks: DevBlocks,
  { chain, mempool, sealer, settings }: DevPorts,
): Promise<void> {
  const { edits, height, timestamp } = await readDump(bytes)
  const missing = height - chain.head().header.number
  if (missing > maxJump)
    throw new NodeError('STATE_DUMP_INVALID', `its height ${height} is out of reach from here`)
  if (timestamp > settings.nowS() && timestamp < 2n ** 53n) settings.setNowS(timestamp)
  if (missing > 0n) await blocks.mine(missing, 1n)
  await sealer.exclusively(async () => {
    await chain.edit(edits)
    mempool.reset()
  })
}
/** As many blocks as can be made at once (rpc/methods/dev/blocks.ts). */
const maxJump = 10n ** 8n

function createDevBlocks(ports: DevPorts): DevBlocks {
  const { chain, mempool, sealer, settings } = ports
  return {
    async mine(count, intervalS) {
      await mineMany(count, intervalS, ports)
      // Time goes on from the last block, not from where it was before.
      const { timestamp } = chain.head().header
      if (timestamp > settings.nowS()) settings.setNowS(timestamp)
    },
    mineOne: () => sealer.seal(),
    rollback: (number) => sealer.exclusively(() => chain.rollback(number)),
    reorg: (depth, offered) => sealer.exclusively(() => reorg(depth, offered, ports)),
    isAutomine: () => ['automine', 'mixed'].includes(sealer.sealing().type),
    blockTimeMs: () => blockTimeOf(sealer.sealing()),
    // As anvil has it: automine and a beat take turns.
    setAutomine: (isOn) => sealer.setSealing(isOn ? automine : manual),
    setBlockTime: (ms) =>
      sealer.setSealing(ms === 0 ? manual : { type: 'interval', blockTimeMs: ms }),
    setFeeRecipient: (feeRecipient) => settings.set({ feeRecipient }),
    setGasLimit: (gasLimit) => settings.setNext({ gasLimit }),
    setNextBaseFee: (baseFeePerGas) => settings.setNext({ baseFeePerGas }),
    setNextPrevRandao: (prevRandao) => settings.setNext({ prevRandao }),
    setMinGasPrice: (minGasPrice) => settings.set({ minGasPrice }),
    drop(hash) {
      const isThere = mempool.get(hash) !== undefined
      mempool.remove(hash)
      return isThere
    },
    dropAll: (from) => emptyPool(mempool, from),
  }
}

const automine: Sealing = { type: 'automine' }
const manual: Sealing = { type: 'manual' }

function createDevTime(settings: SettingsStore, { chain, clock }: DevPorts): DevTime {
  const clockS = (): bigint => BigInt(Math.floor(clock.nowMs() / 1000))
  let lastBlockAt = clockS()
  chain.onCommit(() => void (lastBlockAt = clockS()))
  return {
    now: () => settings.nowS(),
    lastBlockAt: () => lastBlockAt,
    set: (timestamp) => settings.setNowS(timestamp),
    increase(seconds) {
      settings.set({ offsetS: settings.get().offsetS + seconds })
      return settings.get().offsetS
    },
    setNext: (timestamp) => settings.setNext({ timestamp }),
    setInterval(intervalS) {
      const was = settings.get().intervalS !== undefined
      settings.set({ intervalS })
      return was
    },
  }
}
