import { type Audience, maySee } from './visibility.ts'

/** What a viewer may be shown, for as long as something of theirs runs: asked at every event, without waiting. */
export interface Sight {
  /** The one rule, for this viewer and now. */
  sees(personId: string, audience: Audience): boolean
  /** Calls the listener whenever somebody has become hidden, or is not any more. */
  onChange(listener: () => void): void
  close(): void
}

interface Pinned {
  apart: Set<string>
  sights: Set<Set<() => void>>
  /** A later change supersedes a load under way. */
  version: number
}

const retryMs = 250

/** The running sights of this node. One set a viewer, however many of their subscriptions look at it. */
export class Sights {
  readonly #load: (viewerId: string) => Promise<ReadonlySet<string>>
  readonly #pinned = new Map<string, Pinned>()

  constructor(load: (viewerId: string) => Promise<ReadonlySet<string>>) {
    this.#load = load
  }

  async open(viewerId: string): Promise<Sight> {
    const pinned = this.#pinned.get(viewerId) ?? { apart: new Set<string>(), sights: new Set(), version: 0 }
    const listeners = new Set<() => void>()
    // Pinned before it is loaded, so that a change meanwhile is not lost.
    this.#pinned.set(viewerId, pinned)
    pinned.sights.add(listeners)
    const close = () => {
      pinned.sights.delete(listeners)
      if (pinned.sights.size === 0 && this.#pinned.get(viewerId) === pinned) this.#pinned.delete(viewerId)
    }
    try {
      for (let version = -1; version !== pinned.version; ) {
        version = pinned.version
        const apart = await this.#load(viewerId)
        if (version === pinned.version) pinned.apart = new Set(apart)
      }
    } catch (error) {
      close()
      throw error
    }
    return {
      sees: (personId, audience) => maySee(viewerId, pinned.apart, personId, audience),
      onChange: (listener) => void listeners.add(listener),
      close,
    }
  }

  /** Hidden from each other from now on: known at once, without asking anybody. */
  part(personId: string, otherId: string): void {
    for (const [viewerId, id] of [
      [personId, otherId],
      [otherId, personId],
    ] as const) {
      const pinned = this.#pinned.get(viewerId)
      if (!pinned) continue
      pinned.apart.add(id)
      tell(pinned)
      // A load that began before may not know of it.
      this.#reload(viewerId, pinned)
    }
  }

  /** Looks again, for everybody or for some: blocks were undone, or changes may have been missed. */
  reload(viewerIds: Iterable<string> = [...this.#pinned.keys()]): void {
    for (const viewerId of viewerIds) {
      const pinned = this.#pinned.get(viewerId)
      if (pinned) this.#reload(viewerId, pinned)
    }
  }

  #reload(viewerId: string, pinned: Pinned): void {
    pinned.version += 1
    const { version } = pinned
    this.#load(viewerId).then(
      (apart) => {
        if (pinned.version !== version) return
        pinned.apart = new Set(apart)
        tell(pinned)
      },
      () => {
        // Until it is known, whoever was hidden stays hidden.
        if (this.#pinned.get(viewerId) === pinned) setTimeout(() => this.#reload(viewerId, pinned), retryMs).unref()
      },
    )
  }
}

function tell({ sights }: Pinned): void {
  for (const listeners of [...sights]) for (const listener of listeners) listener()
}
