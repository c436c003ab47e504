import type { Postgres, Sql } from '../../platform/postgres.ts'

export type EvidenceStore = ReturnType<typeof createEvidenceStore>

/** Of one case. What is left out is the oldest. */
const keptAtMost = 50

/** What subjects said when they were reported or judged. */
export function createEvidenceStore({ sql }: Pick<Postgres, 'sql'>) {
  return {
    /** Keeps a text, unless it is kept already; false if it was. */
    async keep(tx: Sql, evidence: { id: string; caseId: string; personId: string | null; text: string; at: Date }) {
      const rows = await tx(
        {
          name: 'evidence-keep',
          text: `insert into case_evidence (id, case_id, person_id, text, at) select $1, $2, $3, $4::text, $5
            where not exists (select from case_evidence where case_id = $2 and text = $4::text) returning id`,
        },
        [evidence.id, evidence.caseId, evidence.personId, evidence.text, evidence.at],
      )
      return rows.length > 0
    },

    /** The newest first. */
    of(tx: Sql, caseId: string): Promise<{ text: string; at: Date }[]> {
      const text = `select text, at from case_evidence where case_id = $1 order by at desc, id desc limit ${keptAtMost}`
      return tx<{ text: string; at: Date }>({ name: 'evidence-of', text }, [caseId])
    },

    /** Forgets what belongs to cases that were over before a time. */
    async dropOver(before: Date): Promise<number> {
      const text = `delete from case_evidence where id in (
          select e.id from case_evidence e join moderation_cases c on c.id = e.case_id
          where e.at < $1 and c.state in ('ACTIONED', 'DISMISSED', 'CLOSED') and not c.appeal_open and c.updated_at < $1 limit 5000)
        returning id`
      return (await sql({ name: 'evidence-drop', text }, [before])).length
    },

    /** Forgets the words of one person. */
    async erase(tx: Sql, personId: string): Promise<number> {
      const text = 'delete from case_evidence where person_id = $1 returning id'
      return (await tx({ name: 'evidence-erase', text }, [personId])).length
    },
  }
}
