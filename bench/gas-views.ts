/**
 * Cases of bench/gas.ts that need little: every view over an economy that has had a payment of each kind, and the
 * single steps of models, rewards and pauses.
 */
import { moduleAddresses } from '../attribution/abi.ts'
import { textWord, zeroWord } from '../attribution/words.ts'
import type { Hex } from '../primitives/index.ts'
import type { Economy } from '../test/support/economy.ts'
import { alice, bob } from '../test/support/world.ts'
import { of, type Case } from './gas-cases.ts'

export async function viewCases(economy: Economy): Promise<Case[]> {
  const held = await economy.held([[bob, ['one two three four']]])
  const { versionId, datanetId, batchIds } = held
  const parent = await economy.model(alice, versionId)
  const parents = [{ assetId: parent, edge: 0, sharePpm: 50_000 }]
  const model = await economy.model(alice, versionId, { parents })
  const requestId = await economy.paid(bob, model, 50_000n)
  const { receiptId } = await economy.attributed(alice, requestId, versionId, 'one two three')
  await economy.send(bob, 'rewards', 'settle', [requestId, []])
  return [
    ...registryCases(),
    ...datanetViews({ versionId, datanetId, batchId: batchIds[0] ?? 0n }),
    ...lineageCases({ versionId, parent, model }),
    ...receiptViews({ requestId, receiptId }),
    ...rewardsCases({ requestId, parent, model }),
    of('params', 'get', [textWord('treasury')]),
    of('params', 'info', [textWord('rewards.dataBps')]),
    of('params', 'count', []),
    of('params', 'authority', []),
  ]
}

function registryCases(): Case[] {
  const { receipts } = moduleAddresses
  return [
    of('registry', 'count', []),
    of('registry', 'info', [receipts]),
    of('registry', 'isActive', [receipts]),
    of('registry', 'isPaused', [receipts]),
    of('registry', 'setPaused', [receipts, true, 1_000n, textWord('bench')]),
  ]
}

interface Ids {
  readonly versionId: bigint
  readonly datanetId: bigint
  readonly batchId: bigint
  readonly parent: bigint
  readonly model: bigint
  readonly requestId: Hex
  readonly receiptId: Hex
}

const datanetViews = ({
  versionId,
  datanetId,
  batchId,
}: Pick<Ids, 'versionId' | 'datanetId' | 'batchId'>): Case[] => [
  of('datanet', 'counts', []),
  of('datanet', 'datanet', [datanetId]),
  of('datanet', 'version', [versionId]),
  of('datanet', 'depositFor', [datanetId, 1_000_000n]),
  of('datanet', 'versionDepositFor', [1_000_000n]),
  of('datanet', 'isHeld', [versionId]),
  of('datanet', 'hasAttested', [versionId, alice]),
  of('datanet', 'measured', [versionId, batchId]),
  of('datanet', 'powerOf', [alice]),
  of('datanet', 'balanceOf', [bob]),
]

const lineageCases = ({
  versionId,
  parent,
  model,
}: Pick<Ids, 'versionId' | 'parent' | 'model'>): Case[] => [
  of('lineage', 'update', [model, bob, bob, 2_000n]),
  of('lineage', 'retire', [model]),
  of('lineage', 'count', []),
  of('lineage', 'asset', [model]),
  of('lineage', 'parents', [model]),
  of('lineage', 'sources', [model]),
  of('lineage', 'shareOf', [model, parent]),
  of('lineage', 'usesVersion', [model, versionId]),
  of('lineage', 'certifiedBlock', [model, versionId]),
]

const receiptViews = ({ requestId, receiptId }: Pick<Ids, 'requestId' | 'receiptId'>): Case[] => [
  of('receipts', 'receiptOf', [requestId]),
  of('receipts', 'isFinal', [receiptId], { name: 'receipts.isFinal attributed' }),
  of('receipts', 'method', [7]),
  of('receipts', 'methodCount', []),
  of('receipts', 'bondFor', [requestId, 1]),
  of('receipts', 'commitBond', []),
  of('receipts', 'challengeBond', []),
  of('receipts', 'bondOf', [alice]),
  of('receipts', 'balanceOf', [alice]),
]

const split = {
  dataBps: 6_000,
  modelBps: 1_000,
  providerBps: 1_500,
  stakersBps: 1_000,
  protocolBps: 500,
}

const rewardsCases = ({
  requestId,
  parent,
  model,
}: Pick<Ids, 'requestId' | 'parent' | 'model'>): Case[] => [
  of('rewards', 'claimLineage', [model, parent]),
  of('rewards', 'withdraw', [alice]),
  of('rewards', 'setSplit', [model, split]),
  of('rewards', 'requestIdOf', [bob, 1n, model, zeroWord]),
  of('rewards', 'payment', [requestId]),
  of('rewards', 'settlement', [requestId]),
  of('rewards', 'splitOf', [model]),
  of('rewards', 'splitOfRequest', [requestId]),
  of('rewards', 'isClaimed', [requestId, 0n]),
  of('rewards', 'claimableLineage', [model, parent]),
  of('rewards', 'balanceOf', [alice]),
  of('rewards', 'totals', []),
]
