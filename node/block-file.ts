/**
 * Files of RLP blocks, one after the other: what geth exports and imports, compressed where the name
 * ends in .gz. Reads and writes them block by block; judges no block.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import {
  type Block,
  blockFromRlp,
  decodeRlp,
  encodeBlock,
  NodeError,
  RlpError,
  rlpItemBytes,
} from '../primitives/index.ts'

/** Eight times the largest block of today's rules (EIP-7934): more is no block but damage. */
const maxBlockBytes = 67_108_864
/** Bytes that tell how long an item is. */
const rlpHeadBytes = 9

const isCompressed = (path: string): boolean => path.endsWith('.gz')

/** Throws NodeError FILE_UNREADABLE, or BLOCK_FILE_INVALID with the number of the block in the file. */
export async function* readBlockFile(path: string): AsyncGenerator<Block> {
  let count = 0
  try {
    for await (const item of itemsOf(openFile(path))) {
      count++
      yield blockFromRlp(decodeRlp(item))
    }
  } catch (error) {
    if (error instanceof RlpError)
      throw new NodeError(
        'BLOCK_FILE_INVALID',
        `${path}: block ${count} of the file cannot be read (${error.message}); is it a file of RLP blocks?`,
        {},
        error,
      )
    if (isOfSystem(error))
      throw new NodeError('FILE_UNREADABLE', `cannot read ${path}: ${error.message}`, {}, error)
    throw error
  }
}

/** A fault of the file surfaces in the reader, compressed or not. */
function openFile(path: string): AsyncIterable<Buffer> {
  const file = createReadStream(path)
  if (!isCompressed(path)) return file
  const plain = createGunzip()
  file.once('error', (error) => plain.destroy(error))
  return file.pipe(plain)
}

/** Cuts a stream of bytes into RLP items; holds one item and a chunk at most. */
async function* itemsOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  let pieces: Buffer[] = []
  let have = 0
  let need = rlpHeadBytes
  for await (const chunk of chunks) {
    pieces.push(chunk)
    have += chunk.length
    if (have < need) continue
    let rest: Buffer = Buffer.concat(pieces)
    need = sizeAtStart(rest)
    while (rest.length >= need) {
      yield rest.subarray(0, need)
      rest = rest.subarray(need)
      need = rest.length < rlpHeadBytes ? rlpHeadBytes : sizeAtStart(rest)
    }
    pieces = [rest]
    have = rest.length
  }
  if (have > 0) yield Buffer.concat(pieces) // cut short: decoding says so
}

function sizeAtStart(bytes: Uint8Array): number {
  const size = rlpItemBytes(bytes.subarray(0, rlpHeadBytes))
  if (size > maxBlockBytes) throw new RlpError(`an item of ${size} bytes`)
  return size
}

/** Throws NodeError FILE_UNWRITABLE. */
export async function writeBlockFile(path: string, blocks: Iterable<Block>): Promise<void> {
  const encode = new Transform({
    writableObjectMode: true,
    transform: (block: Block, _, done) => done(null, encodeBlock(block)),
  })
  const file = createWriteStream(path)
  try {
    await (isCompressed(path)
      ? pipeline(Readable.from(blocks), encode, createGzip(), file)
      : pipeline(Readable.from(blocks), encode, file))
  } catch (error) {
    if (!isOfSystem(error)) throw error
    throw new NodeError('FILE_UNWRITABLE', `cannot write ${path}: ${error.message}`, {}, error)
  }
}

/** From the file system or zlib, as Node marks them. */
const isOfSystem = (error: unknown): error is Error =>
  typeof error === 'object' && error !== null && 'code' in error && !(error instanceof NodeError)
