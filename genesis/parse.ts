/**
 * A genesis file from text or parsed JSON: everything that is wrong with it, each with its path, or
 * the genesis. Never throws for what the file holds; reads no disk (the caller does).
 */
import type { z } from 'zod'
import { type ChainSpec, createChainSpec } from '../execution/index.ts'
import { accept, type Address, NodeError, reject, type Refusal } from '../primitives/index.ts'
import { checkAllocKeys, checkForkOrder, checkHead, checkTributary } from './checks.ts'
import { JsonFault, parseJson } from './json.ts'
import {
  accountSchema,
  configSchema,
  headKeys,
  headSchema,
  toConfig,
  toTributary,
  tributarySchema,
} from './schema.ts'
import type { Genesis, GenesisAccount, GenesisConfig, GenesisFault } from './types.ts'
import { quote, readAddress } from './values.ts'

/** 64 MiB of text: about half a million accounts; parsing it takes some 10 times that in memory. */
export const maxGenesisLength = 64 * 1024 * 1024

export type GenesisCode = 'GENESIS_TOO_LARGE' | 'GENESIS_NOT_JSON' | 'GENESIS_INVALID'

/** `message` is the first fault and how many more there are; `faults` has all of them. */
export type GenesisRefusal = Refusal<GenesisCode> & { readonly faults: readonly GenesisFault[] }

export function parseGenesis(
  input: unknown,
): { readonly type: 'accept'; readonly value: Genesis } | GenesisRefusal {
  if (typeof input !== 'string') return fromJson(input)
  if (input.length > maxGenesisLength)
    return refuse('GENESIS_TOO_LARGE', [
      {
        path: '',
        message: `the file has more than ${maxGenesisLength} characters; a genesis may have 64 MiB`,
      },
    ])
  try {
    return fromJson(parseJson(input))
  } catch (error) {
    if (error instanceof JsonFault)
      return refuse('GENESIS_NOT_JSON', [{ path: '', message: error.message }])
    throw error
  }
}

/** One fault a line, at most `limit` of them. For a terminal. */
export function formatGenesisFaults(faults: readonly GenesisFault[], limit = 100): string {
  const lines = faults.slice(0, limit).map(formatFault)
  const left = faults.length - lines.length
  return [...lines, ...(left > 0 ? [`and ${left} more`] : [])].join('\n')
}

const formatFault = ({ path, message }: GenesisFault): string =>
  path === '' ? message : `${path}: ${message}`

function refuse(code: GenesisCode, faults: readonly GenesisFault[]): GenesisRefusal {
  const more = faults.length - 1
  const message = faults[0] ? formatFault(faults[0]) : 'invalid genesis'
  return { ...reject(code, more > 0 ? `${message} (and ${more} more)` : message), faults }
}

const partKeys = ['config', 'alloc', 'tributary']

function fromJson(input: unknown) {
  if (!isObject(input))
    return refuse('GENESIS_INVALID', [{ path: '', message: 'a genesis is a JSON object' }])
  const faults: GenesisFault[] = []
  const known = [...Object.keys(headKeys), ...partKeys]
  const ours = Object.entries(input).filter(([key]) => known.includes(key))
  for (const key of Object.keys(input))
    if (!known.includes(key)) faults.push({ path: key, message: unknownKey(key, known) })

  const headPart = Object.fromEntries(ours.filter(([key]) => !partKeys.includes(key)))
  const head = read(headSchema, headPart, '', faults)
  const rawConfig = read(configSchema, input['config'], 'config', faults)
  const config = rawConfig && toConfig(rawConfig)
  const alloc = readAlloc(input['alloc'], faults)
  const rawSection = read(tributarySchema, input['tributary'] ?? {}, 'tributary', faults)
  const tributary = rawSection && toTributary(rawSection)
  if (rawSection?.blockTime !== undefined && rawSection.blockTimeMs !== undefined)
    faults.push({
      path: 'tributary.blockTime',
      message: 'stands beside blockTimeMs; write one of them',
    })
  if (config) faults.push(...checkForkOrder(config))
  const spec = config && readSpec(config, faults)
  if (spec && head) faults.push(...checkHead(head, spec))
  if (tributary) faults.push(...checkTributary(tributary))

  if (faults.length > 0 || !head || !config || !tributary) return refuse('GENESIS_INVALID', faults)
  const { number: _zero, baseFeePerGas, blobGasUsed, excessBlobGas, ...rest } = head
  return accept({
    ...rest,
    config,
    ...(baseFeePerGas !== undefined && { baseFeePerGas }),
    ...(blobGasUsed !== undefined && { blobGasUsed }),
    ...(excessBlobGas !== undefined && { excessBlobGas }),
    alloc,
    tributary,
  } satisfies Genesis)
}

