// Invariant: what is decided happens once, however often it is begun and wherever it is cut off, and can be undone.
import type { Clock } from '../../platform/clock.ts'
import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import { ForbiddenError, NotFoundError } from '../../platform/errors.ts'
import { createId, isId } from '../../platform/ids.ts'
import { keysetCursor, keysetRange, type Listed, type PageRequest } from '../../platform/keyset.ts'
import { describeError, type Logger } from '../../platform/logger.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import { checkedText } from '../../platform/text.ts'
import type { AuditService } from '../audit/index.ts'
import type { Restriction } from '../gate/index.ts'
import { createApplying, type RestrictionLedger, type StandingLedger } from './applying.ts'
import { createDecisionStore } from './decision-store.ts'
import { checkedMeasure, type Decision, type NewDecision, takesAdmin } from './decisions.ts'
import { DecisionRevertedError } from './errors.ts'
import { restrictionStatusOf } from './status-of.ts'
import { createStatusStore } from './status-store.ts'
import type { SubjectName, SubjectSources } from './subjects.ts'
import { createTelling, type Telling } from './telling.ts'
import { createWakeStore } from './wake-store.ts'

export type SystemDecision = Omit<NewDecision, 'decidedBy' | 'surface' | 'minutes' | 'caseId'> &
  Partial<Pick<NewDecision, 'surface' | 'minutes' | 'caseId'>>

/** A member of staff. */
export interface Staff {
  accountId: string
  isAdmin: boolean
}

export interface EnforcementService extends Pick<Telling, 'tell' | 'wake' | 'statusEvents' | 'statuses'> {
  /**
   * Decides, in the caller's transaction: call `settle` once it is committed. Refuses what its action does not have with BAD_USER_INPUT. The
   * same id, or client id of the same decider, again is the same decision; with another fingerprint it is refused.
   */
  decide(sql: Sql, decision: NewDecision): Promise<Decision>
  /** Decides and applies, for the system. Safe to repeat with the same id. */
  decideBySystem(decision: SystemDecision): Promise<Decision>
  /**
   * Undoes a decision, in the caller's transaction: call `settle` once it is committed. Refuses one that is undone already with
   * DecisionRevertedError, and one that is not there with NOT_FOUND.
   */
  revert(sql: Sql, decisionId: string, by: { by: string | null; reason: string }): Promise<Decision>
  /**
   * Undoes a decision, and does it now, for staff; written to the audit log and to its case. Refuses as `revert`, and what the staff may not
   * see with NOT_FOUND, and a ban, to all but ADMIN, with FORBIDDEN. Repeating it is refused.
   */
  revertByStaff(staff: Staff, input: { decisionId: string; reason: string }): Promise<Decision>
  /**
   * Tells somebody that staff restricted them, in the transaction of that, but of a shadow. What it answers is called after the commit.
   */
  restricted(sql: Sql, restriction: Restriction): Promise<() => void>
  /** The same when staff ended a restriction; what a shadow hid is shown. */
  lifted(sql: Sql, restriction: Restriction): Promise<() => void>
  /** Shows whatever of a person is hidden by a decision or a restriction. Repeating it is safe. */
  reveal(ownerId: string, by: string): Promise<void>
  /** Does now what is decided. Answers when it is done, and never fails: what cannot be done now is done by a job, or by the sweep. */
  settle(decisionId: string): Promise<void>
  /** What the job does. Safe to repeat. */
  work(decisionId: string): Promise<void>
  /** Goes on with whatever was cut off, and wakes whom nobody woke. Safe to repeat, and to run in two processes at once. */
  sweep(): Promise<void>
  /** Those that are there, by id. For staff and for other modules. */
  decisionsById(ids: readonly string[]): Promise<Map<string, Decision>>
  /** Those about what is one's own, never a SHADOW, and those of cases that the staff sees, by id. */
  decisionsFor(
    viewer: { personIds: readonly string[]; staff: Staff | null },
    ids: readonly string[],
  ): Promise<Map<string, Decision>>
  /** All decisions about a subject, the oldest first. */
  decisionsOf(subject: SubjectName): Promise<Decision[]>
  /** The decisions of each case, the newest first. Refuses cursors of other lists. */
  decisionsOfCases(caseIds: readonly string[], page: PageRequest): Promise<Map<string, Listed<Decision>[]>>
  /** Those of a case that stand, as the transaction sees them. */
  standingOfCase(sql: Sql, caseId: string): Promise<Decision[]>
  /** Drops what a person was told, and makes what was decided about them nobody's. */
  erase(personId: string): Promise<number>
  close(): Promise<void>
}

