import { randomBytes } from 'node:crypto'
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
    onReverted: async () => () => undefined,
    enqueue: async () => undefined,
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
