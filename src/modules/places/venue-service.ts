// Invariant: a venue is changed by its owner alone, and never taken away from under an event that people were promised.
import type { Clock } from '../../platform/clock.ts'
import { BadUserInputError, IdempotencyMismatchError, NotFoundError } from '../../platform/errors.ts'
import { createId, isId } from '../../platform/ids.ts'
import { keysetCursor, keysetRange, type Listed, type PageRequest } from '../../platform/keyset.ts'
import { outcomeOf, resultOf } from '../../platform/outcome.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import type { Gate } from '../gate/index.ts'
import { VenueInUseError } from './errors.ts'
import { changed, checkedVenue, checkedVenueTexts, fingerprintOf, named, textsOf, type VenueFields } from './rules.ts'
import type { Campus, Sorted, Venue, VenueStore } from './venue-store.ts'

const hourMs = 60 * 60 * 1000
const createLimit: Limit = { name: 'create-venue', count: 60, windowMs: hourMs }
const changeLimit: Limit = { name: 'change-venue', count: 300, windowMs: hourMs }
/** Venues further away are not near. */
const nearMeters = 50_000

export type VenueChanges = { [Name in keyof VenueFields]?: VenueFields[Name] | null | undefined }

export interface VenueFilter {
  near: { latitude: number; longitude: number } | null
  campusId: string | null
}

export interface VenueService {
  /**
   * Refuses what cannot be kept, what the gate refuses, and a client id used before with another input. Repeating it gives the original, for
   * ever, also to who may not write any more.
   */
  createVenue(ownerId: string, input: VenueFields & { clientId: string }): Promise<Venue>
  /** Refuses what the gate refuses, another's venue with NOT_FOUND, and to move one with published events that are not over. Safe to repeat. */
  updateVenue(ownerId: string, venueId: string, changes: VenueChanges): Promise<Venue>
  /** Refuses another's venue with NOT_FOUND, and one with published events that are not over. Repeating it gives the same. */
  removeVenue(ownerId: string, venueId: string): Promise<Venue>
  /** A venue that the viewer may see. Refuses with NOT_FOUND. */
  venue(viewerId: string | null, venueId: string): Promise<Venue>
  /** Those that the viewer may see, by id. */
  venuesById(viewerId: string | null, ids: readonly string[]): Promise<Map<string, Venue>>
  /** What the viewer may see: nearest first within 50 km of a point, otherwise newest first. Refuses cursors of other lists. */
  venues(viewerId: string | null, filter: VenueFilter, page: PageRequest): Promise<Listed<Venue>[]>
  /** The owner's own, newest first. */
  venuesOf(ownerId: string, page: PageRequest): Promise<Listed<Venue>[]>
  campusesById(ids: readonly string[]): Promise<Map<string, Campus>>
  /** All campuses, always in the same order. */
  campuses(page: PageRequest): Promise<Listed<Campus>[]>
}

