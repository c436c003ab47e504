// Invariant: staff looks at a person and holds one back only with a word in the audit log, and what cannot end by itself is an admin's.
import { createHmac } from 'node:crypto'
import { BadUserInputError, ForbiddenError, IdempotencyMismatchError, NotFoundError } from '../../platform/errors.ts'
import { createId, isId } from '../../platform/ids.ts'
import { keysetCursor, keysetRange, type Listed, type PageRequest } from '../../platform/keyset.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import { checkedText } from '../../platform/text.ts'
import type { AuditService } from '../audit/index.ts'
import type { RestrictionKind } from './errors.ts'
import type { LedgerStore, Restriction } from './ledger-store.ts'
import type { Mirror } from './mirror.ts'
import type { MirrorStore } from './mirror-store.ts'
import { windowsOf } from './paces.ts'
import type { Restrictions } from './restrictions.ts'
import type { ReputationEvent, Standing } from './standing-store.ts'
import type { Standings } from './standings.ts'
import type { SupervisingStore } from './supervising-store.ts'
import type { Surface } from './writes.ts'

interface Staff {
  accountId: string
  isAdmin: boolean
}

/** A person, as staff names them: an account, or whoever answers for the subject of a case. */
export type PersonName = { accountId: string } | { caseId: string }

export interface Wanted {
  clientId: string
  person: PersonName
  kind: RestrictionKind
  surface: Surface | null
  minutes: number | null
  reason: string
  explanation: string
}

/** What else follows from what staff does. What each answers is called after the commit. */
export interface Following {
  restricted(sql: Sql, restriction: Restriction): Promise<() => void>
  lifted(sql: Sql, restriction: Restriction): Promise<() => void>
}

export interface Supervising {
  /** What somebody is held back by and was, the newest first. NOT_FOUND for nobody. Written to the audit log. */
  restrictionsOf(staff: Staff, person: PersonName, page: PageRequest): Promise<Listed<Restriction>[]>
  /** How somebody stands. NOT_FOUND for nobody. Written to the audit log. */
  standingOf(staff: Staff, person: PersonName): Promise<Standing>
  /** Why somebody who was shown stands so, the latest first. */
  eventsOf(personId: string, page: PageRequest): Promise<Listed<ReputationEvent>[]>
  /**
   * Holds somebody back. Only ADMIN bans, or without an end. NOT_FOUND for nobody; a client id used before with another input is refused.
   * Repeating it gives the first one.
   */
  restrict(staff: Staff, wanted: Wanted): Promise<Restriction>
  /** Ends one; what only ADMIN may impose only ADMIN ends. NOT_FOUND where there is none. Repeating it gives the same. */
  lift(staff: Staff, restrictionId: string, reason: string): Promise<Restriction>
}

const minuteMs = 60 * 1000
const longestMinutes = 365 * 24 * 60

