/**
 * Every message of the wire as the bytes it has been since its version began: a change here is another
 * version of the protocol. `UPDATE_FIXTURES=1` writes test/fixtures/wire.json anew.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import {
  decodePacket,
  encodePacket,
  type Message,
  type Packet,
  type SignedVote,
} from '../../../consensus/index.ts'
import { createRowPieces } from '../../../node/validator/row-pieces.ts'
import { decodeHello, encodeHello, type Hello } from '../../../p2p/hello.ts'
import { decodeStatus, encodeStatus } from '../../../p2p/status.ts'
import {
  maxRowsFrameBytes,
  rowsPieceCodec,
  type RowsRequest,
  rowsRequestCodec,
} from '../../../p2p/rows-wire.ts'
import { decodeRange, encodeRange } from '../../../p2p/sync.ts'
import { fromHex, type Hex, toHex } from '../../../primitives/index.ts'
import { createHandClock } from '../../support/clock.ts'
import { batchOf } from '../../support/rows-node.ts'

const fixture = new URL('../../fixtures/wire.json', import.meta.url)
const hex = (byte: number, length: number): Hex =>
  `0x${byte.toString(16).padStart(2, '0').repeat(length)}`

const vote: SignedVote = {
  type: 'prevote',
  height: 7n,
  round: 1,
  blockHash: hex(0xaa, 32),
  voter: hex(1, 20),
  seal: hex(2, 65),
}
const seals = [
  { index: 0, seal: hex(3, 65) },
  { index: 2, seal: hex(4, 65) },
]
const messages: Readonly<Record<string, Message>> = {
  prevote: vote,
  'precommit of nil': { ...vote, type: 'precommit', blockHash: null },
  proposal: {
    type: 'proposal',
    height: 7n,
    round: 1,
    validRound: -1,
    blockHash: hex(0xaa, 32),
    partHashes: [hex(0xbb, 32), hex(0xbc, 32)],
    proposer: hex(1, 20),
    seal: hex(2, 65),
  },
  part: {
    type: 'part',
    height: 7n,
    partsHash: hex(0xcc, 32),
    index: 1,
    bytes: Uint8Array.of(0, 1, 2, 255),
  },
  polka: { type: 'polka', height: 7n, round: 1, blockHash: hex(0xaa, 32), seals },
  commit: { type: 'commit', height: 7n, round: 1, blockHash: hex(0xaa, 32), seals },
  round: { type: 'round', height: 7n, round: 2, votes: [vote] },
}
const packets: readonly (readonly [string, Packet])[] = [
  ...Object.entries(messages).map(
    ([name, message]) => [`consensus/${name}`, { type: 'message', message }] as const,
  ),
  ['consensus/want', { type: 'want', height: 7n }],
  [
    'consensus/decision',
    {
      type: 'decision',
      certificate: { type: 'commit', height: 7n, round: 1, blockHash: hex(0xaa, 32), seals },
      block: Uint8Array.of(0xc0),
    },
  ],
]
const hello: Hello = {
  version: 1,
  genesisHash: fromHex(hex(0x11, 32)),
  forkDigest: fromHex(hex(0x22, 8)),
  tip: 7n,
  clientVersion: 'tributary/v0.1.0',
  proof: fromHex(hex(5, 65)),
  addresses: ['/ip4/127.0.0.1/tcp/30303/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'],
}
const status = { base: 1n, tip: 7n, tipHash: hex(0xaa, 32) }
const range = { from: 7n, count: 64 }
const batch = batchOf('a', 'b', 'c')
const rowsRequest: RowsRequest = { root: toHex(batch.root), from: 1, count: 2 }
const rowsAsked = rowsRequestCodec.encode(rowsRequest)
const rowsAnswer = createRowPieces(async () => batch.bytes, createHandClock()).serve(rowsAsked)
const rowsPiece: Uint8Array = (await rowsAnswer.next()).value

const encoded: Readonly<Record<string, Hex>> = {
  hello: toHex(encodeHello(hello)),
  status: toHex(encodeStatus(status)),
  'sync/range': toHex(encodeRange(range)),
  'rows/request': toHex(rowsAsked),
  'rows/piece': toHex(rowsPiece),
  ...Object.fromEntries(packets.map(([name, packet]) => [name, toHex(encodePacket(packet))])),
}
if (process.env['UPDATE_FIXTURES']) writeFileSync(fixture, `${JSON.stringify(encoded, null, 2)}\n`)
const golden = JSON.parse(readFileSync(fixture, 'utf8')) as Readonly<Record<string, Hex>>

describe('the wire', () => {
  test.each(Object.keys(golden))('%s is written as it always was', (name) => {
    expect(encoded[name]).toBe(golden[name])
  })
  test('every message is among the fixtures', () => {
    expect(Object.keys(golden).toSorted()).toEqual(Object.keys(encoded).toSorted())
  })
  const bytesOf = (name: string): Uint8Array => fromHex(golden[name] ?? '0x')
  test.each(packets)('%s is read from its bytes', (name, packet) => {
    expect(decodePacket(bytesOf(name))).toEqual({ type: 'accept', value: packet })
  })
  test('hello, status and range are read from theirs', () => {
    expect(decodeHello(bytesOf('hello'))).toEqual({ type: 'accept', value: hello })
    expect(decodeStatus(bytesOf('status'))).toEqual({ type: 'accept', value: status })
    expect(decodeRange(bytesOf('sync/range'))).toEqual({ type: 'accept', value: range })
  })
  test('a request for rows and its answer are read from theirs', () => {
    const accepted = { type: 'accept', value: rowsRequest }
    expect(rowsRequestCodec.decode(bytesOf('rows/request'))).toEqual(accepted)
    const piece = rowsPieceCodec.decode(bytesOf('rows/piece'))
    expect(piece.type === 'accept' && Buffer.from(piece.value.rows).toString()).toBe(
      '{"text":"b"}\n{"text":"c"}\n',
    )
  })
  test('docs/wire.md says how long a piece of rows may be', () => {
    const page = readFileSync(new URL('../../../docs/wire.md', import.meta.url), 'utf8')
    expect(page).toContain(`| ${Math.round(maxRowsFrameBytes / 1_024)} KiB a piece |`)
  })
})
