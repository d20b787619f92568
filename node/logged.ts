/**
 * What modules logged: of a mined transaction the number it was given, which is only in its own receipt
 * (a simulation before it says what another's transaction may take meanwhile), and of the whole chain.
 */
import type { ContractEventArgs, ContractEventName, DecodeEventLogReturnType, Log } from 'viem'
import { parseEventLogs } from 'viem'
import { events } from '../attribution/views/index.ts'
import { NodeError } from '../primitives/index.ts'
import { createChainReader, moduleAbis, moduleAddresses, type ModuleName } from '../sdk/index.ts'
import { explained, type Reader } from './client.ts'

type Abis = typeof moduleAbis

/** The arguments of the first such event. Throws NodeError TX_SILENT when there is none. */
export function logged<
  const name extends ModuleName,
  const event extends ContractEventName<Abis[name]>,
>(
  receipt: { readonly logs: readonly Log[]; readonly transactionHash: string },
  module: name,
  eventName: event,
): DecodeEventLogReturnType<Abis[name], event>['args'] {
  const address = moduleAddresses[module].toLowerCase()
  const logs = receipt.logs.filter((log) => log.address.toLowerCase() === address)
  const [found] = parseEventLogs({ abi: moduleAbis[module], eventName, logs })
  if (found === undefined)
    throw new NodeError(
      'TX_SILENT',
      `transaction ${receipt.transactionHash} is in a block, but ${module} logged no ${eventName} for it`,
    )
  // parseEventLogs looked for this event alone; for a generic ABI its type is lost.
  return (found as unknown as { readonly args: never }).args
}

/** All events of the datanet module with these indexed arguments, in order of the chain. */
export const datanetEvents = async <const event extends ContractEventName<Abis['datanet']>>(
  client: Reader,
  eventName: event,
  args: ContractEventArgs<Abis['datanet'], event>,
) =>
  explained(createChainReader(client).then((reader) => events(reader, 'datanet', eventName, args)))
