/**
 * Keccak-256 as Ethereum uses it (original padding, not SHA-3). One WASM instance, made when this
 * file is loaded and used synchronously ever after; about ten times faster than plain JavaScript, which
 * is what an engine without WebAssembly gets (node --jitless).
 */
import { keccak_256 } from '@noble/hashes/sha3.js'
import { createKeccak } from 'hash-wasm'
import { toHex, type Hex } from './bytes.ts'

const hasher = 'WebAssembly' in globalThis ? await createKeccak(256) : undefined

export const keccak256 = (data: Uint8Array): Uint8Array =>
  hasher ? hasher.init().update(data).digest('binary') : keccak_256(data)

export const keccakHex = (data: Uint8Array): Hex => toHex(keccak256(data))

/** Hash of no bytes: the code hash of an account without code. */
export const emptyCodeHash: Hex =
  '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'
/** Root of a trie without entries: keccak256(rlp('')). */
export const emptyTrieRoot: Hex =
  '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'
/** Hash of an empty list of uncles: keccak256(rlp([])). */
export const emptyUnclesHash: Hex =
  '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347'
