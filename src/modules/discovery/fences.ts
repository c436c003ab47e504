import type { Cell, Position } from '../../platform/geo/index.ts'
import { bandLimits, type CellBand, cellBands } from '../presence/index.ts'
import type { AreaModel } from './area-model.ts'
import { PlaceIndex } from './place-index.ts'
import {
  type ActivityAt,
  bandWithin,
  isQuietNear,
  isSameView,
  type Looker,
  type Outlook,
  type PersonAt,
  type View,
  viewOfActivity,
  viewOfPerson,
} from './views.ts'

export type SubjectKind = 'person' | 'activity'

/** One fence: who looks, from where, and at which areas. */
export interface Watcher extends Looker {
  apart: Set<string>
  /** Whether it is told of what stays inside and looks different. */
  stayed: boolean
  /** Undefined: the viewer is nowhere, and nothing is inside. */
  at: Outlook | undefined
  areas: Set<AreaModel>
  /** Told of every change of what is inside, in order. */
  changed(kind: SubjectKind, id: string, before: View | undefined, after: View | undefined): void
}

/** Watchers of one radius in one cell: what moves past them is compared once for all. */
interface Group extends Position {
  cell: Cell
  radius: CellBand
  watchers: Set<Watcher>
  /** Those of them who are told of what stays. */
  staying: Set<Watcher>
}

class Groups {
  readonly #groups = new Map<string, Group>()
  readonly #indexes = new Map(cellBands.map((radius) => [radius, new PlaceIndex<Group>(bandLimits[radius] + 100)]))

  add(cell: Cell, watcher: Watcher): void {
    const { radius } = watcher
    const key = `${radius} ${cell.id}`
    let group = this.#groups.get(key)
    if (!group) {
      const { latitude, longitude } = cell
      group = { cell, radius, latitude, longitude, watchers: new Set(), staying: new Set() }
      this.#groups.set(key, group)
      this.#indexes.get(radius)?.add(group)
    }
    group.watchers.add(watcher)
    if (watcher.stayed) group.staying.add(watcher)
  }

  delete(cell: Cell, watcher: Watcher): void {
    const key = `${watcher.radius} ${cell.id}`
    const group = this.#groups.get(key)
    if (!group) return
    group.watchers.delete(watcher)
    group.staying.delete(watcher)
    if (group.watchers.size > 0) return
    this.#groups.delete(key)
    this.#indexes.get(watcher.radius)?.delete(group)
  }

  /** Visits each group once whose fence may hold one of two cells. */
  visit(a: Cell | undefined, b: Cell | undefined, seen: (group: Group) => void): void {
    const visited = a && b && a.id !== b.id ? new Set<Group>() : undefined
    const once = (group: Group) => {
      if (visited?.has(group)) return
      visited?.add(group)
      seen(group)
    }
    for (const cell of a?.id === b?.id ? [a] : [a, b]) {
      if (!cell) continue
      for (const radius of cellBands) {
        const same = radius === 'HERE' ? this.#groups.get(`${radius} ${cell.id}`) : undefined
        if (same) once(same)
        else if (radius !== 'HERE') this.#indexes.get(radius)?.visit(cell, bandLimits[radius], once)
      }
    }
  }
}

/**
 * Every fence of this process. What is inside follows from where the viewer and the others are, so nothing is remembered: each
 * change is what is seen before it compared with what is seen after.
 */
export class Fences {
  readonly #ofPeople = new Groups()
  readonly #ofActivities = new Groups()
  readonly #models = new Set<AreaModel>()

  /** Takes a watcher in, without telling it what is inside already. */
  add(watcher: Watcher): void {
    this.#settle(watcher, watcher.at)
  }

  remove(watcher: Watcher): void {
    this.#settle(watcher, undefined)
  }

  /** A model that takes part: its changes are told to the watchers that look at it. */
  addModel(model: AreaModel): void {
    this.#models.add(model)
  }

  removeModel(model: AreaModel): void {
    this.#models.delete(model)
  }

  personView = (watcher: Watcher, id: string): View | undefined =>
    viewOfPerson(watcher, watcher.at, id, placesOf(watcher, id))

  activityView = (watcher: Watcher, id: string): View | undefined =>
    viewOfActivity(watcher, watcher.at, activityOf(watcher, id))

