/**
 * Every native module from foundry's `cast` alone, on an empty devnet: transactions to it, and calls whose structs cast
 * decodes. The whole loop, step by step, is docs/tutorial-cast.md (tutorial.test.ts).
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { hasCast, runCast } from '../support/cast.ts'
import { account, isAnvil, privateKey, startTarget, type Target } from '../support/target.ts'

const at = (module: string): string => `0x0A7700000000000000000000000000000000000${module}`
const [registry, datanet, lineage, receipts] = [at('0'), at('1'), at('2'), at('3')]
const [rewards, params, proofs] = [at('4'), at('6'), at('7')]
const zero = `0x${'00'.repeat(32)}`
const owner = account(1).address

const reason = hasCast
  ? 'anvil has no modules'
  : 'cast is not installed here (npm has it for Linux x64)'
const suite = hasCast && !isAnvil ? describe : describe.skip

suite(hasCast && !isAnvil ? 'cast' : `skipped: ${reason}`, () => {
  let target: Target
  beforeAll(async () => {
    target = await startTarget(['--bare'])
  }, 60_000)
  afterAll(async () => {
    await target.stop()
  })
  const cast = (...args: string[]): Promise<string> => runCast(target.httpUrl, args)
  const send = async (...args: string[]): Promise<void> => {
    const receipt = await cast('send', '--json', '--private-key', privateKey(1), ...args)
    expect(JSON.parse(receipt)).toMatchObject({ status: '0x1' })
  }
  /** What a view returns; hex in lower case, and without the `[1e18]` that cast adds to large numbers. */
  const view = async (...args: string[]): Promise<string> =>
    (await cast('call', ...args)).replaceAll(/ \[[\d.]+e\d+\]/g, '').toLowerCase()
  const word = (text: string): Promise<string> => cast('format-bytes32-string', text)

  test('registry: a module is described', async () => {
    const module = '(address,uint16,uint16,uint64,uint64,bool,uint64,bytes32,bytes32)'
    const shown = await view(registry, `info(address)(${module})`, datanet)
    expect(shown).toMatch(/^\(0x0a77[0-9a-f]{35}1, 1, 1, .*, false, 0, 0x[0-9a-f]{64}, 0x/)
    expect(shown.endsWith(`${await word('datanet')})`)).toBe(true)
    expect(await view(registry, 'isActive(address)(bool)', datanet)).toBe('true')
  })

  test('params: a list of bounded parameters', async () => {
    const param = '(bytes32,bytes32,bytes32,bytes32,uint64,bytes32,uint64)'
    const listed = await view(params, `list(uint256,uint256)(${param}[])`, '0', '2')
    expect(listed).toMatch(/^\[\(0x[0-9a-f]{64}, .*\), \(0x[0-9a-f]{64}, .*\)\]$/)
    const key = listed.slice(2, 68)
    const value = await view(params, 'get(bytes32)(bytes32)', key)
    expect(listed.startsWith(`[(${key}, ${value}, `)).toBe(true)
  })

  test('datanet: made by a transaction, read as a struct with its policy', async () => {
    const policy =
      '(uint8,uint16,uint32,uint32,uint128,uint128,uint16,uint32,bytes32,bytes32,uint32,uint128)'
    const terms = `0,0,1000,0,10000000000000000,0,5000,1000,${await word('CC0-1.0')},${zero},7,0`
    const meta = await cast('keccak', 'by cast')
    await send(datanet, `create(bytes32,string,${policy})`, meta, 'a datanet', `(${terms})`)
    const struct = `(address,${policy},bytes32,uint64,uint64,uint64,uint64,uint64)`
    const shown = await view(datanet, `datanet(uint256)(${struct})`, '1')
    const height = await cast('block-number')
    const wanted = `(${owner}, (${terms.replaceAll(',', ', ')}), ${meta}, ${height}, 0, 0, 0, 0)`
    expect(shown).toBe(wanted.toLowerCase())
  })

  test('lineage: an asset is registered and read', async () => {
    const registration =
      '(uint8,bytes32,bytes32,string,(uint256,uint8,uint32)[],(uint256,uint8)[],uint32,uint128,address)'
    const hash = await cast('keccak', 'a model')
    const given = `(1,${hash},${zero},here,[],[],7,1000,${owner})`
    await send(lineage, `register(${registration})`, given)
    const asset = '(uint8,uint8,address,address,uint32,uint128,uint128,uint64,bytes32,bytes32)'
    const shown = await view(lineage, `asset(uint256)(${asset})`, '1')
    expect(shown).toMatch(/^\(1, 1, 0x/)
    expect(shown).toContain(`${owner}, ${owner}, 7, 1000, `.toLowerCase())
    expect(shown.endsWith(`${hash}, ${zero})`)).toBe(true)
  })

  test('rewards: a question is paid, and the payment read', async () => {
    await send(
      '--value',
      '5000',
      rewards,
      'pay(uint256,bytes32,uint64,uint64)',
      '1',
      zero,
      '7',
      '0',
    )
    const args = [owner, '7', '1', zero]
    const id = await view(rewards, 'requestIdOf(address,uint64,uint256,bytes32)(bytes32)', ...args)
    const payment = '(uint8,address,uint256,uint256,bytes32,uint64,uint64,bytes32)'
    const shown = await view(rewards, `payment(bytes32)(${payment})`, id)
    expect(shown.startsWith(`(1, ${owner}, 1, 5000, ${zero}, `.toLowerCase())).toBe(true)
  })

  test('receipts: a bond is given, a method described', async () => {
    await send('--value', '11', receipts, 'bond()')
    expect(await view(receipts, 'bondOf(address)(uint256)', owner)).toBe('11')
    const method = '(uint8,bool,bool,uint32,uint32,uint8,uint16,uint32,bytes32,bytes32)'
    const shown = await view(receipts, `method(uint16)(${method})`, '1')
    expect(shown).toMatch(/^\(2, true, true, 1, \d+, 0, 10000, 750000, 0x/)
    expect(shown.endsWith(`${await word('span')})`)).toBe(true)
  })

  test('proofs: a tree of one leaf is checked', async () => {
    const value = await cast('keccak', 'a leaf')
    const root = await cast('keccak', `0x00${value.slice(2)}`)
    const merkle = 'merkle(bytes32,bytes32,uint256,bytes32[])(bool)'
    expect(await view(proofs, merkle, root, value, '0', '[]')).toBe('true')
    expect(await view(proofs, merkle, root, root, '0', '[]')).toBe('false')
  })
})
