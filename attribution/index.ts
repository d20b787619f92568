/** The mission's native modules, for the node that hosts them. Kernels are in methods/index.ts, ABIs in abi.ts. */
export { datanet, datanetGenesis } from './datanet/index.ts'
export { params, paramsStorage } from './params/module.ts'
export { proofs } from './proofs/module.ts'
export { createRegistry } from './registry/module.ts'
