/** Networks that have a name. Each is a function, for a genesis is large and most starts need one. */
import { devnetGenesis } from './devnet.ts'
import type { Genesis } from './types.ts'

export const networks: Readonly<Record<string, () => Genesis>> = {
  devnet: () => devnetGenesis(),
}
