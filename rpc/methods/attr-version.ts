/**
 * attr_buildVersion: what a publisher states about a version, made by the node from rows it keeps, for
 * who has no library at hand (cast, a wallet). The client library makes the same with `buildVersion`;
 * validators make it again before they attest. Bounded, for an index costs time.
 */
import { setImmediate } from 'node:timers/promises'
import { buildVersion } from '../../attribution/views/index.ts'
import { invalidParams, serverError } from '../errors.ts'
import { method, type MethodTable } from '../method.ts'
import { toJson } from '../module-reader.ts'
import { hash, list, required } from '../params.ts'

/** Their index is built in well under a second, during which the node answers nobody. */
const maxBytes = 512 * 1024
const maxBatches = 64

export const attrVersion: MethodTable = {
  attr_buildVersion: method(
    [required('batchRoots', list(hash, '[]common.Hash', maxBatches))],
    async ({ api: { rows } }, roots) => {
      if (!rows) throw serverError('this node keeps no rows')
      if (roots.length === 0) throw invalidParams('a version has one batch at least')
      const batches: Uint8Array[] = []
      let sizeBytes = 0
      for (const root of roots) {
        const bytes = await rows.get(root)
        if (!bytes) throw serverError(`the rows of batch ${root} are not here: attr_putRows`)
        sizeBytes += bytes.length
        if (sizeBytes > maxBytes)
          throw invalidParams(
            `more than ${maxBytes} bytes of rows: build the version with the client library`,
          )
        batches.push(bytes)
      }
      await setImmediate()
      const { index: _, ...facts } = buildVersion(batches)
      return toJson(facts)
    },
  ),
}
