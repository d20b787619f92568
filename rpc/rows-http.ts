/**
 * The rows' door: `POST /rows` takes a batch as it stands in its file (canonical JSON, a line a row),
 * `GET /rows/<root>` gives it back. Counts bytes while they come and stops at the limit; a page needs
 * leave to post (the content type forces a preflight).
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Hex } from '../primitives/index.ts'
import type { RowsApi } from './rows-api.ts'

/** Uploads in memory at once: 128 MiB at most. */
const maxUploads = 8
const rowsType = 'application/x-ndjson'
const path = /^\/rows(?:\/(0x[0-9a-f]{64}))?\/?$/

/** One door's uploads in work. */
export interface RowsDoor {
  readonly rows: RowsApi
  uploads: number
}

/** False: not about rows. */
export function isAboutRows({ url = '' }: IncomingMessage): boolean {
  return path.test(url.split('?')[0]?.toLowerCase() ?? '')
}

export async function answerRows(
  door: RowsDoor,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const root = path.exec(request.url?.split('?')[0]?.toLowerCase() ?? '')?.[1] as Hex | undefined
  const isReading = request.method === 'GET' || request.method === 'HEAD'
  if (root && isReading) await give(door, root, request, response)
  else if (!root && request.method === 'POST') await take(door, request, response)
  else refuse(request, response, 405, 'POST /rows takes a batch, GET /rows/<root> gives it')
}

async function give(
  { rows }: RowsDoor,
  root: Hex,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const bytes = await rows.get(root)
  if (!bytes) {
    refuse(request, response, 404, `no rows with root ${root} are here`)
    return
  }
  response.writeHead(200, {
    'content-type': rowsType,
    'content-length': bytes.length,
    etag: `"${root}"`,
    'cache-control': 'public, max-age=31536000, immutable',
  })
  response.end(request.method === 'HEAD' ? undefined : bytes)
}

async function take(
  door: RowsDoor,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type !== rowsType) return refuse(request, response, 415, `send rows as ${rowsType}`)
  if (door.uploads >= maxUploads) return refuse(request, response, 503, 'busy: try again')
  door.uploads++
  try {
    const bytes = await readUpTo(request, door.rows.maxBytes)
    if (bytes === 'aborted') return
    if (bytes === 'tooLarge')
      return refuse(request, response, 413, `a batch has ${door.rows.maxBytes} bytes at most`)
    const verdict = await door.rows.put(bytes)
    if (verdict.type !== 'accept')
      return refuse(request, response, verdict.code === 'BLOBS_FULL' ? 507 : 422, verdict.message)
    response.writeHead(201, {
      'content-type': 'application/json',
      location: `/rows/${verdict.value.root}`,
    })
    response.end(`${JSON.stringify(verdict.value)}\n`)
  } finally {
    door.uploads--
  }
}

async function readUpTo(
  request: IncomingMessage,
  maxBytes: number,
): Promise<Uint8Array | 'aborted' | 'tooLarge'> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return 'tooLarge'
  const chunks: Buffer[] = []
  let sizeBytes = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length
      if (sizeBytes > maxBytes) return 'tooLarge'
      chunks.push(chunk)
    }
  } catch {
    return 'aborted'
  }
  return Buffer.concat(chunks)
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
): void {
  response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' })
  response.end(`${text}\n`, () => request.destroy())
}
