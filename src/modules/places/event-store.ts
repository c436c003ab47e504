import type { KeysetRange } from '../../platform/keyset.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { ContentState } from '../enforcement/index.ts'
import { createArchiveStore } from './archive-store.ts'
import { type EventRow, eventColumns } from './event-row.ts'
import type { EventFields } from './rules.ts'
import { between, byTime } from './venue-store.ts'

export interface NewEvent extends EventFields {
  id: string
  venueId: string
  ownerId: string
  clientId: string
  fingerprint: string
  createdAt: Date
  /** What hides it from everybody but its owner. */
  hiddenBy: string | null
}

/** What a change may set. `hiddenBy` hides it from others from now on. */
export type EventChange = Partial<EventFields & Pick<EventRow, 'status' | 'publishedAt' | 'cancelledAt'>> & {
  hiddenBy?: string | null
}

export interface EventPlace {
  latitude: number
  longitude: number
  removed: boolean
  /** Who may see the venue. */
  placeState: ContentState
}

export type EventStore = ReturnType<typeof createEventStore>

const withPlace = `${eventColumns}, v.latitude, v.longitude, v.removed_at is not null as removed, v.content_state as "placeState"`
/** Whether others may see what was published at a venue: neither is hidden from them. */
const shownToAll = `e.content_state = 'VISIBLE' and exists (select 1 from venues v where v.id = e.venue_id and v.content_state = 'VISIBLE')`
const within = '(e.starts_at, e.id) > ($1::timestamptz, $2::uuid) and (e.starts_at, e.id) < ($3::timestamptz, $4::uuid)'

