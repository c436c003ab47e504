import type { ResyncReason } from '../../platform/delivery/event.ts'
import type { Delivery } from '../../platform/delivery/index.ts'
import { type Area, areasWithin, distanceMeters } from '../../platform/geo/index.ts'
import { bandLimits, type CellBand } from '../presence/index.ts'
import type { AreaModel } from './area-model.ts'
import { areasAtMost, type FenceCursors, type FenceState, markOf } from './fence-cursor.ts'
import type { Fences, SubjectKind, Watcher } from './fences.ts'
import type { AreaHolder, Areas, FollowedArea } from './followed-area.ts'
import { type Change, Pending } from './pending.ts'
import type { LiveViewpoint, Onlooker } from './viewpoints.ts'
import type { Outlook, View } from './views.ts'

export interface NearbyChanges {
  changes: Change[]
}

export interface FenceStreamDependencies {
  fences: Fences
  areas: Areas
  cursors: FenceCursors
  /** Milliseconds that only ever grow. */
  elapsed: () => number
  /** Resolves when it is a frame's turn: frames of many fences are due at once, and whatever else is due goes in between. */
  turn: () => Promise<void>
  /** Counts what could not be resumed, or not been kept. */
  onResync: (reason: ResyncReason) => void
  onClosed: (stream: FenceStream) => void
}

/** One frame a second at most; */
const frameEveryMs = 1000
/** the first one waits so long for what belongs together. */
const gatherMs = 50
const changesAFrame = 500
const pendingAtMost = 5000
const tryAgainMs = 500

/**
 * A viewer's fence, and what is told of it. Frames are made when they are taken, so whoever takes none costs nothing but what
 * changed for them, once for each subject.
 */
export class FenceStream implements AsyncIterableIterator<Delivery<NearbyChanges>>, Watcher, Onlooker, AreaHolder {
  readonly viewerId: string
  readonly radius: CellBand
  readonly stayed: boolean
  readonly apart: Set<string>
  readonly areas = new Set<AreaModel>()
  at: Outlook | undefined
  readonly #deps: FenceStreamDependencies
  readonly viewpoint: LiveViewpoint
  readonly #pending = new Pending()
  readonly #held = new Map<Area, FollowedArea>()
  /** Whether changes are told, */
  #told = false
  /** and whether the fence goes where the viewer goes. */
  #following = false
  #lost: ResyncReason | undefined
  #first: Delivery<NearbyChanges> | undefined
  #dueAt = 0
  #over = false
  #wake: (() => void) | undefined
  /** Wakes also what waits for a frame that is due later. */
  #hurry: (() => void) | undefined

  constructor(asked: { radius: CellBand; stayed: boolean }, viewpoint: LiveViewpoint, deps: FenceStreamDependencies) {
    this.viewerId = viewpoint.viewerId
    this.radius = asked.radius
    this.stayed = asked.stayed
    this.apart = new Set(viewpoint.apart)
    this.viewpoint = viewpoint
    this.#deps = deps
  }

  /** Begins with how things are now. */
  async start(): Promise<void> {
    this.#deps.fences.add(this)
    this.#following = true
    this.#look()
    await this.settled()
    this.begin()
  }

