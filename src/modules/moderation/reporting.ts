// Invariant: whoever reports something could see it, is known to nobody for it, and weighs no more than they are trusted.
import { createHmac } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import { BadUserInputError, IdempotencyMismatchError, NotFoundError } from '../../platform/errors.ts'
import { createId } from '../../platform/ids.ts'
import { keysetCursor, keysetRange, type Listed, type PageRequest } from '../../platform/keyset.ts'
import type { Sql } from '../../platform/postgres.ts'
import { checkedText } from '../../platform/text.ts'
import type { Beholder, SubjectFacts, SubjectName, SubjectSources } from '../enforcement/index.ts'
import type { GateService } from '../gate/index.ts'
import { take } from './case-machine.ts'
import type { CaseStore } from './case-store.ts'
import type { CaseWork, Done } from './case-work.ts'
import { isPending, type ModerationCase, type ReportReason } from './cases.ts'
import { DuplicateReportError, ReportLimitError } from './errors.ts'
import type { EvidenceStore } from './evidence-store.ts'
import { newCase } from './new-case.ts'
import type { Report, ReportStore } from './report-store.ts'
import { becomesHeavy, severityOf, severityWith, weightOf } from './severity.ts'

export interface NewReport {
  clientId: string
  reason: ReportReason
  note: string | null
}

export interface Reporting {
  /**
   * Reports something. What the beholder may not see, and what is not there, is refused with NOT_FOUND; themselves and what is theirs with
   * BAD_USER_INPUT; the same thing again before it is decided with DuplicateReportError; a fourth that waits with ReportLimitError; and
   * what the gate refuses. `selves` is everything that the beholder is. `subject` is asked for only by a client id that is new: repeating one gives the original, for ever.
   */
  report(
    beholder: Beholder,
    selves: readonly string[],
    subject: () => Promise<SubjectName>,
    report: NewReport,
  ): Promise<Report>
  /** One's own reports, the newest first. Refuses cursors of other lists. */
  reportsOf(reporterIds: readonly string[], page: PageRequest): Promise<Listed<Report>[]>
  /** Those of these that are one's own, by id. */
  reportsById(reporterIds: readonly string[], ids: readonly string[]): Promise<Map<string, Report>>
}

const openAtMost = 3
const noteLength = 1000

