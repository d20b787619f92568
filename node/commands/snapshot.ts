/** `tributary snapshot save|load|list|delete`: named states of a stopped devnet. dev_saveSnapshot and its kin do it while one runs. */
import {
  deleteSnapshot,
  listSnapshots,
  restoreSnapshot,
  saveSnapshot,
} from '../dev/named-snapshots.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import type { DbFlags } from '../flags.ts'
import { withStore } from './db.ts'

export type SnapshotTask = 'save' | 'load' | 'delete'

export async function changeSnapshots(
  task: SnapshotTask,
  name: string,
  { datadir, json }: DbFlags,
  io: Io,
): Promise<ExitCode> {
  if (task === 'delete') {
    await deleteSnapshot(datadir, name)
    io.out(json ? JSON.stringify({ name }) : `deleted ${name}`)
    return exitCodes.ok
  }
  const about =
    task === 'save'
      ? await withStore(datadir, (store) => saveSnapshot(datadir, name, store))
      : await restoreSnapshot(datadir, name)
  const done = task === 'save' ? 'saved' : `${datadir} is again`
  io.out(json ? JSON.stringify(about) : `${done} ${name}, block ${about.height}`)
  return exitCodes.ok
}

export async function showSnapshots({ datadir, json }: DbFlags, io: Io): Promise<ExitCode> {
  const all = await listSnapshots(datadir)
  if (json) for (const one of all) io.out(JSON.stringify(one))
  else if (all.length === 0)
    io.out(`no snapshot in ${datadir}; make one: tributary snapshot save NAME`)
  else for (const { name, height } of all) io.out(`${name}  block ${height}`)
  return exitCodes.ok
}
