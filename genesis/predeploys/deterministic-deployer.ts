/**
 * Bytecode of the deterministic deployment proxy (Arachnid): CREATE2 with the
 * first 32 bytes of calldata as salt. Data only, never edited by hand.
 * Source: predeployed by npm @foundry-rs/anvil 1.7.1; equal to DeterministicDeploymentProxyCode of
 * Preinstalls.sol in npm @eth-optimism/contracts-bedrock 0.17.3.
 */
import type { Predeploy } from './predeploy.ts'

export const deterministicDeployer: Predeploy = {
  name: 'Deterministic deployer',
  address: '0x4e59b44847b379578588920ca78fbf26c0b4956c',
  nonce: 1n,
  code: '0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3',
}
