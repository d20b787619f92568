/** The words for the modules' enums, in the order of contracts/interfaces. */

export const datanetModes = ['owner', 'quorum'] as const
export const batchStates = [
  'none',
  'pending',
  'accepted',
  'rejected',
  'expired',
  'retracted',
] as const
export const versionStates = ['none', 'external', 'held', 'abandoned'] as const
export const assetKinds = ['base', 'adapter', 'merge', 'agent', 'index'] as const
export const assetStates = ['none', 'active', 'retired'] as const
export const parentEdges = ['finetunedFrom', 'mergedFrom', 'distilledFrom', 'uses'] as const
export const sourceEdges = ['trainedOn', 'retrieves'] as const
export const methodClasses = ['declared', 'attested', 'provable'] as const
export const auditStates = ['none', 'waiting', 'spared', 'drawn'] as const
export const receiptStates = ['none', 'committed', 'challenged', 'final', 'void', 'open'] as const
export const paymentStates = ['none', 'escrowed', 'settled', 'refunded'] as const

/** The word for a number; the number in words when a newer module has more of them. */
export const nameOf = <const names extends readonly string[]>(
  names: names,
  value: number,
): names[number] => names[value] ?? `state ${value}`

/** ASCII in a bytes32, left-aligned, as text. */
export const shortText = (word: `0x${string}`): string =>
  [...word.slice(2).matchAll(/../g)]
    .map(([pair]) => Number.parseInt(pair, 16))
    .filter((code) => code !== 0)
    .map((code) => String.fromCharCode(code))
    .join('')
