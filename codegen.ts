import type { CodegenConfig } from '@graphql-codegen/cli'

/** Typed documents out of the committed schema and sdk/documents: `npm run codegen`. */
const config: CodegenConfig = {
  schema: 'schema.graphql',
  documents: 'sdk/documents/**/*.graphql',
  generates: {
    'sdk/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        scalars: { ID: 'string', Cursor: 'string', DateTime: 'string', Latitude: 'number', Longitude: 'number' },
        strictScalars: true,
        enumType: 'string-literal',
        // Both may grow: a `switch` needs its default.
        futureProofEnums: true,
        useTypeImports: true,
        importExtension: '.ts',
      },
    },
    // What Apollo's cache needs to know of unions and interfaces.
    'sdk/generated/possible-types.ts': { plugins: ['./scripts/possible-types.mjs'] },
    // A function and a hook for every document.
    'sdk/generated/operations.ts': { plugins: ['./scripts/sdk-operations.mjs'] },
    'sdk/generated/hooks.ts': { plugins: ['./scripts/sdk-operations.mjs'], config: { hooks: true } },
  },
}

export default config
