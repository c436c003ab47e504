import { randomBytes } from 'node:crypto'
import type { Decision, ModerationAction } from '../../src/modules/enforcement/decisions.ts'
import { demanded, effectsOf } from '../../src/modules/enforcement/effects.ts'
import {
  type ContentState,
  createEnforcementService,
  type EnforcementService,
  type NewDecision,
  type SubjectKind,
  type SubjectName,
  type SubjectSource,
  type SubjectSources,
} from '../../src/modules/enforcement/index.ts'
import { createId } from '../../src/platform/ids.ts'
import type { Postgres, Sql } from '../../src/platform/postgres.ts'
import type { TestApp } from './app.ts'

const kinds = ['MESSAGE', 'ACTIVITY', 'ACTIVITY_MESSAGE', 'ACCOUNT', 'DEVICE', 'VENUE', 'EVENT'] as const

interface Thing {
  ownerId: string
  state: ContentState
  by: string | null
  createdAt: Date
}

/** Things that can be acted on, kept in memory: what their modules do with a state is told in their own tests. */
export function createThings() {
  const things = new Map<string, Thing>()
  const key = ({ kind, id }: SubjectName) => `${kind} ${id}`
  /** Called before each change: what it throws ends the change. */
  const hooks = { before: async () => {} }

  const sourceOf = (kind: SubjectKind): SubjectSource => {
    const facts = async (id: string) => {
      const thing = things.get(key({ kind, id }))
      return thing ? { ...thing, campusId: null, text: 'said', isPublic: true } : null
    }
    return {
      facts,
      seenBy: (_beholder, id) => facts(id),
      async setState(id, state, by) {
        await hooks.before()
        const thing = things.get(key({ kind, id }))
        if (!thing) return false
        thing.state = state
        thing.by = state === 'VISIBLE' ? null : by
        return true
      },
      async reveal(ownerId, by) {
        await hooks.before()
        let count = 0
        for (const [name, thing] of things) {
          if (!name.startsWith(`${kind} `) || thing.ownerId !== ownerId || thing.by !== by) continue
          Object.assign(thing, { state: 'VISIBLE', by: null })
          count += 1
        }
        return count
      },
    }
  }

  return {
    hooks,
    sources: Object.fromEntries(kinds.map((kind) => [kind, sourceOf(kind)])) as SubjectSources,
    add(kind: SubjectKind, ownerId: string, { by = null, at = new Date() }: { by?: string | null; at?: Date } = {}) {
      const subject = { kind, id: createId(Date.now(), randomBytes(16)) }
      things.set(key(subject), { ownerId, state: by ? 'HIDDEN' : 'VISIBLE', by, createdAt: at })
      return subject
    },
    stateOf: (subject: SubjectName) => things.get(key(subject))?.state,
  }
}

export type Things = ReturnType<typeof createThings>

/** Enforcement over an app's stores, on things in memory. */
export function enforcementOn(app: TestApp, things: Things, postgres: Postgres = app.postgres): EnforcementService {
  const { gate, audit } = app.services
  return createEnforcementService({
    ...{ postgres, redis: app.redis, delivery: app.delivery, audit, clock: app.clock },
    ...{ restrictions: gate.restrictions, standings: gate.standings, refresh: gate.refresh },
    sources: () => things.sources,
    seenCases: async (_staff, caseIds) => new Set(caseIds),
    onReverted: async () => () => undefined,
    enqueue: async () => undefined,
    enqueueReveal: async () => undefined,
    logger: { error() {}, warn() {}, info() {}, debug() {} },
  })
}

export const newDecision = (
  subject: SubjectName,
  ownerId: string | null,
  action: NewDecision['action'],
  more: Partial<NewDecision> = {},
): NewDecision => ({
  ...{ subject, ownerId, action, caseId: null, surface: null, minutes: null, decidedBy: null },
  ...{ reason: 'rude', explanation: 'Please be kinder to others.' },
  ...more,
})

/** Decides, and does it. */
export async function decideNow(app: TestApp, enforcement: EnforcementService, given: NewDecision) {
  const { id } = await app.postgres.transaction((sql: Sql) => enforcement.decide(sql, given))
  await enforcement.settle(id)
  return id
}

export async function revertNow(app: TestApp, enforcement: EnforcementService, id: string) {
  await app.postgres.transaction((sql) => enforcement.revert(sql, id, { by: null, reason: 'a mistake' }))
  await enforcement.settle(id)
}

