// Installs, generates and compiles what is missing or out of date, and nothing else. A step leaves its stamp only after it
// succeeded, so an interrupted one is done again.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { withLock } from './set-up-lock.mjs'
import { runStep } from './set-up-step.mjs'

const steps = {
  packages: {
    stamp: 'node_modules/.vicinity',
    inputs: () => [process.platform, process.arch, text('package-lock.json')],
    // Someone who ran npm by hand need not wait for it again.
    isDone: installedByHand,
    run: () => {
      // npm deletes the stamp with everything else; until then an interrupted install must not look finished.
      rmSync('node_modules/.package-lock.json', { force: true })
      const flags = [
        'ci',
        '--include=dev',
        '--no-audit',
        '--no-fund',
        '--no-update-notifier',
        '--loglevel=error',
        '--progress=false',
      ]
      const npm = process.env.npm_execpath?.endsWith('.js') ? [process.execPath, process.env.npm_execpath] : ['npm']
      return runStep('packages', `installs ${lockedPackages()} packages`, [...npm, ...flags])
    },
    remedy: 'Check the network and the npm registry, then run the same command again.',
  },
  client: {
    stamp: 'src/generated/.stamp',
    inputs: () => [text('package-lock.json'), text('prisma/schema.prisma'), text('prisma.config.ts')],
    run: () =>
      runStep(
        'client',
        'generated from prisma/schema.prisma',
        [process.execPath, 'node_modules/prisma/build/index.js', 'generate'],
        {
          // The engine is not needed to generate; any program in its place keeps Prisma from downloading it.
          PRISMA_SCHEMA_ENGINE_BINARY: process.env.PRISMA_SCHEMA_ENGINE_BINARY ?? process.execPath,
          PRISMA_HIDE_UPDATE_MESSAGE: '1',
          CHECKPOINT_DISABLE: '1',
        },
      ),
    remedy: 'Put prisma/schema.prisma right, then run the same command again.',
  },
  documents: {
    stamp: 'sdk/generated/.stamp',
    inputs: () => [
      ...[
        'package-lock.json',
        'codegen.ts',
        'scripts/possible-types.mjs',
        'scripts/sdk-operations.mjs',
        'schema.graphql',
      ].map(text),
      ...documents().flatMap((path) => [path, text(path)]),
    ],
    run: () =>
      runStep('documents', 'typed from schema.graphql', [
        process.execPath,
        'node_modules/@graphql-codegen/cli/esm/bin.js',
        '--silent',
      ]),
    remedy: 'Put sdk/documents right, then run the same command again.',
  },
  build: {
    stamp: 'dist/.stamp',
    inputs: () => [
      text('package-lock.json'),
      text('prisma/schema.prisma'),
      ...sources().flatMap((path) => [path, text(path)]),
    ],
    run: async () => {
      await runStep('build', 'compiled to dist', [
        process.execPath,
        'node_modules/typescript/bin/tsc',
        '-p',
        'tsconfig.build.json',
      ])
      prune()
    },
    remedy: 'Put the types right, then run the same command again.',
  },
}

const sourceFolders = ['src', 'scripts', 'prisma', 'bench']

/** Brings the folder up to date. With `lenient` a build whose types have faults counts, since its output runs. */
export async function setUp(root, names, { lenient }) {
  if (names.every((name) => isDone(steps[name]))) return
  await withLock(join(root, '.data'), async () => {
    for (const name of names) {
      const step = steps[name]
      if (isDone(step)) continue
      rmSync(step.stamp, { force: true })
      const inputs = digest(step.inputs())
      try {
        await step.run()
      } catch (error) {
        if (name === 'build' && lenient && error.output && existsSync('dist/src')) {
          console.error('  build     the types have faults (npm run check tells them); going on')
          continue
        }
        if (error.message) error.remedy = step.remedy
        throw error
      }
      mkdirSync(dirname(step.stamp), { recursive: true })
      writeFileSync(step.stamp, inputs)
    }
  })
}

function isDone(step) {
  if (existsSync(step.stamp)) return text(step.stamp) === digest(step.inputs())
  return step.isDone?.() ?? false
}

/** npm writes its own copy of the lock file when it is through: the same packages in it mean that they are there. */
function installedByHand() {
  if (!existsSync('node_modules/.package-lock.json')) return false
  const wanted = JSON.parse(text('package-lock.json')).packages
  const there = JSON.parse(text('node_modules/.package-lock.json')).packages
  const right = Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional || there[path]?.version === version,
  )
  return right && Object.entries(there).every(([path, { version }]) => wanted[path]?.version === version)
}

const lockedPackages = () =>
  Object.values(JSON.parse(text('package-lock.json')).packages).filter((entry) => !entry.optional).length - 1

/** What the build reads, but for the generated client, which follows from the inputs of its own step. */
function sources() {
  const files = sourceFolders.filter(existsSync).flatMap(typescriptIn)
  return ['tsconfig.json', 'tsconfig.build.json', ...files.sort()]
}

const documents = () =>
  readdirSync('sdk/documents')
    .sort()
    .map((name) => join('sdk/documents', name))

function typescriptIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return path === join('src', 'generated') ? [] : typescriptIn(path)
    return path.endsWith('.ts') ? [path] : []
  })
}

/** Takes out of dist what no source stands behind any more. */
function prune(folder = 'dist') {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) prune(path)
    else if (/\.js(\.map)?$/.test(name) && !existsSync(path.slice('dist/'.length).replace(/\.js(\.map)?$/, '.ts')))
      rmSync(path)
  }
}

const text = (path) => readFileSync(path, 'utf8')
const digest = (parts) => createHash('sha256').update(parts.join('\0')).digest('hex')
