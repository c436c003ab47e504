import type { Clock } from '../../platform/clock.ts'
import type { Position as LogPosition } from '../../platform/cursor.ts'
import type { LiveEvent, ResyncReason } from '../../platform/delivery/event.ts'
import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import type { Logger } from '../../platform/logger.ts'
import { type Grids, type PresenceService, type Viewpoint, viewpointTopic } from '../presence/index.ts'
import type { Sight, SocialService } from '../social/index.ts'
import type { Outlook } from './views.ts'

/** Whatever looks at things for a viewer. */
export interface Onlooker {
  /** The viewer looks from elsewhere. */
  onMoved(): void
  /** Somebody has become hidden from the viewer, or is not any more. */
  onApart(otherId: string, apart: boolean): void
  /** It is known again who is. */
  onCertain(): void
}

interface Dependencies {
  delivery: DeliveryEngine
  social: SocialService
  presence: PresenceService
  grids: Grids
  clock: Clock
  logger: Logger
}

/** So often it is looked up where a viewer is, should nothing have told: a signal may be lost, and a presence ends by itself. */
const lookAgainMs = 15_000
const tickMs = 1000
const ticksToReconcile = 5

/** Where a viewer of this process looks from, and whom a block keeps from them: the same for all that runs for them. */
export class LiveViewpoint {
  readonly viewerId: string
  readonly onlookers = new Set<Onlooker>()
  /** Whom a block keeps from the viewer, as of `position`. */
  readonly apart = new Set<string>()
  /** Up to where the viewer's own log has been taken into account. */
  position: LogPosition = { epoch: '', seq: 0 }
  at: Outlook | undefined
  /** False while it may have been missed that somebody is hidden: nothing is shown until it is known. */
  certain = true
  readonly opened: Promise<void>
  readonly #deps: Dependencies
  #sight: Sight | undefined
  #stop: (() => void) | undefined
  #over = false
  #stand: string | null = null
  /** Counts what was heard, so that what was read before is not taken for news. */
  #heard = 0
  #lookAtMs = 0
  #looking = false
  /** What the log says and the sight does not yet. */
  #ahead = new Set<string>()
  #newest: LogPosition | undefined
  #differing = 0

  constructor(viewerId: string, deps: Dependencies) {
    this.viewerId = viewerId
    this.#deps = deps
    this.opened = this.#open()
    this.opened.catch(() => undefined)
  }

