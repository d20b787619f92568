/**
 * Attesters: who signs receipts of attested methods, with a bond that stays while any of those can still
 * be doubted and is cut for each that was shown to be false. Signatures are EIP-712 over the receipt, by
 * ascending signer, so that none counts twice.
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
  receiptState,
} from './state.ts'

/** Blocks at least between an attester's last bond or signature and the way out of its bond. */
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
    const { open, bond: before } = attester.load()
    const bond = before + message.value
    attester.store({ bond, lastBlock: block.number, open })
    log('Bonded', { attester: message.caller, bond })
  },
  unbond(context, [amount]) {
    const { message, storage, block, revert, log } = context
    const attester = receiptsState(storage).attesters.at(message.caller)
    const { bond, lastBlock, open } = attester.load()
    if (bond < amount) throw revert('InsufficientValue', [bond, amount])
    if (open > 0) throw revert('BadState', [receiptState.committed, receiptState.final])
    if (block.number < lastBlock + unbondDelay) throw revert('TooEarly', [lastBlock + unbondDelay])
    attester.store({ bond: bond - amount })
    creditAccount(context, message.caller, amount)
    log('Bonded', { attester: message.caller, bond: bond - amount })
  },
  bondOf: ({ storage }, [attester]) => receiptsState(storage).attesters.at(attester).bond.get(),
}

/**
 * `needed` or more signatures of distinct attesters whose bond is high enough; who signed. Each of them
 * has one more receipt open from now on. Throws BadProof.
 */
export function checkAttesters(
  context: ReceiptsContext,
  curve: Pick<Secp256k1, 'recover'>,
  receipt: Receipt,
  signatures: readonly Hex[],
  needed: number,
): readonly Address[] {
  const { gas, revert, storage, block } = context
  if (signatures.length > maxSignatures)
    throw revert('LimitExceeded', [textWord('signatures'), BigInt(maxSignatures)])
  if (signatures.length < needed) throw revert('BadProof', [])
  if (needed === 0 && signatures.length > 0)
    throw revert('InvalidArgument', [textWord('signatures')])
  const signers: Address[] = []
  if (needed === 0) return signers
  const least = readParam(context, 'receipts.attesterBond')
  const digest = fromHex(receiptDigest(context, receipt))
  for (const signature of signatures) {
    gas.charge(recoverGas)
    const signer = recoverSigner(curve, digest, fromHex(signature))
    if (!signer || compareText(signer, signers.at(-1) ?? '') <= 0) throw revert('BadProof', [])
    signers.push(signer)
    const attester = receiptsState(storage).attesters.at(signer)
    const { bond, open } = attester.load()
    if (bond < least) throw revert('InsufficientValue', [bond, least])
    attester.store({ bond, lastBlock: block.number, open: open + 1 })
  }
  return signers
}

/**
 * A receipt is over: its signers have one fewer open. Where it was shown to be `isFalse`, each loses the
 * least bond (or what it has left), half to `winner`, half to nobody: never all to one who might be
 * the attester's other self (attribution notes 3.6). The wei to burn.
 */
export function releaseAttesters(
  context: ReceiptsContext,
  receiptId: Hex,
  { isFalse, winner }: { readonly isFalse: boolean; readonly winner: Address },
): bigint {
  const { storage, log } = context
  const state = receiptsState(storage)
  const signers = state.signersOf.at(receiptId)
  const least = isFalse ? readParam(context, 'receipts.attesterBond') : 0n
  let lost = 0n
  for (const signer of signers.load()) {
    const attester = state.attesters.at(signer)
    const { bond, lastBlock, open } = attester.load()
    const cut = bond < least ? bond : least
    attester.store({ bond: bond - cut, lastBlock, open: open - 1 })
    if (cut > 0n) log('Bonded', { attester: signer, bond: bond - cut })
    lost += cut
  }
  signers.store([])
  creditAccount(context, winner, lost / 2n)
  return lost - lost / 2n
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
