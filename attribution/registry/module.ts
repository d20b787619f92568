/**
 * IRegistry: which native modules this chain has, and which of them are paused. A pause stops writes
 * except exits (the host asks `isPaused` before each) and ends by itself; it never touches what a
 * module keeps.
 */
import {
  type Context,
  defineModule,
  layout,
  mapping,
  type NativeModule,
  stubCode,
  struct,
} from '../../execution/native/index.ts'
import { type Address, compareText, keccakHex } from '../../primitives/index.ts'
import { moduleAddresses, paramsAbi, registryAbi } from '../abi.ts'
import { readParam } from '../params/module.ts'
import { idWord, textWord } from '../words.ts'

export const registryState = layout({
  pauses: mapping('address', struct({ paused: 'bool', until: 'uint64' })),
})
const codeHash = keccakHex(stubCode)
const paramsModule = { address: moduleAddresses.params, abi: paramsAbi }

type RegistryContext = Context<typeof registryAbi>
type Entry = Pick<NativeModule, 'address' | 'name'>

/** The registry of a chain with `others`, itself included in what it lists. */
export function createRegistry(others: readonly Entry[]): NativeModule {
  const address = moduleAddresses.registry
  const entries = [...others, { address, name: 'registry' }].toSorted((a, b) =>
    compareText(a.address, b.address),
  )
  const entryOf = (context: RegistryContext, module: Address): Entry => {
    const found = entries.find((entry) => entry.address === module)
    if (!found) throw context.revert('NotFound', [idWord(BigInt(module))])
    return found
  }

  return defineModule({
    address,
    name: 'registry',
    abi: registryAbi,
    // The registry pauses; nobody pauses the registry, or a pause could not be lifted.
    exits: ['setPaused'],
    handlers: {
      count: () => BigInt(entries.length),
      moduleAt(context, [index]) {
        const entry = index < 65_536n ? entries[Number(index)] : undefined
        if (!entry) throw context.revert('NotFound', [idWord(index)])
        return describe(context, entry)
      },
      info: (context, [module]) => describe(context, entryOf(context, module)),
      isActive: (_context, [module]) => entries.some((entry) => entry.address === module),
      isPaused: (context, [module]) => pauseOf(context, module).paused,
      setPaused(context, [module, paused, pausedUntil, reason]) {
        const { message, block, storage, log, revert, view } = context
        if (message.caller !== view(paramsModule, 'authority', []))
          throw revert('NotAuthorized', [message.caller])
        const entry = entryOf(context, module)
        const limit = readParam(context, 'registry.maxPause')
        if (paused && pausedUntil <= block.number)
          throw revert('InvalidArgument', [textWord('pausedUntil')])
        if (paused && pausedUntil > block.number + limit)
          throw revert('LimitExceeded', [textWord('pausedUntil'), block.number + limit])
        const until = paused ? pausedUntil : 0n
        registryState(storage).pauses.at(entry.address).store({ paused, until })
        log('ModulePausedSet', { module, paused, pausedUntil: until, reason })
      },
    },
  })
}

/** A pause is over from its block on, whatever the slot says. */
function pauseOf({ storage, block }: RegistryContext, module: Address) {
  const { paused, until } = registryState(storage).pauses.at(module).load()
  const holds = paused && block.number < until
  return { paused: holds, until: holds ? until : 0n }
}

/** Nine words made and encoded for one warm read (bench/gas). */
const describeGas = 500n

function describe(context: RegistryContext, { address, name }: Entry) {
  context.gas.charge(describeGas)
  const { paused, until } = pauseOf(context, address)
  const number = Number(BigInt(address) & 0xffffn)
  return {
    account: address,
    id: number % 256,
    version: Math.floor(number / 256) + 1,
    activeFrom: 0n,
    activeUntil: 0n,
    paused,
    pausedUntil: until,
    codeHash,
    name: textWord(name),
  }
}
