/**
 * docs/rpc.md: every method with its parameters, written from the OpenRPC document, so that what is
 * documented is what is decoded.
 */
import { methodsOf } from '../../rpc/methods/index.ts'
import { resultSchemas } from '../../rpc/results/index.ts'
import { openRpcDocument, type OpenRpcMethod } from '../../rpc/openrpc.ts'

/** By namespace, in this order; others follow by name. */
const namespaces: Readonly<Record<string, string>> = {
  eth: "Ethereum's own methods, with geth's answers and errors.",
  net: 'The network and its peers.',
  web3: 'The client, and its hash.',
  txpool: 'Transactions that wait.',
  debug: "Raw bytes, and traces with geth's tracers.",
  trace: "Traces in Parity's form, which explorers read.",
  ots: "Otterscan's methods.",
  erigon: "Erigon's, as far as Otterscan asks for them.",
  attr: "Tributary's own: datanets, models, receipts and rewards.",
  rpc: 'What this door serves.',
  testing: 'For test suites: devnets and imports only.',
  admin: 'For the owner of the node, over loopback only.',
  evm: "ganache's and Hardhat's: devnets only.",
  hardhat: "Hardhat Network's: devnets only.",
  anvil: "anvil's: devnets only.",
  personal: 'Unlocked accounts: devnets only.',
  tributary: "A devnet's own: devnets only.",
}

const spaceOf = (name: string): string => name.split(/[_.]/)[0] ?? ''

export function rpcDocs(): string {
  const everywhere = new Set(Object.keys(methodsOf(false, false, true)))
  const { methods } = openRpcDocument(methodsOf(true), resultSchemas, '')
  const order = Object.keys(namespaces)
  const spaces = [...new Set(methods.map(({ name }) => spaceOf(name)))].toSorted((a, b) => {
    const [i, j] = [order.indexOf(a), order.indexOf(b)]
    return i >= 0 && j >= 0 ? i - j : i >= 0 ? -1 : j >= 0 ? 1 : a < b ? -1 : 1
  })
  const sections = spaces.map((space) => {
    const rows = methods
      .filter(({ name }) => spaceOf(name) === space)
      .map((method) => rowOf(method, everywhere.has(method.name)))
    const intro = namespaces[space] ? `${namespaces[space]}\n\n` : ''
    return `## ${space}\n\n${intro}| method | parameters | where |\n|---|---|---|\n${rows.join('\n')}\n`
  })
  return `${intro(methods.length)}\n${sections.join('\n')}`
}

const intro = (count: number): string => `# JSON-RPC methods

Generated from the method tables by \`npm run docs:rpc\`; a test holds it current. The same as an OpenRPC
document: \`rpc.discover\`. ${count} methods over HTTP and WebSocket on one port. Parameters in brackets may
be left out. Codes and texts of errors are geth's.
`

function rowOf({ name, params }: OpenRpcMethod, isEverywhere: boolean): string {
  const shown = params.map(({ name: param, required, schema }) => {
    const text = `${param}: ${kindOf(schema)}`
    return required ? text : `[${text}]`
  })
  return `| \`${name}\` | ${shown.join(', ')} | ${isEverywhere ? 'all' : 'devnet'} |`
}

/** A schema in a few words. */
function kindOf(schema: Readonly<Record<string, unknown>>): string {
  const { title, type, items, oneOf, properties } = schema
  if (typeof title === 'string') return title
  if (type === 'array')
    return items ? `list of ${kindOf(items as Readonly<Record<string, unknown>>)}` : 'list'
  if (type === 'object') return properties ? 'object' : 'map'
  if (Array.isArray(oneOf))
    return [...new Set(oneOf.map((s) => kindOf(s as Readonly<Record<string, unknown>>)))].join(
      ' or ',
    )
  return typeof type === 'string' ? type : 'anything'
}
