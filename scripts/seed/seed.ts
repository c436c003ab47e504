import { demoAccount } from '../../prisma/seed.ts'
import type { JobRunner } from '../../src/platform/jobs.ts'
import type { Postgres, Sql } from '../../src/platform/postgres.ts'
import { eventsAt, idOf, type SeedEvent } from './events.ts'
import type { SeedPlace } from './places.ts'

const hourMs = 60 * 60 * 1000
const organizer = 'demo-organizer'

export interface Seeded {
  campuses: number
  venues: number
  /** New ones, and those that were over and are put in the future again. */
  events: number
}

/**
 * Puts the places of a city there, and events at them, owned by the demo organizer. Repeating it changes nothing of what is
 * there, whoever changed it since, but that events which are over begin anew.
 */
export async function seedCity(
  deps: { postgres: Postgres; jobs: Pick<JobRunner, 'addIn'> },
  places: SeedPlace[],
  nowMs: number,
): Promise<Seeded> {
  return deps.postgres.transaction(async (sql) => {
    const ownerId = await demoAccount(sql, organizer, 'ORGANIZER', nowMs)
    const campuses = new Map<string, string>()
    const seeded: Seeded = { campuses: 0, venues: 0, events: 0 }
    for (const place of places.filter(({ kind }) => kind === 'campus')) {
      const { id, fresh } = await putCampus(sql, place)
      campuses.set(place.domain ?? '', id)
      if (fresh) seeded.campuses += 1
    }
    for (const [nth, place] of places.filter(({ kind }) => kind === 'venue').entries()) {
      const id = idOf('venue', place.city, place.name)
      const campusId = campuses.get(place.domain ?? '') ?? null
      if (await putVenue(sql, { ...place, id, ownerId, campusId }, nowMs)) seeded.venues += 1
      for (const [i, event] of eventsAt(nth).entries()) {
        const eventId = idOf('event', place.city, place.name, i)
        if (!(await putEvent(sql, { ...event, id: eventId, venueId: id }, nowMs))) continue
        seeded.events += 1
        if (event.status === 'PUBLISHED')
          await deps.jobs.addIn(sql, 'project-event', { eventId }, `project-event:${eventId}`)
      }
    }
    return seeded
  })
}

async function putCampus(sql: Sql, { name, latitude, longitude, domain }: SeedPlace) {
  const [row] = await sql<{ id: string; fresh: boolean }>(
    {
      name: 'seed-campus',
      text: `insert into campuses (id, name, latitude, longitude, email_domain) values ($1, $2, $3, $4, $5)
             on conflict (email_domain) do update set name = excluded.name, latitude = excluded.latitude, longitude = excluded.longitude
             returning id, xmax = 0 as fresh`,
    },
    [idOf('campus', domain ?? ''), name, latitude, longitude, domain],
  )
  if (!row) throw new Error('insert returned nothing')
  return row
}

type NewVenue = SeedPlace & { id: string; ownerId: string; campusId: string | null }

async function putVenue(sql: Sql, venue: NewVenue, nowMs: number): Promise<boolean> {
  const rows = await sql(
    {
      name: 'seed-venue',
      text: `insert into venues (id, owner_id, campus_id, client_id, fingerprint, name, latitude, longitude, created_at, updated_at)
             values ($1, $2, $3, 'seed-' || $1::uuid, 'seed', $4, $5, $6, $7, $7) on conflict do nothing returning id`,
    },
    [venue.id, venue.ownerId, venue.campusId, venue.name, venue.latitude, venue.longitude, new Date(nowMs)],
  )
  return rows.length > 0
}

/** Inserts, or moves one that is over: an event that was cancelled, or whose venue was removed, stays as it is. */
async function putEvent(sql: Sql, event: SeedEvent & { id: string; venueId: string }, nowMs: number): Promise<boolean> {
  const startsAtMs = nowMs - (nowMs % hourMs) + event.startsInMs
  // What began within this hour is not over before the next.
  const endsAtMs = Math.max(startsAtMs + event.lastsMs, nowMs + hourMs / 2)
  const rows = await sql(
    {
      name: 'seed-event',
      text: `insert into events as e (id, venue_id, owner_id, client_id, fingerprint, title, emoji, status, starts_at, ends_at, capacity, archive_messages, created_at, published_at)
             select $1, v.id, v.owner_id, 'seed-' || $1::uuid, 'seed', $3, $4, $5::"EventStatus", $6, $7, $8, $9, $10::timestamptz,
                    case when $5::"EventStatus" = 'PUBLISHED' then $10::timestamptz end
             from venues v where v.id = $2 and v.removed_at is null
             on conflict (id) do update set starts_at = excluded.starts_at, ends_at = excluded.ends_at, version = e.version + 1,
               status = excluded.status, published_at = excluded.published_at, archived_at = null, joins = null, messages = null
             where e.ends_at <= $10::timestamptz and e.status <> 'CANCELLED' returning id`,
    },
    [
      ...[event.id, event.venueId, event.title, event.emoji, event.status, new Date(startsAtMs), new Date(endsAtMs)],
      ...[event.capacity, event.archiveMessages, new Date(nowMs)],
    ],
  )
  if (rows.length > 0) {
    const text = 'delete from event_messages where event_id = $1'
    await sql({ name: 'seed-event-messages', text }, [event.id])
  }
  return rows.length > 0
}
