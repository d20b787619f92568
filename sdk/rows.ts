/** Rows to and from a node's blob store, by the hash of their bytes. */
import { bytesToHex, type Client } from 'viem'

/** Throws viem's error when the node refuses (too large, no rows, full). */
export async function putRows(client: Client, bytes: Uint8Array): Promise<unknown> {
  return client.request({ method: 'attr_putRows', params: [bytesToHex(bytes)] } as never)
}
