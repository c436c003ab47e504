// Invariant: a round of a case is decided once, by whoever holds it or by anybody if nobody does, and its reporters are told.
import { createHmac } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import {
  BadUserInputError,
  DomainError,
  ForbiddenError,
  IdempotencyMismatchError,
  NotFoundError,
} from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import type { Sql } from '../../platform/postgres.ts'
import type { AuditService } from '../audit/index.ts'
import { type EnforcementService, type Measure, takesAdmin } from '../enforcement/index.ts'
import type { GateService } from '../gate/index.ts'
import { isWithin, type Scope } from './case-filter.ts'
import { take } from './case-machine.ts'
import type { CaseWork } from './case-work.ts'
import type { ModerationCase } from './cases.ts'
import type { ReportStore } from './report-store.ts'
import type { ResolutionStore } from './resolution-store.ts'
import type { Scopes, Staff } from './scopes.ts'
import { checkedNote, refusalOf } from './working.ts'

/** What is to become of a case: something is done, or nothing is wrong with it. */
export interface Verdict {
  clientId: string
  measure: Measure | null
  /** For staff. */
  note: string
}

export interface Resolved {
  caseId: string
  found: ModerationCase | null
  error: DomainError | null
}

export interface Resolving {
  /**
   * Decides a case. Refuses one that is decided with CaseStateError, one that somebody else holds with CaseClaimedError, an escalated one, a
   * ban and a measure without an end to all but ADMIN with FORBIDDEN, hiding a device with BAD_USER_INPUT, and one of another campus with
   * NOT_FOUND. Repeating it with the same client id gives the same; with another input it is refused.
   */
  resolve(staff: Staff, caseId: string, verdict: Verdict): Promise<ModerationCase>
  /** The same for up to 1,000, each by itself: what one is refused with keeps back no other. For ADMIN. */
  resolveAll(admin: Staff, caseIds: readonly string[], verdict: Verdict): Promise<Resolved[]>
}

const casesAtMost = 1000
/** Cases are decided side by side, so many at once. */
const lanes = 3
const hiding: ReadonlySet<string> = new Set(['HIDE', 'REMOVE'])