/** `enqueue` adds the job that brings the live map up to date, in the transaction of the change. */
export function createEventStore(postgres: Postgres, enqueue: (sql: Sql, eventId: string) => Promise<void>) {
  const { sql, transaction } = postgres
  /** A change that only the live map is told of: whoever has it, and to whom it is shown. */
  async function touch(tx: Sql, id: string): Promise<void> {
    const text = 'update events set version = version + 1 where id = $1 and published_at is not null returning id'
    const rows = await tx({ name: 'places-event-touch', text }, [id])
    if (rows.length > 0) await enqueue(tx, id)
  }
  const sorted = (item: EventRow) => ({ item, key: item.startsAt.getTime() })

  return {
    /** Inserts at a venue of the owner, unless the owner has used the client id, or there is no such venue. */
    async insert(event: NewEvent): Promise<EventRow | undefined> {
      const [row] = await sql<EventRow>(
        {
          name: 'places-event-insert',
          text: `insert into events as e (id, venue_id, owner_id, client_id, fingerprint, title, emoji, description, starts_at, ends_at, capacity, archive_messages, created_at, content_state, hidden_by)
                 select $1, v.id, v.owner_id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, case when $14::uuid is null then 'VISIBLE' else 'HIDDEN' end::"ContentState", $14::uuid
                 from venues v where v.id = $2 and v.owner_id = $3 and v.removed_at is null and v.content_state <> 'REMOVED'
                 on conflict (owner_id, client_id) do nothing returning ${eventColumns}`,
        },
        [
          ...[event.id, event.venueId, event.ownerId, event.clientId, event.fingerprint, event.title, event.emoji],
          ...[event.description, event.startsAt, event.endsAt, event.capacity, event.archiveMessages, event.createdAt],
          event.hiddenBy,
        ],
      )
      return row
    },

    async byClientId(ownerId: string, clientId: string): Promise<EventRow | undefined> {
      const text = `select ${eventColumns} from events e where e.owner_id = $1 and e.client_id = $2`
      return (await sql<EventRow>({ name: 'places-event-by-client-id', text }, [ownerId, clientId]))[0]
    },

    /** Changes an owner's event under locks of it and, shared, of its venue. What people are shown is projected anew. */
    change: (
      ownerId: string,
      id: string,
      decide: (event: EventRow, place: EventPlace) => EventChange | undefined,
    ): Promise<EventRow | undefined> =>
      transaction(async (tx) => {
        const [found] = await tx<EventRow & EventPlace>(
          {
            name: 'places-event-lock',
            text: `select ${withPlace} from events e join venues v on v.id = e.venue_id
                   where e.id = $1 and e.owner_id = $2 and e.content_state <> 'REMOVED' for no key update of e for share of v`,
          },
          [id, ownerId],
        )
        if (!found) return undefined
        const { latitude, longitude, removed, placeState, ...event } = found
        const change = decide(event, { latitude, longitude, removed, placeState })
        if (!change) return event
        const { hiddenBy, ...fields } = change
        if (hiddenBy != null && event.contentState === 'VISIBLE') await setState(tx, id, 'HIDDEN', hiddenBy)
        const saved = await update(tx, { ...event, ...fields })
        if (saved.publishedAt) await enqueue(tx, id)
        return saved
      }),

    /** One, whoever may see it, with where it is. */
    async one(id: string): Promise<(EventRow & EventPlace & { campusId: string | null }) | undefined> {
      const text = `select ${withPlace}, v.campus_id as "campusId" from events e join venues v on v.id = e.venue_id where e.id = $1`
      return (await sql<EventRow & EventPlace & { campusId: string | null }>({ name: 'places-event', text }, [id]))[0]
    },

    /**
     * Brings whatever is published at a venue, and not over, to the live map anew. Apart from the change of the venue: whoever changes an event
     * holds it before its venue.
     */
    touchAt: (venueId: string, nowMs: number): Promise<void> =>
      transaction(async (tx) => {
        const rows = await tx<{ id: string }>(
          {
            name: 'places-events-lock-at',
            text: `select id from events where venue_id = $1 and status = 'PUBLISHED' and ends_at > $2 order by id for no key update`,
          },
          [venueId, new Date(nowMs)],
        )
        for (const { id } of rows) await touch(tx, id)
      }),

    /** Who may see an event from now on, and why. */
    setState: (id: string, state: ContentState, by: string): Promise<boolean> =>
      transaction(async (tx) => {
        const before = await setState(tx, id, state, by)
        if (before !== undefined && before !== state) await touch(tx, id)
        return before !== undefined
      }),

    /** Shows what a cause hides of an owner, and tells how much that was. */
    reveal: (ownerId: string, by: string): Promise<number> =>
      transaction(async (tx) => {
        const shown = await tx<{ id: string }>(
          {
            name: 'places-events-reveal',
            text: `update events set content_state = 'VISIBLE', hidden_by = null where owner_id = $1 and hidden_by = $2 returning id`,
          },
          [ownerId, by],
        )
        for (const { id } of shown) await touch(tx, id)
        return shown.length
      }),

    /** Those that were published and are hidden from nobody, and of the owner's own all that were not taken from everybody. */
    async visible(ownerId: string | null, ids: readonly string[]): Promise<EventRow[]> {
      const text = `select ${eventColumns} from events e where e.id = any($1::uuid[]) and ((e.owner_id = $2::uuid and e.content_state <> 'REMOVED') or (e.published_at is not null and ${shownToAll}))`
      return sql<EventRow>({ name: 'places-events', text }, [ids, ownerId])
    },

    async listOf(ownerId: string, range: KeysetRange) {
      const { order } = range
      const rows = await sql<EventRow>(
        {
          name: `places-events-owner-${order}`,
          text: `select ${eventColumns} from events e where e.owner_id = $6 and e.content_state <> 'REMOVED' and ${within} order by e.starts_at ${order}, e.id ${order} limit $5`,
        },
        [...between(range, byTime), ownerId],
      )
      return rows.map(sorted)
    },

    /** Published, not over and not hidden from the viewer, of several venues at once, each by the same range. */
    async listAt(viewerId: string | null, venueIds: readonly string[], nowMs: number, range: KeysetRange) {
      const { order } = range
      const rows = await sql<EventRow>(
        {
          name: `places-events-venues-${order}`,
          text: `select e.* from unnest($6::uuid[]) as at (id) cross join lateral (
                   select ${eventColumns} from events e
                   where e.venue_id = at.id and e.status = 'PUBLISHED' and e.ends_at > $7 and ${within}
                     and (e.content_state = 'VISIBLE' or (e.owner_id = $8::uuid and e.content_state = 'HIDDEN'))
                   order by e.starts_at ${order}, e.id ${order} limit $5
                 ) e order by e."startsAt" ${order}, e.id ${order}`,
        },
        [...between(range, byTime), venueIds, new Date(nowMs), viewerId],
      )
      return rows.map(sorted)
    },

    /** An event that was ever published, with where it is. */
    async published(id: string): Promise<(EventRow & EventPlace) | undefined> {
      const text = `select ${withPlace} from events e join venues v on v.id = e.venue_id where e.id = $1 and e.published_at is not null`
      return (await sql<EventRow & EventPlace>({ name: 'places-event-published', text }, [id]))[0]
    },

    /** Published, not over at `nowMs`, and begun by `untilMs`. */
    async current(nowMs: number, untilMs: number, longestMs: number): Promise<string[]> {
      const rows = await sql<{ id: string }>(
        {
          name: 'places-events-current',
          text: `select id from events where status = 'PUBLISHED' and starts_at > $1 and starts_at <= $2 and ends_at > $3 order by starts_at, id`,
        },
        [new Date(nowMs - longestMs - 1), new Date(untilMs), new Date(nowMs)],
      )
      return rows.map(({ id }) => id)
    },

    /** Published, over at `nowMs`, and not archived; the oldest first. */
    async over(nowMs: number, limit: number): Promise<string[]> {
      const rows = await sql<{ id: string }>(
        {
          name: 'places-events-over',
          text: `select id from events where status = 'PUBLISHED' and starts_at < $1 and ends_at <= $1 order by starts_at, id limit $2`,
        },
        [new Date(nowMs), limit],
      )
      return rows.map(({ id }) => id)
    },

    ...createArchiveStore(postgres),
  }
}

/** What it was before; undefined if it is not there. */
async function setState(sql: Sql, id: string, state: ContentState, by: string): Promise<ContentState | undefined> {
  // The lock comes before the change: one statement that does both would wait for those that wait for it.
  const text = 'select content_state as before from events where id = $1 for no key update'
  const [row] = await sql<{ before: ContentState }>({ name: 'places-event-state-lock', text }, [id])
  if (row)
    await sql(
      {
        name: 'places-event-state',
        text: `update events set content_state = $2::"ContentState", hidden_by = case when $2 = 'VISIBLE' then null else $3::uuid end
               where id = $1`,
      },
      [id, state, by],
    )
  return row?.before
}

async function update(sql: Sql, event: EventRow): Promise<EventRow> {
  const [row] = await sql<EventRow>(
    {
      name: 'places-event-update',
      text: `update events e set title = $2, emoji = $3, description = $4, starts_at = $5, ends_at = $6, capacity = $7, archive_messages = $8,
                    status = $9::"EventStatus", published_at = $10, cancelled_at = $11, version = version + 1
             where e.id = $1 returning ${eventColumns}`,
    },
    [
      ...[event.id, event.title, event.emoji, event.description, event.startsAt, event.endsAt, event.capacity],
      ...[event.archiveMessages, event.status, event.publishedAt, event.cancelledAt],
    ],
  )
  if (!row) throw new Error('update returned nothing')
  return row
}
