/**
 * attr_buildVersion: what a publisher states about a version, made by the node from rows it keeps, for
 * who has no library at hand (cast, a wallet). The client library makes the same with `buildVersion`;
 * validators make it again before they attest. The work is done beside the event loop; when
 * it takes longer than a call may, it goes on, and whoever asks again gets its result. One such build at a time; a longer one makes way
 * for indexes that the chain needs.
 */
import { NodeError } from '../../primitives/index.ts'
import { invalidParams, serverError } from '../errors.ts'
import { method, type MethodTable } from '../method.ts'
import { toJson } from '../module-reader.ts'
import { hash, list, required } from '../params.ts'

/** 64 full batches: as many as one version appends. */
const maxBatches = 64

export const attrVersion: MethodTable = {
  attr_buildVersion: method(
    [required('batchRoots', list(hash, '[]common.Hash', maxBatches))],
    async ({ api: { rows } }, roots) => {
      if (!rows) throw serverError('this node keeps no rows')
      if (roots.length === 0) throw invalidParams('a version has one batch at least')
      if (new Set(roots).size < roots.length) throw invalidParams('a version has a batch once')
      try {
        return toJson(await rows.buildVersion(roots))
      } catch (error) {
        if (error instanceof NodeError) throw serverError(error.message)
        throw error
      }
    },
  ),
}