export function createReporting(deps: {
  work: CaseWork
  cases: CaseStore
  reports: ReportStore
  evidence: EvidenceStore
  subjects: () => SubjectSources
  gate: Pick<GateService, 'ask' | 'standings' | 'refresh'>
  clock: Clock
  key: Buffer
}): Reporting {
  const { work, cases, reports, evidence, subjects, gate, clock, key } = deps

  const absent = (): never => {
    throw new NotFoundError()
  }
  const original = (report: Report, fingerprint: Buffer): Report => {
    if (!report.fingerprint?.equals(fingerprint)) throw new IdempotencyMismatchError()
    return report
  }

  /** What it is about, as far as they may see it. Somebody whom they were given a name for is one that they may see. */
  async function seen(beholder: Beholder, { kind, id }: SubjectName): Promise<Seen> {
    const { [kind]: source, ACCOUNT: accounts } = subjects()
    if (kind !== 'DEVICE') {
      const facts = await source.seenBy(beholder, id)
      if (facts) return { subject: { kind, id }, facts }
      throw new NotFoundError()
    }
    const facts = await source.facts(id)
    if (facts) return { subject: { kind, id }, facts }
    // Whoever organizes an activity is there as their account.
    const organizer = await accounts.facts(id)
    if (organizer) return { subject: { kind: 'ACCOUNT', id }, facts: organizer }
    throw new NotFoundError()
  }

  interface Seen {
    subject: SubjectName
    facts: SubjectFacts
  }

  interface Made extends NewReport, Seen {
    reporterId: string
    weight: number
    fingerprint: Buffer
  }

  async function add(sql: Sql, made: Made): Promise<{ report: Report; done: Done; owner: string | null }> {
    const { reporterId, subject, facts, weight, reason, note, clientId, fingerprint } = made
    const nowMs = clock.now()
    const begun = newCase({ subject, ...facts, severity: severityOf(reason), reasons: [reason], reportCount: 1 }, nowMs)
    const current = (await cases.insert(sql, begun)) ? null : ((await cases.lockOf(sql, subject)) ?? null)
    const { heavy, next, changes } = current
      ? await joined(sql, current, made, nowMs)
      : { heavy: false, next: begun, changes: ['OPENED' as const] }
    if ((await reports.openOf(sql, reporterId)) >= openAtMost) throw new ReportLimitError(openAtMost)
    const { id: caseId, round } = next
    const report: Report = {
      ...{ id: createId(nowMs), caseId, round, reporterId, reason, note, weight, fingerprint },
      ...{ createdAt: new Date(nowMs), outcome: null, resolvedAt: null },
    }
    await reports.insert(sql, { ...report, clientId })
    const kept = { id: createId(nowMs), caseId, personId: facts.ownerId, text: facts.text, at: new Date(nowMs) }
    if (facts.text !== '') await evidence.keep(sql, kept)
    const owner = heavy ? await reportedByMany(sql, next) : null
    return { report, done: await work.record(sql, current, next, changes), owner }
  }

  async function joined(sql: Sql, current: ModerationCase, { reporterId, reason, weight }: Made, nowMs: number) {
    const round = isPending(current) ? current.round : current.round + 1
    const { weight: before, own } = await reports.ofRound(sql, current.id, round, reporterId)
    if (own !== null) throw new DuplicateReportError(own)
    const weighed = { before, after: before + weight }
    const severity = severityWith(current.severity, reason, weighed)
    const step = { kind: 'reported', reason, severity, alone: severityOf(reason) } as const
    const taken = take(current, step, nowMs)
    if (typeof taken === 'string') throw new Error('a case cannot refuse a report')
    return { ...taken, heavy: becomesHeavy(weighed) }
  }

  /** Counts against their trust once a round: however many report them, that is all it does. */
  async function reportedByMany(sql: Sql, { id, round, ownerId }: ModerationCase): Promise<string | null> {
    if (ownerId === null) return null
    const noted = { personId: ownerId, kind: 'reported_by_many', surface: null, cause: `case:${id}:${round}` } as const
    return (await gate.standings.note(sql, noted)) ? ownerId : null
  }

  return {
    async report(beholder, selves, named, { clientId, reason, note: given }) {
      const reporterId = beholder.accountId ?? beholder.deviceId
      if (reporterId === null) throw new NotFoundError()
      const note = given === null ? '' : checkedText(given, { min: 0, max: noteLength, field: 'note', lines: true })
      const known = await reports.byClientId(reporterId, clientId)
      const subject = await named().catch((error: unknown) => {
        if (known) return null
        throw error
      })
      // What it was about can be named no more: that it was reported is so for ever.
      if (!subject) return known ?? absent()
      const fingerprint = createHmac('sha256', key)
        .update(JSON.stringify([subject.kind, subject.id, reason, note]))
        .digest()
      if (known) return original(known, fingerprint)
      const about = await seen(beholder, subject)
      if (about.facts.ownerId !== null && selves.includes(about.facts.ownerId))
        throw new BadUserInputError('This is your own.', 'subjectId')
      const { texts } = await gate.ask({ surface: 'REPORT', personId: reporterId, attempt: clientId, texts: [note] })
      const standing = (await gate.standings.of([reporterId])).get(reporterId)
      const made: Made = {
        ...{ ...about, reporterId, reason, clientId, fingerprint },
        ...{ note: texts[0] || null, weight: weightOf(standing?.trust ?? 0) },
      }
      const { report, done, owner } = await work.transaction(async (sql) => {
        await reports.lockReporter(sql, reporterId)
        const known = await reports.byClientId(reporterId, clientId, sql)
        return known ? { report: original(known, fingerprint), done: null, owner: null } : add(sql, made)
      })
      done?.told()
      if (owner !== null) void gate.refresh(owner).catch(() => undefined)
      return report
    },

    async reportsOf(reporterIds, page) {
      const list = `reports of ${[...reporterIds].sort().join()}`
      const rows = await reports.listOf(reporterIds, keysetRange(list, page, 'desc'))
      return rows.map((item) => ({ item, cursor: keysetCursor(list, { key: item.createdAt.getTime(), id: item.id }) }))
    },

    async reportsById(reporterIds, ids) {
      const found = await reports.byIds(reporterIds, ids)
      return new Map(found.map((report) => [report.id, report]))
    },
  }
}
