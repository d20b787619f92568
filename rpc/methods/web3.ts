/** web3_: who answers, and the hash Solidity uses. */
import { keccakHex } from '../../primitives/index.ts'
import { method, type MethodTable } from '../method.ts'
import { bytes, required } from '../params.ts'

export const web3: MethodTable = {
  web3_clientVersion: method([], ({ api }) => api.clientVersion),
  web3_sha3: method([required('data', bytes)], (_, data) => keccakHex(data)),
}
