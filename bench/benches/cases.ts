import { randomUUID } from 'node:crypto'
import { createBackend } from '../../src/backend.ts'
import { type ReadyConfig, readConfig } from '../../src/config.ts'
import type { CaseFilter, CaseOrder } from '../../src/modules/moderation/index.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { createDisposers } from '../../src/platform/disposers.ts'
import { createLogger } from '../../src/platform/logger.ts'
import type { Postgres } from '../../src/platform/postgres.ts'
import type { Bench } from '../kit/bench.ts'
import { percentile } from '../kit/figures.ts'
import { interleave } from '../kit/rounds.ts'

const cases = 100_000
const campuses = Array.from({ length: 20 }, () => randomUUID())
const staff = { accountId: randomUUID(), isAdmin: false }
const waiting = { states: ['OPEN', 'ESCALATED'] } as const

const lists: { name: string; filter: CaseFilter; order: CaseOrder }[] = [
  { name: 'all', filter: {}, order: 'SEVERITY' },
  { name: 'what waits', filter: waiting, order: 'SEVERITY' },
  { name: 'what waits, by due', filter: waiting, order: 'DUE' },
  { name: 'urgent, nobody’s', filter: { ...waiting, severityAtLeast: 4, assignee: 'none' }, order: 'SEVERITY' },
  { name: 'mine', filter: { assignee: { id: staff.accountId } }, order: 'OPENED' },
  { name: 'of a campus', filter: { ...waiting, campusIds: campuses.slice(0, 1) }, order: 'SEVERITY' },
  { name: 'of a reason', filter: { reasons: ['SELF_HARM'] }, order: 'OPENED' },
  { name: 'late', filter: { overdue: true }, order: 'DUE' },
  { name: 'with an appeal', filter: { appealOpen: true }, order: 'SEVERITY' },
  {
    name: 'closed, low, of a kind',
    filter: { states: ['CLOSED'], severityAtMost: 1, kinds: ['EVENT'] },
    order: 'OPENED',
  },
]

/** Pages of twenty out of a hundred thousand cases, by several filters, beside one case by its id. */
export const caseLists: Bench = async ({ stage, rounds, roundMs, say }) => {
  const disposers = createDisposers()
  const config = readConfig({ ...stage.env, LOG_LEVEL: 'silent' }) as ReadyConfig
  const logger = createLogger({ level: 'silent' })
  const { services, postgres } = await createBackend(config, { clock: systemClock, logger, disposers })
  try {
    say(`cases: ${cases.toLocaleString('en-US')} cases`)
    await fill(postgres)
    const [{ id } = { id: '' }] = await postgres.sql<{ id: string }>({
      name: '',
      text: 'select id from moderation_cases limit 1',
    })
    const page = { limit: 21, inverted: false }
    const subjects = [
      { name: 'one, by its id', read: () => services.moderation.case(staff, id) as Promise<unknown> },
      ...lists.map(({ name, filter, order }) => ({
        name,
        async read() {
          const first = await services.moderation.cases(staff, filter, order, page)
          // And the page after that.
          return services.moderation.cases(staff, filter, order, { ...page, after: first[19]?.cursor })
        },
      })),
    ]
    const rows = await interleave(subjects, rounds, async ({ read }) => {
      const times: number[] = []
      for (const begun = performance.now(); performance.now() - begun < roundMs / 4; ) {
        const started = performance.now()
        await read()
        times.push((performance.now() - started) / 2)
      }
      times.sort((a, b) => a - b)
      return { 'p50 ms': percentile(times, 0.5), 'p95 ms': percentile(times, 0.95) }
    })
    return {
      bench: 'cases',
      says: `a page of twenty of ${cases.toLocaleString('en-US')} cases`,
      rows,
      goals: lists.map(({ name }) => ({
        subject: name,
        figure: 'p95 ms',
        bound: 50,
        want: 'at most' as const,
        unit: 'ms',
      })),
      notes: ['each is the mean of the first page and the one after it'],
    }
  } finally {
    await disposers.run()
  }
}

async function fill({ sql, pool }: Postgres): Promise<void> {
  await pool.query('set statement_timeout = 0')
  const text = `insert into moderation_cases (id, subject_kind, subject_id, campus_id, state, reasons, severity, opened_at, due_at, assignee_id, appeal_open)
    select gen_random_uuid(), (array['MESSAGE', 'ACTIVITY', 'VENUE', 'EVENT'])[1 + r.kind]::"SubjectKind", i::text,
      case when r.campus < 20 then ($1::uuid[])[1 + r.campus] end,
      (case when r.state < 10 then 'OPEN' when r.state = 10 then 'ESCALATED' else (array['ACTIONED', 'DISMISSED', 'CLOSED'])[1 + r.state % 3] end)::"CaseState",
      array[(array['SPAM', 'HATE', 'ABUSE', 'SCAM', 'SEXUAL', 'OTHER'])[1 + r.reason]] || case when r.rare = 0 then array['SELF_HARM'] else '{}' end,
      r.severity, now() - i * interval '20 seconds', now() - i * interval '20 seconds' + interval '1 hour',
      case when r.rare < 10 then $2::uuid end, r.rare = 7
    from generate_series($3::int, $4::int) i, lateral (select floor(random() * 4 + i * 0)::int as kind, floor(random() * 30 + i * 0)::int as campus,
      floor(random() * 200 + i * 0)::int as state, floor(random() * 6 + i * 0)::int as reason, floor(random() * 6 + i * 0)::int as severity,
      floor(random() * 500 + i * 0)::int as rare) r`
  const step = 10_000
  for (let from = 1; from <= cases; from += step)
    await sql({ name: '', text }, [campuses, staff.accountId, from, from + step - 1])
  await sql({ name: '', text: 'analyze moderation_cases' })
}