export function createResolving(deps: {
  work: CaseWork
  reports: ReportStore
  resolutions: ResolutionStore
  scopes: Scopes
  audit: Pick<AuditService, 'write'>
  enforcement: Pick<EnforcementService, 'decide' | 'settle' | 'tell' | 'wake'>
  gate: Pick<GateService, 'standings' | 'refresh'>
  clock: Clock
  key: Buffer
}): Resolving {
  const { work, reports, resolutions, scopes, audit, enforcement, gate, clock, key } = deps

  interface Whole extends Verdict {
    staff: Staff
    scope: Scope
    caseId: string
    fingerprint: Buffer
  }

  function checked(staff: Staff, { measure, note }: Verdict) {
    checkedNote(note)
    if (measure && takesAdmin(measure) && !staff.isAdmin) throw new ForbiddenError()
  }

  const fingerprintOf = (caseIds: readonly string[], { measure, note }: Verdict) => {
    const parts = measure && [measure.action, measure.surface, measure.minutes, measure.reason, measure.explanation]
    return createHmac('sha256', key)
      .update(JSON.stringify([caseIds, parts, note]))
      .digest()
  }

  /** Whether this was asked for before. */
  async function isRepeated(sql: Sql, { staff, clientId, caseId, fingerprint }: Whole): Promise<boolean> {
    const known = await resolutions.by(sql, staff.accountId, clientId)
    if (known.some((one) => !one.fingerprint.equals(fingerprint))) throw new IdempotencyMismatchError()
    return known.some((one) => one.caseId === caseId)
  }

  /** Tells the reporters, in the order of their ids, and counts it for them. */
  async function close(sql: Sql, caseId: string, outcome: 'ACTIONED' | 'DISMISSED') {
    const closed = await reports.close(sql, caseId, outcome, new Date(clock.now()))
    const kind = outcome === 'ACTIONED' ? 'report_upheld' : 'report_dismissed'
    for (const { id, reporterId } of closed) {
      await enforcement.tell(sql, reporterId, { kind: 'REPORT', reportId: id, outcome })
      await gate.standings.note(sql, { personId: reporterId, kind, surface: 'REPORT', cause: `report:${id}` })
    }
    return closed.map(({ reporterId }) => reporterId)
  }

  async function decide(sql: Sql, whole: Whole) {
    const { staff, scope, caseId, measure, note, clientId, fingerprint } = whole
    const current = await work.lock(sql, caseId)
    if (!isWithin(scope, current.campusId)) throw new NotFoundError()
    if (await isRepeated(sql, whole)) return { found: current, told: () => undefined, decisionId: null, reporters: [] }
    if (measure && current.subjectKind === 'DEVICE' && hiding.has(measure.action))
      throw new BadUserInputError('A device has nothing to hide: use MUTE, RESTRICT, SHADOW or BAN.', 'action')
    const as = measure ? 'ACTIONED' : 'DISMISSED'
    const by = { by: staff.accountId, isAdmin: staff.isAdmin }
    const taken = take(current, { kind: 'resolved', as, ...by }, clock.now())
    if (typeof taken === 'string') throw refusalOf(taken, current)
    const { subjectKind: kind, subjectId: id, ownerId } = current
    const decision =
      measure &&
      (await enforcement.decide(sql, {
        ...{ ...measure, caseId, subject: { kind, id }, ownerId, note: checkedNote(note) },
        decidedBy: staff.accountId,
      }))
    const decisionId = decision?.id ?? null
    await resolutions.insert(sql, { actorId: staff.accountId, clientId, caseId, fingerprint, decisionId })
    const reporters = await close(sql, caseId, as)
    const done = await work.record(sql, current, taken.next, taken.changes)
    const { action = null, surface = null, minutes = null, reason = null } = measure ?? {}
    await audit.write(sql, {
      ...{ actorId: staff.accountId, action: measure ? 'ACTION_CASE' : 'DISMISS_CASE', target: `case:${caseId}` },
      ...{ detail: { decisionId, action, surface, minutes, reason, note }, personId: ownerId },
    })
    return { ...done, decisionId, reporters }
  }

  async function resolveOne(whole: Whole): Promise<ModerationCase> {
    const { found, told, decisionId, reporters } = await work.transaction((sql) => decide(sql, whole))
    told()
    for (const reporterId of reporters) {
      enforcement.wake(reporterId)
      void gate.refresh(reporterId).catch(() => undefined)
    }
    if (decisionId !== null) await enforcement.settle(decisionId)
    return found
  }

  return {
    async resolve(staff, caseId, verdict) {
      checked(staff, verdict)
      const fingerprint = fingerprintOf([caseId], verdict)
      return resolveOne({ ...verdict, staff, scope: await scopes.of(staff), caseId, fingerprint })
    },

    async resolveAll(admin, given, verdict) {
      const caseIds = [...new Set(given)]
      if (caseIds.length === 0 || caseIds.length > casesAtMost)
        throw new BadUserInputError(`\`caseIds\` are 1 to ${casesAtMost}.`, 'caseIds')
      checked(admin, verdict)
      const fingerprint = fingerprintOf([...caseIds].sort(), verdict)
      const scope = await scopes.of(admin)
      const results = new Map<string, Resolved>()
      const next = caseIds.values()
      const lane = async () => {
        for (const caseId of next) {
          const result = await (isId(caseId)
            ? resolveOne({ ...verdict, staff: admin, scope, caseId, fingerprint })
            : Promise.reject(new NotFoundError())
          ).then(
            (found): Resolved => ({ caseId, found, error: null }),
            (error: unknown): Resolved => {
              if (error instanceof DomainError && !(error instanceof IdempotencyMismatchError))
                return { caseId, found: null, error }
              throw error
            },
          )
          results.set(caseId, result)
        }
      }
      await Promise.all(Array.from({ length: lanes }, lane))
      return caseIds.flatMap((caseId) => results.get(caseId) ?? [])
    },
  }
}
