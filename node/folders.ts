/** Where things lie inside a data folder. Creates nothing. */
import { join } from 'node:path'

/** The chain is a folder of its own, beside what later parts keep there. */
export const chainFolder = (datadir: string): string => join(datadir, 'chain')
/** Chain id, forks and the like, which block 0 does not bind (open-chain.ts). */
export const rulesFile = (datadir: string): string => join(datadir, 'config.json')
/** A devnet's named states, a folder each. */
export const snapshotsFolder = (datadir: string): string => join(datadir, 'snapshots')
/** The double-sign guard and the consensus log of a validator. */
export const validatorFolder = (datadir: string): string => join(datadir, 'validator')

/** Rows of batches, a file each under its root. */
export const rowsFolder = (datadir: string): string => join(datadir, 'rows')
/** Where `tributary export` puts the rows that go with a file of blocks. */
export const rowsBeside = (file: string): string => `${file}.rows`
/** Indexes of versions, made again when they are missing. */
export const indexFolder = (datadir: string): string => join(datadir, 'index')
/** The node's key on the network and the addresses of its peers. */
export const networkFolder = (datadir: string): string => join(datadir, 'network')
