/** The double-sign guard: nothing that contradicts what was signed before, whatever crashes. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Hex } from '../../../primitives/index.ts'
import { nodeFileSystem } from '../../../state/file-system.ts'
import {
  openSignGuard,
  setGuardAbove,
  type SignGuardOptions,
  type Statement,
} from '../../../state/sign-guard.ts'
import { Crash, createTornDisk, type TornDisk } from '../../support/torn-disk.ts'

const options: SignGuardOptions = {
  path: '/validator/guard',
  genesisHash: '0xaa',
  address: '0xbb',
  signedOnChain: undefined,
  hasTakenPart: false,
}
const seal = (digest: Hex): Hex => `0x5ea1${digest.slice(2)}`
const at = (height: number, round: number, step: Statement['step'], digest: Hex): Statement => ({
  height: BigInt(height),
  round,
  step,
  digest,
})

test('heights, rounds and steps only rise; the same request gets the stored seal', () => {
  const disk = createTornDisk()
  const guard = openSignGuard(options, disk)
  let signings = 0
  const counted = (digest: Hex): Hex => {
    signings++
    return seal(digest)
  }
  const outcome = (statement: Statement): string => {
    const verdict = guard.sign(statement, counted)
    return verdict.type === 'accept' ? verdict.value : verdict.code
  }
  expect(outcome(at(5, 1, 'prevote', '0x01'))).toBe('0x5ea101')
  expect(outcome(at(5, 1, 'prevote', '0x01'))).toBe('0x5ea101')
  expect(signings).toBe(1)
  expect(outcome(at(5, 1, 'prevote', '0x02'))).toBe('DOUBLE_SIGN')
  expect(outcome(at(5, 1, 'proposal', '0x03'))).toBe('BELOW_GUARD')
  expect(outcome(at(5, 0, 'precommit', '0x03'))).toBe('BELOW_GUARD')
  expect(outcome(at(4, 9, 'precommit', '0x03'))).toBe('BELOW_GUARD')
  expect(outcome(at(5, 1, 'precommit', '0x03'))).toBe('0x5ea103')
  expect(outcome(at(5, 2, 'proposal', '0x04'))).toBe('0x5ea104')
  expect(outcome(at(6, 0, 'proposal', '0x05'))).toBe('0x5ea105')
})

test('its file is this text, in each of its forms', () => {
  const disk = createTornDisk()
  const text = (): string => new TextDecoder().decode(disk.read(options.path))
  const guard = openSignGuard(options, disk)
  const beginning = '{"version":1,"genesisHash":"0xaa","address":"0xbb"'
  expect(text()).toBe(`72cb61aa\n${beginning}}\n`)
  guard.sign(at(5, 1, 'prevote', '0x01'), seal)
  expect(text()).toBe(
    `34f2092a\n${beginning},"last":{"height":"5","round":1,"step":"prevote","digest":"0x01","seal":"0x5ea101"}}\n`,
  )
  guard.raise(7n)
  expect(text()).toBe(
    `3ccd6055\n${beginning},"last":{"height":"7","round":9007199254740991,"step":"precommit","digest":"0x","seal":"0x"}}\n`,
  )
})

test('no crash, power loss or order of requests makes a key sign two things for one step', () => {
  const statement = fc.record({
    height: fc.bigInt(1n, 3n),
    round: fc.nat(2),
    step: fc.constantFrom<Statement['step']>('proposal', 'prevote', 'precommit'),
    digest: fc.constantFrom<Hex>('0x01', '0x02'),
  })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(statement, fc.option(fc.integer({ min: 1, max: 6 }))), { maxLength: 25 }),
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 5, maxLength: 30 }),
      (requests, rolls) => {
        const disk = createTornDisk()
        const released = new Map<string, Hex>()
        const conflicts: string[] = []
        let roll = 0
        let guard = openSignGuard(options, disk)
        for (const [wanted, crash] of requests) {
          if (crash !== null) disk.crashAt(disk.operations() + crash)
          try {
            const verdict = guard.sign(wanted, seal)
            if (verdict.type === 'accept') {
              const key = `${wanted.height}/${wanted.round}/${wanted.step}`
              if ((released.get(key) ?? verdict.value) !== verdict.value) conflicts.push(key)
              released.set(key, verdict.value)
            }
          } catch (error) {
            if (!(error instanceof Crash)) throw error
            disk.crashAt(undefined)
            disk.loseUnsynced(() => rolls[roll++ % rolls.length] ?? 0)
            guard = openSignGuard({ ...options, hasTakenPart: true }, disk)
          }
          disk.crashAt(undefined)
        }
        expect(conflicts).toEqual([])
      },
    ),
    { numRuns: 300 },
  )
})

test('without the sync of the folder a signed step is forgotten, and the disk of this test shows it', () => {
  const disk = createTornDisk({ ignoresFolderSync: true })
  openSignGuard(options, disk).sign(at(1, 0, 'prevote', '0x01'), seal)
  disk.loseUnsynced(() => 0.9)
  expect(disk.read(options.path)).toBeUndefined()
})

const signed = (): TornDisk => {
  const disk = createTornDisk()
  openSignGuard(options, disk).sign(at(5, 0, 'precommit', '0x01'), seal)
  return disk
}

describe('a start is refused, and says the way out, when the guard', () => {
  const way = /tributary validator guard --above/

  test('is missing for a key with a seal in the chain', () => {
    expect(() => openSignGuard({ ...options, signedOnChain: 4n }, createTornDisk())).toThrow(
      /is missing, but the key 0xbb has signed .*block 4.*tributary validator guard --above/,
    )
  })
  test('is missing where the node has taken part before', () => {
    expect(() => openSignGuard({ ...options, hasTakenPart: true }, createTornDisk())).toThrow(way)
  })
  test('ends below a seal in the chain', () => {
    const disk = signed()
    expect(openSignGuard({ ...options, signedOnChain: 5n }, disk).last()?.height).toBe(5n)
    expect(() => openSignGuard({ ...options, signedOnChain: 6n }, disk)).toThrow(
      /ends at height 5, but the chain holds a seal of 0xbb at height 6/,
    )
  })
  test('has any byte changed', () => {
    const size = signed().read(options.path)?.length ?? 0
    for (let byte = 0; byte < size - 1; byte++) {
      const disk = signed()
      disk.damage(options.path, byte)
      expect(() => openSignGuard(options, disk)).toThrow(/is damaged.*guard --above/)
    }
  })
  test('belongs to another chain or key', () => {
    expect(() => openSignGuard({ ...options, genesisHash: '0xab' }, signed())).toThrow(/belongs to/)
    expect(() => openSignGuard({ ...options, address: '0xbc' }, signed())).toThrow(/belongs to/)
  })
})

describe('the way out', () => {
  test('lets a key sign only above the height, also over a damaged guard', () => {
    const disk = createTornDisk()
    openSignGuard(options, disk)
    disk.damage(options.path, 3)
    setGuardAbove(options, 9n, disk)
    const guard = openSignGuard({ ...options, signedOnChain: 8n, hasTakenPart: true }, disk)
    expect(guard.sign(at(9, 1000, 'precommit', '0x01'), seal).type).toBe('reject')
    expect(guard.sign(at(10, 0, 'proposal', '0x01'), seal).type).toBe('accept')
  })
  test('never lowers a guard', () => {
    const disk = createTornDisk()
    openSignGuard(options, disk).sign(at(5, 0, 'prevote', '0x01'), seal)
    expect(() => setGuardAbove(options, 4n, disk)).toThrow(/stands at height 5/)
    const guard = openSignGuard(options, disk)
    guard.raise(4n)
    expect(guard.last()?.height).toBe(5n)
    expect(guard.last()?.digest).toBe('0x01')
  })
})

test('nothing of this needs more than the port: the real disk fulfils it', () => {
  expect(Object.keys(nodeFileSystem).toSorted()).toEqual([
    'list',
    'makeFolder',
    'open',
    'read',
    'remove',
    'rename',
    'syncFolder',
  ])
})