/** A case of a subject, as it is when it was decided. */
export async function createCase(app: TestApp, subject: SubjectName, ownerId: string): Promise<string> {
  const id = createId(app.clock.now())
  await app.postgres.pool.query(
    `insert into moderation_cases (id, subject_kind, subject_id, owner_id, state, reasons, severity, due_at)
     values ($1, $2, $3, $4, 'ACTIONED', '{ABUSE}', 2, now())`,
    [id, subject.kind, subject.id, ownerId],
  )
  return id
}

/** What there is of a person: what they were told, what they may not do, and what counts. */
export async function tracesOf(app: TestApp, personId: string) {
  const read = async (text: string) => (await app.postgres.pool.query(text, [personId])).rows
  return {
    statuses: await read('select seq, kind, data from moderation_statuses where person_id = $1 order by seq'),
    restrictions: await read(
      'select id, kind, surface, decision_id, revoked_at from restrictions where person_id = $1 and decision_id is not null order by created_at, id',
    ),
    events: await read(
      'select kind, trust_delta, risk_delta, cause from reputation_events where person_id = $1 order by at, id',
    ),
  }
}

/** The global id of something. */
export const globalId = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString('base64')

interface Decided {
  id: string
  subject_kind: SubjectKind
  subject_id: string
  owner_id: string
  action: ModerationAction
  surface: null
  minutes: null
  state: string
  applied_at: Date | null
}

export async function decidedOf(app: Pick<TestApp, 'postgres'>, ids: readonly string[]): Promise<Decided[]> {
  const text = 'select * from decisions where id = any($1::uuid[]) order by decided_at, id'
  return (await app.postgres.pool.query<Decided>(text, [ids])).rows
}

/** What of these decisions, all carried out, is not there exactly once; and where what a person was told has gaps. */
export async function faultsOf(
  app: Pick<TestApp, 'postgres'>,
  ids: readonly string[],
  things?: Things,
): Promise<string[]> {
  const faults: string[] = []
  const count = async (text: string) =>
    new Map(
      (await app.postgres.pool.query<{ id: string; count: number }>(text, [ids])).rows.map((row) => [
        row.id,
        row.count,
      ]),
    )
  const statuses = await count(
    'select decision_id as id, count(*)::int from moderation_statuses where decision_id = any($1::uuid[]) group by 1',
  )
  const restrictions = await count(
    'select decision_id as id, count(*)::int from restrictions where decision_id = any($1::uuid[]) group by 1',
  )
  const standing = await count(
    'select decision_id as id, count(*)::int from restrictions where decision_id = any($1::uuid[]) and revoked_at is null group by 1',
  )
  const events = await count(
    `select split_part(cause, ':', 2) as id, count(*)::int from reputation_events where split_part(cause, ':', 2) = any($1::text[]) group by 1`,
  )
  const decided = await decidedOf(app, ids)
  for (const one of decided) {
    const { restriction, told, counts } = effectsOf(one.subject_kind, one)
    const happened = one.applied_at === null ? 0 : one.state === 'REVERTED' ? 2 : 1
    const expected = {
      statuses: told ? happened : 0,
      restrictions: restriction ? Math.min(happened, 1) : 0,
      standing: restriction && happened === 1 ? 1 : 0,
      events: counts ? happened : 0,
    }
    for (const [name, found] of Object.entries({ statuses, restrictions, standing, events })) {
      const wanted = expected[name as keyof typeof expected]
      if ((found.get(one.id) ?? 0) !== wanted)
        faults.push(`${one.action} ${one.state} ${name}: ${found.get(one.id) ?? 0}, not ${wanted}`)
    }
  }
  for (const { subject_kind: kind, subject_id: id } of things ? decided : []) {
    const all = decided.filter((one) => one.subject_id === id && one.state !== 'REVERTED')
    const standing = all.map((one) => ({ ...one, subject: { kind, id } }))
    const wanted = demanded(standing as unknown as Decision[])?.state ?? 'VISIBLE'
    const shown = things?.stateOf({ kind, id })
    if (shown !== wanted) faults.push(`${kind} is ${shown}, not ${wanted}`)
  }
  const gaps = `select person_id from moderation_statuses where person_id = any(select owner_id from decisions where id = any($1::uuid[]))
                group by 1 having count(*) <> max(seq)`
  for (const _ of (await app.postgres.pool.query(gaps, [ids])).rows) faults.push('a gap in what a person was told')
  return faults
}
