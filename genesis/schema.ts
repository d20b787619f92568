/**
 * The parts of a genesis file as zod schemas: header fields, `config`, one account, `tributary`.
 * Each looks at itself only; what must fit between them is checks.ts's business.
 * Format: go-ethereum core/genesis.go and params/config.go; `tributary` is ours.
 */
import { z } from 'zod'
import { blockForkKeys, futureForkKeys, timeForkKeys } from './keys.ts'
import type { GenesisAccount, GenesisConfig, TributarySection } from './types.ts'
import { address, bytes, flag, parsed, quantity, quote, readWord, smallInteger } from './values.ts'

/** geth's pointers: null means absent. */
const withoutNulls = (input: unknown): unknown =>
  typeof input === 'object' && input !== null && !Array.isArray(input)
    ? Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null))
    : input

const strict = <shape extends z.ZodRawShape>(shape: shape) =>
  z.preprocess(withoutNulls, z.strictObject(shape))

const uint64 = quantity(64)
const uint256 = quantity(256)
const zeroHash = `0x${'0'.repeat(64)}` as const
const zeroAddress = `0x${'0'.repeat(40)}` as const

const optionalKeys = <const key extends string, schema extends z.ZodType>(
  keys: readonly key[],
  schema: schema,
): Record<key, z.ZodOptional<schema>> =>
  Object.fromEntries(keys.map((key) => [key, schema.optional()])) as Record<
    key,
    z.ZodOptional<schema>
  >

const unsupportedFork = parsed<undefined>((input) =>
  input === undefined
    ? { ok: undefined }
    : { fault: 'this node does not know the rules of this fork; remove the key' },
)

const numberZero = quantity(64).refine((value) => value === 0n, 'must be 0: this is block 0')

export const headKeys = {
  nonce: uint64.default(0n),
  timestamp: uint64.default(0n),
  /** 32 bytes: what a header may hold (Yellow Paper, 4.3). */
  extraData: bytes({ max: 32 }).default('0x'),
  /** geth's params.MinGasLimit (5000) and MaxGasLimit (2^63 - 1). */
  gasLimit: quantity(63).refine((value) => value >= 5000n, 'must be at least 5000'),
  difficulty: uint256.default(0n),
  mixHash: bytes({ length: 32 }).default(zeroHash),
  coinbase: address.default(zeroAddress),
  number: numberZero.optional(),
  gasUsed: uint64.default(0n),
  parentHash: bytes({ length: 32 }).default(zeroHash),
  baseFeePerGas: uint256.optional(),
  blobGasUsed: uint64.optional(),
  excessBlobGas: uint64.optional(),
} as const

export const headSchema = strict(headKeys)
export type GenesisHead = z.infer<typeof headSchema>

const blobEntry = strict({
  target: smallInteger(0, 1_000_000),
  max: smallInteger(0, 1_000_000),
  baseFeeUpdateFraction: uint64.refine((value) => value > 0n, 'must be above 0'),
})

const blobForks = ['cancun', 'prague', 'osaka', 'bpo1', 'bpo2', 'bpo3', 'bpo4', 'bpo5'] as const

export const configSchema = strict({
  /** Below 2^53 - 19: above it wallets refuse (MetaMask's limit is 4503599627370476). */
  chainId: smallInteger(1, 4_503_599_627_370_476).transform(BigInt),
  ...optionalKeys(blockForkKeys, uint64),
  ...optionalKeys(timeForkKeys, uint64),
  ...optionalKeys(futureForkKeys, unsupportedFork),
  terminalTotalDifficulty: uint256.optional(),
  terminalTotalDifficultyPassed: flag.optional(),
  enableVerkleAtGenesis: unsupportedFork.optional(),
  daoForkSupport: flag.optional(),
  /** Written by old versions of geth; says nothing. */
  eip150Hash: bytes({ length: 32 }).optional(),
  depositContractAddress: address.optional(),
  ethash: strict({}).optional(),
  clique: strict({ period: uint64, epoch: uint64 }).optional(),
  blobSchedule: strict(optionalKeys(blobForks, blobEntry)).optional(),
}) satisfies z.ZodType