export function createVenueService(deps: {
  store: VenueStore
  clock: Clock
  limiter: RateLimiter
  gate: Gate
}): VenueService {
  const { store, clock, limiter, gate } = deps

  const original = (venue: Venue, fingerprint: string): Venue => {
    if (venue.fingerprint !== fingerprint) throw new IdempotencyMismatchError()
    if (venue.contentState === 'REMOVED') throw new NotFoundError()
    return venue
  }
  const listed = (list: string, rows: Sorted<Venue>[]) =>
    rows.map(({ item, key }) => ({ item, cursor: keysetCursor(list, { key, id: item.id }) }))

  function checkedCampus(fields: VenueFields): VenueFields {
    if (fields.campusId !== null && !isId(fields.campusId)) throw unknownCampus()
    return fields
  }

  async function change(
    ownerId: string,
    venueId: string,
    hiddenBy: string | null,
    decide: Parameters<VenueStore['change']>[3],
  ): Promise<Venue | undefined> {
    let found = false
    const venue = await store.change(ownerId, venueId, { nowMs: clock.now(), hiddenBy }, (current, inUse) => {
      found = true
      return decide(current, inUse)
    })
    if (!found) throw new NotFoundError()
    return venue
  }

  return {
    async createVenue(ownerId, { clientId, ...given }) {
      await limiter.take(createLimit, ownerId)
      const fields = checkedCampus(checkedVenue(given))
      const fingerprint = fingerprintOf(fields)
      const texts = textsOf(fields)
      const write = { surface: 'VENUE', personId: ownerId, attempt: clientId, texts: Object.values(texts) } as const
      const [known, asked] = await Promise.all([store.byClientId(ownerId, clientId), outcomeOf(gate.ask(write))])
      if (known) return original(known, fingerprint)
      const passed = resultOf(asked)
      const { hiddenBy } = passed
      const kept = { ...fields, ...named(texts, passed.texts) }
      const nowMs = clock.now()
      const [id, createdAt] = [createId(nowMs), new Date(nowMs)]
      const venue = await store.insert({ ...kept, id, ownerId, clientId, fingerprint, createdAt, hiddenBy })
      if (venue) {
        passed.written({ kind: 'VENUE', id })
        return venue
      }
      // Somebody with the same client id was faster, or the campus is not there.
      const faster = await store.byClientId(ownerId, clientId)
      if (!faster) throw unknownCampus()
      return original(faster, fingerprint)
    },

    async updateVenue(ownerId, venueId, changes) {
      await limiter.take(changeLimit, ownerId)
      if (!isId(venueId)) throw new NotFoundError()
      const texts = textsOf(checkedVenueTexts(changes))
      const attempt = fingerprintOf({ venueId, ...changes })
      const asked = { surface: 'VENUE', personId: ownerId, attempt, texts: Object.values(texts) } as const
      const passed = await gate.ask(asked)
      const wanted = { ...changes, ...named(texts, passed.texts) }
      const venue = await change(ownerId, venueId, passed.hiddenBy, async (current, inUse) => {
        if (current.removedAt) throw new NotFoundError()
        const fields = checkedCampus(
          checkedVenue(changed(fieldsOf(current), wanted, ['address', 'description', 'campusId'])),
        )
        if (fingerprintOf(fields) === fingerprintOf(fieldsOf(current))) return undefined
        const moved = fields.latitude !== current.latitude || fields.longitude !== current.longitude
        if (moved && (await inUse())) throw new VenueInUseError()
        return fields
      })
      if (!venue) throw unknownCampus()
      passed.written({ kind: 'VENUE', id: venueId })
      return venue
    },

    async removeVenue(ownerId, venueId) {
      await limiter.take(changeLimit, ownerId)
      if (!isId(venueId)) throw new NotFoundError()
      const venue = await change(ownerId, venueId, null, async (current, inUse) => {
        if (current.removedAt) return undefined
        if (await inUse()) throw new VenueInUseError()
        return 'remove'
      })
      if (!venue) throw new NotFoundError()
      return venue
    },

    async venue(viewerId, venueId) {
      const [venue] = isId(venueId) ? await store.visible(viewerId, [venueId]) : []
      if (!venue) throw new NotFoundError()
      return venue
    },

    async venuesById(viewerId, ids) {
      const found = await store.visible(viewerId, ids.filter(isId))
      return new Map(found.map((venue) => [venue.id, venue]))
    },

    async venues(viewerId, { near, campusId }, page) {
      if (campusId !== null && !isId(campusId)) throw unknownCampus()
      const list = `venues ${near?.latitude} ${near?.longitude} ${campusId}`
      if (near) {
        const range = keysetRange(list, page, 'asc')
        return listed(list, await store.listNear(viewerId, { ...near, meters: nearMeters }, campusId, range))
      }
      return listed(list, await store.list(viewerId, { campusId }, keysetRange(list, page, 'desc')))
    },

    async venuesOf(ownerId, page) {
      const list = `venues of ${ownerId}`
      return listed(list, await store.listOf(ownerId, keysetRange(list, page, 'desc')))
    },

    async campusesById(ids) {
      const found = await store.campuses(ids.filter(isId))
      return new Map(found.map((campus) => [campus.id, campus]))
    },

    async campuses(page) {
      const list = 'campuses'
      const found = await store.listCampuses(keysetRange(list, page, 'asc'))
      return found.map((item) => ({ item, cursor: keysetCursor(list, { key: 0, id: item.id }) }))
    },
  }
}

const unknownCampus = () => new BadUserInputError('There is no such campus.', 'campusId')

function fieldsOf({ name, address, description, latitude, longitude, campusId }: Venue): VenueFields {
  return { name, address, description, latitude, longitude, campusId }
}
