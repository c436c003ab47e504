// The directions of imports, as errors. docs/architecture.md says why; a module may use those to its left only.
const order = [
  'identity',
  'audit',
  'scanning',
  'policies',
  'gate',
  'enforcement',
  'places',
  'profiles',
  'moderation',
  'appeals',
  'social',
  'presence',
  'sessions',
  'matches',
  'activities',
  'messages',
  'communities',
  'discovery',
  'games',
  'writing',
  'stats',
]

const rule = (name, from, to) => ({ name, severity: 'error', from, to })

module.exports = {
  forbidden: [
    rule('no-circular', { pathNot: '^src/generated' }, { circular: true }),
    rule(
      'platform-is-lowest',
      { path: '^src/platform/' },
      { path: '^src/(modules|graphql|app|schema|start|main|worker)' },
    ),
    rule(
      'module-face-only',
      { path: '^src/modules/([^/]+)/(?![a-z-]*schema)' },
      { path: '^src/modules/', pathNot: ['^src/modules/$1/', '^src/modules/[^/]+/index\\.ts$'] },
    ),
    rule(
      'service-knows-no-graphql',
      { path: '^src/modules/[^/]+/(?![a-z-]*schema\\.ts)' },
      { path: '(^src/graphql/|node_modules/(graphql|@pothos))' },
    ),
    rule(
      'schema-never-touches-data',
      { path: '^src/modules/[^/]+/[a-z-]*schema\\.ts$' },
      { path: '(store\\.ts$|^src/platform/(postgres|redis)|^src/generated)' },
    ),
    rule(
      'schema-crosses-to-schema-only',
      { path: '^src/modules/([^/]+)/[a-z-]*schema\\.ts$' },
      { path: '^src/modules/', pathNot: ['^src/modules/$1/', '^src/modules/[^/]+/[a-z-]*schema\\.ts$'] },
    ),
    // config.ts alone reads the environment, which the linter sees to; what is below is handed its settings.
    rule(
      'env-read-once',
      { path: '^src/(modules|graphql|platform)/' },
      { path: '^src/(main|worker|start|app|config)\\.ts$' },
    ),
    rule('source-stands-alone', { path: '^src/' }, { path: '^(test|scripts|bench|sdk)/' }),
    rule(
      'no-development-package-in-source',
      { path: '^src/' },
      { dependencyTypes: ['npm-dev'], pathNot: 'node_modules/@types/' },
    ),
    // What the SDK's core needs has to be there in a browser and on a phone. The links alone know the library that they are for.
    rule('sdk-stands-alone', { path: '^sdk/' }, { path: '^(src|test|scripts|bench)/' }),
    rule(
      'sdk-core-is-lean',
      { path: '^sdk/src/', pathNot: '^sdk/src/(react|apollo|urql)' },
      { pathNot: '^(sdk/(src|generated)/|(node_modules/)?graphql-ws/)' },
    ),
    rule(
      'sdk-core-knows-no-library',
      { path: '^sdk/src/', pathNot: '^sdk/src/react' },
      { path: '^sdk/src/(react|apollo|urql)' },
    ),
    rule('packages-are-declared', { path: '^src/' }, { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] }),
    ...order.map((name, i) =>
      rule(
        `order-${name}`,
        { path: `^src/modules/${name}/` },
        { path: `^src/modules/(${order.slice(i + 1).join('|') || 'none'})/` },
      ),
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: '^src/generated/prisma',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
}
