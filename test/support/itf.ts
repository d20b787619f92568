/**
 * Traces of Quint models in the Informal Trace Format (Apalache ADR-015), from loose files and from
 * `.tgz` archives. Decodes to plain values: integers to numbers, sets and maps to arrays.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** A variant of a sum type: `{ tag: 'Val', value: 'a' }`. */
export type Variant<tag extends string = string, value = unknown> = {
  readonly tag: tag
  readonly value: value
}
export type Trace = {
  readonly name: string
  readonly vars: readonly string[]
  readonly states: readonly Readonly<Record<string, unknown>>[]
}

function decode(item: unknown): unknown {
  if (Array.isArray(item)) return item.map(decode)
  if (typeof item !== 'object' || item === null) return item
  if ('#bigint' in item) return Number(item['#bigint'])
  for (const key of ['#tup', '#set', '#map'] as const)
    if (key in item) return decode((item as Record<string, unknown>)[key])
  const fields = Object.entries(item).filter(([key]) => key !== '#meta')
  return Object.fromEntries(fields.map(([key, value]) => [key, decode(value)]))
}

function parse(name: string, text: string): Trace {
  const { vars, states } = JSON.parse(text) as { vars: string[]; states: unknown[] }
  return { name, vars, states: decode(states) as Trace['states'] }
}

/** Every trace below `folder`. A hundred megabytes unpacked, so one at a time. */
export function* readTraces(folder: string): Generator<Trace> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name))
  for (const path of paths.toSorted()) {
    if (path.endsWith('.itf.json')) yield parse(path, readFileSync(path, 'utf8'))
    if (!/\.(tgz|tar\.gz)$/.test(path)) continue
    for (const [name, bytes] of untar(gunzipSync(readFileSync(path))))
      if (name.endsWith('.itf.json')) yield parse(name, bytes.toString('utf8'))
  }
}

/** Files of a tar archive: a header of 512 bytes, then the content, padded to blocks of 512. */
function* untar(archive: Buffer): Generator<readonly [name: string, bytes: Buffer]> {
  const text = (from: number, to: number) =>
    archive.toString('latin1', from, to).replace(/\0.*$/s, '')
  for (let at = 0; text(at, at + 100) !== '';) {
    const size = parseInt(text(at + 124, at + 136), 8)
    yield [text(at, at + 100), archive.subarray(at + 512, at + 512 + size)]
    at += 512 + Math.ceil(size / 512) * 512
  }
}
