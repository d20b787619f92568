/** Records of blocks that change more keys than a call takes arguments. */
import { expect, test } from '@jest/globals'
import { decodeChangedKeys, encodeChangedKeys } from '../../../state/tables.ts'

test('the keys of a block survive their bytes, however many', () => {
  const list = Array.from({ length: 60_000 }, (_, i) => ({
    key: new Uint8Array(i % 2 ? 33 : 65).fill((i % 2 ? 'a' : 's').charCodeAt(0)),
    count: i,
    isEmpty: i % 3 === 0,
  }))
  let at = 0
  for (const { key, count, isEmpty } of decodeChangedKeys(encodeChangedKeys(list))) {
    const wanted = list[at++]!
    if (count !== wanted.count || isEmpty !== wanted.isEmpty || key.length !== wanted.key.length)
      throw new Error(`key ${at - 1} came back as another`)
  }
  expect(at).toBe(list.length)
})
