/** The fork keys of geth's `config`, in order of activation (go-ethereum, params/config.go). */

export const blockForkKeys = [
  'homesteadBlock',
  'daoForkBlock',
  'eip150Block',
  'eip155Block',
  'eip158Block',
  'byzantiumBlock',
  'constantinopleBlock',
  'petersburgBlock',
  'istanbulBlock',
  'muirGlacierBlock',
  'berlinBlock',
  'londonBlock',
  'arrowGlacierBlock',
  'grayGlacierBlock',
  'mergeNetsplitBlock',
] as const

export const timeForkKeys = [
  'shanghaiTime',
  'cancunTime',
  'pragueTime',
  'osakaTime',
  'bpo1Time',
  'bpo2Time',
  'bpo3Time',
  'bpo4Time',
  'bpo5Time',
] as const

/** geth knows them, this node does not run them: any activation is a fault. */
export const futureForkKeys = ['amsterdamTime', 'verkleTime', 'ubtTime'] as const

/** Forks that may be left out between two others (geth's `optional`), and those after no order. */
export const optionalForks: ReadonlySet<string> = new Set([
  'daoForkBlock',
  'muirGlacierBlock',
  'arrowGlacierBlock',
  'grayGlacierBlock',
  'mergeNetsplitBlock',
  'bpo1Time',
  'bpo2Time',
  'bpo3Time',
  'bpo4Time',
  'bpo5Time',
])
