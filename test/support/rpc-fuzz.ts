/**
 * Random JSON-RPC: every method with parameters made from its own schemas, then bent: wrong types,
 * huge numbers, deep nests, missing ends. Seeded, so that a found case comes again.
 */
import type { MethodTable } from '../../rpc/method.ts'

type Random = () => number
type Schema = Readonly<Record<string, unknown>>

/** mulberry32: 32 bits of state are enough to try things. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface Request {
  readonly jsonrpc: '2.0'
  readonly id: number
  readonly method: string
  readonly params: unknown
}

/** `known` are values of this chain: addresses, hashes, raw transactions, calls. */
export function createFuzzer(methods: MethodTable, known: readonly unknown[], random: Random) {
  const pick = <value>(list: readonly value[]): value => list[Math.floor(random() * list.length)]!
  const chance = (share: number): boolean => random() < share
  const digits = (length: number): string =>
    Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('')

  const hexes = (): string =>
    pick([
      '0x',
      '0x0',
      '0x1',
      '0x00',
      `0x${digits(1 + Math.floor(random() * 70))}`,
      `0x${digits(40)}`,
      `0x${digits(64)}`,
      `0x${'f'.repeat(pick([8, 15, 16, 17, 64, 65, 200]))}`,
      `0X${digits(4)}`,
    ])
  const junk = (depth = 0): unknown =>
    pick<() => unknown>([
      () => null,
      () => true,
      () => pick([0, -1, 1.5, 1e308, Number.MAX_SAFE_INTEGER]),
      () =>
        pick([
          '',
          'latest',
          'pending',
          'earliest',
          '0',
          '0xzz',
          '__proto__',
          '\u{1f600}',
          'x'.repeat(300),
        ]),
      hexes,
      () => pick(known),
      () =>
        depth > 3 ? [] : Array.from({ length: Math.floor(random() * 4) }, () => junk(depth + 1)),
      () =>
        depth > 3
          ? {}
          : Object.fromEntries(
              Array.from({ length: Math.floor(random() * 4) }, () => [
                pick([
                  'from',
                  'to',
                  'data',
                  'gas',
                  'value',
                  'blockHash',
                  'tracer',
                  '__proto__',
                  'length',
                ]),
                junk(depth + 1),
              ]),
            ),
    ])()

  /** Mostly what the schema asks for. */
  const fitting = (schema: Schema, depth = 0): unknown => {
    if (chance(0.12)) return junk(depth)
    if (chance(0.25)) return pick(known)
    const {
      oneOf,
      enum: choices,
      type,
      items,
      properties,
      additionalProperties,
    } = schema as {
      oneOf?: readonly Schema[]
      enum?: readonly unknown[]
      type?: string
      items?: Schema
      properties?: Readonly<Record<string, Schema>>
      additionalProperties?: Schema
    }
    if (choices) return pick(choices)
    if (oneOf) return fitting(pick(oneOf), depth)
    switch (type ?? 'anything') {
      case 'string':
        return chance(0.5) ? `0x${Math.floor(random() * 300).toString(16)}` : hexes()
      case 'boolean':
        return chance(0.5)
      case 'number':
      case 'integer':
        return Math.floor(random() * 100)
      case 'array':
        return depth > 4
          ? []
          : Array.from({ length: Math.floor(random() * 4) }, () => fitting(items ?? {}, depth + 1))
      case 'object': {
        const named = Object.entries(properties ?? {}).filter(() => chance(0.4))
        const free = additionalProperties ? [[hexes(), additionalProperties] as const] : []
        return Object.fromEntries(
          [...named, ...free].map(([name, inner]) => [name, fitting(inner, depth + 1)]),
        )
      }
      default:
        return junk(depth)
    }
  }
  return (id: number, method: string): Request => {
    const declared = methods[method]?.params ?? []
    const params = declared.map(({ decoder }) => fitting(decoder.schema))
    if (chance(0.2)) params.pop()
    if (chance(0.05)) params.push(junk())
    return { jsonrpc: '2.0', id, method, params: chance(0.02) ? junk() : params }
  }
}
