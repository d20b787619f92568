/**
 * What eth_config tells of one fork (EIP-7910): blob schedule, fork id, precompiles and system
 * contracts by name. Reads the chain's rules; decides nothing.
 */
import { crc32 } from 'node:zlib'
import { type Chain, type ChainSpec, type Fork, isAtLeast } from '../execution/index.ts'
import { type Address, fromHex, type Hex, toFixedBytes, toHex } from '../primitives/index.ts'
import { type Json, quantity } from './format.ts'

/** geth's names, which EIP-7910 made the standard ones. */
const precompileNames: Readonly<Record<Address, string>> = {
  '0x0000000000000000000000000000000000000001': 'ECREC',
  '0x0000000000000000000000000000000000000002': 'SHA256',
  '0x0000000000000000000000000000000000000003': 'RIPEMD160',
  '0x0000000000000000000000000000000000000004': 'ID',
  '0x0000000000000000000000000000000000000005': 'MODEXP',
  '0x0000000000000000000000000000000000000006': 'BN254_ADD',
  '0x0000000000000000000000000000000000000007': 'BN254_MUL',
  '0x0000000000000000000000000000000000000008': 'BN254_PAIRING',
  '0x0000000000000000000000000000000000000009': 'BLAKE2F',
  '0x000000000000000000000000000000000000000a': 'KZG_POINT_EVALUATION',
  '0x000000000000000000000000000000000000000b': 'BLS12_G1ADD',
  '0x000000000000000000000000000000000000000c': 'BLS12_G1MSM',
  '0x000000000000000000000000000000000000000d': 'BLS12_G2ADD',
  '0x000000000000000000000000000000000000000e': 'BLS12_G2MSM',
  '0x000000000000000000000000000000000000000f': 'BLS12_PAIRING_CHECK',
  '0x0000000000000000000000000000000000000010': 'BLS12_MAP_FP_TO_G1',
  '0x0000000000000000000000000000000000000011': 'BLS12_MAP_FP2_TO_G2',
  '0x0000000000000000000000000000000000000100': 'P256VERIFY',
}

/** EIP-4788, 2935, 7002, 7251. */
const beaconRoots: Address = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02'
const historyStorage: Address = '0x0000f90827f1c53a10cb7a02335b175320002935'
const withdrawalRequests: Address = '0x00000961ef480eb55e80d19ad83579a64c007002'
const consolidationRequests: Address = '0x0000bbddc7ce488642fb579f8b00f3a590007251'
const nobody: Address = `0x${'00'.repeat(20)}`

/** The forks of the head, the next one and the last one planned; null where there is none. */
export function forkConfigs(chain: Chain): Json {
  const { timestamp } = chain.head().header
  const planned = chain.spec.activations.filter((a) => a.time !== undefined)
  const current = planned.findLast((a) => (a.time ?? 0n) <= timestamp)
  const next = planned.find((a) => (a.time ?? 0n) > timestamp)
  const last = next && planned.at(-1)
  const describe = (activation: typeof next): Json | null =>
    activation?.time === undefined ? null : describeFork(chain, activation.fork, activation.time)
  return { current: describe(current), next: describe(next), last: describe(last) }
}

function describeFork(chain: Chain, fork: Fork, time: bigint): Json {
  const { spec, engine } = chain
  const genesis = chain.store.blockByNumber(0n)?.block
  const blobs = spec.blobParams(fork)
  const precompiles = engine.precompilesOf({ ...chain.head().header, timestamp: time })
  return {
    activationTime: time <= (genesis?.header.timestamp ?? 0n) ? 0 : Number(time),
    blobSchedule: blobs
      ? {
          target: blobs.target,
          max: blobs.max,
          baseFeeUpdateFraction: Number(blobs.baseFeeUpdateFraction),
        }
      : null,
    chainId: quantity(spec.chainId),
    forkId: genesis ? forkId(spec, genesis.hash, genesis.header.timestamp, time) : null,
    precompiles: Object.fromEntries(
      Array.from(precompiles, (address) => [precompileNames[address] ?? address, address]),
    ),
    systemContracts: systemContracts(spec, fork),
  }
}

const systemContracts = (spec: ChainSpec, fork: Fork): Json => ({
  ...(isAtLeast(fork, 'cancun') && { BEACON_ROOTS_ADDRESS: beaconRoots }),
  ...(isAtLeast(fork, 'prague') && {
    CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS: consolidationRequests,
    DEPOSIT_CONTRACT_ADDRESS: spec.depositContract ?? nobody,
    HISTORY_STORAGE_ADDRESS: historyStorage,
    WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS: withdrawalRequests,
  }),
})

/** FORK_HASH of EIP-2124 with the times of EIP-6122, up to `time`. */
function forkId(spec: ChainSpec, genesisHash: Hex, genesisTime: bigint, time: bigint): Hex {
  const heights = spec.activations.flatMap(({ block }) => block ?? [])
  const times = spec.activations
    .flatMap((activation) => activation.time ?? [])
    .filter((at) => at > genesisTime && at <= time)
  let sum = crc32(fromHex(genesisHash))
  for (const at of new Set([...heights.filter((height) => height > 0n), ...times]))
    sum = crc32(toFixedBytes(at, 8), sum)
  return toHex(toFixedBytes(BigInt(sum), 4))
}
