// Invariant: what people are shown of an event is what its row says: a change and the job that projects it commit together.
import type { Clock } from '../../platform/clock.ts'
import { IdempotencyMismatchError, NotFoundError } from '../../platform/errors.ts'
import { checkedMapLatitude } from '../../platform/geo/errors.ts'
import { createId, isId } from '../../platform/ids.ts'
import { keysetCursor, keysetRange, type Listed, type PageRequest } from '../../platform/keyset.ts'
import { outcomeOf, resultOf } from '../../platform/outcome.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import type { ContentState } from '../enforcement/index.ts'
import type { Gate } from '../gate/index.ts'
import type { ArchivedMessage } from './archive-store.ts'
import type { EventRow } from './event-row.ts'
import type { EventChange, EventPlace, EventStore } from './event-store.ts'
import {
  changed,
  checkAhead,
  checkedEvent,
  checkedEventTexts,
  checkNotBegun,
  type EventFields,
  fingerprintOf,
  longestMs,
  named,
  textsOf,
} from './rules.ts'
import { type EventState, EventStateError, refuse, stateOf } from './state.ts'

const hourMs = 60 * 60 * 1000
const createLimit: Limit = { name: 'create-event', count: 120, windowMs: hourMs }
const changeLimit: Limit = { name: 'change-event', count: 600, windowMs: hourMs }
/** How long before its start an event is on the live map. */
const projectedAheadMs = 24 * hourMs
const archivedAtOnce = 100
const keptAtOnce = 1000

export type EventChanges = { [Name in keyof EventFields]?: EventFields[Name] | null | undefined }

/** An event as its owner, or anybody else, sees it now. */
export interface PlaceEvent extends EventRow {
  state: EventState
}

/** Everything that the live map needs of an event. */
export interface EventProjection {
  eventId: string
  /** Grows with every change: of two projections the higher one holds. */
  version: number
  /** The owner's account. */
  hostId: string
  venueId: string
  title: string
  emoji: string
  place: { latitude: number; longitude: number }
  startsAtMs: number
  endsAtMs: number
  capacity: number | null
  archiveMessages: boolean
  cancelled: boolean
  /** Who may see it: as few as may see it and its venue. */
  state: ContentState
}

export interface EventService {
  /**
   * Makes a draft. Refuses what the gate refuses, and a venue that is not the owner's with NOT_FOUND. Repeating it gives the original, for
   * ever, also to who may not write any more.
   */
  createEvent(ownerId: string, input: EventFields & { clientId: string; venueId: string }): Promise<PlaceEvent>
  /** Refuses what the gate refuses, another's event with NOT_FOUND, one that is over or cancelled, and another start of one that has begun. Safe to repeat. */
  updateEvent(ownerId: string, eventId: string, changes: EventChanges): Promise<PlaceEvent>
  /** Refuses another's event with NOT_FOUND, what the gate refuses, a start in the past, and what is no draft. Repeating it gives the same. */
  publishEvent(ownerId: string, eventId: string): Promise<PlaceEvent>
  /** Refuses another's event with NOT_FOUND, and one that is over. Repeating it gives the same. */
  cancelEvent(ownerId: string, eventId: string): Promise<PlaceEvent>
  /** An event that was published and is hidden from nobody, or is the viewer's own. Refuses with NOT_FOUND. */
  event(viewerId: string | null, eventId: string): Promise<PlaceEvent>
  /** Those that the viewer may see, by id. */
  eventsById(viewerId: string | null, ids: readonly string[]): Promise<Map<string, PlaceEvent>>
  /** The owner's own, the latest start first. */
  eventsOf(ownerId: string, page: PageRequest): Promise<Listed<PlaceEvent>[]>
  /** Published, not over and not hidden from the viewer, the next first, of several venues that they see, with the same page. Refuses cursors of other lists. */
  eventsAt(
    viewerId: string | null,
    venueIds: readonly string[],
    page: PageRequest,
  ): Promise<Map<string, Listed<PlaceEvent>[]>>
  /** Projects anew whatever is published at a venue, since others see it from now on than before. Safe to repeat. */
  projectVenue(venueId: string): Promise<void>
  /** What the live map is to show of an event; nothing of one that was never published, or is archived. */
  projection(eventId: string): Promise<EventProjection | undefined>
  /** Every event that belongs on the live map now: what to project after Redis was lost, and as starts come near. */
  toProject(nowMs: number): Promise<string[]>
  /** At most 100 events that are over and not archived, the oldest first: those too whose activity was lost with Redis. */
  toArchive(nowMs: number): Promise<string[]>
  /**
   * Keeps the counts of an event that is over (`said`: of its messages, also of those that are not among them) and, if its organizer wants them, its messages. Tells whether it is archived:
   * one that is not over, was cancelled, or never was is not. Repeating it changes nothing.
   */
  archive(
    eventId: string,
    archived: { joins: number; said?: number; messages: readonly ArchivedMessage[] },
  ): Promise<boolean>
  /** Deletes what somebody said at events, by what they were called at each, and tells how much that was. Repeating it is safe. */
  eraseAuthor(labelAt: (eventId: string) => string): Promise<number>
}

