/** The one parameter of evm_mine: nothing, a timestamp, or anvil's object of timestamp and blocks. */
import { type Decoder, isObject, struct } from '../../params.ts'
import { anyUint64 } from './params.ts'

const fields = struct('MineOptions', { timestamp: anyUint64, blocks: anyUint64 })

export const mineOptions: Decoder<{ readonly timestamp?: bigint; readonly blocks?: bigint }> = {
  schema: { oneOf: [anyUint64.schema, fields.schema] },
  decode: (value, place) =>
    isObject(value) ? fields.decode(value, place) : { timestamp: anyUint64.decode(value, place) },
}
