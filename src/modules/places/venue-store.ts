import type { KeysetPlace, KeysetRange } from '../../platform/keyset.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { ContentState } from '../enforcement/index.ts'
import type { VenueFields } from './rules.ts'

export interface Campus {
  id: string
  name: string
  latitude: number
  longitude: number
  emailDomain: string
}

export interface Venue extends VenueFields {
  id: string
  ownerId: string
  fingerprint: string
  createdAt: Date
  updatedAt: Date
  removedAt: Date | null
  contentState: ContentState
}

export interface NewVenue extends VenueFields {
  id: string
  ownerId: string
  clientId: string
  fingerprint: string
  createdAt: Date
  /** What hides it from everybody but its owner. */
  hiddenBy: string | null
}

/** A row with the number its list is sorted by. */
export interface Sorted<Item> {
  item: Item
  key: number
}

export interface Near {
  latitude: number
  longitude: number
  meters: number
}

export type VenueStore = ReturnType<typeof createVenueStore>

const columns = `v.id, v.owner_id as "ownerId", v.campus_id as "campusId", v.fingerprint, v.name, v.address, v.description,
  v.latitude, v.longitude, v.created_at as "createdAt", v.updated_at as "updatedAt", v.removed_at as "removedAt", v.content_state as "contentState"`
/** What somebody may see of what there is: their own unless it was taken from everybody, and of others' what is hidden from nobody. */
const shownTo = (viewer: string) =>
  `v.removed_at is null and (v.content_state = 'VISIBLE' or (v.owner_id = ${viewer}::uuid and v.content_state = 'HIDDEN'))`
const campusColumns = 'id, name, latitude, longitude, email_domain as "emailDomain"'
/** Haversine from ($6, $7), in whole millimetres: every node sorts by the very same numbers. */
const distance = `round(12742017600 * asin(sqrt(least(1,
  power(sin(radians(v.latitude - $6) / 2), 2)
  + cos(radians($6)) * cos(radians(v.latitude)) * power(sin(radians(v.longitude - $7) / 2), 2)))))`
const metersPerDegree = 111_000

const lowestId = '00000000-0000-0000-0000-000000000000'
const highestId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** The first five parameters of a list sorted by something: both ends and the size. */
export function between(
  { from, to, limit }: KeysetRange,
  key: (place: KeysetPlace | undefined, end: -1 | 1) => unknown,
) {
  return [key(from, -1), from?.id ?? lowestId, key(to, 1), to?.id ?? highestId, limit]
}

export const byTime = (place: KeysetPlace | undefined, end: -1 | 1) =>
  place ? new Date(place.key) : end === -1 ? '-infinity' : 'infinity'
const byDistance = (place: KeysetPlace | undefined, end: -1 | 1) => place?.key ?? end * Number.MAX_SAFE_INTEGER

