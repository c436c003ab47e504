import { createGrid, type Position } from '../../src/platform/geo/index.ts'

/** What a bench of what is around looks at. */
export interface City {
  members: number
  /** Prefix of its keys: cities do not see each other. */
  prefix: string
}

/** The radius that holds about fifty, at a density that is the same in every city: kilometres. */
export const radiusKm = 1
const hits = 47

/** The middle of an area, so that even a large city lies in one. */
const middle = createGrid({ cellMeters: 400_000 }).snap({ latitude: 47.4, longitude: 8.5 })
const kmPerDegree = 111.2

const sideKm = (members: number) => Math.sqrt((members / hits) * Math.PI * radiusKm ** 2)

/** A place anywhere in a city; `within` keeps it that much away from the rim. */
export function placeIn(members: number, within = 1): Position {
  const km = () => (Math.random() - 0.5) * sideKm(members) * within
  return {
    latitude: middle.latitude + km() / kmPerDegree,
    longitude: middle.longitude + km() / (kmPerDegree * Math.cos((middle.latitude * Math.PI) / 180)),
  }
}
