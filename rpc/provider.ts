/**
 * JSON-RPC without a wire: an EIP-1193 provider that asks the same dispatcher as HTTP and WebSocket,
 * text for text, so that an answer is the same wherever it is asked. Opens no port.
 */
import type { Hex } from '../primitives/index.ts'
import { RpcError } from './errors.ts'
import type { Door } from './server.ts'
import type { SubscriptionHub } from './subscriptions.ts'

/** What an `eth_subscription` message carries (EIP-1193). */
export interface ProviderMessage {
  readonly type: 'eth_subscription'
  readonly data: { readonly subscription: string; readonly result: unknown }
}
type Listener = (message: ProviderMessage) => void

export interface Provider {
  /** Rejects with an error that has `code`, and `data` where there is some. */
  request(call: { readonly method: string; readonly params?: readonly unknown[] }): Promise<unknown>
  on(event: 'message', listener: Listener): void
  removeListener(event: 'message', listener: Listener): void
}

interface Answer {
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Hex }
}

export function createProvider({ dispatcher, context }: Door, hub: SubscriptionHub): Provider {
  const listeners = new Set<Listener>()
  const ofProvider = hub.forSocket((text) => {
    const { params } = JSON.parse(text) as { readonly params: ProviderMessage['data'] }
    for (const listener of listeners) listener({ type: 'eth_subscription', data: params })
  })
  return {
    async request({ method, params = [] }) {
      const subscriptions = ofProvider.forMessage()
      const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }, withBigInts)
      const answered = await dispatcher.answer(text, { ...context, subscriptions })
      subscriptions.begin()
      const { result, error } = JSON.parse(answered ?? '{}') as Answer
      if (error) throw new RpcError(error.code, error.message, error.data)
      return result ?? null
    },
    on: (_, listener) => void listeners.add(listener),
    removeListener: (_, listener) => void listeners.delete(listener),
  }
}

/** A test may write 10n ** 18n where JSON-RPC wants a quantity. */
const withBigInts = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `0x${value.toString(16)}` : value
