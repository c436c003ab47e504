import type { KeysetRange } from '../../platform/keyset.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { SubjectName } from '../enforcement/index.ts'
import type { Appeal, AppealOutcome, AppealState } from './appeals.ts'

export interface NewAppeal {
  id: string
  caseId: string
  decisionId: string
  appellantId: string
  note: string
  clientId: string
  fingerprint: Buffer
  createdAt: Date
}

const columns = `a.id, a.case_id as "caseId", a.decision_id as "decisionId", a.appellant_id as "appellantId", a.note, a.state, a.answer,
  a.decided_by as "decidedBy", a.fingerprint, a.created_at as "createdAt", a.resolved_at as "resolvedAt"`

const lowestId = '00000000-0000-0000-0000-000000000000'
const highestId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** The first five parameters of a list: both ends and the size. */
const ends = ({ from, to, limit }: KeysetRange) => [
  ...[from ? new Date(from.key) : '-infinity', from?.id ?? lowestId],
  ...[to ? new Date(to.key) : 'infinity', to?.id ?? highestId, limit],
]
const between = `(a.created_at, a.id) > ($1::timestamptz, $2::uuid) and (a.created_at, a.id) < ($3::timestamptz, $4::uuid)`

export type AppealStore = ReturnType<typeof createAppealStore>

export function createAppealStore({ sql }: Pick<Postgres, 'sql'>) {
  return {
    async byClientId(appellantIds: readonly string[], clientId: string): Promise<Appeal | undefined> {
      const text = `select ${columns} from appeals a where a.appellant_id = any($1::uuid[]) and a.client_id = $2 limit 1`
      return (await sql<Appeal>({ name: 'appeals-by-client-id', text }, [appellantIds, clientId]))[0]
    },

    async byIds(ids: readonly string[]): Promise<Appeal[]> {
      return sql<Appeal>(
        { name: 'appeals-by-id', text: `select ${columns} from appeals a where a.id = any($1::uuid[])` },
        [ids],
      )
    },

    /** Whether this person has appealed a decision and was answered. */
    async isDecided(appellantId: string, decisionId: string): Promise<boolean> {
      const text = `select id from appeals where appellant_id = $1 and decision_id = $2 and state <> 'OPEN' limit 1`
      return (await sql({ name: 'appeals-is-decided', text }, [appellantId, decisionId])).length > 0
    },

    /** The campuses of the cases that appeals belong to, by appeal; null for none. */
    async campuses(ids: readonly string[]): Promise<Map<string, string | null>> {
      const text = `select a.id, c.campus_id as "campusId" from appeals a join moderation_cases c on c.id = a.case_id
                    where a.id = any($1::uuid[])`
      const rows = await sql<{ id: string; campusId: string | null }>({ name: 'appeals-campuses', text }, [ids])
      return new Map(rows.map(({ id, campusId }) => [id, campusId]))
    },

    /** The case of a subject, if there is one. */
    async caseOf({ kind, id }: SubjectName): Promise<string | undefined> {
      const text = 'select id from moderation_cases where subject_kind = $1::"SubjectKind" and subject_id = $2'
      return (await sql<{ id: string }>({ name: 'appeals-case-of', text }, [kind, id]))[0]?.id
    },

    /** Everything that is decided about appeals of a case waits for this, until the transaction ends. It comes before any other lock. */
    async lockCase(tx: Sql, caseId: string): Promise<{ campusId: string | null } | undefined> {
      const text = 'select campus_id as "campusId" from moderation_cases where id = $1 for update'
      return (await tx<{ campusId: string | null }>({ name: 'appeals-lock-case', text }, [caseId]))[0]
    },

    /** Those of a case that wait, and those against a decision, as the transaction sees them. */
    async rivals(tx: Sql, caseId: string, decisionId: string): Promise<Appeal[]> {
      const text = `select ${columns} from appeals a where a.case_id = $1 and (a.state = 'OPEN' or a.decision_id = $2)`
      return tx<Appeal>({ name: 'appeals-rivals', text }, [caseId, decisionId])
    },

    async appeal(tx: Sql, id: string): Promise<Appeal | undefined> {
      return (
        await tx<Appeal>({ name: 'appeals-one', text: `select ${columns} from appeals a where a.id = $1` }, [id])
      )[0]
    },

    /** Inserts; undefined if the client id was used meanwhile. */
    async insert(tx: Sql, made: NewAppeal): Promise<Appeal | undefined> {
      const [row] = await tx<Appeal>(
        {
          name: 'appeals-insert',
          text: `insert into appeals as a (id, case_id, decision_id, appellant_id, note, client_id, fingerprint, created_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (appellant_id, client_id) do nothing returning ${columns}`,
        },
        [
          ...[made.id, made.caseId, made.decisionId, made.appellantId, made.note, made.clientId],
          ...[made.fingerprint, made.createdAt],
        ],
      )
      return row
    },

    async resolve(
      tx: Sql,
      id: string,
      { outcome, answer, by, at }: { outcome: AppealOutcome; answer: string; by: string; at: Date },
    ): Promise<Appeal | undefined> {
      const [row] = await tx<Appeal>(
        {
          name: 'appeals-resolve',
          text: `update appeals a set state = $2::"AppealState", answer = $3, decided_by = $4, resolved_at = $5
                 where a.id = $1 and a.state = 'OPEN' returning ${columns}`,
        },
        [id, outcome, answer, by, at],
      )
      return row
    },

    /** All that staff of these campuses sees (null: of all), the oldest first in the order of the range. */
    async list(
      { state, campusIds }: { state: AppealState | null; campusIds: readonly string[] | null },
      range: KeysetRange,
    ): Promise<Appeal[]> {
      const { order } = range
      return sql<Appeal>(
        {
          name: `appeals-list-${order}`,
          text: `select ${columns} from appeals a where ${between} and ($6::"AppealState" is null or a.state = $6::"AppealState")
                 and ($7::uuid[] is null or exists (
                   select 1 from moderation_cases c where c.id = a.case_id and (c.campus_id is null or c.campus_id = any($7::uuid[]))))
                 order by a.created_at ${order}, a.id ${order} limit $5`,
        },
        [...ends(range), state, campusIds],
      )
    },

    async listOf(appellantIds: readonly string[], range: KeysetRange): Promise<Appeal[]> {
      const { order } = range
      return sql<Appeal>(
        {
          name: `appeals-of-${order}`,
          text: `select ${columns} from appeals a where ${between} and a.appellant_id = any($6::uuid[])
                 order by a.created_at ${order}, a.id ${order} limit $5`,
        },
        [...ends(range), appellantIds],
      )
    },

    /** What a person said and was answered, and that it was them, is forgotten; that there was an appeal is not. */
    async erase(personId: string): Promise<number> {
      const deciding = 'update appeals set decided_by = null where decided_by = $1 returning id'
      await sql({ name: 'appeals-erase-decider', text: deciding }, [personId])
      const text = `update appeals set appellant_id = null, note = null, answer = null, client_id = null, fingerprint = null
                    where appellant_id = $1 returning id`
      return (await sql({ name: 'appeals-erase', text }, [personId])).length
    },
  }
}
