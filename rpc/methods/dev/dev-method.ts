/** Declares methods of a devnet, with the `DevApi` that their table's presence promises. */
import { invariant } from '../../../primitives/index.ts'
import type { DevApi } from '../../dev-api.ts'
import { type Context, method, type Method, type MethodTable } from '../../method.ts'
import type { Param, ParamValues } from '../../params.ts'

type Handler<params extends readonly Param<unknown>[]> = (
  dev: DevApi,
  context: Context,
  ...args: ParamValues<params>
) => unknown

export const devMethod = <const params extends readonly Param<unknown>[]>(
  params: params,
  handle: Handler<params>,
): Method =>
  method(params, (context, ...args) => {
    const { dev } = context.api
    invariant(dev !== undefined, 'methods of a devnet are served by a devnet only')
    return handle(dev, context, ...args)
  })

/** One method under all its names: anvil's, Hardhat's and ganache's. */
export const named = (names: readonly string[], one: Method): MethodTable =>
  Object.fromEntries(names.map((name) => [name, one]))

/** A method that only sets something: anvil answers null, Hardhat and ganache true. */
export const setter = <const params extends readonly Param<unknown>[]>(
  names: readonly string[],
  params: params,
  handle: Handler<params>,
): MethodTable =>
  Object.fromEntries(
    names.map((name) => {
      const answer = /^(anvil|tenderly)_/.test(name) ? null : true
      const one = devMethod(params, async (dev, context, ...args) => {
        await handle(dev, context, ...args)
        return answer
      })
      return [name, { ...one, result: { const: answer } }]
    }),
  )
