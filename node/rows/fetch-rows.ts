/**
 * Rows of a batch from other nodes, over their doors (GET /rows/<root>), asked one after the other.
 * Trusts none of them: what comes is measured while it comes and must have the root that was asked for.
 */
import { maxBatchBytes } from '../../attribution/methods/index.ts'
import type { Hex, Logger } from '../../primitives/index.ts'
import type { IndexMaker } from './index-maker.ts'

/** A full batch over a slow line. */
const timeoutMs = 15_000

/** `nodes`: their HTTP URLs. undefined: none of them has it. */
export async function fetchRows(
  nodes: readonly string[],
  root: Hex,
  { log, check }: { readonly log: Logger; readonly check: IndexMaker['check'] },
): Promise<Uint8Array | undefined> {
  for (const node of nodes) {
    try {
      const bytes = await ask(new URL(`/rows/${root}`, node))
      const batch = bytes && (await check(bytes))
      if (batch?.type === 'batch' && batch.root === root) return bytes
      if (batch) log.warn({ node, root }, 'a node gave other rows than it was asked for')
    } catch (error) {
      log.debug({ node, root, err: error }, 'a node did not give rows')
    }
  }
  return undefined
}

async function ask(url: URL): Promise<Uint8Array | undefined> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' })
  if (!response.ok || !response.body) return undefined
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.length
    if (sizeBytes > maxBatchBytes) return undefined
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}
