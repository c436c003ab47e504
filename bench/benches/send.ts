import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startEmbedded } from '../../src/platform/embedded/index.ts'
import type { Bench } from '../kit/bench.ts'
import { type Child, startChild } from '../kit/child.ts'
import { canPin } from '../kit/machine.ts'
import { ratio } from '../kit/outcome.ts'
import { type Figures, interleave } from '../kit/rounds.ts'
import type { SendRound, Way } from '../processes/send.ts'

const clients = 32
const runFile = promisify(execFile)

const many = {
  plain: 'many: pg, plain statement',
  own: 'many: vicinity',
}
const hot = {
  pgbench: 'one: pgbench, our statement',
  bare: 'one: pg, our statement',
  own: 'one: vicinity',
}

/** Sending at the data layer, on a Postgres that forces every commit to the disk, as one that keeps its word has to. */
export const send: Bench = async ({ rounds, roundMs, say }) => {
  say('send: messages into Postgres')
  const folder = mkdtempSync(join(tmpdir(), 'vicinity-bench-send-'))
  const servers = await startEmbedded({ dataDir: folder, say, need: { postgres: true, redis: false } })
  const { databaseUrl = '' } = servers
  try {
    const child = await startChild('send', { core: 'load', env: { DATABASE_URL: databaseUrl } })
    await child.call('prepare')
    const script = join(folder, 'send.sql')
    writeFileSync(script, await child.call<string>('script'))
    const bench = hasPgbench() ? () => pgbench(databaseUrl, script, roundMs) : undefined

    const subjects = [
      { name: many.plain, measure: () => round(child, 'plain', false, roundMs) },
      { name: many.own, measure: () => round(child, 'vicinity', false, roundMs) },
      ...(bench ? [{ name: hot.pgbench, measure: bench }] : []),
      { name: hot.bare, measure: () => round(child, 'own statement', true, roundMs) },
      { name: hot.own, measure: () => round(child, 'vicinity', true, roundMs) },
    ]
    await child.call('meetAll')
    for (const { measure } of subjects) await measure()
    const rows = await interleave(subjects, rounds, ({ measure }) => measure())
    const holes = await child.call<number>('holes')
    if (holes > 0) throw new Error(`${holes} conversations have holes`)
    await child.stop()
    const yardstick = bench ? hot.pgbench : hot.bare
    return {
      bench: 'send',
      says: `${clients} at once, into 10,000 conversations and into one`,
      rows,
      goals: [
        { subject: many.own, figure: 'sent/s', of: many.plain, bound: 0.8, want: 'at least' },
        { subject: hot.own, figure: 'sent/s', of: yardstick, bound: 0.7, want: 'at least' },
      ],
      notes: [
        'no conversation has a hole or a position given twice',
        `into one, beside the bare statement of the same client: ${ratio(rows, 'sent/s', hot.own, hot.bare)} ×`,
      ],
    }
  } finally {
    await servers.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function round(child: Child, way: Way, isHot: boolean, ms: number): Promise<Figures> {
  const before = await child.usage()
  const { sent, elapsedMs, p50, p99 } = await child.call<SendRound>('run', { way, hot: isHot, ms })
  const cpuMicros = (await child.usage()).cpuMicros - before.cpuMicros
  return { 'sent/s': (sent / elapsedMs) * 1000, 'p50 ms': p50, 'p99 ms': p99, 'client µs': cpuMicros / sent }
}

function hasPgbench(): boolean {
  try {
    execFileSync('pgbench', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

async function pgbench(url: string, script: string, ms: number): Promise<Figures> {
  const seconds = String(Math.max(1, Math.round(ms / 1000)))
  const args = ['-n', '-M', 'prepared', '-c', String(clients), '-j', '1', '-T', seconds, '-f', script, url]
  const { stdout } = canPin()
    ? await runFile('taskset', ['-c', '1', 'pgbench', ...args])
    : await runFile('pgbench', args)
  return { 'sent/s': Number(/tps = ([\d.]+)/.exec(stdout)?.[1]) }
}
