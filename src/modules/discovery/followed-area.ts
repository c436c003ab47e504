import type { Position as LogPosition } from '../../platform/cursor.ts'
import type { LiveEvent, ResyncReason } from '../../platform/delivery/event.ts'
import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import { UnavailableError } from '../../platform/errors.ts'
import type { Area } from '../../platform/geo/index.ts'
import {
  type Grids,
  type PlacedGathering,
  type PresenceService,
  type Surroundings,
  surroundingsKey,
  surroundingsTopic,
} from '../presence/index.ts'
import { AreaModel } from './area-model.ts'
import type { Fences } from './fences.ts'
import type { ActivityAt, PersonAt } from './views.ts'

/** Every activity of an area that may be shown to somebody, page by page; see `surroundingsTopic` for what happens meanwhile. */
export type Gatherings = (area: Area) => AsyncIterable<PlacedGathering & { id: string; host: string }>

/** Whoever looks at an area. */
export interface AreaHolder {
  /** What is known of it is gone; it is being loaded again. */
  onLost(area: FollowedArea, reason: ResyncReason): void
  /** It is loaded. */
  onReady(area: FollowedArea, model: AreaModel): void
  /** It could not be loaded, and is not followed any more. */
  onFailed(area: FollowedArea): void
}

export interface FollowDependencies {
  delivery: DeliveryEngine
  everybody: PresenceService['everybody']
  gatherings: Gatherings
  grids: Grids
  fences: Fences
}

/**
 * An area as this process knows it: loaded page by page, then as its log says. Complete only at a position that the log had
 * reached after the last page: whatever a page already shows is behind that, and nothing is seen before its event.
 */
export class FollowedArea {
  readonly area: Area
  readonly holders = new Set<AreaHolder>()
  readonly #deps: FollowDependencies
  readonly #taps = new Set<(change: Surroundings) => void>()
  #position: LogPosition = { epoch: '', seq: 0 }
  #model: AreaModel | undefined
  /** What came while it is being loaded, */
  #held: Surroundings[] | undefined = []
  /** and how far that must reach. */
  #until: LogPosition | undefined
  #loads = 0
  #stop: (() => void) | undefined
  #over = false

  constructor(area: Area, deps: FollowDependencies) {
    this.area = area
    this.#deps = deps
  }

  /** Undefined while it is being loaded. */
  get model(): AreaModel | undefined {
    return this.#held ? undefined : this.#model
  }

  /** What the model is true for. */
  get position(): LogPosition {
    return this.#position
  }

