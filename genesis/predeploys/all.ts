/** The contracts tools expect on a new chain, at their usual addresses. Decides on no network. */
import { createX } from './createx.ts'
import { deterministicDeployer } from './deterministic-deployer.ts'
import { entryPoint, senderCreator } from './entry-point.ts'
import { multicall3 } from './multicall3.ts'
import { permit2 } from './permit2.ts'
import type { Predeploy } from './predeploy.ts'
import { beaconRoots, consolidationRequests, historyStorage, withdrawalRequests } from './system.ts'

export const predeploys: readonly Predeploy[] = [
  deterministicDeployer,
  multicall3,
  createX,
  permit2,
  entryPoint,
  senderCreator,
  beaconRoots,
  historyStorage,
  withdrawalRequests,
  consolidationRequests,
]