export const toConfig = (value: z.infer<typeof configSchema>): GenesisConfig =>
  Object.fromEntries(
    Object.entries(value).filter(
      ([key, part]) => part !== undefined && key !== 'eip150Hash' && !isFuture(key),
    ),
  ) as unknown as GenesisConfig

const isFuture = (key: string): boolean =>
  key === 'enableVerkleAtGenesis' || futureForkKeys.some((future) => future === key)

const storage = z.unknown().transform((input, context): ReadonlyMap<bigint, bigint> => {
  const slots = new Map<bigint, bigint>()
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    context.addIssue({ code: 'custom', message: `${quote(input)} is not an object of slots` })
    return z.NEVER
  }
  for (const [key, word] of Object.entries(input)) {
    const slot = readWord(key)
    const value = readWord(word)
    const message =
      slot === undefined
        ? 'is not a slot; write 0x and up to 64 hex digits'
        : slots.has(slot)
          ? 'the same slot stands twice'
          : value === undefined
            ? `${quote(word)} is not a word; write 0x and up to 64 hex digits`
            : undefined
    if (message) context.addIssue({ code: 'custom', path: [key], message })
    else if (slot !== undefined && value !== undefined) slots.set(slot, value)
  }
  return slots
})

/** Code is bounded by what fits into the file; EIP-170 binds deployments, not genesis. */
export const accountSchema = strict({
  balance: uint256,
  nonce: uint64.default(0n),
  code: bytes({}).default('0x'),
  storage: storage.prefault({}),
}) satisfies z.ZodType<GenesisAccount>

/** A validator network needs whole seconds: header timestamps are seconds and must rise. */
const blockTimeMs = smallInteger(1_000, 3_600_000)
const name = parsed<string>((input) =>
  typeof input === 'string' && input.length > 0 && input.length <= 64
    ? { ok: input }
    : { fault: `${quote(input)} is not a name of 1 to 64 characters` },
)

const identifier = /^[a-zA-Z][a-zA-Z0-9_.]{0,63}$/

const params = z.record(z.string().regex(identifier), uint256).default({})

const moduleName = parsed<string>((input) => {
  const isName = typeof input === 'string' && (identifier.test(input) || isReserved(input))
  return isName
    ? { ok: input.startsWith('0x') ? input.toLowerCase() : input }
    : {
        fault: `${quote(input)} is neither a module name nor an address 0x0a77…0000 to 0x0a77…ffff`,
      }
})

/** 0x0A77000000000000000000000000000000000000 and the 65,535 after it (DESIGN.md, section 4). */
export const isReserved = (text: string): boolean => /^0x0a770{32}[0-9a-f]{4}$/i.test(text)

/** More validators than a set of Tendermint votes carries in good time. */
const maxValidators = 1_000

export const tributarySchema = strict({
  version: parsed<1>((input) =>
    input === 1
      ? { ok: 1 }
      : { fault: `${quote(input)} is not a version this node knows; write 1` },
  ).default(1),
  blockTimeMs: blockTimeMs.optional(),
  /** Seconds. */
  blockTime: smallInteger(1, 3_600).optional(),
  params,
  validators: z
    .array(
      strict({
        address,
        power: quantity(63).refine((value) => value > 0n, 'must be above 0'),
        name: name.optional(),
      }),
    )
    .max(maxValidators, `more than ${maxValidators} validators`)
    .default([]),
  modules: z.array(moduleName).max(65_536).default([]),
})

export const defaultBlockTimeMs = 1_000

export const toTributary = (value: z.infer<typeof tributarySchema>): TributarySection => ({
  version: value.version,
  blockTimeMs:
    value.blockTimeMs ??
    (value.blockTime === undefined ? defaultBlockTimeMs : value.blockTime * 1_000),
  params: value.params,
  validators: value.validators.map((validator) => ({
    address: validator.address,
    power: validator.power,
    ...(validator.name !== undefined && { name: validator.name }),
  })),
  modules: value.modules,
})
