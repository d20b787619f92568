/**
 * What must fit between the parts of a genesis file: forks in order, header fields of active forks
 * only, no account where native modules live, every validator once. Pure look-ups, no state.
 */
import type { ChainSpec } from '../execution/index.ts'
import { blockForkKeys, optionalForks, timeForkKeys } from './keys.ts'
import { isReserved, type GenesisHead } from './schema.ts'
import type { GenesisConfig, GenesisFault, TributarySection } from './types.ts'

/** geth's CheckConfigForkOrder: no fork before an earlier one, none missing below a later one. */
export function checkForkOrder(config: GenesisConfig): GenesisFault[] {
  const faults: GenesisFault[] = []
  for (const keys of [blockForkKeys, timeForkKeys]) {
    let last: { key: string; at: bigint } | undefined
    let missing: string | undefined
    for (const key of keys) {
      const at = config[key]
      if (at === undefined) {
        if (!optionalForks.has(key)) missing ??= key
        continue
      }
      if (missing !== undefined)
        faults.push({ path: `config.${missing}`, message: `is missing, but ${key} is set` })
      if (last && at < last.at)
        faults.push({
          path: `config.${key}`,
          message: `${at} is before ${last.key} (${last.at}); forks activate in order`,
        })
      missing = undefined
      last = { key, at }
    }
  }
  if (config.shanghaiTime !== undefined && config.londonBlock === undefined)
    faults.push({ path: 'config.londonBlock', message: 'is missing, but shanghaiTime is set' })
  return [...faults, ...checkBlobSchedule(config)]
}

function checkBlobSchedule(config: GenesisConfig): GenesisFault[] {
  const faults: GenesisFault[] = []
  for (const [fork, entry] of Object.entries(config.blobSchedule ?? {}))
    if (entry.target > entry.max)
      faults.push({ path: `config.blobSchedule.${fork}`, message: 'target is above max' })
  for (const key of timeForkKeys)
    if (key.startsWith('bpo') && config[key] !== undefined) {
      const fork = key.replace('Time', '')
      if (!config.blobSchedule?.[fork])
        faults.push({
          path: `config.blobSchedule.${fork}`,
          message: `is missing, but ${key} is set`,
        })
    }
  return faults
}

const feeFields = [
  ['baseFeePerGas', 'london'],
  ['blobGasUsed', 'cancun'],
  ['excessBlobGas', 'cancun'],
] as const

export function checkHead(head: GenesisHead, spec: ChainSpec): GenesisFault[] {
  const faults: GenesisFault[] = []
  for (const [field, fork] of feeFields)
    if (head[field] !== undefined && !spec.isActive(fork, 0n, head.timestamp))
      faults.push({ path: field, message: `stands here, but ${fork} is not active in block 0` })
  if (head.gasUsed > head.gasLimit)
    faults.push({ path: 'gasUsed', message: `${head.gasUsed} is above gasLimit` })
  return faults
}

/** `keys` as they stand in the file. */
export const checkAllocKeys = (keys: Iterable<string>): GenesisFault[] =>
  [...keys]
    .filter((key) => isReserved(key.toLowerCase().startsWith('0x') ? key : `0x${key}`))
    .map((key) => ({
      path: `alloc.${key}`,
      message: 'is reserved for native modules; name them in tributary.modules',
    }))

export function checkTributary(section: TributarySection): GenesisFault[] {
  const faults: GenesisFault[] = []
  const seen = new Set<string>()
  for (const [i, { address }] of section.validators.entries()) {
    if (seen.has(address))
      faults.push({
        path: `tributary.validators[${i}].address`,
        message: `${address} stands twice`,
      })
    seen.add(address)
  }
  const modules = new Set<string>()
  for (const [i, module] of section.modules.entries()) {
    if (modules.has(module))
      faults.push({ path: `tributary.modules[${i}]`, message: `${module} stands twice` })
    modules.add(module)
  }
  return faults
}
