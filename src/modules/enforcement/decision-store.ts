import { IdempotencyMismatchError } from '../../platform/errors.ts'
import type { KeysetRange } from '../../platform/keyset.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { Surface } from '../gate/index.ts'
import type { Decision, NewDecision } from './decisions.ts'
import type { SubjectKind, SubjectName } from './subjects.ts'

export type DecisionStore = ReturnType<typeof createDecisionStore>

interface Row extends Omit<Decision, 'subject'> {
  subjectKind: SubjectKind
  subjectId: string
}

const columns = `d.id, d.case_id as "caseId", d.subject_kind as "subjectKind", d.subject_id as "subjectId", d.owner_id as "ownerId",
  d.action, d.surface, d.minutes, d.reason, d.explanation, d.note, d.decided_by as "decidedBy", d.policy_id as "policyId", d.rule,
  d.client_id as "clientId", d.fingerprint, d.state, d.decided_at as "decidedAt", d.applied_at as "appliedAt",
  d.reverted_by as "revertedBy", d.revert_reason as "revertReason", d.reverted_at as "revertedAt"`

const lowestId = '00000000-0000-0000-0000-000000000000'
const highestId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

function decisionOf({ subjectKind, subjectId, ...row }: Row): Decision {
  return { ...row, subject: { kind: subjectKind, id: subjectId } }
}