/** The rules as execution reads them; what it refuses beyond the faults found is one more fault. */
function readSpec(config: GenesisConfig, faults: GenesisFault[]): ChainSpec | undefined {
  try {
    return createChainSpec(config)
  } catch (error) {
    if (!(error instanceof NodeError)) throw error
    if (!faults.some(({ path }) => path.startsWith('config.')))
      faults.push({ path: 'config', message: error.message })
    return undefined
  }
}

function readAlloc(input: unknown, faults: GenesisFault[]): ReadonlyMap<Address, GenesisAccount> {
  const accounts = new Map<Address, GenesisAccount>()
  if (!isObject(input)) {
    const message = input === undefined ? 'is missing' : `${quote(input)} is not an object`
    faults.push({ path: 'alloc', message })
    return accounts
  }
  faults.push(...checkAllocKeys(Object.keys(input)))
  for (const [key, part] of Object.entries(input)) {
    const address = readAddress(key)
    const path = `alloc.${key}`
    if (!address) faults.push({ path, message: 'is not an address; write 0x and 40 hex digits' })
    else if (accounts.has(address)) faults.push({ path, message: 'the same address stands twice' })
    const account = read(accountSchema, part, path, faults)
    if (address && account) accounts.set(address, account)
  }
  return accounts
}

const isObject = (input: unknown): input is Record<string, unknown> =>
  typeof input === 'object' && input !== null && !Array.isArray(input)

/** The value, or undefined with what is wrong added to `faults`. */
function read<schema extends z.ZodType>(
  schema: schema,
  input: unknown,
  path: string,
  faults: GenesisFault[],
): z.infer<schema> | undefined {
  const result = schema.safeParse(input, { reportInput: true })
  if (result.success) return result.data
  for (const issue of result.error.issues) {
    const at = joinPath(path, issue.path)
    if (issue.code === 'unrecognized_keys')
      for (const key of issue.keys)
        faults.push({ path: joinPath(at, [key]), message: unknownKey(key, knownAt(path)) })
    else if (issue.code === 'invalid_type')
      faults.push({ path: at, message: wrongType(issue.expected, issue.input) })
    else if (issue.code === 'invalid_key')
      faults.push({ path: at, message: 'is not a name: a letter, then letters, digits, _ and .' })
    else faults.push({ path: at, message: issue.message })
  }
  return undefined
}

function wrongType(expected: string, input: unknown): string {
  if (input === undefined) return 'is missing'
  const isObjectWanted = expected === 'object' || expected === 'record'
  return isObjectWanted
    ? `${quote(input)} is not an object; it must be one`
    : `${quote(input)} is not of type ${expected}`
}

const joinPath = (base: string, parts: readonly PropertyKey[]): string =>
  parts.reduce<string>(
    (path, part) =>
      typeof part === 'number'
        ? `${path}[${part}]`
        : path === ''
          ? String(part)
          : `${path}.${String(part)}`,
    base,
  )

/** Keys to compare a misspelt one with. */
function knownAt(path: string): string[] {
  if (path === 'config') return Object.keys(configSchema.out.shape)
  if (path === 'tributary') return Object.keys(tributarySchema.out.shape)
  return path.startsWith('alloc.') ? Object.keys(accountSchema.out.shape) : []
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = known.find((candidate) => isNear(key.toLowerCase(), candidate.toLowerCase()))
  return near === undefined ? 'unknown key' : `unknown key; did you mean ${near}?`
}

/** At most one letter more, less or other, after what both begin and end with. */
function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false
  let start = 0
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++
  let end = 0
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++
  return Math.max(a.length, b.length) - start - end <= 1
}
