import type { Audience } from '../../platform/delivery/index.ts'
import type { Sight as SocialSight } from '../social/index.ts'
import { audienceOf } from './sight.ts'

/** With whom somebody is shown the same of one conversation: as long as a block hides nobody in it from them, and nothing is shown to them alone. */
export interface WatchedAudience extends Audience {
  /** These have come into the conversation. */
  met(accountId: string): void
  /** From here on something is shown to them alone. */
  part(): void
}

/**
 * Follows a sight. `anyIn` says whether any of these people are, or ever were, in the conversation. Until it has answered, and while it
 * is not certain whom a block hides, nobody is taken to see the same.
 */
export async function watchAudience(
  sight: SocialSight,
  firstSeq: number,
  anyIn: (accountIds: readonly string[]) => Promise<boolean>,
): Promise<WatchedAudience> {
  const listeners = new Set<() => void>()
  let isApart = false
  let hides: boolean | undefined
  let looks = 0

  const decide = (answer: boolean | undefined) => {
    hides = answer
    for (const listener of listeners) listener()
  }

  async function look(): Promise<void> {
    looks += 1
    const mine = looks
    const hidden = sight.hidden()
    decide(undefined)
    if (!hidden) return
    // Without an answer each is shown what is their own: that is always right.
    const found = hidden.size > 0 && (await anyIn([...hidden]).catch(() => undefined))
    if (mine === looks) decide(found)
  }

  sight.onChange(() => void look())
  await look()
  return {
    current: () => (hides === false && !isApart ? audienceOf({ firstSeq, hidden: new Set() }) : null),
    onChange: (listener) => void listeners.add(listener),
    met(accountId) {
      if (hides !== false || !sight.hidden()?.has(accountId)) return
      // Whatever is still being looked for is older.
      looks += 1
      decide(true)
    },
    part() {
      if (isApart) return
      isApart = true
      for (const listener of listeners) listener()
    },
  }
}
