import type { KeysetPlace, KeysetRange } from '../../platform/keyset.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
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
}

export interface NewVenue extends VenueFields {
  id: string
  ownerId: string
  clientId: string
  fingerprint: string
  createdAt: Date
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
  v.latitude, v.longitude, v.created_at as "createdAt", v.updated_at as "updatedAt", v.removed_at as "removedAt"`
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

export function createVenueStore(postgres: Postgres) {
  const { sql, transaction } = postgres

  async function newestFirst(name: string, where: string, range: KeysetRange, values: unknown[]) {
    const { order } = range
    const rows = await sql<Venue>(
      {
        name: `places-venues-${name}-${order}`,
        text: `select ${columns} from venues v where v.removed_at is null and ${where}
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
          text: `insert into venues as v (id, owner_id, client_id, fingerprint, name, address, description, latitude, longitude, campus_id, created_at, updated_at)
                 select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10::uuid, $11, $11
                 where $10::uuid is null or exists (select 1 from campuses where id = $10::uuid)
                 on conflict (owner_id, client_id) do nothing returning ${columns}`,
        },
        [
          ...[venue.id, venue.ownerId, venue.clientId, venue.fingerprint, venue.name, venue.address, venue.description],
          ...[venue.latitude, venue.longitude, venue.campusId, venue.createdAt],
        ],
      )
      return row
    },

    async byClientId(ownerId: string, clientId: string): Promise<Venue | undefined> {
      const text = `select ${columns} from venues v where v.owner_id = $1 and v.client_id = $2`
      return (await sql<Venue>({ name: 'places-venue-by-client-id', text }, [ownerId, clientId]))[0]
    },

    /** Changes an owner's venue under a lock that publishing an event there waits for. `decide` is told whether it is in use. */
    change: (
      ownerId: string,
      id: string,
      nowMs: number,
      decide: (venue: Venue, inUse: () => Promise<boolean>) => Promise<VenueFields | 'remove' | undefined>,
    ): Promise<Venue | undefined> =>
      transaction(async (tx) => {
        const [venue] = await tx<Venue>(
          {
            name: 'places-venue-lock',
            text: `select ${columns} from venues v where v.id = $1 and v.owner_id = $2 for no key update`,
          },
          [id, ownerId],
        )
        const change = venue && (await decide(venue, () => inUse(tx, id, nowMs)))
        return change
          ? update(tx, { ...venue, ...(change === 'remove' ? {} : change) }, change === 'remove', nowMs)
          : venue
      }),

    async visible(ids: readonly string[]): Promise<Venue[]> {
      const text = `select ${columns} from venues v where v.id = any($1::uuid[]) and v.removed_at is null`
      return sql<Venue>({ name: 'places-venues', text }, [ids])
    },

    /** Newest first in the order of the range. */
    list: ({ campusId }: { campusId: string | null }, range: KeysetRange): Promise<Sorted<Venue>[]> =>
      campusId === null
        ? newestFirst('all', 'true', range, [])
        : newestFirst('campus', 'v.campus_id = $6', range, [campusId]),

    listOf: (ownerId: string, range: KeysetRange): Promise<Sorted<Venue>[]> =>
      newestFirst('owner', 'v.owner_id = $6', range, [ownerId]),

    /** Nearest first; the key is the distance in millimetres. */
    async listNear(near: Near, campusId: string | null, range: KeysetRange): Promise<Sorted<Venue>[]> {
      const { order } = range
      const rows = await sql<Venue & { key: number }>(
        {
          name: `places-venues-near-${order}`,
          text: `select * from (
                   select ${columns}, ${distance}::float8 as key from venues v
                   where v.removed_at is null and v.latitude between $6::float8 - $9::float8 and $6::float8 + $9::float8
                   and ($10::uuid is null or v.campus_id = $10::uuid)
                 ) n where key <= $8::float8 and (key, id) > ($1::float8, $2::uuid) and (key, id) < ($3::float8, $4::uuid)
                 order by key ${order}, id ${order} limit $5`,
        },
        [
          ...between(range, byDistance),
          ...[near.latitude, near.longitude, near.meters * 1000, near.meters / metersPerDegree, campusId],
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
