/**
 * The header fields a lone producer fills by policy, each a function of the parent, so that anybody
 * can check them. Predictable, and documented so: no contract should take prevRandao for chance.
 */
import {
  type Block,
  concat,
  fromHex,
  type Hex,
  keccakHex,
  toFixedBytes,
} from '../primitives/index.ts'

export interface Seeds {
  readonly prevRandao: Hex
  readonly parentBeaconBlockRoot: Hex
  readonly extraData: Hex
}

/**
 * prevRandao = keccak256(parent's ‖ number as 8 bytes). Without consensus the root that contracts
 * read through EIP-4788 binds the parent alone: keccak256(parent hash). No validator set, no
 * extraData.
 */
export const seedsAfter = ({ header, hash }: Block): Seeds => ({
  prevRandao: keccakHex(concat(fromHex(header.prevRandao), toFixedBytes(header.number + 1n, 8))),
  parentBeaconBlockRoot: keccakHex(fromHex(hash)),
  extraData: '0x',
})
