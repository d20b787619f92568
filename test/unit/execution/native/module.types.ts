/**
 * Modules that must not compile, held by `npm run check`: a missing or mistyped handler is a fault
 * the compiler finds. Nothing here runs.
 */
import { defineModule } from '../../../../execution/native/index.ts'
import type { Address } from '../../../../primitives/index.ts'
import { guardAbi, vaultAbi, vaultAddress } from '../../../support/native.ts'

export const typeTests = (): unknown => [
  defineModule({
    address: vaultAddress,
    name: 'a',
    abi: guardAbi,
    handlers: {
      isPaused: () => true,
      // @ts-expect-error -- an argument of another type
      set: ({ storage }, [_module, paused]: readonly [Address, bigint]) =>
        storage.write(1n, paused),
    },
  }),
  defineModule({
    address: vaultAddress,
    name: 'b',
    abi: guardAbi,
    // @ts-expect-error -- a missing handler
    handlers: { isPaused: () => true },
  }),
  defineModule({
    address: vaultAddress,
    name: 'c',
    abi: guardAbi,
    handlers: {
      // @ts-expect-error -- a result of another type
      isPaused: () => 1n,
      set: () => undefined,
    },
  }),
  defineModule({
    address: vaultAddress,
    name: 'd',
    abi: vaultAbi,
    // @ts-expect-error -- a view is no way out
    exits: ['balanceOf'],
    // @ts-expect-error -- and handlers are missing
    handlers: {},
  }),
]
