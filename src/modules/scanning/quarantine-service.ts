// Invariant: what is in quarantine is decided by one person once, and what follows from that is decided with it or not at all.
import { createHash } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { createId, isId } from '../../platform/ids.ts'
import { keysetCursor, keysetRange, type Listed, type PageRequest } from '../../platform/keyset.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import { checkedText } from '../../platform/text.ts'
import type { AuditService } from '../audit/index.ts'
import { QuarantineDecidedError } from './quarantine-errors.ts'
import type {
  NewQuarantineItem,
  QuarantineDecision,
  QuarantineItem,
  QuarantineState,
  QuarantineStore,
} from './quarantine-store.ts'

/** What a decision about an item leads to. */
export interface QuarantineOutcome {
  item: QuarantineItem
  decision: QuarantineDecision
  /** An account; null: the system, which had no doubt. */
  by: string | null
  note: string
  /** The id that its measure is to have, if it leads to one. */
  measureId: string
  /** Of the case that it is put before others in. */
  caseId: string | null
}

type OpenCase = (sql: Sql) => Promise<{ caseId: string | null; told(): void }>

/** What acts: to the right of here, and so handed in. */
export interface QuarantineEffects {
  /** It is to be hidden until somebody has looked, by a measure whose id is the item's. In the transaction that says so. */
  onQuarantined(sql: Sql, item: QuarantineItem): Promise<void>
  /** It is not: what hid it is undone, and a measure takes its place if need be. In the transaction that decides. */
  onDecided(sql: Sql, outcome: QuarantineOutcome): Promise<void>
  /**
   * Before a grave decision: prepares a case for whoever has to look further, and answers what opens it, in the transaction that decides.
   * `told` is called after the commit. Repeating it changes nothing.
   */
  onGrave(item: NewQuarantineItem, severity: number): Promise<OpenCase>
  /** After the commit: does at once what is decided. */
  settle(measureId: string): Promise<void>
}

export interface QuarantineService {
  /**
   * Puts something there, for scanners: QUARANTINED hides it meanwhile, NEEDS_REVIEW does not, BLOCKED removes it. The same one again is the
   * same item: it may get worse while nobody has decided it, and stays as somebody decided it.
   */
  quarantine(given: NewQuarantineItem): Promise<QuarantineItem>
  /** Those in these states, the oldest first, or those that wait. Written to the audit log. Refuses cursors of other lists. */
  list(staffId: string, state: QuarantineState | null, page: PageRequest): Promise<Listed<QuarantineItem>[]>
  /** Those that are there. Written to the audit log. */
  byIds(staffId: string, ids: readonly string[]): Promise<Map<string, QuarantineItem>>
  /**
   * Decides an item: CLEAN shows it again, HIDDEN hides it, BLOCKED removes it. Refuses one that somebody else has decided, or decided
   * otherwise, with QuarantineDecidedError, and one that is not there with NOT_FOUND. Repeating it is safe.
   */
  decide(
    staffId: string,
    given: { itemId: string; decision: QuarantineDecision; note: string | null },
  ): Promise<QuarantineItem>
  /** Drops what nobody needs any more: 30 days after it was decided, or was put there if it passed by. Repeating it is safe. */
  dropOld(): Promise<number>
  /** Leaves nothing of a person there. Repeating it is safe. */
  erase(personId: string): Promise<number>
}

const severities = { CLEAN: null, HIDDEN: 4, BLOCKED: 5 } as const
const waiting = ['NEEDS_REVIEW', 'QUARANTINED'] as const
const worse: readonly QuarantineState[] = ['NEEDS_REVIEW', 'QUARANTINED', 'BLOCKED']
const noteLength = 1000
const noCase: OpenCase = async () => ({ caseId: null, told: () => undefined })
const keptMs = 30 * 24 * 60 * 60 * 1000
/** More does not fit into an index. */
const locatorBytes = 1500
const shownOfLocator = 300

