// The one launcher behind the npm scripts: brings the folder up to date, then runs a task. Plain JavaScript without
// packages, since it runs before there are any.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setUp } from './set-up.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
process.chdir(root)

/** Each task: the steps it needs, and what is run. `lenient` builds run even when the types have faults. */
const tasks = {
  start: { steps: ['packages', 'client', 'build'], run: ['--enable-source-maps', 'dist/src/main.js'] },
  worker: { steps: ['packages', 'client', 'build'], run: ['--enable-source-maps', 'dist/src/worker.js'] },
  migrate: { steps: ['packages', 'client', 'build'], run: ['dist/scripts/migrate.js'], lenient: true },
  test: { steps: ['packages', 'client', 'documents', 'build'], run: ['scripts/test.mjs'], lenient: true },
  check: { steps: ['packages', 'client', 'documents', 'build'], run: ['scripts/check.mjs'], lenient: true },
  schema: { steps: ['packages', 'client', 'build'], run: ['dist/scripts/print-schema.js'], lenient: true },
  settings: { steps: ['packages', 'client', 'build'], run: ['dist/scripts/print-settings.js'], lenient: true },
  codegen: {
    steps: ['packages', 'client', 'build'],
    run: ['node_modules/@graphql-codegen/cli/esm/bin.js'],
    lenient: true,
  },
  sdk: { steps: ['packages', 'documents'], run: ['scripts/build-sdk.mjs'] },
  seed: { steps: ['packages', 'client', 'build'], run: ['--enable-source-maps', 'dist/scripts/seed.js'] },
  replay: { steps: ['packages', 'client', 'build'], run: ['--enable-source-maps', 'dist/scripts/replay.js'] },
  simulate: { steps: ['packages', 'client', 'build'], run: ['--enable-source-maps', 'dist/scripts/simulate.js'] },
  demo: { steps: ['packages', 'client', 'build'], run: ['--enable-source-maps', 'dist/scripts/demo.js'] },
  'audit:verify': {
    steps: ['packages', 'client', 'build'],
    run: ['--enable-source-maps', 'dist/scripts/audit-verify.js'],
  },
  bench: { steps: ['packages', 'client', 'build'], run: ['--enable-source-maps', 'dist/bench/main.js'] },
  'bench:text': {
    steps: ['packages', 'client', 'build'],
    run: ['--enable-source-maps', 'dist/scripts/bench-text.js'],
  },
  'set-up': { steps: ['packages', 'client', 'documents', 'build'] },
}

const [name = '', ...args] = process.argv.slice(2)
const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined
if (!task) stop(`There is no task "${name}".`, `Tasks: ${Object.keys(tasks).join(', ')}`)

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  stop(
    `Vicinity needs Node 20.19 or later; this is ${process.versions.node}.`,
    'Install Node 24 from https://nodejs.org, or with nvm: nvm install 24',
  )
}

try {
  await setUp(root, task.steps, { lenient: task.lenient === true })
} catch (error) {
  if (error.exitCode === undefined) throw error
  if (error.message) stop(error.message, error.remedy)
  process.exit(error.exitCode)
}
if (task.run) process.exitCode = await runTask([...task.run, ...args])

/** The terminal's Ctrl-C reaches the child by itself; a signal meant for this process alone is passed on. */
function runTask(command) {
  const child = spawn(process.execPath, command, { stdio: 'inherit', cwd: root })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)))
  })
}

function stop(message, remedy) {
  console.error(`\n${message}\n→ ${remedy}\n`)
  process.exit(1)
}
