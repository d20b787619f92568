/** Shared vocabulary. Imports nothing of ours, so everything may import it. */
export {
  type Account,
  type AccountChange,
  type SlotValue,
  encodeAccount,
  type StateChanges,
  type StateReader,
} from './account.ts'
export {
  type Block,
  blockFromRlp,
  decodeBlock,
  encodeBlock,
  encodeWithdrawal,
  makeBlock,
  type Withdrawal,
} from './block.ts'
export { type BlobSidecar, decodeCarried, sidecarBytes } from './blob-sidecar.ts'
export {
  type Address,
  compareBytes,
  compareText,
  concat,
  equalBytes,
  fromBigInt,
  fromHex,
  type Hex,
  passingBytes,
  toBigInt,
  toFixedBytes,
  toHex,
  toWord,
  writeHex,
} from './bytes.ts'
export { type Clock } from './clock.ts'
export { assertNever, invariant, NodeError } from './errors.ts'
export { hashHeader, type Header, headerFromRlp, headerToRlp } from './header.ts'
export { emptyCodeHash, emptyTrieRoot, emptyUnclesHash, keccak256, keccakHex } from './keccak.ts'
export { hexPrefix, orderedRoot, toNibbles } from './ordered-root.ts'
export { type KeyValue, type Logger, silentLogger, type Write } from './ports.ts'
export {
  bloomOf,
  decodeReceipt,
  encodeReceipt,
  type Log,
  mergeBlooms,
  type Receipt,
} from './receipt.ts'
export {
  asBytes,
  asInteger,
  asList,
  decodeRlp,
  decodeRlpStream,
  encodePassingRlp,
  encodeRlp,
  RlpError,
  type RlpInput,
  type RlpItem,
  rlpItemBytes,
  rlpPayload,
  rlpSlices,
} from './rlp.ts'
export {
  bytes,
  type Codec,
  createCodec,
  fixedHex,
  integer,
  list,
  mapped,
  nullable,
  oneOf,
  record,
  type Schema,
  text,
  uint,
  variants,
} from './schema.ts'
export {
  compactSignature,
  curveOrder,
  isInRange,
  nobleSecp256k1,
  publicKeyToAddress,
  type Secp256k1,
  type Signature,
} from './secp256k1.ts'
export {
  authorizationHash,
  impersonation,
  isImpersonated,
  isLowS,
  recoverAuthority,
  recoverSender,
} from './sender.ts'
export {
  type AccessListEntry,
  type Authorization,
  decodeTransaction,
  effectiveGasPrice,
  maxFeePerGas,
  maxPriorityFeePerGas,
  signingHash,
  type Transaction,
  type TransactionType,
  typeByte,
  type UnsignedTransaction,
  withoutSignature,
  withSignature,
} from './transaction.ts'
export { accept, ignore, reject, type Refusal, type Verdict } from './verdict.ts'
