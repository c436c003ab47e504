// npm run sdk: sdk/dist, as it is published. Every module becomes one of ES and one of CommonJS, side by side with its types, so
// that a bundler takes what an app uses and the two entries of an app share what they have in common.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Modules import each other by their names in the source. */
const asBuilt = {
  name: 'as-built',
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ kind, path }) =>
      kind === 'entry-point' ? undefined : { path: path.replace(/\.ts$/, '.js'), external: true },
    )
  },
}

/** Builds into a folder, `sdk/dist` unless another one is given. */
export async function buildSdk(folder = 'sdk/dist') {
  const parts = `${folder}.parts`
  rmSync(parts, { recursive: true, force: true })
  // Of what is generated, only documents run; the rest are types.
  const generated = ['operations', 'hooks', 'possible-types'].map((name) => `sdk/generated/${name}.ts`)
  const entryPoints = [...modulesIn('sdk/src'), ...generated]
  const shared = {
    entryPoints,
    outbase: 'sdk',
    bundle: true,
    packages: 'external',
    plugins: [asBuilt],
    target: 'es2022',
  }
  await build({ ...shared, outdir: join(parts, 'esm'), format: 'esm' })
  await build({ ...shared, outdir: join(parts, 'cjs'), format: 'cjs' })
  declareTypes(join(parts, 'esm'))
  cpSync(join(parts, 'esm'), join(parts, 'cjs'), { recursive: true, filter: (path) => !path.endsWith('.js') })
  writeFileSync(join(parts, 'cjs/package.json'), '{ "type": "commonjs" }\n')
  // What is there is whole: an interrupted build leaves what was there before.
  rmSync(folder, { recursive: true, force: true })
  renameSync(parts, folder)
}

function declareTypes(outDir) {
  const options = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--outDir', outDir]
  const { stdout, status } = spawnSync(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-p', 'sdk/tsconfig.json', ...options],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`The types have faults:\n\n${stdout}`)
  for (const path of filesIn(outDir).filter((name) => name.endsWith('.d.ts'))) {
    const text = readFileSync(path, 'utf8').replace(/(from ["']\.[^"']*|import\(["']\.[^"']*)\.ts(["'])/g, '$1.js$2')
    writeFileSync(path, path.endsWith('generated/graphql.d.ts') ? withoutDocuments(text) : text)
  }
}

/** Documents as trees are for our own tests; their types would need a package that the SDK does not have. */
const withoutDocuments = (text) =>
  text
    .split('\n')
    .filter((line) => !/^import type .*typed-document-node|^export declare const \w+(Document|FragmentDoc):/.test(line))
    .join('\n')

const modulesIn = (folder) => filesIn(folder).filter((name) => name.endsWith('.ts'))

function filesIn(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesIn(path) : [path]
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildSdk()
  console.log('sdk/dist is built.')
}
