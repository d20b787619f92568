/** What a contract that stands in block 0 consists of. Only a type; the bytecodes are beside it. */
import type { Address, Hex } from '../../primitives/index.ts'

export interface Predeploy {
  readonly name: string
  readonly address: Address
  /** 1 plus the number of contracts its constructor created, as if it had been deployed. */
  readonly nonce: bigint
  /** Slots its constructor wrote. */
  readonly storage?: Readonly<Record<number, bigint>>
  readonly code: Hex
}
