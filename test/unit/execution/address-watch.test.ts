/** What the address index is told of a transaction: whom it reached, and which contracts stand. */
import { expect, test } from '@jest/globals'
import { createAddressWatch } from '../../../execution/address-watch.ts'
import type { FrameType } from '../../../execution/tracer.ts'
import {
  type Address,
  emptyCodeHash,
  emptyTrieRoot,
  type StateReader,
} from '../../../primitives/index.ts'

const at = (byte: string): Address => `0x${byte.repeat(20)}`
const [sender, target, inner, made, failed] = ['01', '02', '03', '04', '05'].map(at) as [
  Address,
  Address,
  Address,
  Address,
  Address,
]
const frame = (type: FrameType, from: Address, to: Address) => ({
  type,
  depth: 0,
  from,
  to,
  input: new Uint8Array(0),
  gas: 0n,
  value: 0n,
})
/** Only `made` exists. */
const state: StateReader = {
  account: (address) =>
    address === made
      ? { nonce: 1n, balance: 0n, codeHash: emptyCodeHash, storageRoot: emptyTrieRoot }
      : undefined,
  storage: () => 0n,
  code: () => new Uint8Array(0),
}

test('internal calls count, and only contracts that stand afterwards', () => {
  const watch = createAddressWatch()
  watch.tracer.enter?.(frame('CALL', sender, target))
  watch.tracer.enter?.(frame('STATICCALL', target, inner))
  watch.tracer.enter?.(frame('CREATE', target, made))
  watch.tracer.enter?.(frame('CREATE2', target, failed))
  expect(watch.take(sender, state)).toEqual({
    addresses: [sender, target, inner, made, failed],
    created: [{ contract: made, creator: target }],
  })
  expect(watch.take(sender, state)).toEqual({ addresses: [sender], created: [] })
})

test('a transaction that begins anew is heard once, and others hear of it, too', () => {
  const heard: string[] = []
  const watch = createAddressWatch({
    enter: ({ to }) => void heard.push(to),
    restart: () => void heard.push('again'),
  })
  watch.tracer.enter?.(frame('CALL', sender, inner))
  watch.tracer.restart?.()
  watch.tracer.enter?.(frame('CALL', sender, target))
  expect(watch.take(sender, state).addresses).toEqual([sender, target])
  expect(heard).toEqual([inner, 'again', target])
})
