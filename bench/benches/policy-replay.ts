import pg from 'pg'
import { defaultDocument } from '../../src/modules/policies/defaults.ts'
import { type After, createJudgedStore } from '../../src/modules/policies/judged-store.ts'
import { digestOf } from '../../src/modules/policies/replay-report.ts'
import { replayed } from '../../src/modules/policies/replays.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createPostgres } from '../../src/platform/postgres.ts'
import type { Bench } from '../kit/bench.ts'
import { interleave } from '../kit/rounds.ts'

const writes = 1_000_000
const people = 50_000
const span = { since: new Date('2026-05-01T00:00:00Z'), until: new Date('2026-05-31T00:00:00Z') }
const batch = 2000

/** A version tried on a month of writes, beside no more than reading them. */
export const policyReplay: Bench = async ({ stage, rounds, say }) => {
  const url = stage.env['DATABASE_URL'] ?? ''
  say(`policy-replay: ${writes} writes of ${people} people`)
  await fill(url)
  const postgres = createPostgres({ url, poolSize: 1, logger: createLogger({ level: 'silent' }) })
  const store = createJudgedStore(postgres)
  const version = { id: '01900000-0000-7000-8000-000000000000', document: defaultDocument }
  const digests = new Set<string>()
  let runs = 0
  const subjects = [
    {
      name: 'reading',
      async work() {
        let after: After
        for (let read = 0; read < writes; ) {
          const page = await store.page(span.since, span.until, after, batch)
          after = page.at(-1)
          read += page.length
          if (page.length === 0) throw new Error(`${read} writes were read`)
        }
      },
    },
    {
      name: 'replay',
      async work() {
        runs += 1
        // Each time with another batch: the report must not tell.
        const report = await replayed(store, version, { ...span, batch: batch + runs })
        if (report.events !== writes) throw new Error(`${report.events} writes were judged`)
        digests.add(digestOf(report))
        if (digests.size > 1) throw new Error('two replays of the same writes differ')
      },
    },
  ]
  const rows = await interleave(subjects, Math.min(rounds, 3), async ({ work }) => {
    const began = performance.now()
    await work()
    return { seconds: (performance.now() - began) / 1000 }
  })
  await postgres.close()
  return {
    bench: 'policy-replay',
    says: `what a version would have decided about ${writes} writes`,
    rows,
    goals: [{ subject: 'replay', figure: 'seconds', bound: 60, want: 'at most', unit: 'seconds' }],
    notes: [`every run gave the report ${[...digests].join(', ')}`],
  }
}

/** Writes with 3,000 different sets of features, evenly over the span. */
async function fill(connectionString: string) {
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query(
    `insert into judged_writes (at, surface, person_id, features, decision)
     select $1::timestamptz + i * interval '2.5 seconds', (enum_range(null::"Surface"))[1 + i % 8], md5('person' || i % $3)::uuid,
       jsonb_build_object('text', case i % 5 when 0 then jsonb_build_object('profanity', (array['low', 'medium', 'high'])[1 + i % 3]) else '{}' end,
         'image', '{}'::jsonb, 'signals', case i % 7 when 0 then '["duplicate_text", "high_velocity"]'::jsonb else '[]' end,
         'trust', i % 101, 'matched', '{}'::jsonb),
       '{"action": "ALLOW", "severity": 0, "reasons": [], "rules": [], "restrict": null, "openCase": false}'
     from generate_series(1, $2::int) i`,
    [span.since, writes, people],
  )
  // As autovacuum does after a while.
  await client.query('vacuum analyze judged_writes')
  await client.end()
}
