export default {
  testEnvironment: 'node',
  cacheDirectory: 'node_modules/.cache/jest',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.data/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  maxWorkers: 2,
  // Node never lets go of the modules of the tests before: a worker that holds too many of them makes room for another.
  workerIdleMemoryLimit: '1GB',
  testTimeout: 30_000,
}