export function createSupervising(deps: {
  store: SupervisingStore
  ledger: LedgerStore
  restrictions: Restrictions
  standings: Standings
  mirror: Pick<Mirror, 'refresh'>
  mirrors: Pick<MirrorStore, 'forgetPace'>
  audit: Pick<AuditService, 'write'>
  postgres: Pick<Postgres, 'transaction'>
  key: Buffer
  /** Who answers for the subject of a case that this member of staff may see. Refuses with NOT_FOUND. */
  ownerOfCase: (staff: Staff, caseId: string) => Promise<string | null>
  following: Following
}): Supervising {
  const { store, ledger, restrictions, standings, mirror, mirrors, audit, postgres, key, ownerOfCase, following } = deps

  async function personOf(staff: Staff, name: PersonName): Promise<Standing> {
    const personId = 'accountId' in name ? name.accountId : await ownerOfCase(staff, name.caseId)
    const known = personId !== null && isId(personId) ? (await standings.of([personId])).get(personId) : undefined
    if (!known) throw new NotFoundError()
    return known
  }
  const written = (staff: Staff, action: string, personId: string, name: PersonName) =>
    postgres.transaction((sql) => {
      const target = 'caseId' in name ? `case:${name.caseId}` : 'person'
      return audit.write(sql, { actorId: staff.accountId, action, target, personId })
    })
  const needsAdmin = ({ kind, minutes }: { kind: RestrictionKind; minutes: number | null }) =>
    kind === 'BAN' || minutes === null

  function checked(staff: Staff, wanted: Wanted): Wanted {
    const { kind, surface, minutes } = wanted
    if (needsAdmin(wanted) && !staff.isAdmin) throw new ForbiddenError()
    if (kind === 'BAN' && surface !== null) throw new BadUserInputError('A ban is everywhere.', 'surface')
    if (minutes !== null && (minutes < 1 || minutes > longestMinutes))
      throw new BadUserInputError(`\`minutes\` is 1 to ${longestMinutes}, or null for no end.`, 'minutes')
    return {
      ...wanted,
      reason: checkedText(wanted.reason, { min: 1, max: 100, field: 'reason' }),
      explanation: checkedText(wanted.explanation, { min: 1, max: 500, field: 'explanation', lines: true }),
    }
  }

  /** The same wish has the same id, so that it is there once. */
  const idOf = (staff: Staff, clientId: string) =>
    createId(
      0,
      createHmac('sha256', key)
        .update(JSON.stringify(['restrict', staff.accountId, clientId]))
        .digest(),
    )
  const isAsWanted = (made: Restriction, wanted: Wanted, personId: string) =>
    made.personId === personId &&
    (['kind', 'surface', 'reason', 'explanation'] as const).every((name) => made[name] === wanted[name]) &&
    (made.expiresAt && (made.expiresAt.getTime() - made.createdAt.getTime()) / minuteMs) === wanted.minutes

  return {
    async restrictionsOf(staff, name, page) {
      const { personId } = await personOf(staff, name)
      const list = `restrictions ${personId}`
      const range = keysetRange(list, page, 'desc')
      await written(staff, 'READ_RESTRICTIONS', personId, name)
      const rows = await store.restrictions(personId, range)
      return rows.map((item) => ({
        item,
        cursor: keysetCursor(list, { key: item.createdAt.getTime(), id: item.id }),
      }))
    },

    async standingOf(staff, name) {
      const standing = await personOf(staff, name)
      await written(staff, 'READ_STANDING', standing.personId, name)
      return standing
    },

    async eventsOf(personId, page) {
      const list = `reputation ${personId}`
      const rows = await store.events(personId, keysetRange(list, page, 'desc'))
      return rows.map((item) => ({ item, cursor: keysetCursor(list, { key: item.at.getTime(), id: item.id }) }))
    },

    async restrict(staff, given) {
      const wanted = checked(staff, given)
      const { personId } = await personOf(staff, wanted.person)
      const id = idOf(staff, wanted.clientId)
      const { made, told } = await postgres.transaction(async (sql) => {
        await store.queue(sql, id)
        const known = await ledger.find(sql, { id, decisionId: null })
        if (known) return { made: known, told: () => undefined }
        const { kind, surface, minutes, reason, explanation } = wanted
        const what = { kind, surface, minutes, reason, explanation }
        const whose = { id, personId, authorId: staff.accountId, decisionId: null }
        const restriction = await restrictions.impose(sql, { ...what, ...whose })
        if (!restriction) throw new NotFoundError()
        const told = await following.restricted(sql, restriction)
        const detail = { kind, surface, minutes }
        const entry = { actorId: staff.accountId, action: 'RESTRICT', target: `restriction:${id}`, personId, detail }
        await audit.write(sql, { ...entry, personal: { reason, explanation } })
        return { made: restriction, told }
      })
      if (!isAsWanted(made, wanted, personId)) throw new IdempotencyMismatchError()
      await mirror.refresh(personId)
      told()
      return made
    },

    async lift(staff, restrictionId, given) {
      const reason = checkedText(given, { min: 1, max: 500, field: 'reason', lines: true })
      const [found] = isId(restrictionId) ? await ledger.byIds([restrictionId]) : []
      if (!found) throw new NotFoundError()
      const { id, personId, kind, expiresAt } = found
      if (needsAdmin({ kind, minutes: expiresAt && 1 }) && !staff.isAdmin) throw new ForbiddenError()
      const done = await postgres.transaction(async (sql) => {
        const revoked = await restrictions.revoke(sql, { id, by: staff.accountId })
        const entry = { actorId: staff.accountId, action: 'LIFT_RESTRICTION', target: `restriction:${id}`, personId }
        if (!revoked) return undefined
        const told = await following.lifted(sql, revoked)
        await audit.write(sql, { ...entry, personal: { reason } })
        return { revoked, told }
      })
      // Else the very next write would be one too many again.
      if (kind === 'COOLDOWN') await mirrors.forgetPace(personId, Object.keys(windowsOf) as Surface[])
      await mirror.refresh(personId)
      done?.told()
      return done?.revoked ?? (await ledger.byIds([id]))[0] ?? found
    },
  }
}
