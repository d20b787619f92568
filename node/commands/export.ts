/** `tributary export`: blocks of a stopped node to a file other clients import. Changes no database. */
import { cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Block, invariant } from '../../primitives/index.ts'
import type { Store } from '../../state/index.ts'
import { writeBlockFile } from '../block-file.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import { usageError } from '../failure.ts'
import type { ExportFlags } from '../flags.ts'
import { rowsBeside, rowsFolder } from '../folders.ts'
import { count } from '../text.ts'
import { withStore } from './db.ts'

export async function exportChain(
  file: string,
  { datadir, from, to }: ExportFlags,
  io: Io,
): Promise<ExitCode> {
  const written = await withStore(datadir, async (store) => {
    const head = store.head()?.header.number ?? -1n
    const last = to ?? head
    if (last > head) throw usageError(`--to ${last}: the head of ${datadir} is block ${head}`)
    if (from > last) throw usageError(`--from ${from} is above the last block, ${last}`)
    await writeBlockFile(file, blocksBetween(store, from, last))
    return last - from + 1n
  })
  io.out(`${file}: ${count(Number(written), 'block')} written`)
  if (await copyRows(datadir, rowsBeside(file)))
    io.out(`${rowsBeside(file)}: the rows these blocks refer to; tributary import finds them there`)
  return exitCodes.ok
}

/** A block carries no rows, and a chain with attribution is not executed again without them. */
async function copyRows(datadir: string, to: string): Promise<boolean> {
  const parts = await readdir(rowsFolder(datadir)).catch(() => [])
  const kept = parts.filter((part) => /^[0-9a-f]{2}$/.test(part))
  for (const part of kept)
    await cp(join(rowsFolder(datadir), part), join(to, part), { recursive: true })
  return kept.length > 0
}

function* blocksBetween(store: Store, from: bigint, last: bigint): Generator<Block> {
  for (let number = from; number <= last; number++) {
    const found = store.blockByNumber(number)
    invariant(found !== undefined, `a store has every block up to its head, ${number} too`)
    yield found.block
  }
}
