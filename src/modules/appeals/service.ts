// Invariant: whoever was decided about is heard once more, by somebody else, and what they are right about is undone.
import type { Clock } from '../../platform/clock.ts'
import { deriveKey } from '../../platform/derive-key.ts'
import { ForbiddenError, IdempotencyMismatchError, NotFoundError } from '../../platform/errors.ts'
import { createId, isId } from '../../platform/ids.ts'
import { keysetCursor, keysetRange, type Listed, type PageRequest } from '../../platform/keyset.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import type { AuditService } from '../audit/index.ts'
import {
  type Decision,
  DecisionRevertedError,
  type EnforcementService,
  type Staff,
  takesAdmin,
} from '../enforcement/index.ts'
import type { GateService } from '../gate/index.ts'
import type { ModerationService } from '../moderation/index.ts'
import { createAppealStore } from './appeal-store.ts'
import {
  type Appeal,
  type AppealOutcome,
  type AppealState,
  checkedAnswer,
  checkedNote,
  fingerprintOf,
  mayResolve,
  type NewAppealInput,
  reasonAgainst,
} from './appeals.ts'
import { type BannedAppeals, createBannedAppeals } from './banned.ts'
import { AppealExistsError, AppealResolvedError, NotAppealableError, OwnDecisionError } from './errors.ts'

const limit: Limit = { name: 'create-appeal', count: 20, windowMs: 60 * 60 * 1000 }

export interface AppealService extends BannedAppeals {
  /**
   * Appeals a decision about what is one's own. Refuses with NOT_FOUND what is not, and what one is not told of; NotAppealableError what is not
   * in effect, is longer ago than 30 days, or was appealed before; AppealExistsError while one of the case waits. Repeating it gives the
   * original.
   */
  createAppeal(personIds: readonly string[], input: NewAppealInput): Promise<Appeal>
  /**
   * Decides an appeal, once: accepted undoes the decision with it. Refuses with NOT_FOUND what the staff may not see; OwnDecisionError whoever
   * decided, or is it about; AppealResolvedError the second time.
   */
  resolveAppeal(staff: Staff, input: { appealId: string; outcome: AppealOutcome; answer: string }): Promise<Appeal>
  /** What staff sees, the oldest first. Refuses cursors of other lists. */
  appeals(staff: Staff, filter: { state: AppealState | null }, page: PageRequest): Promise<Listed<Appeal>[]>
  /** Somebody's own, the newest first. Refuses cursors of other lists. */
  appealsOf(personIds: readonly string[], page: PageRequest): Promise<Listed<Appeal>[]>
  /** Those that are there and one's own, or that the staff sees, by id. */
  appealsById(
    viewer: { personIds: readonly string[]; staff: Staff | null },
    ids: readonly string[],
  ): Promise<Map<string, Appeal>>
  /** Forgets what a person said, and that it was them. */
  erase(personId: string): Promise<number>
}

