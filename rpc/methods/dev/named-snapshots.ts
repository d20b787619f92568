/**
 * Named states of a devnet on disk (dev_saveSnapshot): they outlive the process, unlike evm_snapshot.
 * A running devnet goes back to one that lies in its own past; any other is loaded at its start.
 */
import { serverError } from '../../errors.ts'
import type { DevApi } from '../../dev-api.ts'
import type { MethodTable } from '../../method.ts'
import { required, text } from '../../params.ts'
import { devMethod } from './dev-method.ts'

const name = required('name', text)

/** Throws RpcError where nothing is kept on disk. */
function namedOf({ named }: DevApi): NonNullable<DevApi['named']> {
  if (named) return named
  throw serverError('this devnet keeps nothing on disk; start it without --ephemeral')
}

export const devNamedSnapshots: MethodTable = {
  dev_saveSnapshot: devMethod([name], (dev, _, called) => namedOf(dev).save(called)),
  dev_loadSnapshot: devMethod([name], async (dev, _, called) => {
    await namedOf(dev).load(called)
    return true
  }),
  dev_listSnapshots: devMethod([], (dev) => namedOf(dev).list()),
  dev_deleteSnapshot: devMethod([name], async (dev, _, called) => {
    await namedOf(dev).remove(called)
    return true
  }),
}