const sweptAtOnce = 100

export function createEnforcementService(deps: {
  postgres: Postgres
  redis: RedisConnections
  delivery: DeliveryEngine
  audit: AuditService
  restrictions: RestrictionLedger
  standings: StandingLedger
  /** Makes what was committed of a person hold at once. */
  refresh(personId: string): Promise<unknown>
  /** What there is to be acted on: the modules that own it are wired later. */
  sources: () => SubjectSources
  /** Those of these cases that somebody may see. */
  seenCases(staff: Staff, caseIds: readonly string[]): Promise<ReadonlySet<string>>
  /** Tells the case of a decision that it is undone, in the transaction of that. What it answers is called after the commit. */
  onReverted(sql: Sql, caseId: string): Promise<() => void>
  /** Enqueues the job that shows what a person had hidden by a restriction that is ended, in the transaction that ends it. */
  enqueueReveal(sql: Sql, ownerId: string, by: string): Promise<void>
  /** Enqueues the job that applies a decision, in the transaction that decides. */
  enqueue(sql: Sql, decisionId: string): Promise<void>
  clock: Clock
  logger: Logger
}): EnforcementService {
  const { postgres, redis, delivery, audit, clock, logger } = deps
  const store = createDecisionStore(postgres)
  const statuses = createStatusStore(postgres)
  const telling = createTelling({ store: statuses, wakes: createWakeStore(redis), delivery, logger })
  const applying = createApplying({ ...deps, store, telling })
  const running = new Set<Promise<void>>()

  async function decide(sql: Sql, given: NewDecision): Promise<Decision> {
    const { decision, isNew } = await add(sql, given)
    if (isNew) await deps.enqueue(sql, decision.id)
    return decision
  }

  function add(sql: Sql, given: NewDecision) {
    const nowMs = clock.now()
    const id = given.id ?? createId(nowMs)
    return store.insert(sql, { ...given, ...checkedMeasure(given), id, decidedAt: new Date(nowMs) })
  }

  async function revert(sql: Sql, decisionId: string, { by, reason }: { by: string | null; reason: string }) {
    const begun = await store.reverting(sql, decisionId, by, reason)
    const decision = await store.decisionIn(sql, decisionId)
    if (!decision) throw new NotFoundError()
    if (!begun) throw new DecisionRevertedError(decision.state)
    await deps.enqueue(sql, decisionId)
    return decision
  }

  /** What belongs to no case is for all staff. */
  async function seenBy(staff: Staff, found: readonly Decision[]): Promise<Decision[]> {
    const caseIds = [...new Set(found.flatMap(({ caseId }) => caseId ?? []))]
    const seen = caseIds.length > 0 ? await deps.seenCases(staff, caseIds) : new Set<string>()
    return found.filter(({ caseId }) => caseId === null || seen.has(caseId))
  }

  function settle(decisionId: string): Promise<void> {
    return track(applying.settle(decisionId), 'a decision is not applied yet')
  }

  /** What is begun here is over before this process is, and fails nobody. */
  function track(begun: Promise<void>, what: string): Promise<void> {
    const failed = (error: unknown) => logger.warn(`enforcement: ${what}`, describeError(error))
    const work: Promise<void> = begun.catch(failed).finally(() => running.delete(work))
    running.add(work)
    return work
  }

  return {
    ...{ tell: telling.tell, wake: telling.wake, statusEvents: telling.statusEvents, statuses: telling.statuses },
    decide,

    async decideBySystem(given) {
      const decision = await postgres.transaction(async (sql) => {
        const whole = { caseId: null, surface: null, minutes: null, ...given, decidedBy: null }
        const { decision, isNew } = await add(sql, whole)
        if (!isNew) return decision
        await deps.enqueue(sql, decision.id)
        const { action, policyId, rule, ownerId, subject } = decision
        const target = decision.caseId ? `case:${decision.caseId}` : `decision:${decision.id}`
        const detail = { decisionId: decision.id, action, policyId, rule, subjectKind: subject.kind }
        await audit.write(sql, { actorId: null, action: 'DECIDE', target, detail, personId: ownerId })
        return decision
      })
      await settle(decision.id)
      return (await store.decision(decision.id)) ?? decision
    },

    revert,

    async revertByStaff(staff, { decisionId, ...given }) {
      const reason = checkedText(given.reason, { min: 1, max: 500, field: 'reason', lines: true })
      const [known] = isId(decisionId) ? await seenBy(staff, await store.decisions([decisionId])) : []
      if (!known) throw new NotFoundError()
      if (takesAdmin(known) && !staff.isAdmin) throw new ForbiddenError()
      const staffId = staff.accountId
      const { caseId } = known
      const told = await postgres.transaction(async (sql) => {
        // The case before the decision, as whoever decides an appeal takes them.
        const told = caseId === null ? () => undefined : await deps.onReverted(sql, caseId)
        const { action, ownerId } = await revert(sql, decisionId, { by: staffId, reason })
        await audit.write(sql, {
          ...{ actorId: staffId, action: 'REVERT_DECISION', target: `decision:${decisionId}` },
          ...{ detail: { action, caseId }, personId: ownerId, personal: { reason } },
        })
        return told
      })
      told()
      await settle(decisionId)
      return (await store.decision(decisionId)) ?? known
    },

    async restricted(sql, restriction) {
      const { personId } = restriction
      const status = restrictionStatusOf(restriction, false)
      if (!status) return () => undefined
      await telling.tell(sql, personId, status)
      return () => telling.wake(personId)
    },

    async lifted(sql, restriction) {
      const { id, personId } = restriction
      const status = restrictionStatusOf(restriction, true)
      if (status) {
        await telling.tell(sql, personId, status)
        return () => telling.wake(personId)
      }
      await deps.enqueueReveal(sql, personId, id)
      return () => void track(applying.reveal(personId, id), 'what was hidden is not shown yet')
    },

    reveal: applying.reveal,
    settle,
    work: (decisionId) => applying.settle(decisionId),

    async sweep() {
      // One that cannot be carried out does not keep back the others.
      const unfinished = await store.unfinished(sweptAtOnce)
      const tried = await Promise.allSettled(unfinished.map((id) => applying.settle(id, false)))
      await telling.wakeRecent()
      for (const outcome of tried) if (outcome.status === 'rejected') throw outcome.reason
    },

    async decisionsById(ids) {
      const found = await store.decisions(ids.filter(isId))
      return new Map(found.map((decision) => [decision.id, decision]))
    },
    async decisionsFor({ personIds, staff }, ids) {
      const found = await store.decisions(ids.filter(isId))
      const seen = staff ? await seenBy(staff, found) : []
      const shown = found.filter((decision) => {
        const { ownerId, action } = decision
        return seen.includes(decision) || (action !== 'SHADOW' && ownerId !== null && personIds.includes(ownerId))
      })
      return new Map(shown.map((decision) => [decision.id, decision]))
    },
    decisionsOf: (subject) => store.ofSubject(subject),
    standingOfCase: (sql, caseId) => store.standingOfCase(sql, caseId),

    async decisionsOfCases(caseIds, page) {
      const list = 'decisions of a case'
      const found = new Map<string, Listed<Decision>[]>(caseIds.map((id) => [id, []]))
      for (const item of await store.ofCases(caseIds, keysetRange(list, page, 'desc'))) {
        const cursor = keysetCursor(list, { key: item.decidedAt.getTime(), id: item.id })
        found.get(item.caseId ?? '')?.push({ item, cursor })
      }
      return found
    },

    async erase(personId) {
      return (await store.disown(personId)) + (await statuses.erase(personId))
    },

    async close() {
      while (running.size > 0) await Promise.all(running)
      await telling.settled()
    },
  }
}
