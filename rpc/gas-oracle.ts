/**
 * What a transaction should offer: the next block's base fee and a tip seen to work. Wallets use the
 * answers as they are (MetaMask pays eth_gasPrice in full), so on a quiet chain they are exactly
 * what is needed and no more. Takes the rule for the next base fee; keeps nothing but one answer.
 */
import { blobBaseFee, type Chain, nextBaseFee, nextExcessBlobGas } from '../execution/index.ts'
import {
  type Block,
  type Header,
  effectiveGasPrice,
  type Hex,
  invariant,
} from '../primitives/index.ts'
import type { NodeApi } from './node-api.ts'

export interface FeeOracle {
  /** Base fee of the block after the head, in wei; undefined before London. */
  nextBaseFee(): bigint | undefined
  /** Wei per gas to add to the base fee. */
  suggestedTip(): bigint
  /** One number for wallets that know no other: base fee and tip. */
  gasPrice(): bigint
  /** Base fee of the block after `parent`, in wei; undefined before London. */
  baseFeeAfter(parent: Header): bigint | undefined
  /** A header with the blob gas of the block after `parent`: what is asked for its blobs. */
  blobHeaderAfter(parent: Header): Header
  /** Wei per blob gas in a block with this header; undefined before Cancun. */
  blobFee(header: Header): bigint | undefined
}

/** geth's gas price oracle: the last 20 blocks, the three lowest tips of each, the 60th percentile. */
const sampledBlocks = 20
const tipsPerBlock = 3
const percentile = 60
/** The pool refuses less. */
const minTip = 1n
/** 500 gwei (geth): no answer sends a wallet's savings away. */
const maxTip = 500_000_000_000n

/** `nextBlock` knows what a devnet's owner has set. */
export function createFeeOracle(chain: Chain, nextBlock: NodeApi['nextBlock']): FeeOracle {
  let cached: { readonly head: Hex; readonly tip: bigint } | undefined
  const suggestedTip = (): bigint => {
    const head = chain.head()
    if (cached?.head !== head.hash) cached = { head: head.hash, tip: sampleTip(chain, head) }
    return cached.tip
  }
  const baseFeeAfter = (parent: Header): bigint | undefined => nextBaseFee(parent, chain.spec)
  const baseFee = (): bigint | undefined => nextBlock().baseFeePerGas
  return {
    suggestedTip,
    baseFeeAfter,
    nextBaseFee: baseFee,
    gasPrice: () => withHeadroom(baseFee() ?? 0n, chain.head().header) + suggestedTip(),
    blobHeaderAfter: (parent) => {
      const excessBlobGas = nextExcessBlobGas(parent, chain.spec, parent.timestamp + 1n)
      return { ...parent, ...(excessBlobGas !== undefined && { excessBlobGas }) }
    },
    blobFee: (header) => blobFeeOf(chain, header),
  }
}

/** While blocks are more than half full the base fee rises by up to an eighth a block (EIP-1559). */
const withHeadroom = (baseFee: bigint, { gasUsed, gasLimit }: Header): bigint =>
  gasUsed * 2n > gasLimit ? baseFee + baseFee / 8n : baseFee

function sampleTip(chain: Chain, head: Block): bigint {
  const tips: bigint[] = []
  let block: Block | undefined = head
  for (let i = 0; i < sampledBlocks && block && block.header.number > 0n; i++) {
    tips.push(...lowestTips(block))
    block = chain.store.blockByNumber(block.header.number - 1n)?.block
  }
  tips.sort(compareBigInt)
  const tip = tips[Math.floor(((tips.length - 1) * percentile) / 100)] ?? minTip
  return tip < minTip ? minTip : tip > maxTip ? maxTip : tip
}

/** Tips below one wei say nothing about what is asked, and are left out. */
function lowestTips(block: Block): bigint[] {
  const baseFee = block.header.baseFeePerGas ?? 0n
  return block.transactions
    .map((tx) => effectiveGasPrice(tx, baseFee) - baseFee)
    .filter((tip) => tip >= minTip)
    .toSorted(compareBigInt)
    .slice(0, tipsPerBlock)
}

export const compareBigInt = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

function blobFeeOf(chain: Chain, header: Header): bigint | undefined {
  if (header.excessBlobGas === undefined) return undefined
  const params = chain.spec.blobParams(chain.spec.forkAt(header.number, header.timestamp))
  invariant(params !== undefined, 'a header with blob gas belongs to a fork with blob parameters')
  return blobBaseFee(header.excessBlobGas, params)
}