  /** What is inside is known to the client, or told as a change from here on. */
  begin(first: Delivery<NearbyChanges> = { kind: 'ready', cursor: this.#cursor() }): void {
    this.#told = true
    this.#first = first
  }

  /** The client has to load anew what it shows. */
  lose(reason: ResyncReason): void {
    this.#told = true
    this.#lost = reason
    this.#pending.clear()
    this.#wake?.()
  }

  /** Stands as a cursor says; nothing is told of it. */
  stand(at: Outlook | undefined, apart: Iterable<string>, held: FollowedArea[]): void {
    this.at = at
    this.apart.clear()
    for (const id of apart) this.apart.add(id)
    for (const followed of held) {
      this.#held.set(followed.area, followed)
      if (followed.model) this.areas.add(followed.model)
    }
    this.#deps.fences.add(this)
    this.#told = true
  }

  /** Follows the viewer to where they are, and to whom they may see, now. */
  catchUp(): void {
    const { fences } = this.#deps
    const { apart } = this.viewpoint
    for (const id of [...this.apart]) if (!apart.has(id)) fences.unite(this, id)
    for (const id of apart) fences.part(this, id)
    this.#following = true
    this.#look()
  }

  /** Resolves when every area that the fence touches is loaded. */
  async settled(): Promise<void> {
    for (;;) {
      const loading = [...this.#held.values()].filter(({ model }) => !model)
      if (loading.length === 0) return
      await Promise.all(loading.map((followed) => followed.loaded()))
    }
  }

  changed(kind: SubjectKind, id: string, before: View | undefined, after: View | undefined): void {
    if (!this.#told || this.#lost) return
    if (this.#pending.size === 0) this.#dueAt = Math.max(this.#dueAt, this.#deps.elapsed() + gatherMs)
    this.#pending.add(kind, id, before, after)
    if (this.#pending.size > pendingAtMost) this.lose('WINDOW_EXCEEDED')
    else this.#wake?.()
  }

  onMoved(): void {
    if (this.#following) this.#look()
  }

  onApart(otherId: string, apart: boolean): void {
    const { fences, elapsed } = this.#deps
    if (apart) fences.part(this, otherId)
    else fences.unite(this, otherId)
    if (!apart) return
    // Whoever is hidden now leaves without waiting for the second to be over.
    this.#dueAt = Math.min(this.#dueAt, elapsed())
    this.#hurry?.()
  }

  onCertain(): void {
    this.#wake?.()
  }

  onLost({ area }: FollowedArea, reason: ResyncReason): void {
    for (const model of this.areas) if (model.area === area) this.areas.delete(model)
    if (this.#told) this.lose(reason)
  }

  onReady(_area: FollowedArea, model: AreaModel): void {
    this.#deps.fences.enter(this, model)
    this.#wake?.()
  }

  onFailed(followed: FollowedArea): void {
    for (const model of this.areas) if (model.area === followed.area) this.areas.delete(model)
    this.#held.delete(followed.area)
    if (!this.#told || this.#over) return
    this.lose('WINDOW_EXCEEDED')
    setTimeout(() => this.#look(), tryAgainMs).unref()
  }

  async next(): Promise<IteratorResult<Delivery<NearbyChanges>, undefined>> {
    for (;;) {
      if (this.#over) return { done: true, value: undefined }
      const value = this.#next()
      if (value) return { done: false, value }
      const wait =
        this.#pending.size > 0 && !this.#lost && this.viewpoint.certain ? this.#dueAt - this.#deps.elapsed() : undefined
      await this.#woken(wait)
      if (this.#pending.size > 0) await this.#deps.turn()
    }
  }

  async return(): Promise<IteratorResult<Delivery<NearbyChanges>, undefined>> {
    if (!this.#over) {
      this.#over = true
      const { fences, areas, onClosed } = this.#deps
      fences.remove(this)
      for (const followed of this.#held.values()) areas.release(followed, this)
      this.areas.clear()
      onClosed(this)
      this.#wake?.()
    }
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #next(): Delivery<NearbyChanges> | undefined {
    if (!this.viewpoint.certain) return undefined
    const first = this.#first
    if (first) {
      this.#first = undefined
      return first
    }
    if (this.#lost) {
      if ([...this.#held.values()].some(({ model }) => !model) || this.#missing().length > 0) return undefined
      const reason = this.#lost
      this.#lost = undefined
      this.#pending.clear()
      this.#deps.onResync(reason)
      return { kind: 'resync', reason, cursor: this.#cursor() }
    }
    while (this.#pending.size > 0 && this.#deps.elapsed() >= this.#dueAt) {
      const { fences } = this.#deps
      const changes = this.#pending.take(changesAFrame, this.stayed, (kind, id) =>
        kind === 'person' ? fences.personView(this, id) : fences.activityView(this, id),
      )
      if (changes.length === 0) continue
      this.#dueAt = this.#deps.elapsed() + frameEveryMs
      return { kind: 'event', cursor: this.#cursor(this.#pending.size > 0), payload: { changes } }
    }
    return undefined
  }

  #woken(afterMs: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = afterMs === undefined ? undefined : setTimeout(resolve, Math.max(1, afterMs))
      this.#hurry = () => {
        clearTimeout(timer)
        resolve()
      }
      // What has come waits for the frame that is due.
      this.#wake = () => {
        if (!timer || this.#pending.size === 0 || this.#lost || this.#over) this.#hurry?.()
      }
    })
  }

  /** Follows the viewer, and looks at whatever areas the fence touches there. */
  #look(): void {
    if (this.#over) return
    const { fences, areas } = this.#deps
    fences.moved(this, this.viewpoint.at)
    const wanted = this.#wanted()
    for (const [area, followed] of this.#held) {
      if (wanted.includes(area)) continue
      if (followed.model) fences.leave(this, followed.model)
      this.#held.delete(area)
      areas.release(followed, this)
    }
    for (const area of this.#missing()) {
      const followed = areas.hold(area, this)
      this.#held.set(area, followed)
      if (followed.model) fences.enter(this, followed.model)
    }
  }

  #wanted(): Area[] {
    if (!this.at) return []
    const { cell, near } = this.at
    const reach = bandLimits[this.radius] + distanceMeters(cell, near) + 200
    return areasWithin(cell, reach).slice(0, areasAtMost)
  }

  #missing = (): Area[] => this.#wanted().filter((area) => !this.#held.has(area))

  #cursor(partial = false): string {
    const areas = [...this.#held.values()]
      .filter(({ model }) => model && this.areas.has(model))
      .map(({ area, position }) => ({ area, mark: markOf(position) }))
    const state: FenceState = { at: this.at, own: markOf(this.viewpoint.position), areas, partial }
    return this.#deps.cursors.seal(this.viewerId, this.radius, state)
  }
}
