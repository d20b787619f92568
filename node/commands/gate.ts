/**
 * `tributary data gate`, `tributary model certify`: what the chain finds out by itself about a batch (how much of it
 * was there before) and about a trained head (that it is the optimum of its version's rows).
 */
import { readFile } from 'node:fs/promises'
import { bytesToHex, keccak256 } from 'viem'
import { NodeError } from '../../primitives/index.ts'
import {
  explained,
  mined,
  openClient,
  openReader,
  type ClientFlags,
  type Reader,
} from '../client.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import { usageError } from '../failure.ts'
import { count, toJsonText } from '../text.ts'

export interface GateFlags extends ClientFlags {
  /** Measures what is left before it tells. */
  readonly measure?: boolean
}

type Gate = Awaited<ReturnType<Reader['attribution']['gate']>>

/** EIP-7825. */
const maxTransactionGas = 16_777_216n
/** Rows of one transaction; halved where they are too long for it. */
const firstPage = 256

export async function showGate(batchId: bigint, flags: GateFlags, io: Io): Promise<ExitCode> {
  const reader = await openReader(flags)
  let gate = await explained(reader.attribution.gate(batchId), 'batch')
  if (flags.measure === true) gate = await measureAll(batchId, gate, flags)
  if (flags.json) io.out(toJsonText(gate))
  else {
    io.out(
      `batch ${batchId}: ${gate.state}${gate.reason === '' ? '' : ` (${gate.reason})`}, ${count(gate.rows, 'row')}`,
    )
    for (const { versionId, verdict, rowsMeasured, covered, tokens, coveredBps } of gate.versions)
      io.out(
        `  version ${versionId}: ${verdictTexts[verdict]}; ${rowsMeasured} rows measured, ${covered} of ${tokens} tokens (${coveredBps / 100} %) were there before`,
      )
    if (gate.versions.length === 0) io.out('  it is in no version yet, so nothing is measured')
    io.out(`  ${gate.gateBps / 100} % make it a copy`)
  }
  return exitCodes.ok
}

const verdictTexts = {
  unheld: 'not held, nobody can measure it',
  open: 'not measured to the end; --measure does it',
  new: 'new',
  copy: 'a copy, turned away',
} as const

/** Page by page in the first held version that has it. */
async function measureAll(batchId: bigint, before: Gate, flags: GateFlags): Promise<Gate> {
  const client = await openClient(flags)
  let gate = before
  for (let page = firstPage; ;) {
    const version = gate.versions.find(({ verdict }) => verdict === 'open')
    if (!version) {
      if (gate.versions.every(({ verdict }) => verdict === 'unheld'))
        throw usageError(`batch ${batchId} is in no held version, so it cannot be measured yet`)
      return gate
    }
    const args = [version.versionId, BigInt(version.part), page] as const
    const fits = await explained(client.datanet.estimateGas.measure(args)).then(
      (gas) => gas <= maxTransactionGas,
      (error: unknown) => {
        // A refusal is one for every number of rows; too much gas is not.
        if (page === 1 || (error instanceof NodeError && error.code === 'MODULE_REFUSED'))
          throw error
        return false
      },
    )
    if (fits) await mined(client, client.datanet.write.measure(args))
    else page = Math.ceil(page / 2)
    gate = await explained(client.attribution.gate(batchId), 'batch')
  }
}

export interface CertifyFlags extends ClientFlags {
  readonly version: bigint
}

/** Shows a head's bytes, which must be the model's content, to the chain. */
export async function certifyHead(
  assetId: bigint,
  file: string,
  flags: CertifyFlags,
  io: Io,
): Promise<ExitCode> {
  const head = await readFile(file).catch((error: unknown) => {
    throw new NodeError('FILE_UNREADABLE', `cannot read ${file}`, {}, error)
  })
  const client = await openClient(flags)
  const { contentHash } = await explained(client.attribution.certificates(assetId), 'asset')
  if (keccak256(head) !== contentHash)
    throw new NodeError(
      'WRONG_HEAD',
      `${file} is not the content of model ${assetId}: its keccak256 must be ${contentHash}`,
    )
  const args = [assetId, flags.version, bytesToHex(head)] as const
  await explained(client.lineage.simulate.certify(args))
  const { blockNumber } = await mined(client, client.lineage.write.certify(args))
  io.out(
    flags.json
      ? toJsonText({ assetId, versionId: flags.version, blockNumber })
      : `model ${assetId} is certified for version ${flags.version} in block ${blockNumber}: answers by linear-influence cost less from now on`,
  )
  return exitCodes.ok
}
