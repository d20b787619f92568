/**
 * `tributary data init`: a folder for a datanet that exists, or the datanet too. What a datanet wants is
 * looked up where a node answers, so that a contributor does not find out at the push.
 */
import parseLicence from 'spdx-expression-parse'
import { stringToHex } from 'viem'
import { NodeError } from '../../primitives/index.ts'
import { shortText } from '../../attribution/views/index.ts'
import { explained, mined, openClient, openReader, type Writer } from '../client.ts'
import { initFolder, requireFresh } from '../data-folder.ts'
import { datanetBlockHash } from '../datanet-rules.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import { usageError } from '../failure.ts'
import { logged } from '../logged.ts'
import { makeFolder } from '../make-folder.ts'
import type { DataFlags } from './data.ts'

export interface InitFlags extends DataFlags {
  readonly datanet?: bigint
  /** Name of a datanet to create. */
  readonly create?: string
  /** Absent: the datanet's, or CC0-1.0. */
  readonly licence?: string
  readonly uri: string
  /** Wei, as all amounts. */
  readonly deposit: bigint
  readonly depositPerKib: bigint
  /** Ten-thousandths. */
  readonly penalty: number
  readonly price: bigint
  readonly reviewBlocks: number
  readonly maxRows: number
}

/** What a folder of nobody's choice says. */
const plainLicence = 'CC0-1.0'

export async function initData(flags: InitFlags, io: Io): Promise<ExitCode> {
  const { folder, datanet, create, uri } = flags
  if ((datanet === undefined) === (create === undefined))
    throw usageError('give --datanet ID of one that exists, or --create NAME for a new one')
  if (flags.licence !== undefined) checkLicence(flags.licence)
  await makeFolder(folder)
  await requireFresh(folder) // before anything is sent
  const { datanetId, licence, datanetBlock } =
    datanet === undefined
      ? await createDatanet(await openClient(flags), create ?? '', flags)
      : await lookUp(datanet, flags, io)
  await initFolder(folder, { datanetId: datanetId.toString(), licence, uri, datanetBlock })
  if (flags.json) io.out(JSON.stringify({ folder, datanetId: datanetId.toString(), licence }))
  else {
    io.out(`${folder} contributes to datanet ${datanetId}, rows under ${licence}`)
    io.out(`next: tributary data add FILES --folder ${folder}`)
  }
  return exitCodes.ok
}

/** Licences that nobody finds are no use to who buys the data. */
function checkLicence(licence: string): void {
  try {
    parseLicence(licence)
  } catch {
    throw usageError(
      `${licence} is no licence of the SPDX list; one that is not on it is named LicenseRef-NAME`,
    )
  }
}

/** The licence it wants, where a node answers. Throws NodeError DATANET_REFUSES. */
async function lookUp(datanetId: bigint, flags: InitFlags, io: Io) {
  const asked = { datanetId, licence: flags.licence ?? plainLicence, datanetBlock: undefined }
  try {
    const client = await openReader(flags)
    const [datanets] = await explained(client.datanet.read.counts())
    if (datanetId > datanets)
      throw new NodeError(
        'DATANET_REFUSES',
        `there is no datanet ${datanetId} on this chain (it has ${datanets}); --create NAME makes one`,
      )
    const { policy } = await explained(client.datanet.read.datanet([datanetId]))
    const wanted = shortText(policy.licence)
    const licence = flags.licence ?? (wanted === '' ? plainLicence : wanted)
    if (wanted !== '' && licence !== wanted)
      throw new NodeError(
        'DATANET_REFUSES',
        `datanet ${datanetId} takes rows under ${wanted}, not under ${licence}; leave --licence away if you may give yours so`,
      )
    return { datanetId, licence, datanetBlock: await datanetBlockHash(client, datanetId) }
  } catch (error) {
    if (!(error instanceof NodeError && error.code === 'NODE_UNREACHABLE')) throw error
    io.err(`datanet ${datanetId} was not looked up: ${error.message}`)
    return asked
  }
}

/** The owner decides; all else is said by options, for it never changes. */
async function createDatanet(client: Writer, name: string, flags: InitFlags) {
  const { keccak256, stringToBytes, zeroHash } = await import('viem')
  const { uri, licence = plainLicence } = flags
  const policy = {
    mode: 0,
    quorumBps: 0,
    reviewBlocks: flags.reviewBlocks,
    revealBlocks: 0,
    depositPerBatch: flags.deposit,
    depositPerKiB: flags.depositPerKib,
    penaltyBps: flags.penalty,
    maxBatchRows: flags.maxRows,
    licence: stringToHex(licence, { size: 32 }),
    termsHash: zeroHash,
    termsFlags: 7,
    pricePerQuery: flags.price,
  }
  const args = [keccak256(stringToBytes(name)), uri === '' ? name : uri, policy] as const
  await explained(client.datanet.simulate.create(args))
  const receipt = await mined(client, client.datanet.write.create(args))
  const { datanetId } = logged(receipt, 'datanet', 'DatanetCreated')
  return { datanetId, licence, datanetBlock: receipt.blockHash }
}
