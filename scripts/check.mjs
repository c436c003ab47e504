// npm run check: every gate runs, each on a line; what failed is told in full at the end.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'

const bin = (path, ...args) => [`node_modules/${path}`, ...args]

/** What each gate holds true, and the command, run by Node, that fails when it does not. */
const gates = [
  ['format and lint', bin('@biomejs/biome/bin/biome', 'ci', '--colors=off')],
  ['types', bin('typescript/bin/tsc', '--noEmit')],
  ['types of the SDK', bin('typescript/bin/tsc', '--noEmit', '-p', 'sdk/tsconfig.json')],
  [
    'import directions',
    bin('dependency-cruiser/bin/dependency-cruise.mjs', 'src', 'prisma', 'sdk/src', '--output-type', 'err'),
  ],
  ['dead code', bin('knip/bin/knip.js', '--no-progress', '--no-config-hints')],
  ['schema.graphql', ['dist/scripts/print-schema.js', '--check']],
  ['settings in README.md', ['dist/scripts/print-settings.js', '--check']],
  ['breaking changes', ['scripts/breaking-changes.mjs']],
  ['migrations', ['dist/scripts/migrate.js', 'check']],
]

let running
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    running?.once('exit', () => process.exit(128 + constants.signals[signal]))
    running?.kill(signal)
  })
}

const failures = []
for (const [name, command] of gates) {
  process.stdout.write(`  ${name.padEnd(54)}`)
  const began = Date.now()
  const { code, output } = existsSync(command[0])
    ? await run(command)
    : { code: 1, output: `${command[0]} is not there: the build did not get so far.` }
  const took = `${((Date.now() - began) / 1000).toFixed(1)} s`
  process.stdout.write(`${(code === 0 ? 'ok' : 'failed').padEnd(8)}${took.padStart(10)}\n`)
  if (code !== 0) failures.push({ name, output })
}

for (const { name, output } of failures) console.log(`\n── ${name} ${'─'.repeat(74 - name.length)}\n\n${output.trim()}`)
console.log(`\n${gates.length - failures.length} of ${gates.length} checks passed\n`)
process.exitCode = failures.length === 0 ? 0 : 1

function run(command) {
  const { FORCE_COLOR, ...environment } = process.env
  // A database that was given is none of this check's business: the migrations are tried on a throw-away one.
  const env = { ...environment, DATABASE_URL: '', NO_COLOR: '1' }
  running = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'], env })
  let output = ''
  for (const stream of [running.stdout, running.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
    })
  }
  return new Promise((resolve) => running.once('close', (code) => resolve({ code, output })))
}
