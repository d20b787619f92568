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
/** Seconds a browser may remember the answer to its preflight. */
const preflightSeconds = '600'

const jsonTypes = new Set(['application/json', 'application/json-rpc', 'application/jsonrequest'])
const compress = promisify(gzip)

export async function answerHttp(
  door: Door,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  allowOrigin(door.allowedOrigins, request, response)
  const { method } = request
  if (door.rows && method !== 'OPTIONS' && isAboutRows(request))
    await answerRows(door.rows, request, response)
  else if (method === 'POST') await answerPost(door, request, response)
  else if (method === 'OPTIONS') answerPreflight(request, response)
  else if (method === 'GET' || method === 'HEAD') response.writeHead(200).end() // health checks
  else refuse(request, response, 405, 'method not allowed')
}

/** A page whose origin is not allowed gets no leave, and its browser shows it no answer. */
function allowOrigin(
  allowed: readonly string[],
  { headers: { origin } }: IncomingMessage,
  response: ServerResponse,
): void {
  response.setHeader('vary', 'origin')
  if (allowed.includes('*')) response.setHeader('access-control-allow-origin', '*')
  else if (origin !== undefined && isAllowedOrigin(origin, allowed))
    response.setHeader('access-control-allow-origin', origin)
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
  { dispatcher, context }: Door,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  if (!jsonTypes.has(type)) {
    refuse(request, response, 415, 'invalid content type, only application/json is supported')
    return
  }
  const body = await readBody(request)
  if (body === undefined) {
    refuse(request, response, 413, `content length too large (>${maxBodyBytes})`)
    return
  }
  if (body === 'aborted') return
  const text = await dispatcher.answer(body.toString('utf8'), {
    ...context,
    subscriptions: undefined,
    origin: request.headers.origin,
  })
  if (text === undefined) response.writeHead(204).end()
  else await writeJson(request, response, text)
}

/**
 * Undefined when it is too large. Such a body is still taken off the wire, and dropped, up to a
 * bound: a client in mid-sentence hears no answer.
 */
async function readBody(request: IncomingMessage): Promise<Buffer | 'aborted' | undefined> {
  const toldBytes = Number(request.headers['content-length'] ?? 0)
  if (toldBytes > maxDrainBytes) return undefined
  const chunks: Buffer[] = []
  let sizeBytes = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length
      if (sizeBytes > maxDrainBytes) return undefined
      if (sizeBytes > maxBodyBytes || toldBytes > maxBodyBytes) chunks.length = 0
      else chunks.push(chunk)
    }
  } catch {
    return 'aborted' // the client went away in mid-sentence
  }
  return sizeBytes > maxBodyBytes ? undefined : Buffer.concat(chunks)
}

async function writeJson(
  request: IncomingMessage,
  response: ServerResponse,
  text: string,
): Promise<void> {
  const plain = Buffer.from(text, 'utf8')
  const wantsGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
  const isGzip = wantsGzip && plain.length >= gzipFromBytes
  const body = isGzip ? await compress(plain, { level: 1 }) : plain
  response
    .writeHead(200, {
      'content-type': 'application/json',
      'content-length': body.length,
      ...(isGzip && { 'content-encoding': 'gzip' }),
    })
    .end(body)
}

/** Without reading what else comes: the connection ends with the answer. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
): void {
  response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' })
  response.end(`${text}\n`, () => request.destroy())
}
