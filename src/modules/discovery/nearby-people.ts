// Invariant: who is listed, in which band and in which order follows from cells, radios and the one rule of visibility alone.
import { createCipheriv, createHmac } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import { deriveKey } from '../../platform/derive-key.ts'
import { BadUserInputError } from '../../platform/errors.ts'
import { Lru } from '../../platform/lru.ts'
import type { PersonIds } from '../../platform/person-ids.ts'
import type { MatchService } from '../matches/index.ts'
import {
  type Band,
  bandBetween,
  bands,
  type CellBand,
  type Grids,
  isWithin,
  type PresenceService,
} from '../presence/index.ts'
import type { SocialService } from '../social/index.ts'
import { createPeopleCursors } from './people-cursor.ts'

/** Somebody, as one viewer is told of them. */
export interface NearbyPerson {
  /** What they are called towards this viewer. */
  id: string
  band: Band
}

export interface PeoplePage {
  edges: { cursor: string; node: NearbyPerson }[]
  hasNextPage: boolean
}

export interface NearbyPeople {
  /**
   * Who is around the viewer, the nearest band first, inside a band shuffled for this viewer and day. Refuses cursors of other lists and
   * of the day before yesterday with BAD_USER_INPUT, a viewer without presence, and one who has just jumped. Of more than a thousand the
   * nearest bands are considered.
   */
  people(
    viewerId: string,
    asked: { radius: Band; first: number; after?: string | null | undefined },
  ): Promise<PeoplePage>
}

const dayMs = 24 * 60 * 60 * 1000
/** Two radios reach across a border of cells. */
const reachWithin: CellBand = 'UNDER_1_KM'
const viewersRemembered = 10_000

export function createNearbyPeople(deps: {
  presence: PresenceService
  social: SocialService
  matches: Pick<MatchService, 'inReachOf'>
  personIds: PersonIds
  grids: Grids
  clock: Clock
  secret: string
}): NearbyPeople {
  const { presence, social, matches, personIds, grids, clock } = deps
  const cursors = createPeopleCursors(deps.secret)
  const shuffled = createShuffle(deps.secret)

  return {
    async people(viewerId, { radius, first, after }) {
      const list = `nearbyPeople ${viewerId} ${radius}`
      const place = after ? cursors.read(list, after) : undefined
      const nowMs = clock.now()
      const today = Math.floor(nowMs / dayMs)
      const day = place?.day ?? today
      if (today - day > 1) throw new BadUserInputError('This cursor is of another day. Begin again.', 'after')

      const within = radius === 'IN_REACH' ? reachWithin : radius
      const [inReach, { standing, found }] = await Promise.all([
        matches.inReachOf(viewerId),
        presence.from(viewerId, async (standing) => {
          const found = await presence.around(viewerId, standing, within, nowMs)
          return found && { standing, found }
        }),
      ])
      const ids = found.map(({ personId }) => personId)
      const visible = await social.visible(viewerId, ids)
      const near = new Set(inReach)

      const keys = shuffled(viewerId, day, ids)
      const entries = found.flatMap(({ personId, cellId }, i) => {
        const cell = visible[i] && grids.people.cell(cellId)
        const band = cell && (near.has(personId) ? 'IN_REACH' : bandBetween(standing.cell, cell))
        if (!band || !isWithin(band, radius)) return []
        const entry = { personId, band: bands.indexOf(band), key: keys[i] ?? '' }
        return !place || byPlace(entry, place) > 0 ? [entry] : []
      })
      const page = entries.sort(byPlace).slice(0, first)
      const names = personIds.of(
        viewerId,
        page.map(({ personId }) => personId),
      )
      return {
        edges: page.map(({ band, key }, i) => ({
          cursor: cursors.write(list, { band, day, key }),
          node: { id: names[i] ?? '', band: bands[band] ?? 'UNDER_50_KM' },
        })),
        hasNextPage: entries.length > first,
      }
    },
  }
}

interface Place {
  band: number
  key: string
}

const byPlace = (a: Place, b: Place) => a.band - b.band || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)

/** Keys to sort people by: an AES-256 block each, under a key of the viewer and day. Nobody else's order tells anything of it. */
function createShuffle(secret: string) {
  const root = deriveKey(secret, 'people-shuffle')
  const known = new Lru<string, Buffer>(viewersRemembered)
  const keyOf = (name: string): Buffer => {
    const key = known.get(name) ?? createHmac('sha256', root).update(name).digest()
    known.set(name, key)
    return key
  }
  return (viewerId: string, day: number, ids: string[]): string[] => {
    const cipher = createCipheriv('aes-256-ecb', keyOf(`${viewerId} ${day}`), null).setAutoPadding(false)
    const blocks = cipher.update(Buffer.from(ids.join('').replaceAll('-', ''), 'hex')).toString('latin1')
    return ids.map((_, i) => blocks.slice(i * 16, (i + 1) * 16))
  }
}
