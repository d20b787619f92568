/**
 * A real node in memory with automine, behind its real door on a free port: what the tests of rpc/
 * talk to. Time is turned by hand, so nothing waits, unless a test brings the system's.
 */
import { type ClientOptions, WebSocket } from 'ws'
import { privateKeyToAccount } from 'viem/accounts'
import { devnetGenesis } from '../../../genesis/index.ts'
import { createNode, type TributaryNode } from '../../../node/node.ts'
import type { Sealing } from '../../../node/beat.ts'
import { type Clock, type Hex, silentLogger } from '../../../primitives/index.ts'
import { createHandClock, type HandClock } from '../../support/clock.ts'

/** The first two accounts of the public test mnemonic. */
const aliceKey: Hex = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'
export const alice = privateKeyToAccount(aliceKey)
export const bob = privateKeyToAccount(
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
)
export const aliceAddress = alice.address.toLowerCase() as Hex

export interface Answer {
  readonly jsonrpc: string
  readonly id: unknown
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

export interface Devnet {
  readonly node: TributaryNode
  readonly clock: HandClock
  readonly httpUrl: string
  readonly wsUrl: string
  /** Errors the node logged: bugs. */
  readonly faults: readonly object[]
  call(method: string, ...params: readonly unknown[]): Promise<Answer>
  /** The result; throws with the error's text. */
  ask<value>(method: string, ...params: readonly unknown[]): Promise<value>
  /** Signs by alice, sends, and gives the hash. */
  send(tx: { to?: Hex; data?: Hex; value?: bigint; gas?: bigint; nonce?: number }): Promise<Hex>
  /** Throws when the node logged an error on its way. */
  stop(): Promise<void>
}

export async function startDevnet(
  sealing: Sealing = { type: 'automine' },
  systemClock?: Clock,
): Promise<Devnet> {
  const clock = createHandClock()
  const faults: object[] = []
  const log = { ...silentLogger, error: (facts: object) => void faults.push(facts) }
  const node = await createNode(
    {
      genesis: devnetGenesis(),
      datadir: undefined,
      cacheBytes: 2 ** 24,
      keepStates: 'archive',
      addressIndex: true,
      sealing,
      feeRecipient: `0x${'fe'.repeat(20)}`,
      host: '127.0.0.1',
      port: 0,
      allowedHosts: ['node.example'],
      clientVersion: 'anvil/v0.0.0-test',
      dev: { privateKeys: [aliceKey] },
    },
    {
      clock: systemClock ?? clock,
      logs: { of: () => log },
      onFault: (error) => void faults.push({ err: error }),
    },
  )
  const urls = await node.start()
  const call = (method: string, ...params: readonly unknown[]): Promise<Answer> =>
    post(urls.httpUrl, { jsonrpc: '2.0', id: 1, method, params }) as Promise<Answer>
  const ask = async <value>(method: string, ...params: readonly unknown[]): Promise<value> => {
    const { result, error } = await call(method, ...params)
    if (error) throw new Error(`${method}: ${error.code} ${error.message}`)
    return result as value
  }
  let nonce = 0
  return {
    node,
    clock,
    ...urls,
    faults,
    call,
    ask,
    async send(tx) {
      const raw = await alice.signTransaction({
        chainId: 2679,
        type: 'eip1559',
        maxFeePerGas: 3_000_000_000n,
        maxPriorityFeePerGas: 1_000n,
        gas: tx.gas ?? 1_000_000n,
        nonce: tx.nonce ?? nonce++,
        ...(tx.to && { to: tx.to }),
        ...(tx.data && { data: tx.data }),
        ...(tx.value && { value: tx.value }),
      })
      return ask<Hex>('eth_sendRawTransaction', raw)
    },
    async stop() {
      await node.stop()
      if (faults.length > 0) throw new AggregateError(faults, 'the node logged errors')
    },
  }
}

/** Sends a JSON body (text goes as it is) and reads the JSON answer. */
export async function post(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  if (response.status !== 200) throw new Error(`HTTP ${response.status}`)
  return response.json()
}

export interface Socket {
  readonly ws: WebSocket
  /** The next message, in order of arrival. */
  next(): Promise<Answer & { readonly params?: { readonly subscription: string; result: unknown } }>
  send(message: unknown): void
  /** Messages that came and were not asked for yet. */
  waiting(): number
}

type Message = Awaited<ReturnType<Socket['next']>>

export async function openSocket(url: string, options?: ClientOptions): Promise<Socket> {
  const ws = new WebSocket(url, options)
  const inbox: Message[] = []
  const readers: ((message: Message) => void)[] = []
  ws.on('message', (data) => {
    const message = JSON.parse((data as Buffer).toString()) as Message
    const reader = readers.shift()
    if (reader) reader(message)
    else inbox.push(message)
  })
  await new Promise<void>((resolve, reject) => {
    ws.once('open', resolve)
    ws.once('error', reject)
  })
  return {
    ws,
    next: () => {
      const message = inbox.shift()
      return message ? Promise.resolve(message) : new Promise((resolve) => readers.push(resolve))
    },
    send: (message) => ws.send(typeof message === 'string' ? message : JSON.stringify(message)),
    waiting: () => inbox.length,
  }
}

/** Init code that deploys `runtime` (at most 255 bytes) as it is. */
export const deployer = (runtime: string): Hex =>
  `0x60${(runtime.length / 2).toString(16).padStart(2, '0')}80600b6000396000f3${runtime}`

/** Emits n logs, n being the first word of the input: topic and data count down from n. */
export const logger = '6000355b8015601a57806000528060206000a1600190036003565b00'
/** Reverts with its input as return data. */
export const reverter = '366000600037366000fd'

export const word = (value: bigint | number): string => value.toString(16).padStart(64, '0')
