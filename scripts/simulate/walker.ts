import { distanceMeters, metersPerDegree, type Position } from '../../src/platform/geo/index.ts'
import type { Random } from '../kit/random.ts'
import { between, normal, waiting, zipf } from './chance.ts'
import type { City } from './city.ts'

/** How people spread around a place: most of them within so many metres of its middle. */
const spreadMeters = 120
/** Who has arrived stays so long on average, seconds, */
const staySeconds = 90
/** and then strolls on around the same place this often, instead of going to another one. */
const strolls = 0.7
/** Some are on their way between two places when it begins. */
const underWay = 0.15
/** The error of GPS wanders: after so many seconds hardly anything is left of what it was. */
const errorSeconds = 30

export interface Fix extends Position {
  accuracyMeters: number
}

/** Somebody on foot, who knows where they are going. */
export interface Walker {
  /** Where they really are. */
  at(): Position
  walk(seconds: number): void
  /** Where their phone believes they are. */
  fix(): Fix
}

/** `popular` are the city's places, the most popular first. */
export function createWalker(popular: City['places'], random: Random): Walker {
  const speed = between(random, 0.6, 1.8)
  let place = zipf(random, popular.length)
  let target = somewhere()
  let at = random() < underWay ? moved(target, normal(random) * 1000, normal(random) * 1000) : somewhere()
  let stays = random() < 0.5 ? waiting(random, staySeconds) : 0
  const accuracyMeters = between(random, 3, 15)
  let [north, east] = [normal(random), normal(random)]

  function somewhere(): Position {
    return moved(popular[place] as Position, normal(random) * spreadMeters, normal(random) * spreadMeters)
  }

  function decide() {
    if (random() > strolls) place = zipf(random, popular.length)
    target = somewhere()
    stays = waiting(random, staySeconds)
  }

  return {
    at: () => at,
    walk(seconds) {
      const fades = Math.exp(-seconds / errorSeconds)
      const anew = Math.sqrt(1 - fades ** 2)
      north = north * fades + normal(random) * anew
      east = east * fades + normal(random) * anew
      let left = seconds
      while (left > 0) {
        const metres = distanceMeters(at, target)
        if (metres > left * speed) {
          at = towards(at, target, (left * speed) / metres)
          return
        }
        at = target
        left -= metres / speed
        const rest = Math.min(left, stays)
        left -= rest
        stays -= rest
        if (stays <= 0) decide()
      }
    },
    fix() {
      // 68 % of a circle is 1.5 deviations of each of its directions.
      const sigma = accuracyMeters / 1.5
      return { ...moved(at, within(north) * sigma, within(east) * sigma), accuracyMeters }
    },
  }
}

/** No phone is three deviations off. */
const within = (deviations: number) => Math.max(-3, Math.min(3, deviations))

/** A position so many metres north and east of another one. */
export function moved({ latitude, longitude }: Position, northMeters: number, eastMeters: number): Position {
  const across = metersPerDegree * Math.cos((latitude * Math.PI) / 180)
  return { latitude: latitude + northMeters / metersPerDegree, longitude: longitude + eastMeters / across }
}

const towards = (from: Position, to: Position, share: number): Position => ({
  latitude: from.latitude + (to.latitude - from.latitude) * share,
  longitude: from.longitude + (to.longitude - from.longitude) * share,
})
