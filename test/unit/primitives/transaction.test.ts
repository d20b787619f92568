import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseTransaction, serializeTransaction } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import {
  decodeTransaction,
  effectiveGasPrice,
  encodeRlp,
  fromHex,
  type Hex,
  nobleSecp256k1,
  recoverAuthority,
  recoverSender,
  signingHash,
  toHex,
  type Transaction,
  type UnsignedTransaction,
  withSignature,
} from '../../../primitives/index.ts'

const privateKey = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'
const account = privateKeyToAccount(privateKey)

const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map(toHex)
const word = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex)
const amount = fc.bigInt({ min: 0n, max: 2n ** 128n })
const common = fc.record({
  nonce: fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }),
  gasLimit: fc.bigInt({ min: 0n, max: 2n ** 63n }),
  value: amount,
  data: fc.uint8Array({ maxLength: 100 }),
})
const accessList = fc.array(fc.record({ address, storageKeys: fc.array(word, { maxLength: 2 }) }), {
  maxLength: 2,
})
const chainId = fc.bigInt({ min: 1n, max: 2n ** 40n })
const fees = fc
  .tuple(amount, amount)
  .map(([a, b]) => ({ maxPriorityFeePerGas: a < b ? a : b, maxFeePerGas: a < b ? b : a }))

const unsigned: fc.Arbitrary<UnsignedTransaction> = fc.oneof(
  fc
    .tuple(common, fc.option(address), amount, fc.option(chainId, { nil: undefined }))
    .map(([c, to, gasPrice, id]) => ({ type: 'legacy' as const, ...c, to, gasPrice, chainId: id })),
  fc
    .tuple(common, fc.option(address), amount, chainId, accessList)
    .map(([c, to, gasPrice, id, list]) => ({
      type: 'accessList' as const,
      ...c,
      to,
      gasPrice,
      chainId: id,
      accessList: list,
    })),
  fc.tuple(common, fc.option(address), fees, chainId, accessList).map(([c, to, f, id, list]) => ({
    type: 'feeMarket' as const,
    ...c,
    ...f,
    to,
    chainId: id,
    accessList: list,
  })),
  fc
    .tuple(
      common,
      address,
      fees,
      chainId,
      accessList,
      amount,
      fc.array(word, { minLength: 1, maxLength: 3 }),
    )
    .map(([c, to, f, id, list, maxFeePerBlobGas, hashes]) => ({
      type: 'blob' as const,
      ...c,
      ...f,
      to,
      chainId: id,
      accessList: list,
      maxFeePerBlobGas,
      blobVersionedHashes: hashes.map((hash) => `0x01${hash.slice(4)}` as const),
    })),
)

/** What another codec makes of the same transaction: viem, whose own encoder never saw ours. */
const reencode = (raw: Uint8Array) => {
  const parsed = parseTransaction(toHex(raw))
  const { r, s, v, yParity, ...rest } = parsed as unknown as Record<string, never>
  return serializeTransaction(
    rest as Parameters<typeof serializeTransaction>[0],
    { r, s, v, yParity } as unknown as NonNullable<Parameters<typeof serializeTransaction>[1]>,
  )
}

/** A list of so many empty items. */
const bytesOf = (length: number): Hex =>
  toHex(encodeRlp(Array.from({ length }, () => new Uint8Array(0))))

