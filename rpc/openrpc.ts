/**
 * The OpenRPC document of a table of methods, from the decoders that read their parameters: what it
 * says of a parameter is what is enforced. What it says of results tests hold against answers.
 */
import type { MethodTable } from './method.ts'
import type { JsonSchema } from './params.ts'

const openRpcVersion = '1.3.2'

export interface OpenRpcMethod {
  readonly name: string
  readonly paramStructure: 'by-position'
  readonly params: readonly {
    readonly name: string
    readonly required: boolean
    readonly schema: JsonSchema
  }[]
  readonly result: { readonly name: string; readonly schema: JsonSchema }
}

export interface OpenRpcDocument {
  readonly openrpc: string
  readonly info: { readonly title: string; readonly version: string }
  readonly methods: readonly OpenRpcMethod[]
}

/** Methods in order of name; `results` describes what those answer that do not say it themselves. */
export const openRpcDocument = (
  methods: MethodTable,
  results: Readonly<Record<string, JsonSchema>>,
  version: string,
): OpenRpcDocument => ({
  openrpc: openRpcVersion,
  info: { title: 'Tributary JSON-RPC', version },
  methods: Object.entries(methods)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { params, result }]) => ({
      name,
      paramStructure: 'by-position',
      params: params.map((param) => ({
        name: param.name,
        required: param.isRequired,
        schema: param.decoder.schema,
      })),
      result: { name: 'result', schema: result ?? results[name] ?? {} },
    })),
})