export function createEventService(deps: {
  store: EventStore
  clock: Clock
  limiter: RateLimiter
  gate: Gate
}): EventService {
  const { store, clock, limiter, gate } = deps
  const view = (row: EventRow): PlaceEvent => ({ ...row, state: stateOf(row, clock.now()) })
  const listed = (list: string, { item, key }: { item: EventRow; key: number }) => ({
    item: view(item),
    cursor: keysetCursor(list, { key, id: item.id }),
  })

  const original = (row: EventRow, fingerprint: string): PlaceEvent => {
    if (row.fingerprint !== fingerprint) throw new IdempotencyMismatchError()
    if (row.contentState === 'REMOVED') throw new NotFoundError()
    return view(row)
  }

  async function change(
    ownerId: string,
    eventId: string,
    decide: (event: PlaceEvent, place: EventPlace, nowMs: number) => EventChange | undefined,
  ): Promise<PlaceEvent> {
    const row = isId(eventId)
      ? await store.change(ownerId, eventId, (event, place) => decide(view(event), place, clock.now()))
      : undefined
    if (!row) throw new NotFoundError()
    return view(row)
  }

  async function eventsById(viewerId: string | null, ids: readonly string[]) {
    const found = await store.visible(viewerId, ids.filter(isId))
    return new Map(found.map((row) => [row.id, view(row)]))
  }

  return {
    eventsById,

    async createEvent(ownerId, { clientId, venueId, ...given }) {
      await limiter.take(createLimit, ownerId)
      const fields = checkedEvent(given)
      const fingerprint = fingerprintOf({ ...fields, venueId })
      const texts = textsOf(fields)
      const write = { surface: 'EVENT', personId: ownerId, attempt: clientId, texts: Object.values(texts) } as const
      const [known, asked] = await Promise.all([store.byClientId(ownerId, clientId), outcomeOf(gate.ask(write))])
      if (known) return original(known, fingerprint)
      const passed = resultOf(asked)
      const kept = { ...fields, ...named(texts, passed.texts), hiddenBy: passed.hiddenBy }
      const nowMs = clock.now()
      checkAhead(fields, nowMs)
      if (!isId(venueId)) throw new NotFoundError()
      const [id, createdAt] = [createId(nowMs), new Date(nowMs)]
      const row = await store.insert({ ...kept, id, ownerId, clientId, venueId, fingerprint, createdAt })
      if (row) {
        passed.written({ kind: 'EVENT', id })
        return view(row)
      }
      // Somebody with the same client id was faster, or the venue is not there for this owner.
      const faster = await store.byClientId(ownerId, clientId)
      if (!faster) throw new NotFoundError()
      return original(faster, fingerprint)
    },

    async updateEvent(ownerId, eventId, changes) {
      await limiter.take(changeLimit, ownerId)
      const texts = textsOf(checkedEventTexts(changes))
      const attempt = fingerprintOf({ eventId, ...changes })
      const write = { surface: 'EVENT', personId: ownerId, attempt, texts: Object.values(texts) } as const
      const passed = await gate.ask(write)
      const wanted = { ...changes, ...named(texts, passed.texts) }
      const saved = await change(ownerId, eventId, (event, _place, nowMs) => {
        refuse('update', event.state)
        const fields = checkedEvent(changed(fieldsOf(event), wanted, ['description', 'capacity']))
        if (fingerprintOf(fields) === fingerprintOf(fieldsOf(event))) return undefined
        checkAhead(fields, nowMs)
        if (event.state !== 'DRAFT') checkPromised(event, fields, nowMs)
        return { ...fields, hiddenBy: passed.hiddenBy }
      })
      passed.written({ kind: 'EVENT', id: eventId })
      return saved
    },

    async publishEvent(ownerId, eventId) {
      await limiter.take(changeLimit, ownerId)
      const draft = (await eventsById(ownerId, [eventId])).get(eventId)
      if (!draft || draft.ownerId !== ownerId) throw new NotFoundError()
      if (refuse('publish', draft.state) === 'done') return draft
      const texts = textsOf(draft)
      // Making a draft and publishing it are one attempt: an organizer is not too fast for doing both.
      const { clientId: attempt } = draft
      const passed = await gate.ask({ surface: 'EVENT', personId: ownerId, attempt, texts: Object.values(texts) })
      const saved = await change(ownerId, eventId, (event, place, nowMs) => {
        if (refuse('publish', event.state) === 'done') return undefined
        if (place.removed || place.placeState === 'REMOVED')
          throw new EventStateError(event.state, 'The venue was removed: make the event at another one.')
        checkedMapLatitude(place.latitude)
        checkNotBegun(event, nowMs)
        checkAhead(event, nowMs)
        // What was changed meanwhile was asked about by itself.
        const kept = texts.title === event.title && (texts.description ?? null) === event.description
        const published = { status: 'PUBLISHED', publishedAt: new Date(nowMs), hiddenBy: passed.hiddenBy } as const
        return kept ? { ...published, ...named(texts, passed.texts) } : published
      })
      passed.written({ kind: 'EVENT', id: eventId })
      return saved
    },

    async cancelEvent(ownerId, eventId) {
      await limiter.take(changeLimit, ownerId)
      return change(ownerId, eventId, (event, _place, nowMs) =>
        refuse('cancel', event.state) === 'done' ? undefined : { status: 'CANCELLED', cancelledAt: new Date(nowMs) },
      )
    },

    async event(viewerId, eventId) {
      const event = (await eventsById(viewerId, [eventId])).get(eventId)
      if (!event) throw new NotFoundError()
      return event
    },

    async eventsOf(ownerId, page) {
      const list = `events of ${ownerId}`
      const rows = await store.listOf(ownerId, keysetRange(list, page, 'desc'))
      return rows.map((row) => listed(list, row))
    },

    async eventsAt(viewerId, venueIds, page) {
      const list = 'events at a venue'
      const rows = await store.listAt(viewerId, venueIds, clock.now(), keysetRange(list, page, 'asc'))
      const byVenue = new Map<string, Listed<PlaceEvent>[]>(venueIds.map((id) => [id, []]))
      for (const row of rows) byVenue.get(row.item.venueId)?.push(listed(list, row))
      return byVenue
    },

    projectVenue: (venueId) => store.touchAt(venueId, clock.now()),

    async projection(eventId) {
      const event = isId(eventId) ? await store.published(eventId) : undefined
      if (!event || event.status === 'ARCHIVED') return undefined
      const { id, version, ownerId, venueId, title, emoji, latitude, longitude, startsAt, endsAt } = event
      return {
        ...{ eventId: id, version, hostId: ownerId, venueId, title, emoji, place: { latitude, longitude } },
        ...{ startsAtMs: startsAt.getTime(), endsAtMs: endsAt.getTime(), capacity: event.capacity },
        ...{ archiveMessages: event.archiveMessages, cancelled: event.status === 'CANCELLED' },
        state: strongest(event.contentState, event.placeState),
      }
    },

    toProject: (nowMs) => store.current(nowMs, nowMs + projectedAheadMs, longestMs),

    toArchive: (nowMs) => store.over(nowMs, archivedAtOnce),

    async eraseAuthor(labelAt) {
      let [erased, last] = [0, null as string | null]
      for (;;) {
        const eventIds = await store.withMessages(last, keptAtOnce)
        if (eventIds.length > 0) erased += await store.eraseMessages(eventIds, eventIds.map(labelAt))
        if (eventIds.length < keptAtOnce) return erased
        last = eventIds.at(-1) ?? null
      }
    },

    async archive(eventId, archived) {
      const nowMs = clock.now()
      const row = isId(eventId)
        ? await store.archive(eventId, nowMs, archived, (event) => stateOf(event, nowMs) === 'ENDED')
        : undefined
      return row?.status === 'ARCHIVED'
    },
  }
}

/** People may have read of it: it does not begin in the past, and what has begun does not begin anew. */
function checkPromised(event: PlaceEvent, fields: EventFields, nowMs: number): void {
  const moved = fields.startsAt.getTime() !== event.startsAt.getTime()
  if (moved && event.state === 'LIVE')
    throw new EventStateError(event.state, 'The event is going on: its start cannot be changed.')
  if (moved) checkNotBegun(fields, nowMs)
  if (fields.endsAt.getTime() <= nowMs)
    throw new EventStateError(event.state, 'An event is not ended in the past: cancel it.')
}

const byStrength: readonly ContentState[] = ['VISIBLE', 'HIDDEN', 'REMOVED']
const strongest = (a: ContentState, b: ContentState) => (byStrength.indexOf(a) > byStrength.indexOf(b) ? a : b)

function fieldsOf(event: EventRow): EventFields {
  const { title, emoji, description, startsAt, endsAt, capacity, archiveMessages } = event
  return { title, emoji, description, startsAt, endsAt, capacity, archiveMessages }
}
