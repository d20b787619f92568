/**
 * What contracts print with Hardhat's and Foundry's console.sol: calls to an address where nothing
 * is, whose input is the text. Decodes and shows it; changes no execution, trusts no length.
 */
import { format } from 'node:util'
import { type FrameStart, toChecksum, type Tracer } from '../../execution/index.ts'
import { type Address, keccakHex, toBigInt, toHex } from '../../primitives/index.ts'

/** "console.log" in ASCII (Hardhat's console.sol, CONSOLE_ADDRESS). */
const consoleAddress: Address = '0x000000000000000000636f6e736f6c652e6c6f67'
/** Of one line: a terminal shows no more, and a loop could print megabytes. */
const maxTextBytes = 8_192
/** Lines of one second or so; a contract that prints in a loop must not drown the node. */
const maxLinesPerBurst = 1_000

const kinds = ['uint256', 'string', 'bool', 'address'] as const
type Kind = (typeof kinds)[number] | 'int256' | 'bytes' | `bytes${number}`

/** Tells `print` of every line; `nowMs` bounds how many. */
export function createConsoleTracer(print: (text: string) => void, nowMs: () => number): Tracer {
  let burst = { startMs: 0, lines: 0 }
  return {
    enter: ({ to, input, type }: FrameStart) => {
      if (to !== consoleAddress || type === 'SELFDESTRUCT') return
      if (nowMs() - burst.startMs > 1_000) burst = { startMs: nowMs(), lines: 0 }
      if (++burst.lines > maxLinesPerBurst) return
      print(burst.lines === maxLinesPerBurst ? '(more lines are left out)' : consoleText(input))
    },
  }
}

/** One line without control characters. */
export function consoleText(input: Uint8Array): string {
  const signature = signatures().get(toHex(input.subarray(0, 4)))
  if (!signature) return `(console.log of an unknown kind: ${toHex(input.subarray(0, 64))})`
  const values = signature.map((kind, index) => valueAt(input.subarray(4), index, kind))
  const [first, ...rest] = values
  // A number is text by now: as a JavaScript number it would lose its last digits.
  const text = format(rest.length > 0 ? first?.replace(/%[di]/g, '%s') : first, ...rest)
  // eslint-disable-next-line no-control-regex
  return (values.length === 0 ? '' : text).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
}

let known: ReadonlyMap<string, readonly Kind[]> | undefined

/** By selector; made when the first contract prints. */
function signatures(): ReadonlyMap<string, readonly Kind[]> {
  known ??= new Map(
    allKinds().flatMap(([name, list]) =>
      // The first console.sol said `uint` where it meant `uint256`, which has another selector.
      [list.join(','), list.join(',').replaceAll('uint256', 'uint')].map((types) => {
        const selector = keccakHex(new TextEncoder().encode(`${name}(${types})`)).slice(0, 10)
        return [selector, list] as const
      }),
    ),
  )
  return known
}

function allKinds(): (readonly [name: string, list: readonly Kind[]])[] {
  let lists: readonly (readonly Kind[])[] = [[]]
  const all: (readonly [string, readonly Kind[]])[] = [['log', []]]
  for (let count = 1; count <= 4; count++) {
    lists = lists.flatMap((list) => kinds.map((kind) => [...list, kind]))
    all.push(...lists.map((list) => ['log', list] as const))
  }
  for (const [name, kind] of [
    ['Uint', 'uint256'],
    ['Int', 'int256'],
    ['String', 'string'],
    ['Bool', 'bool'],
    ['Address', 'address'],
    ['Bytes', 'bytes'],
  ] as const)
    all.push([`log${name}`, [kind]])
  for (let size = 1; size <= 32; size++) all.push([`logBytes${size}`, [`bytes${size}`]])
  all.push(['log', ['int256']], ['log', ['bytes']])
  return all
}

function valueAt(data: Uint8Array, index: number, kind: Kind): string {
  const word = wordAt(data, index * 32)
  const number = toBigInt(word)
  switch (kind) {
    case 'uint256':
      return number.toString()
    case 'int256':
      return BigInt.asIntN(256, number).toString()
    case 'bool':
      return String(number !== 0n)
    case 'address':
      return toChecksum(toHex(word.subarray(12)))
    case 'string':
      return new TextDecoder().decode(tailAt(data, number))
    case 'bytes':
      return toHex(tailAt(data, number))
    default:
      return toHex(word.subarray(0, Number(kind.slice(5))))
  }
}

/** Bytes beyond the end are zero. */
function wordAt(data: Uint8Array, at: number): Uint8Array {
  const word = new Uint8Array(32)
  word.set(data.subarray(at, at + 32))
  return word
}

function tailAt(data: Uint8Array, offset: bigint): Uint8Array {
  if (offset > BigInt(data.length)) return new Uint8Array(0)
  const at = Number(offset)
  const length = toBigInt(wordAt(data, at))
  const bytes = length > BigInt(maxTextBytes) ? maxTextBytes : Number(length)
  return data.subarray(at + 32, at + 32 + bytes)
}
