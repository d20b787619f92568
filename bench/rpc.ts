/** The driver's JSON-RPC client: keep-alive HTTP, single calls and batches, nothing clever. */
import { Agent, request } from 'node:http'

const agent = new Agent({ keepAlive: true, maxSockets: 4 })

type Hex = `0x${string}`

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

/** Throws with the node's own words. */
export async function ask<result>(
  url: string,
  method: string,
  params: readonly unknown[] = [],
): Promise<result> {
  const answer = (await post(url, { jsonrpc: '2.0', id: 1, method, params })) as Answer
  if (answer.error) throw new Error(`${method}: ${answer.error.message}`)
  return answer.result as result
}

/** Sends raw transactions in one batch. Throws at the first that is refused. */
export async function sendBatch(url: string, raws: readonly Hex[]): Promise<void> {
  const body = raws.map((raw, id) => ({
    jsonrpc: '2.0',
    id,
    method: 'eth_sendRawTransaction',
    params: [raw],
  }))
  const answers = (await post(url, body)) as readonly Answer[]
  const refused = answers.find(({ error }) => error)
  if (refused?.error) throw new Error(refused.error.message)
}

/** Takes an answer as bytes: what parsing it costs the client is not what the node costs. Throws as `ask`. */
export async function take(
  url: string,
  method: string,
  params: readonly unknown[] = [],
): Promise<void> {
  const bytes = await exchange(url, { jsonrpc: '2.0', id: 1, method, params })
  // Either field may stand first or last; results here are longer than an error, or have no such word.
  const ends =
    bytes.toString('latin1', 0, 200) + bytes.toString('latin1', Math.max(0, bytes.length - 200))
  if (ends.includes('"error":')) throw new Error(`${method}: ${ends}`)
}

const post = async (url: string, body: unknown): Promise<unknown> =>
  JSON.parse((await exchange(url, body)).toString())

function exchange(url: string, body: unknown): Promise<Buffer> {
  const text = JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => resolve(Buffer.concat(chunks)))
        response.on('error', reject)
      },
    )
    outgoing.on('error', reject)
    outgoing.end(text)
  })
}