/** `enqueue` adds the job that brings events at a venue to the live map anew, in the transaction that changes who may see it. */
export function createVenueStore(postgres: Postgres, enqueue: (sql: Sql, venueId: string) => Promise<void>) {
  const { sql, transaction } = postgres

  async function newestFirst(name: string, where: string, range: KeysetRange, values: unknown[]) {
    const { order } = range
    const rows = await sql<Venue>(
      {
        name: `places-venues-${name}-${order}`,
        text: `select ${columns} from venues v where ${where}
               and (v.created_at, v.id) > ($1::timestamptz, $2::uuid) and (v.created_at, v.id) < ($3::timestamptz, $4::uuid)
               order by v.created_at ${order}, v.id ${order} limit $5`,
      },
      [...between(range, byTime), ...values],
    )
    return rows.map((item) => ({ item, key: item.createdAt.getTime() }))
  }

  return {
    /** Inserts, unless the owner has used the client id, or there is no such campus. */
    async insert(venue: NewVenue): Promise<Venue | undefined> {
      const [row] = await sql<Venue>(
        {
          name: 'places-venue-insert',
          text: `insert into venues as v (id, owner_id, client_id, fingerprint, name, address, description, latitude, longitude, campus_id, created_at, updated_at, content_state, hidden_by)
                 select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10::uuid, $11, $11, case when $12::uuid is null then 'VISIBLE' else 'HIDDEN' end::"ContentState", $12::uuid
                 where $10::uuid is null or exists (select 1 from campuses where id = $10::uuid)
                 on conflict (owner_id, client_id) do nothing returning ${columns}`,
        },
        [
          ...[venue.id, venue.ownerId, venue.clientId, venue.fingerprint, venue.name, venue.address, venue.description],
          ...[venue.latitude, venue.longitude, venue.campusId, venue.createdAt, venue.hiddenBy],
        ],
      )
      return row
    },

    async byClientId(ownerId: string, clientId: string): Promise<Venue | undefined> {
      const text = `select ${columns} from venues v where v.owner_id = $1 and v.client_id = $2`
      return (await sql<Venue>({ name: 'places-venue-by-client-id', text }, [ownerId, clientId]))[0]
    },

    /**
     * Changes an owner's venue under a lock that publishing an event there waits for. `decide` is told whether it is in use; `hiddenBy` hides
     * what is changed from others.
     */
    change: (
      ownerId: string,
      id: string,
      { nowMs, hiddenBy }: { nowMs: number; hiddenBy: string | null },
      decide: (venue: Venue, inUse: () => Promise<boolean>) => Promise<VenueFields | 'remove' | undefined>,
    ): Promise<Venue | undefined> =>
      transaction(async (tx) => {
        const [venue] = await tx<Venue>(
          {
            name: 'places-venue-lock',
            text: `select ${columns} from venues v where v.id = $1 and v.owner_id = $2 and v.content_state <> 'REMOVED' for no key update`,
          },
          [id, ownerId],
        )
        const change = venue && (await decide(venue, () => inUse(tx, id, nowMs)))
        if (!change) return venue
        if (change === 'remove') return update(tx, venue, true, nowMs)
        const hides = hiddenBy !== null && venue.contentState === 'VISIBLE'
        if (hides) await setState(tx, id, 'HIDDEN', hiddenBy)
        const saved = await update(tx, { ...venue, ...change }, false, nowMs)
        if (hides) await enqueue(tx, id)
        return saved
      }),

    /** Those that a viewer may see. */
    async visible(viewerId: string | null, ids: readonly string[]): Promise<Venue[]> {
      const text = `select ${columns} from venues v where v.id = any($1::uuid[]) and ${shownTo('$2')}`
      return sql<Venue>({ name: 'places-venues', text }, [ids, viewerId])
    },

    /** One that its owner has not removed, whoever may see it. */
    async one(id: string): Promise<Venue | undefined> {
      const text = `select ${columns} from venues v where v.id = $1 and v.removed_at is null`
      return (await sql<Venue>({ name: 'places-venue', text }, [id]))[0]
    },

    /** Who may see a venue from now on, and why. */
    setState: (id: string, state: ContentState, by: string): Promise<boolean> =>
      transaction(async (tx) => {
        const before = await setState(tx, id, state, by)
        if (before !== undefined && before !== state) await enqueue(tx, id)
        return before !== undefined
      }),

    /** Shows what a cause hides of an owner, and tells how much that was. */
    reveal: (ownerId: string, by: string): Promise<number> =>
      transaction(async (tx) => {
        const shown = await tx<{ id: string }>(
          {
            name: 'places-venues-reveal',
            text: `update venues set content_state = 'VISIBLE', hidden_by = null where owner_id = $1 and hidden_by = $2 returning id`,
          },
          [ownerId, by],
        )
        for (const { id } of shown) await enqueue(tx, id)
        return shown.length
      }),

    /** What a viewer may see, newest first in the order of the range. */
    list: (
      viewerId: string | null,
      { campusId }: { campusId: string | null },
      range: KeysetRange,
    ): Promise<Sorted<Venue>[]> =>
      campusId === null
        ? newestFirst('all', shownTo('$6'), range, [viewerId])
        : newestFirst('campus', `v.campus_id = $7 and ${shownTo('$6')}`, range, [viewerId, campusId]),

    listOf: (ownerId: string, range: KeysetRange): Promise<Sorted<Venue>[]> =>
      newestFirst('owner', `v.owner_id = $6 and v.removed_at is null and v.content_state <> 'REMOVED'`, range, [
        ownerId,
      ]),

    /** Nearest first; the key is the distance in millimetres. */
    async listNear(
      viewerId: string | null,
      near: Near,
      campusId: string | null,
      range: KeysetRange,
    ): Promise<Sorted<Venue>[]> {
      const { order } = range
      const rows = await sql<Venue & { key: number }>(
        {
          name: `places-venues-near-${order}`,
          text: `select * from (
                   select ${columns}, ${distance}::float8 as key from venues v
                   where ${shownTo('$11')} and v.latitude between $6::float8 - $9::float8 and $6::float8 + $9::float8
                   and ($10::uuid is null or v.campus_id = $10::uuid)
                 ) n where key <= $8::float8 and (key, id) > ($1::float8, $2::uuid) and (key, id) < ($3::float8, $4::uuid)
                 order by key ${order}, id ${order} limit $5`,
        },
        [
          ...between(range, byDistance),
          ...[near.latitude, near.longitude, near.meters * 1000, near.meters / metersPerDegree, campusId, viewerId],
        ],
      )
      return rows.map(({ key, ...item }) => ({ item, key }))
    },

    async campuses(ids: readonly string[]): Promise<Campus[]> {
      const text = `select ${campusColumns} from campuses where id = any($1::uuid[])`
      return sql<Campus>({ name: 'places-campuses', text }, [ids])
    },

    async listCampuses(range: KeysetRange): Promise<Campus[]> {
      const { from, to, order, limit } = range
      return sql<Campus>(
        {
          name: `places-campuses-${order}`,
          text: `select ${campusColumns} from campuses where id > $1::uuid and id < $2::uuid order by id ${order} limit $3`,
        },
        [from?.id ?? lowestId, to?.id ?? highestId, limit],
      )
    },
  }
}

