/** Declares a method of a devnet: like `method`, with the `DevApi` that its table's presence promises. */
import { invariant } from '../../../primitives/index.ts'
import type { DevApi } from '../../dev-api.ts'
import { type Context, method, type Method } from '../../method.ts'
import type { Param, ParamValues } from '../../params.ts'

export const devMethod = <const params extends readonly Param<unknown>[]>(
  params: params,
  handle: (dev: DevApi, context: Context, ...args: ParamValues<params>) => unknown,
): Method =>
  method(params, (context, ...args) => {
    const { dev } = context.api
    invariant(dev !== undefined, 'methods of a devnet are served by a devnet only')
    return handle(dev, context, ...args)
  })
