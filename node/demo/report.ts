/** What the demo left behind, for the banner and for scripts: who earned what, and where to look. */
import { toAmountText } from '../text.ts'
import type { DemoFacts } from './demo.ts'

const roleOf = { anna: 'Alice in Wonderland', ben: 'poems of Blake', cleo: 'Moby Dick' } as const

export function demoLines(demo: DemoFacts, httpUrl: string): readonly string[] {
  const { datanetId, versionIds, assetId, requestIds, contributors, fees } = demo
  const request = requestIds.at(-3) ?? ''
  // The command asks port 8545 by itself; any other has to be said.
  const at = new URL(httpUrl).port === '8545' ? '' : ` --rpc-url ${httpUrl}`
  return [
    `Demo       datanet ${datanetId} with ${versionIds.length} versions, model ${assetId}, ${requestIds.length} paid answers (${toAmountText(fees)})`,
    ...contributors.map(
      ({ name, address, earned, answers }) =>
        `             ${name.padEnd(5)} ${address}  ${toAmountText(earned)} for ${answers} answers (${roleOf[name]})`,
    ),
    '           Its blocks are dated from the start of 2026, so that it is the same everywhere; new',
    '           blocks have the time of this machine.',
    '           Where to look:',
    `             npm run tributary -- model show ${assetId}${at}`,
    `             npm run tributary -- rewards list --account ${contributors[2]?.address ?? ''}${at}`,
    `             npm run tributary -- rewards explain ${request}${at}`,
    `             curl ${httpUrl} -H 'content-type: application/json' -d '${JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'attr_explainReward',
      params: [contributors[0]?.address, request],
    })}'`,
    '',
  ]
}

/** Numbers beyond 2^53 as decimal text, as everywhere in --json. */
export const demoJson = (demo: DemoFacts) => ({
  datanetId: demo.datanetId.toString(),
  versionIds: demo.versionIds.map(String),
  assetId: demo.assetId.toString(),
  requestIds: demo.requestIds,
  fees: demo.fees.toString(),
  contributors: demo.contributors.map(({ name, address, earned, answers }) => ({
    name,
    address,
    earned: earned.toString(),
    answers,
  })),
})
