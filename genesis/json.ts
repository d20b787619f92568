/**
 * JSON read strictly (RFC 8259), for files that people write by hand: every fault has a line and a
 * column, a key may stand once only, and integers beyond 2^53 stay exact (as bigint). JSON.parse
 * does none of the three, and says its faults in other words in every Node version. No streams.
 */

export class JsonFault extends Error {
  override readonly name = 'JsonFault'
}

/** How deep values may nest: a genesis file needs five levels, and each costs a stack frame. */
const maxDepth = 64

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

interface Reader {
  readonly text: string
  at: number
}

/** Throws JsonFault with line and column, both counted from 1. */
export function parseJson(text: string): unknown {
  const reader: Reader = { text, at: text.startsWith('\uFEFF') ? 1 : 0 }
  const value = readValue(reader, 0)
  skipSpace(reader)
  if (reader.at < text.length) throw fault(reader, 'something follows the end of the JSON value')
  return value
}

function readValue(reader: Reader, depth: number): unknown {
  if (depth > maxDepth) throw fault(reader, `more than ${maxDepth} levels deep`)
  skipSpace(reader)
  const first = reader.text[reader.at]
  switch (first) {
    case undefined:
      throw fault(reader, 'the text ends where a value should stand')
    case '{':
      return readObject(reader, depth)
    case '[':
      return readArray(reader, depth)
    case '"':
      return readString(reader)
    case 't':
      return readWord(reader, 'true', true)
    case 'f':
      return readWord(reader, 'false', false)
    case 'n':
      return readWord(reader, 'null', null)
    default:
      return readNumber(reader)
  }
}

function readObject(reader: Reader, depth: number): object {
  const object: Record<string, unknown> = {}
  reader.at++
  skipSpace(reader)
  if (take(reader, '}')) return object
  for (;;) {
    skipSpace(reader)
    const keyAt = reader.at
    if (reader.text[keyAt] !== '"')
      throw fault(
        reader,
        reader.text[keyAt] === '}' ? 'a comma too many' : 'a key in double quotes is missing',
      )
    const key = readString(reader)
    if (key === '__proto__' || Object.hasOwn(object, key)) {
      reader.at = keyAt
      throw fault(
        reader,
        key === '__proto__'
          ? 'no key may be "__proto__"'
          : `the key ${JSON.stringify(key)} stands twice`,
      )
    }
    skipSpace(reader)
    if (!take(reader, ':')) throw fault(reader, 'a colon is missing after the key')
    object[key] = readValue(reader, depth + 1)
    skipSpace(reader)
    if (take(reader, '}')) return object
    if (!take(reader, ',')) throw fault(reader, 'a comma or } is missing')
  }
}

function readArray(reader: Reader, depth: number): unknown[] {
  const items: unknown[] = []
  reader.at++
  skipSpace(reader)
  if (take(reader, ']')) return items
  for (;;) {
    items.push(readValue(reader, depth + 1))
    skipSpace(reader)
    if (take(reader, ']')) return items
    if (!take(reader, ',')) throw fault(reader, 'a comma or ] is missing')
  }
}

function readString(reader: Reader): string {
  const { text } = reader
  let result = ''
  let from = ++reader.at
  for (;;) {
    const code = text.charCodeAt(reader.at)
    if (Number.isNaN(code)) throw fault(reader, 'the text ends inside a string')
    if (code < 0x20) throw fault(reader, 'a control character or line break inside a string')
    if (code === 0x22) {
      result += text.slice(from, reader.at)
      reader.at++
      return result
    }
    if (code !== 0x5c) {
      reader.at++
      continue
    }
    result += text.slice(from, reader.at) + readEscape(reader)
    from = reader.at
  }
}

function readEscape(reader: Reader): string {
  const letter = reader.text[reader.at + 1] ?? ''
  const simple = escapes[letter]
  if (simple !== undefined) {
    reader.at += 2
    return simple
  }
  const digits = reader.text.slice(reader.at + 2, reader.at + 6)
  if (letter !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits)) throw fault(reader, 'an unknown escape')
  reader.at += 6
  return String.fromCharCode(Number.parseInt(digits, 16))
}

function readWord<value>(reader: Reader, word: string, value: value): value {
  if (!reader.text.startsWith(word, reader.at)) throw fault(reader, 'not a JSON value')
  reader.at += word.length
  return value
}

const number = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y

function readNumber(reader: Reader): number | bigint {
  number.lastIndex = reader.at
  const match = number.exec(reader.text)
  if (!match) throw fault(reader, 'not a JSON value')
  reader.at += match[0].length
  if (/[\w.+-]/.test(reader.text[reader.at] ?? '')) throw fault(reader, 'not a JSON number')
  const value = Number(match[0])
  const isInteger = match[1] === undefined && match[2] === undefined
  return isInteger && !Number.isSafeInteger(value) ? BigInt(match[0]) : value
}

function skipSpace(reader: Reader): void {
  for (;;) {
    const code = reader.text.charCodeAt(reader.at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
    reader.at++
  }
}

function take(reader: Reader, character: string): boolean {
  if (reader.text[reader.at] !== character) return false
  reader.at++
  return true
}

function fault(reader: Reader, message: string): JsonFault {
  const before = reader.text.slice(0, reader.at)
  const line = before.split('\n').length
  const column = reader.at - before.lastIndexOf('\n')
  return new JsonFault(`line ${line}, column ${column}: ${message}`)
}
