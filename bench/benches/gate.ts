import { randomBytes, randomUUID } from 'node:crypto'
import pg from 'pg'
import { createBackend } from '../../src/backend.ts'
import { type ReadyConfig, readConfig } from '../../src/config.ts'
import type { GateService } from '../../src/modules/gate/index.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { createDisposers } from '../../src/platform/disposers.ts'
import { createLogger } from '../../src/platform/logger.ts'
import type { RedisConnections } from '../../src/platform/redis.ts'
import type { Bench } from '../kit/bench.ts'
import { percentile } from '../kit/figures.ts'
import { type Figures, interleave } from '../kit/rounds.ts'

const people = 2000
const names = {
  ping: 'PING',
  script: 'a script that does nothing',
  gate: 'gate: a message',
  link: 'gate: one with a link',
}

/** What the gate adds to a write: one after another, as a writer feels it. */
export const gate: Bench = async ({ stage, rounds, roundMs, say }) => {
  say(`gate: ${people} people`)
  const ids = await meet(stage.env['DATABASE_URL'] ?? '')
  const disposers = createDisposers()
  const config = readConfig({ ...stage.env, LOG_LEVEL: 'silent' }) as ReadyConfig
  const logger = createLogger({ level: 'silent' })
  const { services, redis } = await createBackend(config, { clock: systemClock, logger, disposers })
  try {
    const nothing = redis.script('vicinityBenchNothing', 'return 1')
    const ask = (personId: string, text: string) => askGate(services.gate, personId, text)
    const subjects = [
      { name: names.ping, work: () => redis.command.ping() },
      { name: names.script, work: () => nothing([redis.key('bench', '{nothing}')], []) },
      { name: names.gate, work: (n: number) => ask(ids[n % people] ?? '', `see you at ${n}, by the fountain`) },
      {
        name: names.link,
        work: (n: number) => ask(ids[n % people] ?? '', `it is on https://example.org/${n} already`),
      },
    ]
    // Everybody is mirrored, as whoever wrote lately is.
    for (const [n] of ids.entries()) await subjects[2]?.work(n)
    let n = 0
    const rows = await interleave(subjects, rounds, ({ work }) => measure(redis, roundMs, () => work(n++)))
    return {
      bench: 'gate',
      says: 'asking before a write, one after another',
      rows,
      goals: [
        { subject: names.gate, figure: 'p95 ms', bound: 2, want: 'at most', unit: 'ms' },
        { subject: names.link, figure: 'p95 ms', bound: 2, want: 'at most', unit: 'ms' },
        { subject: names.gate, figure: 'commands', bound: 1, want: 'at most', unit: 'round trips' },
      ],
      notes: [],
    }
  } finally {
    await disposers.run()
  }
}

const askGate = (gates: Pick<GateService, 'ask'>, personId: string, text: string) =>
  gates.ask({ surface: 'MESSAGE', personId, attempt: randomBytes(12).toString('base64url'), texts: [text] })

async function measure({ command }: RedisConnections, ms: number, work: () => Promise<unknown>): Promise<Figures> {
  const send = command.sendCommand
  let commands = 0
  command.sendCommand = function counted(...args) {
    commands += 1
    return send.apply(command, args)
  }
  const times: number[] = []
  const begun = performance.now()
  while (performance.now() - begun < ms) {
    const started = performance.now()
    await work()
    times.push(performance.now() - started)
  }
  command.sendCommand = send
  times.sort((a, b) => a - b)
  const [p50, p95] = [percentile(times, 0.5), percentile(times, 0.95)]
  return { 'p50 ms': p50, 'p95 ms': p95, commands: commands / times.length }
}

/** Devices that have been there for long. */
async function meet(connectionString: string): Promise<string[]> {
  const ids = Array.from({ length: people }, () => randomUUID())
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query(
    `insert into devices (id, registration, registered_at)
     select id, id::text, now() - interval '30 days' from unnest($1::uuid[]) id`,
    [ids],
  )
  await client.end()
  return ids
}
