/** Jest in native ESM: swc strips the types, Node links the modules, nothing is mapped or mocked. */
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
}

/** @type {import('jest').Config} */
export default {
  // For machines that do ten things at once: a test that hangs still ends.
  testTimeout: 60_000,
  // Jest leaves a core to itself; half of these tests wait for processes they have started.
  maxWorkers: 2,
  // A worker keeps every module it ever linked: past this it is replaced, or a long run ends in
  // garbage collection.
  workerIdleMemoryLimit: '900MB',
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/test/unit/**/*.test.ts'] },
    {
      ...shared,
      displayName: 'conformance',
      testMatch: ['<rootDir>/test/conformance/**/*.test.ts'],
    },
    { ...shared, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] },
  ],
}
