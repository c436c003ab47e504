import type { Area, Cell, Position } from '../../platform/geo/index.ts'
import { PlaceIndex } from './place-index.ts'
import type { ActivityAt, PersonAt } from './views.ts'

/** A cell with something in it. */
export interface Spot extends Position {
  cell: Cell
  ids: Set<string>
}

/** What is found by cell: an index of the cells that are not empty. */
class Spots {
  readonly #spots = new Map<string, Spot>()
  readonly #index: PlaceIndex<Spot>

  constructor(bucketMeters: number) {
    this.#index = new PlaceIndex(bucketMeters)
  }

  add(cell: Cell, id: string): void {
    const known = this.#spots.get(cell.id)
    if (known) return void known.ids.add(id)
    const spot: Spot = { cell, latitude: cell.latitude, longitude: cell.longitude, ids: new Set([id]) }
    this.#spots.set(cell.id, spot)
    this.#index.add(spot)
  }

  delete(cell: Cell, id: string): void {
    const spot = this.#spots.get(cell.id)
    if (!spot?.ids.delete(id) || spot.ids.size > 0) return
    this.#spots.delete(cell.id)
    this.#index.delete(spot)
  }

  /** Every spot within a distance, and some further ones. */
  visit(middle: Cell, meters: number, seen: (spot: Spot) => void): void {
    const own = meters === 0 ? this.#spots.get(middle.id) : undefined
    if (own) seen(own)
    else if (meters > 0) this.#index.visit(middle, meters, seen)
  }
}

/** Buckets of 4 km: between the nearest bands, which cost little anyway, and the furthest. */
const bucketMeters = 4000

/** Everybody and everything in an area, as of one position of its surroundings. */
export class AreaModel {
  readonly area: Area
  readonly people = new Map<string, PersonAt>()
  readonly activities = new Map<string, ActivityAt>()
  readonly peopleSpots = new Spots(bucketMeters)
  readonly activitySpots = new Spots(bucketMeters)
  readonly #hosted = new Map<string, Set<string>>()

  constructor(area: Area) {
    this.area = area
  }

  setPerson(id: string, to: PersonAt | undefined): void {
    const from = this.people.get(id)
    if (from && from.cell.id !== to?.cell.id) this.peopleSpots.delete(from.cell, id)
    if (!to) return void this.people.delete(id)
    this.people.set(id, to)
    if (from?.cell.id !== to.cell.id) this.peopleSpots.add(to.cell, id)
  }

  setActivity(id: string, to: ActivityAt | undefined): void {
    const from = this.activities.get(id)
    if (from && from.cell.id !== to?.cell.id) this.activitySpots.delete(from.cell, id)
    if (!to) {
      this.activities.delete(id)
      const hosted = from && this.#hosted.get(from.host)
      if (hosted?.delete(id) && hosted.size === 0) this.#hosted.delete(from?.host ?? '')
      return
    }
    this.activities.set(id, to)
    if (from?.cell.id !== to.cell.id) this.activitySpots.add(to.cell, id)
    const hosted = this.#hosted.get(to.host)
    if (hosted) hosted.add(id)
    else this.#hosted.set(to.host, new Set([id]))
  }

  hostedBy(personId: string): Iterable<string> {
    return this.#hosted.get(personId) ?? []
  }
}
