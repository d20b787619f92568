/** geth's 4byteTracer: how often each selector is called with how many bytes of arguments. */
import { toHex } from '../../primitives/index.ts'
import type { RpcTracer, Subject } from './tracer.ts'

export function createFourByteTracer({ precompiles }: Subject): RpcTracer {
  const counts = new Map<string, number>()
  return {
    hooks: {
      enter: ({ type, depth, to, input }) => {
        if (input.length < 4) return
        const isCall = type !== 'CREATE' && type !== 'CREATE2' && type !== 'SELFDESTRUCT'
        if (depth > 0 && (!isCall || precompiles.has(to))) return
        const name = `${toHex(input.subarray(0, 4))}-${input.length - 4}`
        counts.set(name, (counts.get(name) ?? 0) + 1)
      },
    },
    result: () => {
      const names = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))
      return JSON.stringify(Object.fromEntries(names))
    },
  }
}
