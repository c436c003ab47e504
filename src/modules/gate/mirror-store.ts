import type { RedisConnections } from '../../platform/redis.ts'
import { askLua, putLua } from './ask.lua.ts'
import { shares } from './bands.ts'
import { equalTexts, latelyMs, linkCoolOff, type Window } from './paces.ts'
import type { PersonState } from './state.ts'
import type { Surface } from './writes.ts'

export interface Question {
  personId: string
  surface: Surface
  /** Names the attempt, by a hash. */
  attempt: string
  /** A hash of what it says; null: nothing. */
  text: string | null
  /** Hashes of the domains that it links to. */
  domains: readonly string[]
  windows: readonly Window[]
}

/** What was counted before the write was let through, or stopped. */
export interface Counts {
  /** Which window is full; nothing else was counted then. */
  tripped: Window | null
  /** How many the person wrote there within the last minute, this one included. */
  lately: number
  /** How often the same text lately, this one included. */
  equal: number
  /** How many domains lately, if the person is new. */
  domains: number
}

/** However a change got lost on its way here, it counts after so long. */
const mirrorTtlMs = 10 * 60 * 1000

export type MirrorStore = ReturnType<typeof createMirrorStore>

/** What Redis knows of a person: a copy of Postgres, never older than one that was here before, and what they wrote lately. */
export function createMirrorStore(redis: RedisConnections) {
  const putScript = redis.script('vicinityGatePut', `${putLua}\nreturn put(KEYS[1], ARGV[1], ARGV[2], ARGV[3])`)
  const askScript = redis.script('vicinityGateAsk', askLua)
  const key = (personId: string, ...parts: string[]) => redis.key('gate', `{${personId}}`, ...parts)

  return {
    /** Puts it there unless a newer one is; tells whether it did. */
    async put(personId: string, state: PersonState): Promise<boolean> {
      return (await putScript([key(personId, 'state')], [state.version, JSON.stringify(state), mirrorTtlMs])) === 1
    },

    /** The person as mirrored; undefined while they are not. */
    async state(personId: string): Promise<PersonState | undefined> {
      const text = await redis.run((client) => client.hget(key(personId, 'state'), 'state'))
      return text === null ? undefined : (JSON.parse(text) as PersonState)
    },

    /** Asks and counts in one round trip. Undefined, and nothing is counted, while the person is not mirrored; `state` mirrors them. */
    async ask(
      { personId, surface, attempt, text, domains, windows }: Question,
      nowMs: number,
      state?: PersonState,
    ): Promise<{ state: PersonState; counts: Counts } | undefined> {
      const asked = {
        ...{
          now: nowMs,
          surface,
          attempt,
          hasText: text !== null,
          domains,
          version: state?.version,
          mirrorTtl: mirrorTtlMs,
        },
        ...{ windows, longest: Math.max(0, ...windows.map(({ ms }) => ms)), shares, latelyMs },
        ...{ textsMs: equalTexts.ms, newMs: linkCoolOff.newMs, domainsMs: linkCoolOff.ms },
      }
      const answer = (await askScript(
        [
          key(personId, 'state'),
          key(personId, 'pace', surface),
          key(personId, 'text', text ?? ''),
          key(personId, 'domains'),
        ],
        [JSON.stringify(asked), state ? JSON.stringify(state) : ''],
      )) as [string, string] | null
      if (!answer) return undefined
      const counted = JSON.parse(answer[1]) as Partial<Record<'tripped' | 'lately' | 'equal' | 'domains', number>>
      const { tripped, lately = 0, equal = 0, domains: named = 0 } = counted
      const counts = { tripped: windows[(tripped ?? 0) - 1] ?? null, lately, equal, domains: named }
      return { state: JSON.parse(answer[0]) as PersonState, counts }
    },

    /** Forgets how fast the person wrote somewhere: whoever lifts a cool-down lets them begin anew. */
    async forgetPace(personId: string, surfaces: readonly Surface[]): Promise<void> {
      await redis.run((client) => client.unlink(...surfaces.map((surface) => key(personId, 'pace', surface))))
    },
  }
}
