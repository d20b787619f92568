/** Rows to a node's store of batches, under the Merkle root of their hashes. */
import { BaseError, bytesToHex, type Client } from 'viem'

/** Above it the hex of a JSON-RPC call passes the limit of a body: POST /rows takes the bytes as they are. */
const maxCallBytes = 2 * 2 ** 20

/** Throws viem's error when the node refuses (too large, no rows, full). */
export async function putRows(client: Client, bytes: Uint8Array): Promise<void> {
  if (bytes.length <= maxCallBytes)
    await client.request({ method: 'attr_putRows', params: [bytesToHex(bytes)] } as never)
  else await postRows(client, bytes)
}

async function postRows({ transport }: Client, bytes: Uint8Array): Promise<void> {
  const url: unknown = 'url' in transport ? transport['url'] : undefined
  if (typeof url !== 'string')
    throw new BaseError(`batches above ${maxCallBytes} bytes need an http transport`)
  const headers = { 'content-type': 'application/x-ndjson' }
  const body = new Uint8Array(bytes)
  const response = await fetch(new URL('/rows', url), { method: 'POST', headers, body })
  if (!response.ok) throw new BaseError(`the node refused the rows: ${await response.text()}`)
}
