// Invariant: who is shown an activity, in which order and how near, follows from cells alone; a page costs one command in each area it touches.
import type { Clock } from '../../platform/clock.ts'
import { BadUserInputError, RateLimitedError } from '../../platform/errors.ts'
import { areasWithin, distanceMeters, type Position } from '../../platform/geo/index.ts'
import {
  type Band,
  bandAt,
  bandLimits,
  type CellBand,
  cellBands,
  type Grids,
  isWithin,
  NoPresenceError,
  type PresenceService,
  type Standing,
  searchMeters,
} from '../presence/index.ts'
import type { SocialService } from '../social/index.ts'
import { type Activity, isQuiet, isShown, unpacked } from './card.ts'
import { rankCursor, rankPlace } from './cursors.ts'
import { byRank, type RankWeights, scoreOf } from './ranking.ts'
import type { ActivityReads } from './reads.ts'
import { isOver } from './state.ts'

/** An activity as a viewer finds it: from where they stand, if that is known. */
export interface Found extends Activity {
  band?: CellBand | null
}

export interface NearbyPage {
  edges: { cursor: string; band: CellBand; node: Found }[]
  hasNextPage: boolean
}

export interface Nearby {
  /**
   * What is around the viewer, best first. Refuses IN_REACH and cursors of other lists with BAD_USER_INPUT, and a viewer without
   * presence. Of more than 500 in one area, the nearest bands are ranked.
   */
  nearby(
    viewerId: string,
    asked: { radius: Band; first: number; after?: string | null | undefined },
  ): Promise<NearbyPage>
  /** How near activities are to the viewer; null for what is too far, and for all when the viewer has no presence. */
  bandsOf(viewerId: string, activities: readonly Activity[]): Promise<(CellBand | null)[]>
}

interface Entry {
  activity: Found
  band: CellBand
  id: string
  score: number
}

/** Makes its cursor when somebody asks for it: most pages are read by their last one alone. */
class Edge {
  readonly node: Found
  readonly band: CellBand
  readonly #score: number
  readonly #list: string
  readonly #rankedAtMs: number

  constructor(node: Found, band: CellBand, score: number, list: string, rankedAtMs: number) {
    node.band = band
    this.node = node
    this.band = band
    this.#score = score
    this.#list = list
    this.#rankedAtMs = rankedAtMs
  }

  get cursor(): string {
    return rankCursor(this.#list, { score: this.#score, id: this.node.id, rankedAtMs: this.#rankedAtMs })
  }
}

/** As far as an activity that nobody has joined is shown, metres between cells. */
export const quietMeters = 200
const candidatesAtMost = 500

export function createNearby(deps: {
  reads: ActivityReads
  presence: PresenceService
  social: SocialService
  grids: Grids
  clock: Clock
  weights: RankWeights
}): Nearby {
  const { reads, presence, social, grids, clock, weights } = deps

  /** The middle of its cell, also of what publishes more. */
  const placeOf = (activity: Activity): Position =>
    activity.kind === 'SPONTANEOUS' ? activity : (grids.places.cell(activity.cellId) ?? activity)

  /** Everything within a radius of where the viewer stands; undefined if they stand elsewhere by now. */
  async function search(viewerId: string, standing: Standing, radius: CellBand, nowMs: number) {
    const radii = cellBands.filter((band) => isWithin(band, radius)).map(searchMeters)
    const areas = new Set([standing.area, ...areasWithin(standing.near, searchMeters(radius))])
    const found = await Promise.all(
      [...areas].map((area) =>
        reads.nearby(
          area,
          { personId: viewerId, token: area === standing.area ? standing.token : '' },
          { nowMs, middle: standing.near, radii, atMost: candidatesAtMost },
        ),
      ),
    )
    if (found.includes(undefined)) return undefined
    return { standing, cards: found.flatMap((cards) => cards ?? []) }
  }

  return {
    async nearby(viewerId, { radius, first, after }) {
      if (radius === 'IN_REACH')
        throw new BadUserInputError('Activities are in no phone’s reach. Ask for HERE or further.', 'radius')
      const list = `nearbyActivities ${viewerId} ${radius}`
      const place = after ? rankPlace(list, after) : undefined
      const nowMs = clock.now()
      const rankedAtMs = place?.rankedAtMs ?? nowMs
      const [hidden, { standing, cards }] = await Promise.all([
        social.hiddenFrom(viewerId),
        presence.from(viewerId, (standing) => search(viewerId, standing, radius, nowMs)),
      ])

      const asked = { radiusMeters: bandLimits[radius], nowMs: rankedAtMs, weights }
      const entries: Entry[] = []
      for (const card of cards) {
        const activity = unpacked(card)
        const own = activity.hostId === viewerId
        if (isOver(activity, nowMs) || !isShown(activity, viewerId) || hidden.has(activity.hostId)) continue
        const meters = distanceMeters(standing.near, placeOf(activity))
        const band = activity.cellId === standing.near.id ? 'HERE' : bandAt(meters)
        if (!band || !isWithin(band, radius) || (!own && isQuiet(activity) && meters > quietMeters)) continue
        const entry = { activity, band, id: activity.id, score: scoreOf(activity, meters, asked) }
        if (!place || byRank(entry, place) > 0) entries.push(entry)
      }
      entries.sort(byRank)
      return {
        edges: entries
          .slice(0, first)
          .map(({ activity, band, score }) => new Edge(activity, band, score, list, rankedAtMs)),
        hasNextPage: entries.length > first,
      }
    },

    async bandsOf(viewerId, activities) {
      const near = await presence
        .from(viewerId, async ({ area, token, near }) =>
          (await reads.stands(viewerId, clock.now(), { area, token })) ? near : undefined,
        )
        .catch((error: unknown) => {
          // Without a presence, or after a jump, nothing is near.
          if (error instanceof NoPresenceError || error instanceof RateLimitedError) return undefined
          throw error
        })
      return activities.map((activity) => {
        if (!near) return null
        return activity.cellId === near.id ? 'HERE' : (bandAt(distanceMeters(near, placeOf(activity))) ?? null)
      })
    },
  }
}
