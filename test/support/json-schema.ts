/**
 * Values against JSON schema, as far as our documents use it (rpc/results/schema.ts, params.ts): types,
 * patterns, constants, alternatives, lists and objects. Refuses a word it does not know.
 */
type Schema = Readonly<Record<string, unknown>>

const known = new Set(
  (
    'title type pattern const anyOf oneOf items prefixItems minItems maxItems maxProperties minimum ' +
    'properties required additionalProperties'
  ).split(' '),
)

/** What does not fit, by place; empty when all does. */
export function schemaFaults(schema: Schema, value: unknown, at = 'result'): readonly string[] {
  for (const word of Object.keys(schema))
    if (!known.has(word)) throw new Error(`a schema says ${word}, which is not checked here`)
  const alternatives = (schema['anyOf'] ?? schema['oneOf']) as readonly Schema[] | undefined
  if (alternatives) {
    const tried = alternatives.map((one) => schemaFaults(one, value, at))
    const fits = tried.some((faults) => faults.length === 0)
    // The alternative that nearly fits says most.
    return fits ? [] : (tried.toSorted((a, b) => depth(b) - depth(a))[0] ?? [])
  }
  if ('const' in schema && value !== schema['const'])
    return [`${at}: ${shown(value)} is not ${shown(schema['const'])}`]
  const type = schema['type'] as string | undefined
  if (type !== undefined && !isOfType(type, value)) return [`${at}: ${shown(value)} is no ${type}`]
  const pattern = schema['pattern'] as string | undefined
  if (pattern !== undefined && !new RegExp(pattern).test(String(value)))
    return [`${at}: ${shown(value)} does not fit ${pattern}`]
  if (Array.isArray(value)) return listFaults(schema, value, at)
  return isObject(value) ? objectFaults(schema, value, at) : []
}

/** Of the deepest place that is named. */
const depth = (faults: readonly string[]): number =>
  Math.max(0, ...faults.map((fault) => fault.split(':')[0]?.split(/[.[]/).length ?? 0))

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isObject(value)
    case 'integer':
      return Number.isInteger(value)
    default:
      return typeof value === type
  }
}

function listFaults(schema: Schema, values: readonly unknown[], at: string): readonly string[] {
  const first = (schema['prefixItems'] ?? []) as readonly Schema[]
  const items = (schema['items'] ?? {}) as Schema
  return values.flatMap((value, i) => schemaFaults(first[i] ?? items, value, `${at}[${i}]`))
}

function objectFaults(
  schema: Schema,
  value: Readonly<Record<string, unknown>>,
  at: string,
): readonly string[] {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Schema>>
  const others = schema['additionalProperties'] as Schema | false | undefined
  const missing = ((schema['required'] ?? []) as readonly string[]).filter(
    (name) => !(name in value),
  )
  return [
    ...missing.map((name) => `${at}.${name}: missing`),
    ...Object.entries(value).flatMap(([name, field]) => {
      const own = properties[name] ?? (others === false ? undefined : (others ?? {}))
      return own ? schemaFaults(own, field, `${at}.${name}`) : [`${at}.${name}: not described`]
    }),
  ]
}

const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 80)
