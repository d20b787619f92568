/** One HTTP request: what may be asked, how much of it is read, and how the answer is written. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { isAllowedOrigin } from './hosts.ts'
import { answerRows, isAboutRows } from './rows-http.ts'
import type { Door } from './server.ts'

/** geth's limit: a raw transaction has 128 KiB at most, a batch of them rarely more. */
export const maxBodyBytes = 5 * 1_048_576
/** Of a body that is too large, so much is read and dropped before the connection is cut. */
const maxDrainBytes = 32 * 1_048_576
/** Below this, compressing costs more than it saves. */
const gzipFromBytes = 8_192
/** Smaller answers lie in the system's buffers, and are bounded by the number of connections. */
const largeFromBytes = 65_536

/** What answers that their readers have not taken may hold. */
export interface Unsent {
  /** Of large answers, on all connections. */
  bytes: number
  /** Two of the largest (dispatch.ts); one always passes. */
  readonly maxBytes: number
  /** A reader that takes nothing for so long is cut off: geth's write timeout. */
  readonly maxStallMs: number
}

export const createUnsent = (): Unsent => ({
  bytes: 0,
  maxBytes: 512 * 1_048_576,
  maxStallMs: 30_000,
})

/** Seconds a browser may remember the answer to its preflight. */
const preflightSeconds = '600'

const jsonTypes = new Set(['application/json', 'application/json-rpc', 'application/jsonrequest'])
const compress = promisify(gzip)

export async function answerHttp(
  door: Door,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method } = request
  const isRows = door.rows !== undefined && method !== 'OPTIONS' && isAboutRows(request)
  if (method === 'POST' && !isRows) return answerPost(door, request, response)
  for (const [name, value] of Object.entries(leaveOf(door, request)))
    response.setHeader(name, value)
  if (door.rows && isRows) await answerRows(door.rows, request, response)
  else if (method === 'OPTIONS') answerPreflight(request, response)
  else if (method === 'GET' || method === 'HEAD') answerGet(door, request, response)
  else refuse(request, response, 405, 'method not allowed')
}

/** 200 and nothing, as geth; a person's browser reads where it is, and /health is 503 while the node syncs. */
function answerGet(
  { context: { api } }: Door,
  { url = '/', method, headers }: IncomingMessage,
  response: ServerResponse,
): void {
  const [path] = url.split('?')
  const isPage = path === '/' && method === 'GET' && headers.accept?.includes('text/html') === true
  const isBehind = path === '/health' && api.syncing() !== false
  response.appendHeader('vary', 'accept')
  response.writeHead(
    isBehind ? 503 : 200,
    isPage ? { 'content-type': 'text/plain; charset=utf-8' } : {},
  )
  if (!isPage) return void response.end()
  response.end(
    `${api.clientVersion}, chain ${api.chain.spec.chainId}: JSON-RPC by POST of application/json, ` +
      'WebSocket on the same port; rpc.discover and docs/rpc.md name the methods\n',
  )
}

type Headers = Readonly<Record<string, string>>

const leaveForAll: Headers = { vary: 'origin', 'access-control-allow-origin': '*' }
const noLeave: Headers = { vary: 'origin' }

/** A page whose origin is not allowed gets no leave, and its browser shows it no answer. */
function leaveOf(
  { allowedOrigins }: Door,
  { headers: { origin } }: Pick<IncomingMessage, 'headers'>,
): Headers {
  if (allowedOrigins.includes('*')) return leaveForAll
  return origin !== undefined && isAllowedOrigin(origin, allowedOrigins)
    ? { ...noLeave, 'access-control-allow-origin': origin }
    : noLeave
}

function answerPreflight(request: IncomingMessage, response: ServerResponse): void {
  response
    .writeHead(204, {
      'access-control-allow-methods': 'POST, GET, OPTIONS',
      'access-control-allow-headers':
        request.headers['access-control-request-headers'] ?? 'content-type',
      'access-control-max-age': preflightSeconds,
    })
    .end()
}