export function createDecisionStore({ sql }: Pick<Postgres, 'sql'>) {
  const read = async (through: Sql, id: string): Promise<Decision | undefined> => {
    const text = `select ${columns} from decisions d where d.id = $1`
    const [row] = await through<Row>({ name: 'enforcement-decision', text }, [id])
    return row && decisionOf(row)
  }

  return {
    /** One by one of the same subject, until the transaction ends; `wait` false: answers at once whether it is its turn. */
    async lockSubject(tx: Sql, { kind, id }: SubjectName, wait: boolean): Promise<boolean> {
      const name = `decisions ${kind} ${id}`
      if (wait) {
        const text = 'select pg_advisory_xact_lock(hashtextextended($1, 0)) is not null as locked'
        await tx({ name: 'enforcement-lock', text }, [name])
        return true
      }
      const text = 'select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as locked'
      const [row] = await tx<{ locked: boolean }>({ name: 'enforcement-try-lock', text }, [name])
      return row?.locked ?? false
    },

    /** Inserts, or answers the one that is there by its id or its client id. */
    async insert(
      tx: Sql,
      given: NewDecision & { id: string; decidedAt: Date },
    ): Promise<{ decision: Decision; isNew: boolean }> {
      const [row] = await tx<Row>(
        {
          name: 'enforcement-insert',
          text: `insert into decisions as d (id, case_id, subject_kind, subject_id, owner_id, action, surface, minutes, reason, explanation,
                   note, decided_by, policy_id, rule, client_id, fingerprint, decided_at)
                 values ($1, $2, $3::"SubjectKind", $4, $5, $6::"ModerationAction", $7::"Surface", $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
                 on conflict do nothing returning ${columns}`,
        },
        [
          ...[given.id, given.caseId, given.subject.kind, given.subject.id, given.ownerId, given.action, given.surface],
          ...[
            given.minutes,
            given.reason,
            given.explanation,
            given.note ?? '',
            given.decidedBy,
            given.policyId ?? null,
          ],
          ...[given.rule ?? null, given.clientId ?? null, given.fingerprint ?? null, given.decidedAt],
        ],
      )
      if (row) return { decision: decisionOf(row), isNew: true }
      const text = `select ${columns} from decisions d where d.id = $1 or (d.decided_by = $2 and d.client_id = $3)`
      const values = [given.id, given.decidedBy, given.clientId ?? null]
      const [known] = await tx<Row>({ name: 'enforcement-known', text }, values)
      if (!known) throw new Error('a decision is neither new nor there')
      if (given.fingerprint && !known.fingerprint?.equals(given.fingerprint)) throw new IdempotencyMismatchError()
      return { decision: decisionOf(known), isNew: false }
    },

    decision: (id: string) => read(sql, id),
    decisionIn: read,

    async decisions(ids: readonly string[]): Promise<Decision[]> {
      const text = `select ${columns} from decisions d where d.id = any($1::uuid[])`
      return (await sql<Row>({ name: 'enforcement-decisions', text }, [ids])).map(decisionOf)
    },

    /** Those of a subject that are not undone or being undone, in the order they were made in. */
    async standing(tx: Sql, { kind, id }: SubjectName): Promise<Decision[]> {
      const text = `select ${columns} from decisions d where d.subject_kind = $1::"SubjectKind" and d.subject_id = $2
                    and d.state in ('PENDING', 'APPLIED') order by d.decided_at, d.id`
      return (await tx<Row>({ name: 'enforcement-standing', text }, [kind, id])).map(decisionOf)
    },

    async standingOfCase(tx: Sql, caseId: string): Promise<Decision[]> {
      const text = `select ${columns} from decisions d where d.case_id = $1 and d.state in ('PENDING', 'APPLIED')
                    order by d.decided_at, d.id`
      return (await tx<Row>({ name: 'enforcement-standing-of-case', text }, [caseId])).map(decisionOf)
    },

    async ofSubject({ kind, id }: SubjectName): Promise<Decision[]> {
      const text = `select ${columns} from decisions d where d.subject_kind = $1::"SubjectKind" and d.subject_id = $2
                    order by d.decided_at, d.id limit 1000`
      return (await sql<Row>({ name: 'enforcement-of-subject', text }, [kind, id])).map(decisionOf)
    },

    /** Of each case, newest first in the order of the range. */
    async ofCases(caseIds: readonly string[], { from, to, order, limit }: KeysetRange): Promise<Decision[]> {
      const rows = await sql<Row>(
        {
          name: `enforcement-of-cases-${order}`,
          text: `select d.* from unnest($1::uuid[]) c(id) cross join lateral (
                   select ${columns} from decisions d where d.case_id = c.id
                   and (d.decided_at, d.id) > ($2::timestamptz, $3::uuid) and (d.decided_at, d.id) < ($4::timestamptz, $5::uuid)
                   order by d.decided_at ${order}, d.id ${order} limit $6
                 ) d`,
        },
        [
          ...[caseIds, from ? new Date(from.key) : '-infinity', from?.id ?? lowestId],
          ...[to ? new Date(to.key) : 'infinity', to?.id ?? highestId, limit],
        ],
      )
      return rows.map(decisionOf)
    },

    /** Its effects are there. False: it was undone meanwhile, or they were there before. */
    async applied(tx: Sql, id: string, at: Date): Promise<boolean> {
      const text = `update decisions set state = 'APPLIED', applied_at = $2 where id = $1 and state = 'PENDING' returning id`
      return (await tx({ name: 'enforcement-applied', text }, [id, at])).length > 0
    },

    /** From here on it is being undone. False: it was before, or there is none. */
    async reverting(tx: Sql, id: string, by: string | null, reason: string): Promise<boolean> {
      const text = `update decisions set state = 'REVERTING', reverted_by = $2, revert_reason = $3
                    where id = $1 and state in ('PENDING', 'APPLIED') returning id`
      return (await tx({ name: 'enforcement-reverting', text }, [id, by, reason])).length > 0
    },

    async reverted(tx: Sql, id: string, at: Date): Promise<boolean> {
      const text = `update decisions set state = 'REVERTED', reverted_at = $2 where id = $1 and state = 'REVERTING' returning id`
      return (await tx({ name: 'enforcement-reverted', text }, [id, at])).length > 0
    },

    /** What is still to be done, the oldest first. */
    async unfinished(limit: number): Promise<string[]> {
      const text = `select id from decisions where state in ('PENDING', 'REVERTING') order by id limit $1`
      return (await sql<{ id: string }>({ name: 'enforcement-unfinished', text }, [limit])).map(({ id }) => id)
    },

    /** The restriction that hid from the start what a person wrote at a moment, if it stands. An ended one goes on hiding. */
    async shadowOver(tx: Sql, personId: string, surface: Surface, at: Date): Promise<string | undefined> {
      const text = `select id from restrictions where person_id = $1 and kind = 'SHADOW' and revoked_at is null
                    and (surface is null or surface = $2::"Surface") and created_at <= $3 and (expires_at is null or expires_at > $3)
                    order by created_at, id limit 1`
      return (await tx<{ id: string }>({ name: 'enforcement-shadow-over', text }, [personId, surface, at]))[0]?.id
    },

    /** Nobody's from here on, and by nobody where it was them who decided. */
    async disown(personId: string): Promise<number> {
      const text = 'update decisions set owner_id = null where owner_id = $1 returning id'
      const owned = await sql({ name: 'enforcement-disown', text }, [personId])
      for (const column of ['decided_by', 'reverted_by'])
        await sql(
          {
            name: `enforcement-disown-${column}`,
            text: `update decisions set ${column} = null where ${column} = $1 returning id`,
          },
          [personId],
        )
      return owned.length
    },
  }
}
