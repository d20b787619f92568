/** `tributary validator guard` beside a node that runs. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { raiseGuard } from '../../../node/commands/validator.ts'
import { chainFolder } from '../../../node/folders.ts'
import { makeFolder } from '../../../node/make-folder.ts'
import { openStore } from '../../../state/index.ts'

test('the guard is not set under a running node, which would write its own over it', async () => {
  const datadir = await mkdtemp(join(tmpdir(), 'tributary-guard-'))
  const path = chainFolder(datadir)
  await makeFolder(path)
  const running = await openStore({ path, cacheBytes: 2 ** 20, keepStates: 'archive' })
  const flags = { datadir, genesis: 'genesis.json', validatorKey: 'validator.key', above: 9n }
  const io = { out: () => undefined, err: () => undefined, isTerminal: false }
  await expect(raiseGuard(flags, io)).rejects.toMatchObject({ code: 'DB_LOCKED' })
  await running.close()
  await rm(datadir, { recursive: true })
})
