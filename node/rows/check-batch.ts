/** What a batch is by its bytes: its root, count and sketch, or what is wrong with it. Keeps nothing. */
import { isBatchFault, readBatch } from '../../attribution/methods/index.ts'
import { toHex, type Hex } from '../../primitives/index.ts'

export type CheckedBatch =
  | { readonly type: 'batch'; readonly root: Hex; readonly rows: number; readonly sketch: Hex }
  | { readonly type: 'fault'; readonly fault: string }

export function checkBatch(bytes: Uint8Array): CheckedBatch {
  const batch = readBatch(bytes)
  if (isBatchFault(batch)) {
    const where = batch.row === undefined ? '' : `row ${batch.row}: `
    return { type: 'fault', fault: `${where}${batch.fault}` }
  }
  const { root, rows, sketch } = batch
  return { type: 'batch', root: toHex(root), rows: rows.length, sketch: toHex(sketch) }
}