  onEvent({ position, payload }: LiveEvent): void {
    const change = payload as Viewpoint
    if (change.kind === 'stand') return
    const { other } = change
    this.#ahead.delete(other)
    if (change.kind === 'apart') this.#set(other, true)
    // It counts once the sight says so, and comes to nothing while another block stands.
    else if (this.#sight?.hidden()?.has(other) === false) this.#set(other, false)
    else this.#ahead.add(other)
    this.#newest = position
    if (this.#ahead.size === 0) this.position = position
  }

  onSignal(payload: unknown): void {
    const change = payload as Viewpoint
    if (change.kind !== 'stand') return
    this.#heard += 1
    this.#lookAtMs = this.#deps.clock.now() + lookAgainMs
    this.#stand = change.stand
    this.refresh()
  }

  onResync(_reason: ResyncReason, head: LogPosition): void {
    this.#ahead.clear()
    this.position = head
    this.#lookAtMs = 0
  }

  /** Looks again where that is due, and takes into account that time has passed. */
  tick(): void {
    this.#reconcile()
    if (this.#deps.clock.now() >= this.#lookAtMs) void this.#look()
    else this.refresh()
  }

  close(): void {
    this.#over = true
    this.#stop?.()
    this.#sight?.close()
  }

  async #open(): Promise<void> {
    const { delivery, social } = this.#deps
    try {
      const { position, stop } = await delivery.follow(viewpointTopic, this.viewerId, this)
      this.#stop = stop
      if (this.position.epoch === '') this.position = position
      // Read after the position, so that whatever was committed by then is in it.
      const sight = await social.watch(this.viewerId)
      this.#sight = sight
      sight.onChange(() => this.#compare())
      this.#compare()
      await this.#look(true)
    } finally {
      if (this.#over) this.close()
    }
  }

  /** A change that was told and came to nothing: after a while what counts is right. */
  #reconcile(): void {
    const hidden = this.#sight?.hidden()
    const differs = hidden !== undefined && (this.#ahead.size > 0 || hidden.size !== this.apart.size)
    this.#differing = differs ? this.#differing + 1 : 0
    if (this.#differing < ticksToReconcile) return
    this.#ahead.clear()
    this.#compare()
  }

  /** What the sight says now, against what was known. */
  #compare(): void {
    const hidden = this.#sight?.hidden()
    this.certain = hidden !== undefined
    if (!hidden) return
    for (const id of [...this.apart]) if (!hidden.has(id)) this.#set(id, false)
    for (const id of hidden) this.#set(id, true)
    for (const id of this.#ahead) if (!hidden.has(id)) this.#ahead.delete(id)
    if (this.#newest && this.#ahead.size === 0) this.position = this.#newest
    for (const onlooker of [...this.onlookers]) onlooker.onCertain()
  }

  #set(otherId: string, apart: boolean): void {
    if (this.apart.has(otherId) === apart) return
    if (apart) this.apart.add(otherId)
    else this.apart.delete(otherId)
    for (const onlooker of [...this.onlookers]) onlooker.onApart(otherId, apart)
  }

  async #look(failing = false): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    const heard = this.#heard
    const { presence, clock, logger } = this.#deps
    try {
      const found = await presence.whereIs(this.viewerId)
      if (heard !== this.#heard) return
      const nowMs = clock.now()
      this.#lookAtMs = Math.min(nowMs + lookAgainMs, found?.endsAtMs ?? Number.POSITIVE_INFINITY)
      this.#stand = found?.stand ?? null
      this.refresh()
    } catch (error) {
      if (failing) throw error
      logger.debug('fence: a viewer could not be looked up, will be tried again', { error: (error as Error).name })
    } finally {
      this.#looking = false
    }
  }

  /** Takes into account that time has passed. */
  refresh(): void {
    const at = this.#outlook()
    if (at?.cell.id === this.at?.cell.id && at?.near.id === this.at?.near.id) return
    this.at = at
    for (const onlooker of [...this.onlookers]) onlooker.onMoved()
  }

  /** Undefined for who is nowhere, and for who came faster than anything flies and must not look around yet. */
  #outlook(): Outlook | undefined {
    const { grids, clock } = this.#deps
    const [cellId = '', nearId = '', readFrom] = this.#stand?.split('|') ?? []
    const [cell, near] = [grids.people.cell(cellId), grids.places.cell(nearId)]
    return cell && near && Number(readFrom) <= clock.now() ? { cell, near } : undefined
  }
}

/** The viewers of this process, each looked after once. */
export function createViewpoints(deps: Dependencies) {
  const viewpoints = new Map<string, LiveViewpoint>()
  const timer = setInterval(() => {
    for (const viewpoint of viewpoints.values()) viewpoint.tick()
  }, tickMs)
  timer.unref()

  function leave(viewpoint: LiveViewpoint, onlooker: Onlooker) {
    viewpoint.onlookers.delete(onlooker)
    if (viewpoint.onlookers.size > 0 || viewpoints.get(viewpoint.viewerId) !== viewpoint) return
    viewpoints.delete(viewpoint.viewerId)
    viewpoint.close()
  }

  return {
    /** Makes something that looks on, at once when the viewpoint is known. UNAVAILABLE while Redis or Postgres do not answer. */
    async open<Looking extends Onlooker>(
      viewerId: string,
      make: (viewpoint: LiveViewpoint) => Looking,
    ): Promise<Looking> {
      const viewpoint = viewpoints.get(viewerId) ?? new LiveViewpoint(viewerId, deps)
      viewpoints.set(viewerId, viewpoint)
      const waiting: Onlooker = { onMoved: () => undefined, onApart: () => undefined, onCertain: () => undefined }
      viewpoint.onlookers.add(waiting)
      try {
        await viewpoint.opened
        const onlooker = make(viewpoint)
        viewpoint.onlookers.add(onlooker)
        return onlooker
      } catch (error) {
        // Whoever comes next begins anew.
        if (viewpoints.get(viewerId) === viewpoint) viewpoints.delete(viewerId)
        viewpoint.close()
        throw error
      } finally {
        leave(viewpoint, waiting)
      }
    },
    leave,
    close() {
      clearInterval(timer)
      for (const viewpoint of viewpoints.values()) viewpoint.close()
    },
  }
}
