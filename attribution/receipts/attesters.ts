/**
 * Attesters: who signs receipts of attested methods, with a bond that stays until a hundred blocks after
 * the last signature. Signatures are EIP-712 over the receipt, by ascending signer, so that none counts
 * twice.
 */
import {
  type Address,
  compareText,
  fromHex,
  type Hex,
  publicKeyToAddress,
  type Secp256k1,
  toBigInt,
} from '../../primitives/index.ts'
import { readParam } from '../params/module.ts'
import { textWord } from '../words.ts'
import {
  creditAccount,
  type Receipt,
  receiptsState,
  type ReceiptsContext,
  type ReceiptsHandlers,
} from './state.ts'

/** Blocks between an attester's last signature and the way out of its bond. */
const unbondDelay = 100n
/** ECRECOVER's price. */
const recoverGas = 3_000n
const maxSignatures = 16

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const receiptType =
  'Receipt(bytes32 requestId,uint256 assetId,uint256 versionId,uint16 methodId,bytes32 outputHash,bytes32 sumRoot,uint64 total,uint32 leaves,bytes32 evidenceHash)'
const domainType =
  'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'

const bytes32 = { type: 'bytes32' } as const
const uint = { type: 'uint256' } as const
const domainFields = [bytes32, bytes32, bytes32, uint, { type: 'address' }] as const
const receiptFields = [
  bytes32,
  bytes32,
  uint,
  uint,
  uint,
  bytes32,
  bytes32,
  uint,
  uint,
  bytes32,
] as const

export const attesterHandlers: Pick<ReceiptsHandlers, 'bond' | 'unbond' | 'bondOf'> = {
  bond({ message, storage, log, block }) {
    const attester = receiptsState(storage).attesters.at(message.caller)
    const bond = attester.bond.get() + message.value
    attester.store({ bond, lastBlock: block.number })
    log('Bonded', { attester: message.caller, bond })
  },
  unbond(context, [amount]) {
    const { message, storage, block, revert, log } = context
    const attester = receiptsState(storage).attesters.at(message.caller)
    const { bond, lastBlock } = attester.load()
    if (bond < amount) throw revert('InsufficientValue', [bond, amount])
    if (block.number < lastBlock + unbondDelay) throw revert('TooEarly', [lastBlock + unbondDelay])
    attester.store({ bond: bond - amount })
    creditAccount(context, message.caller, amount)
    log('Bonded', { attester: message.caller, bond: bond - amount })
  },
  bondOf: ({ storage }, [attester]) => receiptsState(storage).attesters.at(attester).bond.get(),
}

/** `needed` or more signatures of distinct attesters whose bond is high enough. Throws BadProof. */
export function checkAttesters(
  context: ReceiptsContext,
  curve: Pick<Secp256k1, 'recover'>,
  receipt: Receipt,
  signatures: readonly Hex[],
  needed: number,
): void {
  const { gas, revert, storage, block } = context
  if (signatures.length > maxSignatures)
    throw revert('LimitExceeded', [textWord('signatures'), BigInt(maxSignatures)])
  if (signatures.length < needed) throw revert('BadProof', [])
  if (signatures.length === 0) return
  const least = readParam(context, 'receipts.attesterBond')
  const digest = fromHex(receiptDigest(context, receipt))
  let last = ''
  for (const signature of signatures) {
    gas.charge(recoverGas)
    const signer = recoverSigner(curve, digest, fromHex(signature))
    if (!signer || compareText(signer, last) <= 0) throw revert('BadProof', [])
    last = signer
    const attester = receiptsState(storage).attesters.at(signer)
    const { bond } = attester.load()
    if (bond < least) throw revert('InsufficientValue', [bond, least])
    attester.store({ lastBlock: block.number })
  }
}

/** EIP-712 digest of a receipt. */
function receiptDigest(context: ReceiptsContext, receipt: Receipt): Hex {
  const { keccak, encode, block, self } = context
  const domain = keccak(
    encode(domainFields, [
      keccak(ascii(domainType)),
      keccak(ascii('Tributary')),
      keccak(ascii('1')),
      block.chainId,
      self,
    ]),
  )
  const struct = keccak(
    encode(receiptFields, [
      keccak(ascii(receiptType)),
      receipt.requestId,
      receipt.assetId,
      receipt.versionId,
      BigInt(receipt.methodId),
      receipt.outputHash,
      receipt.sumRoot,
      receipt.total,
      BigInt(receipt.leaves),
      receipt.evidenceHash,
    ]),
  )
  return keccak(fromHex(`0x1901${domain.slice(2)}${struct.slice(2)}`))
}

/** r, s, v as wallets give them; undefined when nobody signed this. */
function recoverSigner(
  curve: Pick<Secp256k1, 'recover'>,
  digest: Uint8Array,
  signature: Uint8Array,
): Address | undefined {
  const v = signature[64]
  if (signature.length !== 65 || (v !== 27 && v !== 28)) return undefined
  const key = curve.recover(digest, {
    r: toBigInt(signature.subarray(0, 32)),
    s: toBigInt(signature.subarray(32, 64)),
    yParity: v === 28 ? 1 : 0,
  })
  return key && publicKeyToAddress(key)
}
