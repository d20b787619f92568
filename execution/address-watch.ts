/**
 * Which addresses each transaction of a block reaches, internal calls included, and which contracts
 * it makes: what the address index stores. Told by the frames of the execution that happens anyway.
 */
import type { Address, StateReader } from '../primitives/index.ts'
import type { Appearance } from '../state/index.ts'
import type { Tracer } from './tracer.ts'

export interface AddressWatch {
  readonly tracer: Tracer
  /** The transaction that ended last, which `sender` sent. */
  take(sender: Address, state: StateReader): Appearance
}

/** `also` is told of everything, too. */
export function createAddressWatch(also: Tracer = {}): AddressWatch {
  const reached = new Set<Address>()
  const made = new Map<Address, Address>()
  const forget = (): void => {
    reached.clear()
    made.clear()
  }
  return {
    tracer: {
      ...also,
      enter: (frame) => {
        const { type, from, to } = frame
        reached.add(from)
        reached.add(to)
        if (type === 'CREATE' || type === 'CREATE2') made.set(to, from)
        also.enter?.(frame)
      },
      restart: () => {
        forget()
        also.restart?.()
      },
    },
    take: (sender, state) => {
      reached.add(sender)
      const addresses = [...reached]
      // A creation that failed has left nothing.
      const created = [...made].filter(([contract]) => state.account(contract) !== undefined)
      forget()
      return {
        addresses,
        created: created.map(([contract, creator]) => ({ contract, creator })),
      }
    },
  }
}
