import { type Audience, maySee } from './visibility.ts'

/** What a viewer may be shown, for as long as something of theirs runs: asked at every event, without waiting. */
export interface Sight {
  /** The one rule, for this viewer and now. While nothing is certain, nobody but oneself. */
  sees(personId: string, audience: Audience): boolean
  /** Everybody whom a block keeps from the viewer now; undefined while nothing is certain. */
  hidden(): ReadonlySet<string> | undefined
  /** Calls the listener whenever somebody may have become hidden, or is not any more. */
  onChange(listener: () => void): void
  close(): void
}

interface Pinned {
  /** Unknown until it is loaded. */
  apart: Set<string> | undefined
  sights: Set<Set<() => void>>
  /** A later change supersedes a load under way. */
  version: number
}

const retryMs = 250

/** The running sights of this node. One set a viewer, however many of their subscriptions look at it. */
export class Sights {
  readonly #load: (viewerId: string) => Promise<ReadonlySet<string>>
  readonly #trusted: () => boolean
  readonly #pinned = new Map<string, Pinned>()
  #wasTrusted = true

  constructor(load: (viewerId: string) => Promise<ReadonlySet<string>>, trusted: () => boolean) {
    this.#load = load
    this.#trusted = trusted
  }

  /** Refuses with UNAVAILABLE while blocks cannot be read. */
  async open(viewerId: string): Promise<Sight> {
    const pinned: Pinned = this.#pinned.get(viewerId) ?? { apart: undefined, sights: new Set(), version: 0 }
    const listeners = new Set<() => void>()
    // Pinned before it is loaded, so that a change meanwhile is not lost.
    this.#pinned.set(viewerId, pinned)
    pinned.sights.add(listeners)
    const close = () => {
      listeners.clear()
      pinned.sights.delete(listeners)
      if (pinned.sights.size === 0 && this.#pinned.get(viewerId) === pinned) this.#pinned.delete(viewerId)
    }
    try {
      while (pinned.apart === undefined) {
        const { version } = pinned
        const apart = await this.#load(viewerId)
        if (version === pinned.version) pinned.apart = new Set(apart)
      }
    } catch (error) {
      close()
      throw error
    }
    return {
      sees: (personId, audience) =>
        personId === viewerId ||
        (pinned.apart !== undefined && this.#trusted() && maySee(viewerId, pinned.apart, personId, audience)),
      hidden: () => (this.#trusted() ? pinned.apart : undefined),
      onChange: (listener) => void listeners.add(listener),
      close,
    }
  }

  /** Something changed between two: hidden from each other until it is known what. */
  part(personId: string, otherId: string): void {
    for (const [viewerId, id] of [
      [personId, otherId],
      [otherId, personId],
    ] as const) {
      const pinned = this.#pinned.get(viewerId)
      if (!pinned) continue
      pinned.apart?.add(id)
      tell(pinned)
      // A load that began before may not know of it.
      this.#reload(viewerId, pinned)
    }
  }

  /** Nothing that is known counts any more: nobody is shown until it is loaded again. */
  reload(): void {
    for (const [viewerId, pinned] of this.#pinned) {
      pinned.apart = undefined
      tell(pinned)
      this.#reload(viewerId, pinned)
    }
  }

  /** Tells those that run when what is known has stopped, or begun, to count. */
  look(): void {
    const trusted = this.#trusted()
    if (trusted === this.#wasTrusted) return
    this.#wasTrusted = trusted
    for (const pinned of this.#pinned.values()) tell(pinned)
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
        const again = () => {
          if (this.#pinned.get(viewerId) === pinned && pinned.version === version) this.#reload(viewerId, pinned)
        }
        setTimeout(again, retryMs).unref()
      },
    )
  }
}

function tell({ sights }: Pinned): void {
  for (const listeners of [...sights]) for (const listener of [...listeners]) listener()
}