async function answerPost(
  door: Door,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const leave = leaveOf(door, request)
  if (!isJson(request.headers['content-type'])) {
    const text = 'invalid content type, only application/json is supported'
    refuse(request, response, 415, text, leave)
    return
  }
  const body = await readBody(request)
  if (body === undefined) {
    refuse(request, response, 413, `content length too large (>${maxBodyBytes})`, leave)
    return
  }
  if (body === 'aborted') return
  const text = await door.dispatcher.answer(body.toString('utf8'), {
    ...door.context,
    subscriptions: undefined,
    origin: request.headers.origin,
  })
  if (text === undefined) response.writeHead(204, leave).end()
  else await writeJson(door, request, response, { text, leave })
}

const isJson = (header = ''): boolean =>
  header === 'application/json' || jsonTypes.has(header.split(';')[0]?.trim().toLowerCase() ?? '')

/**
 * Undefined when it is too large. Such a body is still taken off the wire, and dropped, up to a
 * bound: a client in mid-sentence hears no answer. By events: an async iterator over the request
 * costs as much as all the rest of a small call.
 */
function readBody(request: IncomingMessage): Promise<Buffer | 'aborted' | undefined> {
  const toldBytes = Number(request.headers['content-length'] ?? 0)
  if (toldBytes > maxDrainBytes) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let sizeBytes = 0
    request.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length
      if (sizeBytes > maxDrainBytes) {
        request.pause()
        resolve(undefined)
      } else if (sizeBytes > maxBodyBytes || toldBytes > maxBodyBytes) chunks.length = 0
      else chunks.push(chunk)
    })
    request.on('end', () => {
      const [first] = chunks
      const whole = chunks.length === 1 && first ? first : Buffer.concat(chunks)
      resolve(sizeBytes > maxBodyBytes ? undefined : whole)
    })
    // The client went away in mid-sentence; after the end this changes nothing any more.
    request.on('error', () => resolve('aborted'))
    request.on('close', () => resolve('aborted'))
  })
}

async function writeJson(
  { unsent }: Door,
  request: IncomingMessage,
  response: ServerResponse,
  { text, leave }: { readonly text: string; readonly leave: Headers },
): Promise<void> {
  const encodings = request.headers['accept-encoding']
  const isGzip =
    text.length >= gzipFromBytes && encodings !== undefined && /\bgzip\b/.test(encodings)
  const body = isGzip ? await compress(text, { level: 1 }) : text
  const sizeBytes = Buffer.byteLength(body)
  if (sizeBytes >= largeFromBytes && !hold(unsent, sizeBytes, response)) {
    const why = 'too many answers wait for slow readers; try again later'
    refuse(request, response, 503, why, leave)
    return
  }
  response.writeHead(200, {
    ...leave,
    'content-type': 'application/json',
    'content-length': sizeBytes,
    ...(isGzip && { 'content-encoding': 'gzip' }),
  })
  // A string leaves with the headers in one write; ASCII, which it nearly always is, as it stands.
  response.end(body, sizeBytes === body.length ? 'latin1' : 'utf8')
}

/** Counts an answer until it is out, or its reader gone; false: there is no room for it. */
function hold(unsent: Unsent, sizeBytes: number, response: ServerResponse): boolean {
  if (unsent.bytes > 0 && unsent.bytes + sizeBytes > unsent.maxBytes) return false
  unsent.bytes += sizeBytes
  response.once('close', () => void (unsent.bytes -= sizeBytes))
  // Node does not count a reader as idle whose backlog gets smaller.
  response.setTimeout(unsent.maxStallMs, () => response.destroy())
  return true
}

/** Without reading what else comes: the connection ends with the answer. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
  leave: Headers = {},
): void {
  response.writeHead(status, { ...leave, 'content-type': 'text/plain', connection: 'close' })
  response.end(`${text}\n`, () => request.destroy())
}