export function createQuarantineService(deps: {
  store: QuarantineStore
  postgres: Pick<Postgres, 'transaction'>
  audit: Pick<AuditService, 'write'>
  effects: QuarantineEffects
  clock: Clock
}): QuarantineService {
  const { store, postgres, audit, effects, clock } = deps
  const now = () => new Date(clock.now())

  /** What the item is once it was found again, or as it was found first. */
  async function put(sql: Sql, given: NewQuarantineItem): Promise<[QuarantineItem, changed: boolean]> {
    const inserted = await store.insert(sql, createId(clock.now()), given, now())
    if (inserted) return [inserted, true]
    const item = await store.lockOf(sql, given)
    // It was erased between the two: the next one that finds it adds it.
    if (!item) throw new NotFoundError()
    if (!isWaiting(item) || worse.indexOf(given.state) <= worse.indexOf(item.state)) return [item, false]
    const decidedAt = given.state === 'BLOCKED' ? now() : null
    return [await store.update(sql, item.id, { ...given, decidedBy: null, decidedAt }), true]
  }

  return {
    async quarantine(whole) {
      const given = { ...whole, locator: shortened(whole.locator) }
      const openCase = given.state === 'BLOCKED' ? await effects.onGrave(given, severities.BLOCKED) : noCase
      const measureId = createId(clock.now())
      const [item, changed, told] = await postgres.transaction(async (sql) => {
        const [item, changed] = await put(sql, given)
        if (changed && item.state === 'QUARANTINED') await effects.onQuarantined(sql, item)
        if (!changed || item.state !== 'BLOCKED') return [item, changed] as const
        const { caseId, told } = await openCase(sql)
        await effects.onDecided(sql, { item, decision: 'BLOCKED', by: null, note: '', measureId, caseId })
        return [item, changed, told] as const
      })
      told?.()
      if (changed && item.state !== 'NEEDS_REVIEW') await settled(item.id, measureId)
      return item
    },

    async list(staffId, state, page) {
      const list = `quarantine ${state ?? 'waiting'}`
      const range = keysetRange(list, page, 'asc')
      const found = await postgres.transaction(async (sql) => {
        const items = await store.list(sql, state ? [state] : waiting, range)
        await wasRead(sql, staffId, items)
        return items
      })
      return found.map((item) => ({ item, cursor: keysetCursor(list, { key: item.createdAt.getTime(), id: item.id }) }))
    },

    async byIds(staffId, ids) {
      const found = await postgres.transaction(async (sql) => {
        const items = await store.byIds(sql, ids.filter(isId))
        await wasRead(sql, staffId, items)
        return items
      })
      return new Map(found.map((item) => [item.id, item]))
    },

    async decide(staffId, { itemId, decision, note: given }) {
      if (!isId(itemId)) throw new NotFoundError()
      const note = checkedText(given ?? '', { min: 0, max: noteLength, field: 'note', lines: true })
      const severity = severities[decision]
      // What there is to know for a case is looked up before anything is locked.
      const seen = await postgres.transaction((sql) => store.byIds(sql, [itemId]))
      const open = seen.find(isWaiting)
      const openCase = open && severity !== null ? await effects.onGrave(open as NewQuarantineItem, severity) : noCase
      const measureId = createId(clock.now())
      const { item, told } = await postgres.transaction(async (sql) => {
        const found = await store.lock(sql, itemId)
        if (!found) throw new NotFoundError()
        if (!isWaiting(found)) return { item: sameAgain(found, staffId, decision) }
        const item = await store.update(sql, itemId, {
          ...found,
          state: decision,
          decidedBy: staffId,
          decidedAt: now(),
        })
        const { caseId, told } = await openCase(sql)
        await effects.onDecided(sql, { item, decision, by: staffId, note, measureId, caseId })
        const { subject, kind, labels, ownerId } = item
        await audit.write(sql, {
          ...{ actorId: staffId, action: 'DECIDE_QUARANTINE', target: `quarantine:${itemId}` },
          detail: { decision, kind, labels, subjectKind: subject.kind },
          ...(ownerId === null || note === '' ? { personId: ownerId } : { personId: ownerId, personal: { note } }),
        })
        return { item, told }
      })
      if (told) {
        told()
        await settled(item.id, measureId)
      }
      return item
    },

    dropOld: () => store.dropBefore(new Date(clock.now() - keptMs)),
    erase: (personId) => store.erase(personId),
  }

  async function settled(...measureIds: string[]) {
    for (const id of measureIds) await effects.settle(id)
  }

  /** What is in it may have been for few: whoever looks is written down, once for all that they were shown. */
  async function wasRead(sql: Sql, staffId: string, items: QuarantineItem[]) {
    if (items.length === 0) return
    const detail = { items: items.map(({ id }) => id) }
    await audit.write(sql, { actorId: staffId, action: 'READ_QUARANTINE', target: 'quarantine', detail })
  }
}

/** As it is, or its beginning with a hash of all of it. */
function shortened(locator: string): string {
  if (Buffer.byteLength(locator) <= locatorBytes) return locator
  const digest = createHash('sha256').update(locator).digest('hex')
  return `${locator.slice(0, shownOfLocator)}… sha256:${digest}`
}

const isWaiting = ({ state }: { state: QuarantineState }) => state === 'NEEDS_REVIEW' || state === 'QUARANTINED'

/** The answer that was lost on its way, asked for again; anything else came too late. */
function sameAgain(item: QuarantineItem, staffId: string, decision: QuarantineDecision): QuarantineItem {
  const { state, decidedBy, decidedAt } = item
  if (decidedBy === staffId && state === decision) return item
  throw new QuarantineDecidedError({ decision: state as QuarantineDecision, decidedBy, decidedAt })
}