  /** Somebody came, moved, changed their audience or left. */
  personChanged(model: AreaModel, id: string, to: PersonAt | undefined): void {
    const from = model.people.get(id)
    if (from?.cell.id === to?.cell.id && from?.audience === to?.audience) return
    const alone = this.#models.size === 1 || ![...this.#models].some((other) => other !== model && other.people.has(id))
    const before: [Watcher, View | undefined][] = []
    this.#ofPeople.visit(from?.cell, to?.cell, (group) => {
      const was = from && bandWithin(group.cell, from.cell, group.radius)
      const is = to && bandWithin(group.cell, to.cell, group.radius)
      if (!was && !is) return
      const stays = was && is && alone && from?.audience === to?.audience
      if (stays && was === is) return
      for (const watcher of stays ? group.staying : group.watchers)
        if (watcher.areas.has(model)) before.push([watcher, this.personView(watcher, id)])
    })
    model.setPerson(id, to)
    for (const [watcher, view] of before) tell(watcher, 'person', id, view, this.personView(watcher, id))
  }

  /** An activity began, moved, changed or ended. */
  activityChanged(model: AreaModel, id: string, to: ActivityAt | undefined): void {
    const from = model.activities.get(id)
    const before: [Watcher, View | undefined][] = []
    this.#ofActivities.visit(from?.cell, to?.cell, (group) => {
      for (const watcher of group.watchers)
        if (watcher.areas.has(model)) before.push([watcher, viewOfActivity(watcher, watcher.at, from)])
    })
    model.setActivity(id, to)
    for (const [watcher, view] of before) tell(watcher, 'activity', id, view, viewOfActivity(watcher, watcher.at, to))
  }

  /** The viewer looks from somewhere else, or from nowhere any more. */
  moved(watcher: Watcher, to: Outlook | undefined): void {
    const from = watcher.at
    if (from?.cell.id === to?.cell.id && from?.near.id === to?.near.id) return
    this.#settle(watcher, to)
    for (const model of watcher.areas) {
      if (from?.cell.id !== to?.cell.id)
        visitBoth(model.peopleSpots, from?.cell, to?.cell, watcher, false, (id) => {
          const places = placesOf(watcher, id)
          const before = viewOfPerson(watcher, from, id, places)
          tell(watcher, 'person', id, before, viewOfPerson(watcher, to, id, places))
        })
      if (from?.near.id !== to?.near.id)
        visitBoth(model.activitySpots, from?.near, to?.near, watcher, true, (id) => {
          const activity = model.activities.get(id)
          const before = viewOfActivity(watcher, from, activity)
          tell(watcher, 'activity', id, before, viewOfActivity(watcher, to, activity))
        })
    }
  }

  /** The viewer and somebody else are hidden from each other. */
  part(watcher: Watcher, otherId: string): void {
    if (!watcher.apart.has(otherId)) this.#compared(watcher, otherId, () => watcher.apart.add(otherId))
  }

  /** They are not any more. */
  unite(watcher: Watcher, otherId: string): void {
    if (watcher.apart.has(otherId)) this.#compared(watcher, otherId, () => watcher.apart.delete(otherId))
  }

  /** The watcher looks at one more area: whatever of it is inside comes into view. */
  enter(watcher: Watcher, model: AreaModel): void {
    if (watcher.areas.has(model)) return
    const { at } = watcher
    const found: [string, View | undefined][] = []
    visitBoth(model.peopleSpots, undefined, at?.cell, watcher, false, (id) =>
      found.push([id, this.personView(watcher, id)]),
    )
    watcher.areas.add(model)
    for (const [id, before] of found) tell(watcher, 'person', id, before, this.personView(watcher, id))
    visitBoth(model.activitySpots, undefined, at?.near, watcher, true, (id) =>
      tell(watcher, 'activity', id, undefined, viewOfActivity(watcher, at, model.activities.get(id))),
    )
  }

  /** The watcher does not look at an area any more: nothing of it is inside by then. */
  leave(watcher: Watcher, model: AreaModel): void {
    watcher.areas.delete(model)
  }

  #settle(watcher: Watcher, to: Outlook | undefined): void {
    const from = watcher.at
    if (from) this.#ofPeople.delete(from.cell, watcher)
    if (from) this.#ofActivities.delete(from.near, watcher)
    watcher.at = to
    if (to) this.#ofPeople.add(to.cell, watcher)
    if (to) this.#ofActivities.add(to.near, watcher)
  }

  #compared(watcher: Watcher, otherId: string, change: () => void): void {
    const hosted = [...watcher.areas].flatMap((model) => [...model.hostedBy(otherId)])
    const person = this.personView(watcher, otherId)
    const activities = hosted.map((id) => this.activityView(watcher, id))
    change()
    tell(watcher, 'person', otherId, person, this.personView(watcher, otherId))
    for (const [i, id] of hosted.entries()) tell(watcher, 'activity', id, activities[i], this.activityView(watcher, id))
  }
}

/** Where a person is, as far as the watcher looks. */
export function placesOf(watcher: Watcher, id: string): PersonAt[] {
  const places: PersonAt[] = []
  for (const { people } of watcher.areas) {
    const place = people.get(id)
    if (place) places.push(place)
  }
  return places
}

export function activityOf(watcher: Watcher, id: string): ActivityAt | undefined {
  for (const { activities } of watcher.areas) {
    const activity = activities.get(id)
    if (activity) return activity
  }
  return undefined
}

/** Tells a watcher what it is told at all. */
export function tell(
  watcher: Watcher,
  kind: SubjectKind,
  id: string,
  before: View | undefined,
  after: View | undefined,
): void {
  if (before && after ? watcher.stayed && !isSameView(before, after) : before !== after)
    watcher.changed(kind, id, before, after)
}

/** Visits each id once that is inside before, or after, and may look different. `quiet`: also what is shown to the nearest only. */
function visitBoth(
  spots: AreaModel['peopleSpots'],
  from: Cell | undefined,
  to: Cell | undefined,
  { radius, stayed }: Watcher,
  quiet: boolean,
  seen: (id: string) => void,
): void {
  const meters = bandLimits[radius]
  if (from)
    spots.visit(from, meters, ({ cell, ids }) => {
      const was = bandWithin(from, cell, radius)
      if (!was) return
      const is = to && bandWithin(to, cell, radius)
      const same = is && (is === was || !stayed) && !(quiet && isQuietNear(from, cell) !== isQuietNear(to, cell))
      if (!same) for (const id of ids) seen(id)
    })
  if (to)
    spots.visit(to, meters, ({ cell, ids }) => {
      if (bandWithin(to, cell, radius) && !(from && bandWithin(from, cell, radius))) for (const id of ids) seen(id)
    })
}