export function createAppealService(deps: {
  postgres: Postgres
  limiter: RateLimiter
  audit: AuditService
  enforcement: Pick<EnforcementService, 'decisionsById' | 'standingOfCase' | 'revert' | 'settle' | 'tell' | 'wake'>
  gate: Pick<GateService, 'standings' | 'refresh'>
  moderation: Pick<ModerationService, 'noticed' | 'appealed' | 'appealResolved' | 'reverted' | 'campusesOf'>
  clock: Clock
  secret: string
}): AppealService {
  const { postgres, limiter, audit, enforcement, gate, moderation, clock } = deps
  const store = createAppealStore(postgres)
  const key = deriveKey(deps.secret, 'appeal-fingerprints')

  const original = (appeal: Appeal, fingerprint: Buffer): Appeal => {
    if (!appeal.fingerprint?.equals(fingerprint)) throw new IdempotencyMismatchError()
    return appeal
  }
  const listed = (list: string, rows: Appeal[]) =>
    rows.map((item) => ({ item, cursor: keysetCursor(list, { key: item.createdAt.getTime(), id: item.id }) }))

  /** The campuses whose cases somebody sees; null: all. */
  async function scopeOf({ accountId, isAdmin }: Staff): Promise<readonly string[] | null> {
    const campusIds = isAdmin ? [] : ((await moderation.campusesOf([accountId])).get(accountId) ?? [])
    return campusIds.length === 0 ? null : campusIds
  }
  const isWithin = (scope: readonly string[] | null, campusId: string | null | undefined) =>
    scope === null || campusId == null || scope.includes(campusId)

  async function decisionAbout(personIds: readonly string[], decisionId: string) {
    const decision = isId(decisionId) ? (await enforcement.decisionsById([decisionId])).get(decisionId) : undefined
    const { ownerId } = decision ?? {}
    // Nobody learns of what they are not told.
    if (!decision || !ownerId || !personIds.includes(ownerId) || decision.action === 'SHADOW') throw new NotFoundError()
    return { ...decision, ownerId }
  }

  /** What policies decided by themselves has no case before somebody appeals it. */
  async function caseOf({ caseId, subject, ownerId }: Decision): Promise<string> {
    const known = caseId ?? (await store.caseOf(subject))
    return known ?? moderation.noticed({ subject, ownerId, severity: 0, reasons: ['appeal'], texts: [] })
  }

  async function settled(decision: Decision | undefined, personId: string | null) {
    if (personId !== null) {
      enforcement.wake(personId)
      await gate.refresh(personId).catch(() => undefined)
    }
    if (decision) await enforcement.settle(decision.id)
  }

  const service: Omit<AppealService, keyof BannedAppeals> = {
    async createAppeal(personIds, { clientId, decisionId, note: given }) {
      const note = checkedNote(given)
      const fingerprint = fingerprintOf(key, { clientId, decisionId, note })
      const known = await store.byClientId(personIds, clientId)
      if (known) return original(known, fingerprint)
      const decision = await decisionAbout(personIds, decisionId)
      await limiter.take(limit, decision.ownerId)
      const nowMs = clock.now()
      const against = reasonAgainst(decision, nowMs)
      if (against) throw new NotAppealableError(against)
      const caseId = await caseOf(decision)
      const { appeal, told } = await postgres.transaction(async (sql) => {
        if (!(await store.lockCase(sql, caseId))) throw new NotFoundError()
        const row = { id: createId(nowMs), caseId, decisionId, note, clientId, fingerprint, createdAt: new Date(nowMs) }
        const rivals = await store.rivals(sql, caseId, decisionId)
        const same = rivals.find((one) => one.appellantId === decision.ownerId && one.fingerprint?.equals(fingerprint))
        const [open] = rivals.filter(({ state }) => state === 'OPEN')
        if (open && open !== same) throw new AppealExistsError(open.id)
        if (rivals.some((one) => one.state !== 'OPEN' && one.decisionId === decisionId))
          throw new NotAppealableError('DECIDED')
        const appeal = same ?? (await store.insert(sql, { ...row, appellantId: decision.ownerId }))
        return { appeal, told: appeal && !same ? await moderation.appealed(sql, caseId) : undefined }
      })
      told?.()
      // The client id was used meanwhile, for another decision.
      if (!appeal) throw new IdempotencyMismatchError()
      return appeal
    },

    async resolveAppeal(staff, { appealId, outcome, answer: given }) {
      const answer = checkedAnswer(given)
      const [known] = isId(appealId) ? await store.byIds([appealId]) : []
      const decision = known && (await enforcement.decisionsById([known.decisionId])).get(known.decisionId)
      if (!decision) throw new NotFoundError()
      const scope = await scopeOf(staff)
      const { caseId, decisionId } = known
      const at = new Date(clock.now())
      const done = await postgres.transaction(async (sql) => {
        const locked = await store.lockCase(sql, caseId)
        if (!locked || !isWithin(scope, locked.campusId)) throw new NotFoundError()
        if (takesAdmin(decision) && !staff.isAdmin) throw new ForbiddenError()
        const current = await store.appeal(sql, appealId)
        if (!current) throw new NotFoundError()
        if (current.state !== 'OPEN') throw new AppealResolvedError(current.state)
        const standing = await enforcement.standingOfCase(sql, caseId)
        if (!mayResolve(staff.accountId, current, [decision, ...standing])) throw new OwnDecisionError()
        const appeal = await store.resolve(sql, appealId, { outcome, answer, by: staff.accountId, at })
        if (!appeal) throw new NotFoundError()
        const reverted = outcome === 'ACCEPTED' && (await undo(sql, decisionId, staff.accountId))
        const { appellantId } = appeal
        if (appellantId !== null) {
          const kind = outcome === 'ACCEPTED' ? 'appeal_accepted' : 'appeal_rejected'
          await gate.standings.note(sql, { personId: appellantId, kind, surface: null, cause: `appeal:${appealId}` })
          await enforcement.tell(sql, appellantId, { kind: 'APPEAL', appealId, decisionId, state: outcome, answer })
        }
        const told = [
          ...(reverted ? [await moderation.reverted(sql, caseId)] : []),
          await moderation.appealResolved(sql, caseId, outcome),
        ]
        await audit.write(sql, {
          ...{ actorId: staff.accountId, action: 'RESOLVE_APPEAL', target: `appeal:${appealId}` },
          ...{ detail: { outcome, decisionId, caseId }, personId: appellantId, personal: { answer } },
        })
        return { appeal, decision: reverted ? decision : undefined, told }
      })
      for (const tell of done.told) tell()
      await settled(done.decision, done.appeal.appellantId)
      return done.appeal
    },

    async appeals(staff, { state }, page) {
      const campusIds = await scopeOf(staff)
      const list = `appeals ${state} ${campusIds?.join() ?? ''}`
      return listed(list, await store.list({ state, campusIds }, keysetRange(list, page, 'asc')))
    },

    async appealsOf(personIds, page) {
      const list = `appeals of ${personIds.join()}`
      return listed(list, await store.listOf(personIds, keysetRange(list, page, 'desc')))
    },

    async appealsById({ personIds, staff }, ids) {
      const found = await store.byIds(ids.filter(isId))
      const own = found.filter(({ appellantId }) => appellantId !== null && personIds.includes(appellantId))
      if (!staff || own.length === found.length) return new Map(own.map((appeal) => [appeal.id, appeal]))
      const [scope, campuses] = [await scopeOf(staff), await store.campuses(found.map(({ id }) => id))]
      const seen = found.filter((appeal) => own.includes(appeal) || isWithin(scope, campuses.get(appeal.id)))
      return new Map(seen.map((appeal) => [appeal.id, appeal]))
    },

    erase: store.erase,
  }
  return { ...service, ...createBannedAppeals({ ...deps, store, createAppeal: service.createAppeal }) }

  /** False: staff had undone it before. */
  async function undo(sql: Sql, decisionId: string, by: string): Promise<boolean> {
    try {
      await enforcement.revert(sql, decisionId, { by, reason: 'An appeal was accepted.' })
      return true
    } catch (error) {
      if (error instanceof DecisionRevertedError) return false
      throw error
    }
  }
}
