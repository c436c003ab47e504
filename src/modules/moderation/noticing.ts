// Invariant: what policies, appeals and reverts lead to is in the case of its subject once, however often they say so.
import type { Clock } from '../../platform/clock.ts'
import { createId } from '../../platform/ids.ts'
import type { Sql } from '../../platform/postgres.ts'
import type { SubjectName, SubjectSources } from '../enforcement/index.ts'
import { take } from './case-machine.ts'
import type { CaseStore } from './case-store.ts'
import type { CaseWork, Done } from './case-work.ts'
import type { ModerationCase } from './cases.ts'
import type { EvidenceStore } from './evidence-store.ts'
import { newCase } from './new-case.ts'

/** What a policy or a scanner found. */
export interface Notice {
  subject: SubjectName
  /** The person that answers for the subject. */
  ownerId: string | null
  /** 0 to 5. */
  severity: number
  reasons: readonly string[]
  /** What it said: kept for staff. */
  texts: readonly string[]
}

export interface Noticing {
  /**
   * Opens a case, makes one that waits more urgent, or opens one that was decided again, unless that was about the same words. Refuses
   * nothing. Repeating it changes nothing. Answers the id of the case.
   */
  noticed(notice: Notice): Promise<string>
  /** The same in somebody's transaction: looks at the subject now, and opens the case when what it answers is called there. Call `told` after the commit. */
  noticing(notice: Notice): Promise<(sql: Sql) => Promise<{ caseId: string; told(): void }>>
  /** There is an appeal, in the transaction that makes it. NOT_FOUND for no case. Repeating it changes nothing. Call what it answers after the commit. */
  appealed(sql: Sql, caseId: string): Promise<() => void>
  /** It is decided: the case is closed, unless it was opened again meanwhile. As `appealed`. */
  appealResolved(sql: Sql, caseId: string, outcome: 'ACCEPTED' | 'REJECTED'): Promise<() => void>
  /** A decision of the case was undone. As `appealed`, but told every time. */
  reverted(sql: Sql, caseId: string): Promise<() => void>
}

export function createNoticing(deps: {
  work: CaseWork
  cases: CaseStore
  evidence: EvidenceStore
  subjects: () => SubjectSources
  clock: Clock
}): Noticing {
  const { work, cases, evidence, subjects, clock } = deps

  async function open(sql: Sql, notice: Notice, campusId: string | null): Promise<ModerationCase | undefined> {
    const made = newCase({ ...notice, campusId, reportCount: 0 }, clock.now())
    return (await cases.insert(sql, made)) ? made : undefined
  }

  /** Answers whether there is something in it that was not kept before. */
  async function keep(sql: Sql, caseId: string, { ownerId, texts }: Notice): Promise<boolean> {
    const text = texts.filter((one) => one !== '').join('\n')
    if (text === '') return false
    const nowMs = clock.now()
    return evidence.keep(sql, { id: createId(nowMs), caseId, personId: ownerId, text, at: new Date(nowMs) })
  }

  /** Of one without words its reasons have to say that it is about the same. */
  const saysNothingNew = ({ texts, reasons, severity }: Notice, current: ModerationCase) =>
    texts.some((text) => text !== '') ||
    (severity <= current.severity && reasons.every((reason) => current.reasons.includes(reason)))

  const never = () => new Error('a case cannot refuse this')

  async function notice(sql: Sql, given: Notice, campusId: string | null): Promise<Done> {
    const made = await open(sql, given, campusId)
    if (made) {
      await keep(sql, made.id, given)
      return work.record(sql, null, made, ['OPENED'])
    }
    const current = await cases.lockOf(sql, given.subject)
    if (!current) throw new Error('a case is gone')
    const isNew = await keep(sql, current.id, given)
    const isKnown = current.resolvedAt !== null && !isNew && saysNothingNew(given, current)
    const taken = isKnown ? undefined : take(current, { kind: 'noticed', ...given }, clock.now())
    if (typeof taken === 'string') throw never()
    return work.record(sql, current, taken?.next ?? current, taken?.changes ?? [])
  }

  async function noticing(given: Notice) {
    const facts = await subjects()[given.subject.kind].facts(given.subject.id)
    return async (sql: Sql) => {
      const { found, told } = await notice(sql, given, facts?.campusId ?? null)
      return { caseId: found.id, told }
    }
  }

  return {
    async noticed(notice) {
      const { caseId, told } = await work.transaction(await noticing(notice))
      told()
      return caseId
    },
    noticing,

    appealed: async (sql, caseId) => (await work.step(sql, caseId, { kind: 'appealed' }, never)).told,
    appealResolved: async (sql, caseId) => (await work.step(sql, caseId, { kind: 'appeal resolved' }, never)).told,
    reverted: async (sql, caseId) => (await work.step(sql, caseId, { kind: 'reverted' }, never)).told,
  }
}
