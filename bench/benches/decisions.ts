import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type { Bench } from '../kit/bench.ts'
import { startChild } from '../kit/child.ts'
import { type Figures, interleave } from '../kit/rounds.ts'
import type { BacklogOrder } from '../processes/decisions.ts'

const entry = fileURLToPath(new URL('../../src/worker.js', import.meta.url))
const order: BacklogOrder = { owners: 200, venues: 5, decisions: 10_000 }
const killEveryMs = 1000

/** What is not there exactly once, of each kind of effect; and things that are not shown as what was decided demands. */
const faultsText = `with d as (select * from decisions where id = any($1::uuid[])), expected as (
    select id, (action <> 'SHADOW')::int as statuses, (action in ('MUTE', 'RESTRICT'))::int as restrictions,
      (action <> 'SHADOW')::int as events from d
  ), found as (
    select id,
      (select count(*) from moderation_statuses s where s.person_id = d.owner_id and s.decision_id = d.id) as statuses,
      (select count(*) from restrictions r where r.decision_id = d.id) as restrictions,
      (select count(*) from reputation_events e where e.person_id = d.owner_id and e.cause = 'decision:' || d.id) as events
    from d
  ), wanted as (
    select subject_id, case when bool_or(action = 'REMOVE') then 'REMOVED' when bool_or(action in ('HIDE', 'SHADOW')) then 'HIDDEN'
      else 'VISIBLE' end as state from d group by subject_id
  )
  select (select sum(greatest(e.statuses - f.statuses, 0) + greatest(e.restrictions - f.restrictions, 0)
      + greatest(e.events - f.events, 0)) from expected e join found f using (id))::int as missing,
    (select sum(greatest(f.statuses - e.statuses, 0) + greatest(f.restrictions - e.restrictions, 0)
      + greatest(f.events - e.events, 0)) from expected e join found f using (id))::int as doubled,
    (select count(*) from wanted w join venues v on v.id::text = w.subject_id where v.content_state::text <> w.state)::int as "shown wrongly"`

/** Two workers on one backlog of decisions, in peace and while one of them is killed every second. */
export const decisions: Bench = async ({ stage, rounds, say }) => {
  say(`decisions: ${order.decisions} of them, and two workers`)
  const pool = new pg.Pool({ connectionString: stage.env['DATABASE_URL'], max: 2 })
  const env = { ...stage.env, DATABASE_POOL_SIZE: '10' }

  interface Worker {
    child: ChildProcess
    /** It takes jobs: whoever is killed before has never been there. */
    works: boolean
    gone: Promise<unknown>
  }
  const start = (): Worker => {
    const child = spawn(process.execPath, ['--enable-source-maps', entry], {
      env: { PATH: process.env['PATH'], ...env, LOG_LEVEL: 'info' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const kill = () => child.kill('SIGKILL')
    process.once('exit', kill)
    const gone = once(child, 'exit').finally(() => process.off('exit', kill))
    const worker: Worker = { child, works: false, gone }
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      worker.works ||= text.includes('working')
    })
    return worker
  }
  const end = async ({ child, gone }: Worker, signal: 'SIGKILL' | 'SIGTERM') => {
    child.kill(signal)
    await gone
  }

  async function round({ kills }: { kills: boolean }): Promise<Figures> {
    const maker = await startChild('decisions', { core: 'load', env })
    const ids = await maker.call<string[]>('backlog', order)
    await maker.stop()
    const left = async () => {
      const text = `select count(*)::int as count from decisions where id = any($1::uuid[]) and state <> 'APPLIED'`
      return (await pool.query<{ count: number }>(text, [ids])).rows[0]?.count ?? 0
    }
    const begun = performance.now()
    // The one that has worked for longest comes first.
    const workers = [start(), start()]
    let killed = 0
    while ((await left()) > 0) {
      await pause(killEveryMs)
      const [oldest] = workers
      if (!kills || !oldest?.works) continue
      await end(oldest, 'SIGKILL')
      workers.shift()
      workers.push(start())
      killed += 1
    }
    const seconds = (performance.now() - begun) / 1000
    for (const worker of workers) await end(worker, 'SIGTERM')
    const { rows } = await pool.query<Figures>(faultsText, [ids])
    return { ...rows[0], kills: killed, 'decisions a second': order.decisions / seconds }
  }

  const subjects = [
    { name: 'in peace', kills: false },
    { name: 'one killed every second', kills: true },
  ]
  const rows = await interleave(subjects, rounds, round)
  await pool.end()
  const none = (subject: string, figure: string) => ({
    ...{ subject, figure, bound: 0, want: 'at most' as const, unit: figure },
  })
  return {
    bench: 'decisions',
    says: `${order.decisions} decisions about ${order.owners * order.venues} venues of ${order.owners} people, two workers`,
    rows,
    goals: subjects.flatMap(({ name }) => ['missing', 'doubled', 'shown wrongly'].map((figure) => none(name, figure))),
    notes: [],
  }
}