/** What it was before; undefined if it is not there. */
async function setState(sql: Sql, id: string, state: ContentState, by: string): Promise<ContentState | undefined> {
  // The lock comes before the change: one statement that does both would wait for those that wait for it.
  const text = 'select content_state as before from venues where id = $1 and removed_at is null for no key update'
  const [row] = await sql<{ before: ContentState }>({ name: 'places-venue-state-lock', text }, [id])
  if (row)
    await sql(
      {
        name: 'places-venue-state',
        text: `update venues set content_state = $2::"ContentState", hidden_by = case when $2 = 'VISIBLE' then null else $3::uuid end
               where id = $1`,
      },
      [id, state, by],
    )
  return row?.before
}

async function inUse(sql: Sql, venueId: string, nowMs: number): Promise<boolean> {
  const rows = await sql(
    {
      name: 'places-venue-in-use',
      text: `select 1 as used from events where venue_id = $1 and status = 'PUBLISHED' and ends_at > $2 limit 1`,
    },
    [venueId, new Date(nowMs)],
  )
  return rows.length > 0
}

async function update(sql: Sql, venue: Venue, remove: boolean, nowMs: number): Promise<Venue | undefined> {
  const [row] = await sql<Venue>(
    {
      name: 'places-venue-update',
      text: `update venues v set name = $2, address = $3, description = $4, latitude = $5, longitude = $6, campus_id = $7::uuid,
                    updated_at = $8, removed_at = case when $9::boolean then $8 else removed_at end
             where v.id = $1 and ($7::uuid is null or exists (select 1 from campuses where id = $7::uuid)) returning ${columns}`,
    },
    [
      ...[venue.id, venue.name, venue.address, venue.description, venue.latitude, venue.longitude, venue.campusId],
      ...[new Date(nowMs), remove],
    ],
  )
  return row
}
