import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { SubjectName } from '../enforcement/index.ts'
import type { ModerationCase } from './cases.ts'

export type CaseStore = ReturnType<typeof createCaseStore>

export const caseColumns = `c.id, c.subject_kind as "subjectKind", c.subject_id as "subjectId", c.owner_id as "ownerId",
  c.campus_id as "campusId", c.state, c.reasons, c.severity, c.round, c.report_count as "reportCount",
  c.escalation_level as "escalationLevel", c.assignee_id as "assigneeId", c.claimed_by as "claimedBy",
  c.claim_expires_at as "claimExpiresAt", c.appeal_open as "appealOpen", c.opened_at as "openedAt", c.due_at as "dueAt",
  c.overdue_told_at as "overdueToldAt", c.updated_at as "updatedAt", c.resolved_at as "resolvedAt"`

/** A row is the lock for whatever happens to its case. */
export function createCaseStore({ sql }: Pick<Postgres, 'sql'>) {
  return {
    /** Makes a case, unless its subject has one; false if it has. */
    async insert(tx: Sql, made: ModerationCase): Promise<boolean> {
      const rows = await tx(
        {
          name: 'cases-insert',
          text: `insert into moderation_cases (id, subject_kind, subject_id, owner_id, campus_id, state, reasons, severity, report_count,
              opened_at, due_at, updated_at)
            values ($1, $2::"SubjectKind", $3, $4, $5, 'OPEN', $6, $7, $8, $9, $10, $9)
            on conflict (subject_kind, subject_id) do nothing returning id`,
        },
        [
          ...[made.id, made.subjectKind, made.subjectId, made.ownerId, made.campusId, made.reasons, made.severity],
          ...[made.reportCount, made.openedAt, made.dueAt],
        ],
      )
      return rows.length > 0
    },

    async lock(tx: Sql, id: string): Promise<ModerationCase | undefined> {
      const text = `select ${caseColumns} from moderation_cases c where c.id = $1 for no key update`
      return (await tx<ModerationCase>({ name: 'cases-lock', text }, [id]))[0]
    },

    async lockOf(tx: Sql, { kind, id }: SubjectName): Promise<ModerationCase | undefined> {
      const text = `select ${caseColumns} from moderation_cases c
        where c.subject_kind = $1::"SubjectKind" and c.subject_id = $2 for no key update`
      return (await tx<ModerationCase>({ name: 'cases-lock-of', text }, [kind, id]))[0]
    },

    async update(tx: Sql, next: ModerationCase): Promise<void> {
      await tx(
        {
          name: 'cases-update',
          text: `update moderation_cases set state = $2::"CaseState", reasons = $3, severity = $4, round = $5, report_count = $6,
              escalation_level = $7, assignee_id = $8, claimed_by = $9, claim_expires_at = $10, appeal_open = $11, opened_at = $12,
              due_at = $13, overdue_told_at = $14, updated_at = $15, resolved_at = $16
            where id = $1`,
        },
        [
          ...[next.id, next.state, next.reasons, next.severity, next.round, next.reportCount, next.escalationLevel],
          ...[next.assigneeId, next.claimedBy, next.claimExpiresAt, next.appealOpen, next.openedAt, next.dueAt],
          ...[next.overdueToldAt, next.updatedAt, next.resolvedAt],
        ],
      )
    },

    byIds(ids: readonly string[]): Promise<ModerationCase[]> {
      const text = `select ${caseColumns} from moderation_cases c where c.id = any($1::uuid[])`
      return sql<ModerationCase>({ name: 'cases-by-ids', text }, [ids])
    },

    /** Cases whose claim has ended, or that are late and nobody was told: a few of each. */
    async runOut(now: Date): Promise<{ id: string }[]> {
      const text = `(select id from moderation_cases where claim_expires_at <= $1 order by claim_expires_at limit 200)
        union (select id from moderation_cases where state in ('OPEN', 'ESCALATED') and overdue_told_at is null and due_at <= $1
          order by due_at limit 200)`
      return sql<{ id: string }>({ name: 'cases-run-out', text }, [now])
    },

    /** Whether an account handles cases. */
    async isStaff(tx: Sql, accountId: string): Promise<boolean> {
      const text = `select from accounts where id = $1 and revoked_at is null and roles && '{MODERATOR,ADMIN}'::"Role"[]`
      return (await tx({ name: 'cases-is-staff', text }, [accountId])).length > 0
    },

    /** Nobody answers for these any more, no case is about them by name, and nobody works on what this person of staff had. Answers how many. */
    async erase(tx: Sql, personId: string): Promise<number> {
      const text = `update moderation_cases set owner_id = nullif(owner_id, $1), assignee_id = nullif(assignee_id, $1),
          claim_expires_at = case when claimed_by = $1 then null else claim_expires_at end, claimed_by = nullif(claimed_by, $1),
          subject_id = case when subject_kind in ('ACCOUNT', 'DEVICE') and subject_id = $2 then 'erased:' || id else subject_id end
        where owner_id = $1 or assignee_id = $1 or claimed_by = $1 or (subject_kind in ('ACCOUNT', 'DEVICE') and subject_id = $2)
        returning id`
      return (await tx({ name: 'cases-erase', text }, [personId, personId])).length
    },
  }
}