  async open(): Promise<void> {
    try {
      const { delivery } = this.#deps
      const { position, stop } = await delivery.follow(surroundingsTopic, surroundingsKey(this.area), this)
      if (this.#over) return stop()
      this.#stop = stop
      if (this.#position.epoch === '') this.#position = position
      await this.#load()
    } catch {
      this.close()
      for (const holder of [...this.holders]) holder.onFailed(this)
    }
  }

  /** Resolves with the model once it is loaded; UNAVAILABLE if it cannot be. */
  loaded(): Promise<AreaModel> {
    if (this.model) return Promise.resolve(this.model)
    if (this.#over) return Promise.reject(new UnavailableError())
    return new Promise((resolve, reject) => {
      const waiting: AreaHolder = {
        onLost: () => undefined,
        onReady: (_area, model) => done(() => resolve(model)),
        onFailed: () => done(() => reject(new UnavailableError())),
      }
      const done = (settle: () => void) => {
        this.holders.delete(waiting)
        settle()
      }
      this.holders.add(waiting)
    })
  }

  /** Also tells a listener of everything that is applied from here on. */
  tap(listener: (change: Surroundings) => void): () => void {
    this.#taps.add(listener)
    return () => this.#taps.delete(listener)
  }

  onEvent({ position, payload }: LiveEvent): void {
    this.#position = position
    const change = payload as Surroundings
    if (this.#held) {
      this.#held.push(change)
      this.#settle()
    } else this.#apply(change)
  }

  onResync(reason: ResyncReason, head: LogPosition): void {
    this.#position = head
    this.#forget()
    for (const holder of [...this.holders]) holder.onLost(this, reason)
    this.#load().catch(() => {
      this.close()
      for (const holder of [...this.holders]) holder.onFailed(this)
    })
  }

  close(): void {
    this.#over = true
    this.#stop?.()
    this.#forget()
  }

  #forget(): void {
    if (this.#model) this.#deps.fences.removeModel(this.#model)
    this.#model = undefined
    this.#held = []
    this.#until = undefined
  }

  async #load(): Promise<void> {
    this.#loads += 1
    const load = this.#loads
    const { delivery, everybody, gatherings } = this.#deps
    const model = new AreaModel(this.area)
    for await (const { personId, cellId, audience } of everybody(this.area)) {
      const at = this.#personAt({ cell: cellId, audience })
      if (at) model.setPerson(personId, at)
    }
    for await (const { id, ...gathering } of gatherings(this.area)) {
      const at = this.#activityAt(gathering.host, gathering)
      if (at) model.setActivity(id, at)
    }
    const [head] = await delivery.log.positions([{ topic: surroundingsTopic, key: surroundingsKey(this.area) }])
    if (load !== this.#loads || this.#over || !head) return
    this.#model = model
    this.#until = head
    this.#settle()
  }

  #settle(): void {
    const [model, until, held] = [this.#model, this.#until, this.#held]
    if (!model || !until || !held) return
    // Another epoch is on its way as a resync.
    if (this.#position.epoch !== until.epoch || this.#position.seq < until.seq) return
    this.#until = undefined
    this.#held = undefined
    // Nobody looks at it yet, so nobody is told.
    for (const change of held) this.#apply(change)
    this.#deps.fences.addModel(model)
    for (const holder of [...this.holders]) holder.onReady(this, model)
  }

  #apply(change: Surroundings): void {
    const model = this.#model
    if (!model) return
    const { fences } = this.#deps
    if (change.kind === 'person') fences.personChanged(model, change.id, this.#personAt(change.to))
    else fences.activityChanged(model, change.id, this.#activityAt(change.host, change.to))
    for (const listener of this.#taps) listener(change)
  }

  #personAt = (standing: { cell: string; audience: PersonAt['audience'] } | null): PersonAt | undefined =>
    personAt(this.#deps.grids, standing)

  #activityAt = (host: string, gathering: PlacedGathering | null) => activityAt(this.#deps.grids, host, gathering)
}

/** A person as the log has them. */
export function personAt(
  grids: Grids,
  standing: { cell: string; audience: PersonAt['audience'] } | null,
): PersonAt | undefined {
  const cell = standing && grids.people.cell(standing.cell)
  return cell ? { cell, audience: standing.audience } : undefined
}

export function activityAt(grids: Grids, host: string, gathering: PlacedGathering | null): ActivityAt | undefined {
  const cell = gathering && grids.places.cell(gathering.cell)
  if (!cell) return undefined
  const { quiet, version, hidden = false } = gathering
  return { host, cell, quiet, version, hidden }
}

/** So long an area is kept up to date after the last one who looked at it: a phone that comes back finds it loaded. */
const keptMs = 30_000

/** The areas that this process follows: those that somebody's fence touches. */
export function createAreas(deps: FollowDependencies) {
  const areas = new Map<Area, FollowedArea>()
  const endings = new Map<FollowedArea, NodeJS.Timeout>()

  function end(followed: FollowedArea) {
    clearTimeout(endings.get(followed))
    endings.delete(followed)
    if (areas.get(followed.area) === followed) areas.delete(followed.area)
    followed.close()
  }

  return {
    /** Looks at an area from now on; it may still have to be loaded. */
    hold(area: Area, holder: AreaHolder): FollowedArea {
      let followed = areas.get(area)
      if (!followed) {
        const opened = new FollowedArea(area, deps)
        followed = opened
        areas.set(area, opened)
        opened.holders.add({ onLost: () => undefined, onReady: () => undefined, onFailed: () => end(opened) })
        void opened.open()
      }
      clearTimeout(endings.get(followed))
      endings.delete(followed)
      followed.holders.add(holder)
      return followed
    },
    release(followed: FollowedArea, holder: AreaHolder): void {
      followed.holders.delete(holder)
      // One is our own.
      if (followed.holders.size > 1 || endings.has(followed)) return
      const ending = setTimeout(() => end(followed), keptMs)
      ending.unref()
      endings.set(followed, ending)
    },
    /** How many areas are followed. */
    count: () => areas.size,
    close() {
      for (const followed of [...areas.values()]) end(followed)
    },
  }
}

export type Areas = ReturnType<typeof createAreas>
