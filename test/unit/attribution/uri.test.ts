/** An address on the web is counted in bytes, once, by every method that takes one: 256 and no more. */
import { expect, test } from '@jest/globals'
import { textWord, zeroWord } from '../../../attribution/words.ts'
import { toWord } from '../../../primitives/index.ts'
import { createEconomy, policy } from '../../support/economy.ts'
import { alice, bob, Refused } from '../../support/world.ts'

const most = 'é'.repeat(128)
const tooLong = [`${most}x`, 'x'.repeat(257), '漢'.repeat(86)]

test.each([
  ['ASCII', 'x'.repeat(256)],
  ['two bytes a letter', most],
  ['three bytes a letter', `${'漢'.repeat(85)}x`],
])('256 bytes of %s are taken, a byte more is refused', async (_what, uri) => {
  const economy = createEconomy()
  await economy.held([[bob, ['one two three four']]])
  const value = await economy.read('datanet', 'depositFor', [1n, 10n])
  const versionValue = await economy.read('datanet', 'versionDepositFor', [1_000n])
  let root = 900n
  const submit = (text: string) =>
    economy.send(
      bob,
      'datanet',
      'submit',
      [1n, toWord(root++), 1, 10n, zeroWord, textWord('CC0-1.0'), text],
      { value },
    )
  const sends = {
    create: (text: string) => economy.send(alice, 'datanet', 'create', [zeroWord, text, policy]),
    submit,
    publish: async (text: string) => {
      const { result } = await submit('')
      await economy.send(alice, 'datanet', 'review', [result, true, 1, zeroWord])
      const publication = {
        datanetId: 1n,
        parentId: 0n,
        root: toWord(1n),
        corpusRoot: toWord(2n),
        indexRoot: toWord(3n),
        tokens: 4n,
        batchIds: [result],
        uri: text,
      }
      const options = { value: versionValue }
      return economy.send(alice, 'datanet', 'publish', [publication], options)
    },
    register: (text: string) => economy.model(alice, 1n, { uri: text }),
  }
  for (const [name, send] of Object.entries(sends)) {
    await expect(send(uri)).resolves.toBeDefined()
    for (const long of tooLong) {
      const refused = await send(long).catch((error: unknown) => error)
      expect([name, refused instanceof Refused && refused.errorName]).toEqual([
        name,
        'LimitExceeded',
      ])
    }
  }
})