describe('transaction codec', () => {
  test('what is signed decodes to the same fields, hash and sender, for every type', () => {
    fc.assert(
      fc.property(unsigned, (tx) => {
        const signed = withSignature(tx, nobleSecp256k1.sign(signingHash(tx), fromHex(privateKey)))
        const verdict = decodeTransaction(signed.raw)
        expect(verdict).toEqual({ type: 'accept', value: signed })
        expect(recoverSender((verdict as { value: Transaction }).value, nobleSecp256k1)).toBe(
          account.address.toLowerCase(),
        )
      }),
      { numRuns: 60 },
    )
  })

  test('viem reads our bytes and writes the same ones back', () => {
    fc.assert(
      fc.property(unsigned, (tx) => {
        const signed = withSignature(tx, nobleSecp256k1.sign(signingHash(tx), fromHex(privateKey)))
        expect(reencode(signed.raw)).toBe(toHex(signed.raw))
      }),
      { numRuns: 60 },
    )
  })

  test('a set-code transaction of viem decodes, and its authority is recovered (EIP-7702)', async () => {
    const authorization = await account.signAuthorization({
      contractAddress: '0x1111111111111111111111111111111111111111',
      chainId: 2679,
      nonce: 5,
    })
    const raw = await account.signTransaction({
      type: 'eip7702',
      chainId: 2679,
      nonce: 4,
      gas: 100_000n,
      maxFeePerGas: 2n,
      maxPriorityFeePerGas: 1n,
      to: '0x2222222222222222222222222222222222222222',
      authorizationList: [authorization],
    })
    const verdict = decodeTransaction(fromHex(raw))
    if (verdict.type !== 'accept' || verdict.value.type !== 'setCode') throw new Error(verdict.type)
    const [first] = verdict.value.authorizationList
    expect(first && recoverAuthority(first, nobleSecp256k1)).toBe(account.address.toLowerCase())
    expect(recoverSender(verdict.value, nobleSecp256k1)).toBe(account.address.toLowerCase())
  })

  test('any byte changed, cut off or added is refused or another transaction, never a crash', () => {
    const tx = withSignature(
      {
        type: 'feeMarket',
        chainId: 2679n,
        nonce: 1n,
        gasLimit: 21_000n,
        to: '0x2222222222222222222222222222222222222222',
        value: 1n,
        data: new Uint8Array(0),
        accessList: [],
        maxFeePerGas: 2n,
        maxPriorityFeePerGas: 1n,
      },
      { r: 1n, s: 2n, yParity: 0 },
    )
    for (let i = 0; i < tx.raw.length; i++) {
      const bytes = tx.raw.slice()
      bytes[i] = (bytes[i]! + 1) & 0xff
      const verdict = decodeTransaction(bytes)
      expect(verdict.type === 'accept' && verdict.value.hash).not.toBe(tx.hash)
      expect(decodeTransaction(tx.raw.subarray(0, i)).type).toBe('reject')
    }
    expect(decodeTransaction(Uint8Array.of(...tx.raw, 0)).type).toBe('reject')
  })

  test.each([
    ['0x', 'TX_MALFORMED'],
    ['0x05c0', 'TX_TYPE'],
    ['0x00c0', 'TX_TYPE'],
    ['0x7f', 'TX_TYPE'],
    ['0x02', 'TX_MALFORMED'],
    ['0x02c0', 'TX_MALFORMED'],
    ['0xc0', 'TX_MALFORMED'],
  ] as const)('%s is refused as %s', (raw, code) => {
    expect(decodeTransaction(fromHex(raw))).toMatchObject({ type: 'reject', code })
  })

  test.each([
    ['0x', 'typed transaction too short'],
    ['0x00', 'typed transaction too short'],
    ['0x02', 'typed transaction too short'],
    ['0xc9', 'rlp: value size exceeds available input length'],
    ['0xf9ff', 'rlp: value size exceeds available input length'],
    ['0x02c3', 'rlp: value size exceeds available input length'],
    ['0xc182', 'rlp: element is larger than containing list'],
    ['0xc28101', 'rlp: non-canonical size information'],
    ['0xf801c0', 'rlp: non-canonical size information'],
    ['0xc000', 'rlp: input contains more than one value'],
    ['0x0280', 'rlp: expected input list for types.DynamicFeeTx'],
    ['0xc0', 'rlp: too few elements for types.LegacyTx'],
    [bytesOf(10), 'rlp: input list has too many elements for types.LegacyTx'],
    ['0x01c0', 'rlp: too few elements for types.AccessListTx'],
    [`0x02${bytesOf(13).slice(2)}`, 'rlp: input list has too many elements for types.DynamicFeeTx'],
    ['0x03c0', 'rlp: too few elements for types.BlobTx'],
    ['0x04c0', 'rlp: too few elements for types.SetCodeTx'],
  ] as const)("%s is refused in geth's words: %s", (raw, message) => {
    expect(decodeTransaction(fromHex(raw))).toMatchObject({ type: 'reject', message })
  })

  test('the effective price is base fee plus tip, at most the cap (EIP-1559)', () => {
    const tx = { type: 'feeMarket', maxFeePerGas: 10n, maxPriorityFeePerGas: 3n } as Transaction
    expect([0n, 5n, 7n, 8n].map((baseFee) => effectiveGasPrice(tx, baseFee))).toEqual([
      3n,
      8n,
      10n,
      10n,
    ])
  })
})
