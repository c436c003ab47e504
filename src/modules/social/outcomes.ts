import { describeError, type Logger } from '../../platform/logger.ts'
import type { Notice } from './changes.ts'
import type { SocialStore } from './store.ts'
import { type Audience, audienceFor, defaultSettings } from './visibility.ts'

/** Two people are hidden from each other, or not any more; or somebody may be found by others than before. */
export type SocialChange =
  | { kind: 'apart' | 'together'; personId: string; otherId: string }
  | { kind: 'visibility'; personId: string; audience: Audience }

export interface Outcomes {
  /** Finds out what these came to, and tells. Resolves when that is done, or has failed for now. */
  take(notices: Notice[]): Promise<void>
  /** Tries again what has failed. */
  retry(): Promise<void>
  onChanged(listener: (change: SocialChange) => void): void
}

/**
 * What changes came to, read after the notice of them: whatever order notices arrive in, the last thing that is told of two
 * people, or of one's settings, is what Postgres holds. One reading at a time, so that none overtakes another.
 */
export function createOutcomes(deps: { store: Pick<SocialStore, 'apart' | 'settings'>; logger: Logger }): Outcomes {
  const { store, logger } = deps
  const listeners: ((change: SocialChange) => void)[] = []
  let waiting: Notice[] = []
  let reading: Promise<void> = Promise.resolve()

  function tell(change: SocialChange) {
    for (const listener of listeners) {
      try {
        listener(change)
      } catch (error) {
        logger.error('social: a listener failed', describeError(error))
      }
    }
  }

  async function read() {
    const notices = waiting
    waiting = []
    if (notices.length === 0) return
    const pairs = new Map<string, readonly [string, string]>()
    const people = new Set<string>()
    for (const { personId, otherId } of notices) {
      if (otherId === null) people.add(personId)
      else pairs.set([personId, otherId].sort().join(), [personId, otherId])
    }
    try {
      const [apart, settings] = await Promise.all([
        store.apart([...pairs.values()]),
        people.size > 0 ? store.settings([...people]) : undefined,
      ])
      for (const [i, [personId, otherId]] of [...pairs.values()].entries())
        tell({ kind: apart[i] ? 'apart' : 'together', personId, otherId })
      for (const personId of people)
        tell({ kind: 'visibility', personId, audience: audienceFor(settings?.get(personId) ?? defaultSettings) })
    } catch (error) {
      logger.warn('social: what changed is not read, will be tried again', describeError(error))
      waiting = [...notices, ...waiting]
    }
  }

  const next = () => {
    reading = reading.then(read)
    return reading
  }
  return {
    take(notices) {
      waiting.push(...notices)
      return next()
    },
    retry: next,
    onChanged: (listener) => void listeners.push(listener),
  }
}
