// Invariant: one person works on a case at a time, and whatever they do to it is written down with it.
import type { Clock } from '../../platform/clock.ts'
import { BadUserInputError, ForbiddenError, NotFoundError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import type { Sql } from '../../platform/postgres.ts'
import { checkedText } from '../../platform/text.ts'
import type { AuditService } from '../audit/index.ts'
import { isWithin } from './case-filter.ts'
import { type CaseStep, type Refusal, take } from './case-machine.ts'
import type { CaseStore } from './case-store.ts'
import type { CaseWork, Done } from './case-work.ts'
import type { ModerationCase } from './cases.ts'
import { CaseClaimedError, CaseStateError } from './errors.ts'
import type { Scopes, Staff } from './scopes.ts'

export interface Working {
  /**
   * Takes a case for five minutes; again, for five more. Exactly one of many who try has it. Refuses one that somebody else holds with
   * CaseClaimedError, one that is decided with CaseStateError, an escalated one to all but ADMIN with FORBIDDEN, and one of another campus
   * with NOT_FOUND, as all of these do.
   */
  claim(staff: Staff, caseId: string): Promise<ModerationCase>
  /** Gives a case back. Refuses what somebody else holds, but not to ADMIN. Repeating it is safe. */
  release(staff: Staff, caseId: string): Promise<ModerationCase>
  /** Says whose a case is; null: nobody's. Refuses accounts that handle no cases, and decided cases. Repeating it is safe. */
  assign(staff: Staff, caseId: string, assigneeId: string | null): Promise<ModerationCase>
  /** Hands a case up to ADMIN, one level each time. Refuses what somebody else holds, and decided cases. */
  escalate(staff: Staff, caseId: string, note: string): Promise<ModerationCase>
}

const noteLength = 2000

/** What a step of staff is refused with. */
export const refusalOf = (refusal: Refusal, current: ModerationCase): Error => {
  if (refusal === 'admin') return new ForbiddenError()
  const { claimedBy, claimExpiresAt } = current
  return refusal === 'claimed' && claimedBy !== null && claimExpiresAt
    ? new CaseClaimedError(claimedBy, claimExpiresAt)
    : new CaseStateError(current.state)
}

export const checkedNote = (note: string) => checkedText(note, { min: 0, max: noteLength, field: 'note', lines: true })

export function createWorking(deps: {
  work: CaseWork
  cases: CaseStore
  scopes: Scopes
  audit: Pick<AuditService, 'write'>
  clock: Clock
}): Working {
  const { work, cases, scopes, audit, clock } = deps

  /** One step of one person with one case, in a transaction of its own. What changes nothing is not written down. */
  async function step(
    staff: Staff,
    caseId: string,
    action: string,
    given: CaseStep,
    more: { detail?: Record<string, unknown>; check?: (sql: Sql) => Promise<void>; personId?: string | null } = {},
  ): Promise<ModerationCase> {
    const scope = await scopes.of(staff)
    const done = await work.transaction(async (sql): Promise<Done> => {
      const current = await work.lock(sql, caseId)
      if (!isWithin(scope, current.campusId)) throw new NotFoundError()
      await more.check?.(sql)
      const taken = take(current, given, clock.now())
      if (typeof taken === 'string') throw refusalOf(taken, current)
      const done = await work.record(sql, current, taken.next, taken.changes)
      const { detail = {}, personId = null } = more
      if (done.changed)
        await audit.write(sql, { actorId: staff.accountId, action, target: `case:${caseId}`, detail, personId })
      return done
    })
    done.told()
    return done.found
  }

  return {
    claim: (staff, caseId) =>
      step(staff, caseId, 'CLAIM_CASE', { kind: 'claimed', by: staff.accountId, isAdmin: staff.isAdmin }),

    release: (staff, caseId) =>
      step(staff, caseId, 'RELEASE_CASE', { kind: 'released', by: staff.accountId, isAdmin: staff.isAdmin }),

    assign: (staff, caseId, assigneeId) =>
      step(
        staff,
        caseId,
        'ASSIGN_CASE',
        { kind: 'assigned', assigneeId },
        {
          detail: { assigned: assigneeId !== null },
          personId: assigneeId,
          async check(sql) {
            if (assigneeId !== null && !(isId(assigneeId) && (await cases.isStaff(sql, assigneeId))))
              throw new BadUserInputError('This account handles no cases.', 'accountId')
          },
        },
      ),

    escalate: async (staff, caseId, note) =>
      step(
        staff,
        caseId,
        'ESCALATE_CASE',
        { kind: 'escalated', by: staff.accountId },
        {
          detail: { note: checkedNote(note) },
        },
      ),
  }
}
