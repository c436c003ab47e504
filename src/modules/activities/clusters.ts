import type { Clock } from '../../platform/clock.ts'
import { BadUserInputError } from '../../platform/errors.ts'
import { areasOfBox, mapLatitude, type Position } from '../../platform/geo/index.ts'
import type { SocialService } from '../social/index.ts'
import type { ActivityReads, TileRange } from './reads.ts'
import { clusterLevels, finestLevel, latitudeOf, longitudeOf, tileOf, tilesAcross } from './tiles.ts'

/** A rectangle of a map, degrees. With `west` greater than `east` it crosses the antimeridian. */
export interface Bounds {
  south: number
  west: number
  north: number
  east: number
}

export interface ActivityCluster extends Position {
  id: string
  count: number
  /** The zoom level whose tile this is. */
  zoom: number
}

export interface Clusters {
  /**
   * How many activities that the viewer may be shown are in each tile of a map, without those that nobody has joined. Refuses bounds that are
   * upside down or too large for their zoom with BAD_USER_INPUT.
   */
  clusters(viewerId: string, bounds: Bounds, zoom: number): Promise<ActivityCluster[]>
}

const tilesAtMost = 2000
const areasAtMost = 64

export function createClusters(deps: { reads: ActivityReads; social: SocialService; clock: Clock }): Clusters {
  const { reads, social, clock } = deps
  return {
    async clusters(viewerId, bounds, zoom) {
      if (!Number.isInteger(zoom) || zoom < 0 || zoom > 21) throw new BadUserInputError('`zoom` is 0 to 21.', 'zoom')
      const range = rangeOf(bounds, zoom)
      const areas = areasOfBox(boxOf(range))
      if (areas.length > areasAtMost) throw tooLarge()
      const hidden = await social.hiddenFrom(viewerId)
      const nowMs = clock.now()
      const found = await Promise.all(areas.map((area) => reads.clusters(area, nowMs, range, viewerId, hidden)))

      const { level } = range
      const clusters = new Map<string, ActivityCluster>()
      for (const { x, y, count } of found.flat()) {
        const id = `${level}:${x}:${y}`
        const known = clusters.get(id)
        if (known) known.count += count
        else clusters.set(id, { id, count, zoom: level, ...middleOf(x, y, level) })
      }
      return [...clusters.values()].sort((a, b) => b.count - a.count || (a.id < b.id ? -1 : 1))
    },
  }
}

const tooLarge = () => new BadUserInputError('These bounds are too large for this zoom.', 'bounds')

const middleOf = (x: number, y: number, level: number): Position => ({
  latitude: latitudeOf(y + 0.5, level),
  longitude: longitudeOf(x + 0.5, level),
})

const onMap = (latitude: number) => Math.min(mapLatitude, Math.max(-mapLatitude, latitude))

/** Every tile that the bounds touch, one level finer than they are looked at. */
function rangeOf({ south, west, north, east }: Bounds, zoom: number): TileRange {
  if (south > north) throw new BadUserInputError('`south` is not north of `north`.', 'bounds')
  const level = clusterLevels.find((each) => each > zoom) ?? finestLevel
  const across = tilesAcross(level)
  const { x: left, y: top } = tileOf({ latitude: onMap(north), longitude: west }, level)
  const { x: right, y: bottom } = tileOf({ latitude: onMap(south), longitude: east }, level)
  // Around the whole world, back into the tile where it began.
  const around = west > east && left <= right
  const range = { level, top, bottom, across, left: around ? 0 : left, right: around ? across - 1 : right }
  if (columnsOf(range) * (bottom - top + 1) > tilesAtMost) throw tooLarge()
  return range
}

const columnsOf = ({ left, right, across }: TileRange) => ((right - left + across) % across) + 1

function boxOf(range: TileRange): { south: number; west: number; north: number; east: number } {
  const { level, top, bottom, left } = range
  return {
    south: latitudeOf(bottom + 1, level),
    north: latitudeOf(top, level),
    west: longitudeOf(left, level),
    east: longitudeOf(left + columnsOf(range), level),
  }
}
