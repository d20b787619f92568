/**
 * IProofs: checks without state over the kernels of merkle/, methods/ and rows/. A malformed proof is
 * `false`; only a request beyond the limits reverts. Each method pays for its worst case before it
 * works (bench/gas measures them).
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { defineModule } from '../../execution/native/index.ts'
import { fromHex, invariant, type Hex, toHex } from '../../primitives/index.ts'
import { moduleAddresses, proofsAbi } from '../abi.ts'
import { nodeGas } from '../limits.ts'
import { verifyLeaves } from '../merkle/multiproof.ts'
import { buildSumTree, hashSumLeaf, verifySumProof } from '../merkle/sum-tree.ts'
import { verifyLeaf } from '../merkle/tree.ts'
import { verifySpans } from '../methods/span-proof.ts'
import { similarityBps } from '../rows/sketch.ts'
import { textWord } from '../words.ts'

/** Pure JavaScript: about as long as a hundred SSTOREs' worth of hashing (bench/gas). */
const ed25519Gas = 90_000n
const sha512WordGas = 12n
/** A word of two sketches, bit by bit where they differ: 256 turns of a loop (bench/gas). */
const sketchWordGas = 60n
/** Arguments of a sum proof, cut out and compared, in nodes. */
const sumProofNodes = 5
/** A node of a proof for many leaves, which has to find its place first. */
const placedNodeGas = 2n * nodeGas
/** Comparing two suffixes of the witness, or opening a leaf of it. */
const spanStepGas = 200n
const witnessWordGas = 60n
const maxLeaves = 256

const nodes = (count: number): bigint => nodeGas * BigInt(count)

export const proofs = defineModule({
  address: moduleAddresses.proofs,
  name: 'proofs',
  abi: proofsAbi,
  handlers: {
    merkle({ gas }, [root, value, index, proof]) {
      gas.charge(nodes(proof.length + 1))
      if (index > BigInt(Number.MAX_SAFE_INTEGER)) return false
      return verifyLeaf(fromHex(root), fromHex(value), Number(index), proof.map(fromHex))
    },
    merkleMulti({ gas }, [root, indexes, values, proof]) {
      gas.charge(placedNodeGas * BigInt(indexes.length + 1))
      const limit = 2n ** 32n
      if (indexes.length !== values.length || indexes.some((index) => index >= limit)) return false
      const leaves = indexes.map((index, i) => ({
        index: Number(index),
        data: fromHex(at(values, i)),
      }))
      return verifyLeaves(fromHex(root), leaves, proof.map(fromHex), () =>
        gas.charge(placedNodeGas),
      )
    },
    merkleSum({ gas }, [root, total, clusterId, contributionId, weight, index, proof]) {
      const bytes = fromHex(proof)
      gas.charge(nodes(Math.ceil(bytes.length / 40) + 2 + sumProofNodes))
      const place = verifySumProof(
        { root: fromHex(root), total },
        { leaf: hashSumLeaf({ clusterId, contributionId, weight }), weight, index, proof: bytes },
      )
      return place ? [true, place.offset, place.leaves] : [false, 0n, 0]
    },
    merkleSumRoot({ gas, revert }, [clusterIds, contributionIds, weights]) {
      const count = weights.length
      if (count > maxLeaves) throw revert('LimitExceeded', [textWord('leaves'), BigInt(maxLeaves)])
      if (count === 0 || clusterIds.length !== count || contributionIds.length !== count)
        throw revert('InvalidArgument', [textWord('leaves')])
      gas.charge(nodes(3 * count + 1))
      if (weights.reduce((sum, weight) => sum + weight, 0n) >= 2n ** 64n)
        throw revert('InvalidArgument', [textWord('weights')])
      const { root, total } = buildSumTree(
        weights.map((weight, i) => ({
          clusterId: at(clusterIds, i),
          contributionId: at(contributionIds, i),
          weight,
        })),
      )
      return [toHex(root), total]
    },
    verifySpans({ gas }, [indexRoot, answer, minLength, witness]) {
      const [text, proof] = [fromHex(answer), fromHex(witness)]
      gas.charge(witnessWordGas * BigInt(Math.ceil((text.length + proof.length) / 32)))
      const spans = verifySpans(fromHex(indexRoot), { answer: text, minLength }, proof, () =>
        gas.charge(spanStepGas),
      )
      if (!spans) return [false, []]
      return [
        true,
        spans.map(({ start, length, document, weight }) => ({
          start,
          length,
          row: BigInt(document),
          weight: BigInt(weight),
        })),
      ]
    },
    ed25519({ gas }, [publicKey, signature, message]) {
      const bytes = fromHex(message)
      gas.charge(ed25519Gas + sha512WordGas * BigInt(Math.ceil(bytes.length / 32)))
      return verifyEd25519(publicKey, signature, bytes)
    },
    similarity({ gas, revert }, [sketchA, sketchB]) {
      const [a, b] = [fromHex(sketchA), fromHex(sketchB)]
      gas.charge(sketchWordGas * BigInt(Math.ceil(a.length / 32)))
      const bps = similarityBps(a, b)
      if (bps === undefined) throw revert('InvalidArgument', [textWord('sketch')])
      return bps
    },
  },
})

/** RFC 8032, strict: no small-order keys, no second spelling of a point. */
function verifyEd25519(publicKey: Hex, signature: Hex, message: Uint8Array): boolean {
  if (signature.length !== 130) return false
  try {
    return ed25519.verify(fromHex(signature), message, fromHex(publicKey), { zip215: false })
  } catch {
    return false // noble throws for points that are none
  }
}

function at<item>(items: readonly item[], index: number): item {
  const found = items[index]
  invariant(found !== undefined, 'lengths were compared')
  return found
}
