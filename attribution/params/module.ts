/**
 * IParams: what the modules' parameters are. Read-only until governance changes them; block 0 holds
 * the values of the genesis file. Bounds and types come from table.ts.
 */
import {
  type Context,
  createMemorySlots,
  defineModule,
  layout,
  mapping,
  type Slots,
} from '../../execution/native/index.ts'
import { type Address, compareText, type Hex, NodeError, toWord } from '../../primitives/index.ts'
import { moduleAddresses, paramsAbi } from '../abi.ts'
import { textWord, wordToAddress, zeroWord } from '../words.ts'
import { type ParamName, type ParamSpec, paramTable } from './table.ts'

export const paramsState = layout({ values: mapping('bytes32', 'bytes32') })
const address = moduleAddresses.params
const pageSize = 50n

interface Known extends ParamSpec {
  readonly key: Hex
}
const byKey: readonly Known[] = Object.entries(paramTable)
  .map(([name, spec]) => ({ ...spec, key: textWord(name) }))
  .toSorted((a, b) => compareText(a.key, b.key))
const known = new Map(byKey.map((param) => [param.key, param]))

export const params = defineModule({
  address,
  name: 'params',
  abi: paramsAbi,
  handlers: {
    get: (context, [key]) => valueOf(context, find(context, key)),
    info: (context, [key]) => describe(context, find(context, key)),
    list(context, [from, limit]) {
      if (limit > pageSize) throw context.revert('LimitExceeded', [textWord('limit'), pageSize])
      return byKey
        .slice(Number(from > 1_000n ? 1_000n : from))
        .slice(0, Number(limit))
        .map((param) => describe(context, param))
    },
    count: () => BigInt(byKey.length),
    authority: ({ storage }) => readAuthority(storage),
  },
})

export const readAuthority = (slots: Slots): Address =>
  wordToAddress(paramsState(slots).values.at(textWord('authority')).get())

/** A parameter as the node reads it, without a call. */
export const readStoredParam = (slots: Slots, name: ParamName): bigint =>
  BigInt(paramsState(slots).values.at(textWord(name)).get())

type ParamsContext = Context<typeof paramsAbi>

function find(context: ParamsContext, key: Hex): Known {
  const found = known.get(key)
  if (!found) throw context.revert('NotFound', [key])
  return found
}

const valueOf = ({ storage }: ParamsContext, { key }: Known): Hex =>
  paramsState(storage).values.at(key).get()

/** Seven words made and encoded for one warm read (bench/gas). */
const describeGas = 500n

function describe(context: ParamsContext, param: Known) {
  context.gas.charge(describeGas)
  return {
    key: param.key,
    value: valueOf(context, param),
    min: toWord(param.min),
    max: toWord(param.max),
    minDelay: BigInt(param.minDelay),
    pendingValue: zeroWord,
    activateBlock: 0n,
  }
}

/** A parameter as another module reads it. */
export const readParam = (context: Pick<Context, 'view'>, name: ParamName): bigint =>
  BigInt(context.view({ address, abi: paramsAbi }, 'get', [textWord(name)]))

/**
 * Storage of block 0: the genesis file's values, the table's for the rest. Throws NodeError
 * PARAM_UNKNOWN and PARAM_BOUNDS.
 */
export function paramsStorage(
  given: Readonly<Record<string, bigint>>,
): ReadonlyMap<bigint, bigint> {
  const slots = new Map<bigint, bigint>()
  const { values } = paramsState(createMemorySlots(slots))
  for (const name of Object.keys(given))
    if (!known.has(textWord(name)))
      throw new NodeError('PARAM_UNKNOWN', `the genesis file sets ${name}, which is no parameter`, {
        name,
      })
  for (const [name, { value: usual, min, max }] of Object.entries(paramTable)) {
    const value = given[name] ?? usual
    if (value < min || value > max)
      throw new NodeError(
        'PARAM_BOUNDS',
        `the genesis file sets ${name} to ${value}: between ${min} and ${max} is allowed`,
        { name, value, min, max },
      )
    values.at(textWord(name)).set(toWord(value))
  }
  return slots
}
