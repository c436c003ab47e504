import type { Clock } from '../environment.ts'
import type { MessengerApi } from './api.ts'
import type { ProfileRecord } from './records.ts'

/** How long somebody counts as typing who says no more. */
const lastsMs = 6000
/** How often the server is told while somebody goes on typing. */
const repeatMs = 3000

export interface Typing {
  of(conversationId: string): readonly ProfileRecord[]
  heard(conversationId: string, profile: ProfileRecord, typing: boolean): void
  /** Tells the others. Call it at every key: most calls send nothing. */
  tell(conversationId: string, typing: boolean): void
  stop(): void
}

const nobody: readonly ProfileRecord[] = []

/** Who is writing now. In memory only: nobody is interested a minute later. */
export function createTyping(
  api: Pick<MessengerApi, 'setTyping'>,
  clock: Clock,
  onChange: (conversationId: string) => void,
): Typing {
  const typists = new Map<string, Map<string, { profile: ProfileRecord; cancel: () => void }>>()
  const told = new Map<string, number>()

  const forget = (id: string, profileId: string) => {
    const there = typists.get(id)
    there?.get(profileId)?.cancel()
    if (there?.delete(profileId)) onChange(id)
  }

  return {
    of: (id) => {
      const there = typists.get(id)
      return there?.size ? Array.from(there.values(), ({ profile }) => profile) : nobody
    },
    heard(id, profile, typing) {
      if (!typing) return forget(id, profile.id)
      const there = typists.get(id) ?? new Map()
      typists.set(id, there)
      there.get(profile.id)?.cancel()
      there.set(profile.id, { profile, cancel: clock.after(lastsMs, () => forget(id, profile.id)) })
      onChange(id)
    },
    tell(id, typing) {
      const last = told.get(id)
      if (typing && last !== undefined && clock.now() - last < repeatMs) return
      if (typing) told.set(id, clock.now())
      else if (!told.delete(id)) return
      // Whether they hear of it is of no consequence.
      api.setTyping(id, typing).catch(() => undefined)
    },
    stop() {
      for (const there of typists.values()) for (const { cancel } of there.values()) cancel()
      typists.clear()
      told.clear()
    },
  }
}
