/** geth's native tracers by name, and what each reads of `tracerConfig`. JavaScript tracers are none. */
import { serverError } from '../errors.ts'
import { flag, isObject, struct } from '../params.ts'
import { createCallTracer } from './call-tracer.ts'
import { createFlatCallTracer } from './flat-call.ts'
import { createFourByteTracer } from './four-byte.ts'
import { createPrestateTracer } from './prestate.ts'
import type { Budget, RpcTracer, Subject } from './tracer.ts'

const callConfig = struct('native.callTracerConfig', { onlyTopCall: flag, withLog: flag })
const flatConfig = struct('native.flatCallTracerConfig', {
  convertParityErrors: flag,
  includePrecompiles: flag,
})
const prestateConfig = struct('native.prestateTracerConfig', {
  diffMode: flag,
  disableCode: flag,
  disableStorage: flag,
  includeEmpty: flag,
})

type Make = (config: unknown, subject: Subject, budget: Budget) => RpcTracer

const tracers: Readonly<Record<string, Make>> = {
  callTracer: (config, subject, budget) =>
    createCallTracer(callConfig.decode(config), subject, budget),
  prestateTracer: (config, subject, budget) =>
    createPrestateTracer(prestateConfig.decode(config), subject, budget),
  flatCallTracer: (config, subject, budget) =>
    createFlatCallTracer(flatConfig.decode(config), subject, budget),
  parityTracer: (_, subject, budget) =>
    createFlatCallTracer({ convertParityErrors: true, includePrecompiles: true }, subject, budget),
  '4byteTracer': (_, subject) => createFourByteTracer(subject),
  noopTracer: () => ({ hooks: {}, result: () => '{}' }),
  muxTracer: (config, subject, budget) => createMuxTracer(config, subject, budget),
}

/** Throws RpcError -32000 for a name that is none, ParamError for a bad configuration. */
export function createTracer(
  name: string,
  config: unknown,
  subject: Subject,
  budget: Budget,
): RpcTracer {
  const make = Object.hasOwn(tracers, name) ? tracers[name] : undefined
  if (!make) throw serverError(`tracer not found: ${name.slice(0, 64)}`)
  return make(config ?? {}, subject, budget)
}

/** Several at once: an object from their names to their configurations. */
function createMuxTracer(config: unknown, subject: Subject, budget: Budget): RpcTracer {
  const entries = isObject(config) ? Object.entries(config) : []
  const parts = entries.map(
    ([name, own]) => [name, createTracer(name, own, subject, budget)] as const,
  )
  const hooks = parts.map(([, tracer]) => tracer.hooks)
  return {
    hooks: {
      ...(hooks.some(({ enter }) => enter) && {
        enter: (frame) => {
          for (const { enter } of hooks) enter?.(frame)
        },
      }),
      ...(hooks.some(({ exit }) => exit) && {
        exit: (frame) => {
          for (const { exit } of hooks) exit?.(frame)
        },
      }),
      ...(hooks.some(({ step }) => step) && {
        step: (at) => {
          for (const { step } of hooks) step?.(at)
        },
      }),
      ...(hooks.some(({ slot }) => slot) && {
        slot: (address, at) => {
          for (const { slot } of hooks) slot?.(address, at)
        },
      }),
      ...(hooks.some(({ slot }) => slot) && {
        slot: (address, at) => {
          for (const { slot } of hooks) slot?.(address, at)
        },
      }),
      ...(hooks.some(({ log }) => log) && {
        log: (made) => {
          for (const { log } of hooks) log?.(made)
        },
      }),
    },
    result: (outcome) => {
      const texts = parts.map(([name, part]) => `${JSON.stringify(name)}:${part.result(outcome)}`)
      return `{${texts.join(',')}}`
    },
  }
}
